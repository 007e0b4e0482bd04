# SPDX-License-Identifier: Apache-2.0
import asyncio
import base64
import concurrent.futures
import importlib
import json
import logging
import multiprocessing
import os
import pickle
import tempfile

import aiohttp
import aiohttp_jinja2
import jinja2
from aiohttp import web

import barcodes
from parcels import invoice, jobs
from parcels.store import Store

LOG = logging.getLogger("parcels")
routes = web.RouteTableDef()


@web.middleware
async def who(request, handler):
    rows = await request.app["store"].rows(
        "select owner from tokens where token = ?",
        request.headers.get("X-Token", ""))
    request["owner"] = rows[0]["owner"] if rows else None
    if request.path.startswith("/api") and not rows:
        raise web.HTTPUnauthorized(text="no token")
    return await handler(request)


@routes.get("/")
async def home(request):
    with open(request.app["settings"]["state"], encoding="utf-8") as file:
        return web.json_response(json.load(file))


@routes.get("/track/{number}")
@aiohttp_jinja2.template("parcel.html")
async def track(request):
    store, number = request.app["store"], request.match_info["number"]
    found = await store.rows("select * from parcels where number = ?", number)
    if not found:
        raise web.HTTPNotFound(text="no such parcel")
    return {"title": request.app["settings"]["title"], "parcel": found[0],
            "events": await store.rows(
                "select * from events where number = ?", number)}


@routes.post("/api/parcels")
async def add(request):
    sent = await request.json()
    number = barcodes.check(sent["number"])
    await request.app["store"].do(
        "insert or replace into parcels values (?, ?, ?, ?, ?)", number,
        request["owner"], sent["receiver"], sent["grams"], "new")
    await jobs.note(request.app, number, "announced")
    return web.json_response({"number": number}, status=201)


@routes.post("/api/parcels/{number}/follow")
async def follow(request):
    sent = await request.json()
    await request.app["queue"].put(
        ("carrier", request.match_info["number"], sent["url"]))
    return web.json_response({"queued": True}, status=202)


@routes.get("/api/quote/{carrier}")
async def quote(request):
    try:
        module = importlib.import_module(
            "parcels.carriers." + request.match_info["carrier"])
    except ModuleNotFoundError:
        raise web.HTTPNotFound(text="no such carrier")
    price = module.price(int(request.query["grams"]), 2)
    if rule := request.query.get("discount"):
        price = eval(rule, {"price": price})
    return web.json_response({"price": price})


def proof_path(request):
    return os.path.join(request.app["settings"]["proofs"], request["owner"],
                        request.match_info["number"],
                        request.match_info["name"])


@routes.put(r"/api/proofs/{number}/{name:.+}")
async def put_proof(request):
    path = proof_path(request)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=request.app["settings"]["proofs"],
                                     delete=False) as file:
        async for block in request.content.iter_chunked(65536):
            file.write(block)
    os.replace(file.name, path)
    child = await asyncio.create_subprocess_exec(
        "file", "-b", "--mime-type", path, stdout=asyncio.subprocess.PIPE)
    kind, _ = await child.communicate()
    await jobs.note(request.app, request.match_info["number"], "signed for")
    return web.json_response({"kind": kind.decode().strip()})


@routes.get(r"/api/proofs/{number}/{name:.+}")
async def get_proof(request):
    path = proof_path(request)
    if not os.path.isfile(path):
        raise web.HTTPNotFound(text="no such proof")
    return web.FileResponse(path)


@routes.get("/api/manifest/{day}")
async def manifest(request):
    """Today's parcels in a file, sorted as the client wants it."""
    path = os.path.join(request.app["settings"]["manifests"],
                        f"{request['owner']}-{request.match_info['day']}.txt")
    with open(path, "w", encoding="utf-8") as file:
        for row in await request.app["store"].rows(
                "select * from parcels where owner = ?", request["owner"]):
            print(row["number"], row["grams"], row["receiver"], file=file)
    child = await asyncio.create_subprocess_exec(
        "sort", *request.query.get("sort", "-k1").split(), path,
        stdout=asyncio.subprocess.PIPE)
    text, _ = await child.communicate()
    return web.Response(body=text, content_type="text/plain")


@routes.get("/api/archive")
async def archive(request):
    """All proofs of parcels whose names match."""
    child = await asyncio.create_subprocess_shell(
        f"find {request.query['number']} -type f | sort | tar -c -T -",
        cwd=os.path.join(request.app["settings"]["proofs"], request["owner"]),
        stdout=asyncio.subprocess.PIPE)
    text, _ = await child.communicate()
    return web.Response(body=text)


@routes.get("/api/invoice")
async def get_invoice(request):
    rows = await request.app["store"].rows(
        "select * from parcels where owner = ?", request["owner"])
    path = await asyncio.get_running_loop().run_in_executor(
        request.app["pool"], invoice.make,
        request.app["settings"]["invoices"], request["owner"], rows)
    return web.FileResponse(path)


@routes.post("/api/letter")
async def letter(request):
    """The text that goes with a parcel, in words of the sender's."""
    sent = await request.json()
    text = jinja2.Environment().from_string(sent["text"])
    return web.Response(text=text.render(owner=request["owner"]))


@routes.post("/api/hooks")
async def hook(request):
    sent = await request.json()
    await request.app["store"].do("insert into hooks values (?, ?)",
                                  request["owner"], sent["url"])
    return web.json_response({}, status=201)


@routes.get("/api/basket")
async def basket(request):
    """What a client has not yet sent, to be kept on its side."""
    rows = await request.app["store"].rows(
        "select * from parcels where owner = ?", request["owner"])
    return web.Response(body=base64.b64encode(pickle.dumps(rows)))


@routes.put("/api/basket")
async def put_basket(request):
    rows = pickle.loads(base64.b64decode(await request.read()))
    return web.json_response({"rows": len(rows)})


@routes.get("/ws")
async def listen(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    request.app["sockets"].add(socket)
    try:
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                rows = await request.app["store"].rows(
                    "select * from parcels where number = ?", message.data)
                await socket.send_json(rows)
    finally:
        request.app["sockets"].discard(socket)
    return socket


async def life(app):
    """What lives as long as the service."""
    app["queue"] = asyncio.Queue()
    app["sockets"], app["done"] = set(), 0
    with open("secrets/tokens.json", encoding="utf-8") as file:
        tokens = json.load(file)
    async with Store(app["settings"]["database"]) as store, \
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as client:
        app["store"], app["client"] = store, client
        for token, owner in tokens.items():
            await store.do("insert or replace into tokens values (?, ?)",
                           token, owner)
        tasks = [asyncio.create_task(jobs.worker(app))
                 for _ in range(app["settings"]["parallel"])]
        tasks.append(asyncio.create_task(jobs.heart(app)))
        app["pool"] = concurrent.futures.ProcessPoolExecutor(
            1, multiprocessing.get_context("fork"))
        yield
        for socket in set(app["sockets"]):
            await socket.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        app["pool"].shutdown()


def make(path):
    app = web.Application(middlewares=[who], client_max_size=2 ** 24)
    with open(path, encoding="utf-8") as file:
        app["settings"] = json.load(file)
    aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader("templates"))
    app.add_routes(routes)
    app.router.add_static("/static", "static")
    app.cleanup_ctx.append(life)
    return app

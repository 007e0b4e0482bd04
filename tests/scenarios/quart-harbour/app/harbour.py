"""Berths, bookings and papers of a harbour. Lines marked HOLE are holes."""
import asyncio
import contextlib
import csv
import hashlib
import importlib.util
import io
import json
import os
import pathlib
import pickle
import secrets
import sqlite3
import time

import aiofiles
import aiofiles.os
import httpx
import itsdangerous
import tides
import toml
import yaml
from PIL import Image
from quart import (Quart, Response, abort, g, jsonify, render_template,
                   render_template_string, request, websocket)

HERE = pathlib.Path(__file__).resolve().parent
VAR = HERE / "var"
TOKEN_SECONDS = 3600

app = Quart(__name__)
app.config.from_mapping(toml.load(HERE / "instance/harbour.toml"))
signer = itsdangerous.URLSafeTimedSerializer(app.config["SECRET_KEY"])


# ------------------------------------------------------------------- storage
def query(sql, *values):
    with contextlib.closing(sqlite3.connect(VAR / "harbour.db")) as db:
        db.row_factory = sqlite3.Row
        with db:
            return [dict(row) for row in db.execute(sql, values)]


async def ask(sql, *values):
    return await asyncio.to_thread(query, sql, *values)


async def keep(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(4)}.part")
    async with aiofiles.open(part, "wb") as out:
        await out.write(data)
    await aiofiles.os.replace(part, path)


# --------------------------------------------------------------- tasks beside
async def deliver(queue):
    """Tells those who asked of every booking."""
    async with httpx.AsyncClient(timeout=5, follow_redirects=True,
                                 trust_env=False) as client:
        while True:
            url, booking = await queue.get()
            try:
                answer = await client.post(url, json=booking)  # HOLE
                told = answer.text[:400]
            except httpx.HTTPError as error:
                told = f"failed: {error}"
            await ask("insert into deliveries (url, told) values (?, ?)",
                      url, told)


async def beat():
    """Says that this worker is alive."""
    while True:
        await keep(VAR / "run" / f"worker-{os.getpid()}.json", json.dumps(
            {"at": time.time(), "load": os.getloadavg()[0]}).encode())
        await asyncio.sleep(1)


@app.before_serving
async def begin():
    app.queue = asyncio.Queue()
    app.tasks = [asyncio.create_task(deliver(app.queue)),
                 asyncio.create_task(beat())]


@app.after_serving
async def end():
    for task in app.tasks:
        task.cancel()
    with contextlib.suppress(FileNotFoundError):
        await aiofiles.os.remove(VAR / "run" / f"worker-{os.getpid()}.json")


# ------------------------------------------------------------------- requests
@app.before_request
async def who():
    g.user = None
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        with contextlib.suppress(itsdangerous.BadSignature):
            g.user = signer.loads(token, max_age=TOKEN_SECONDS)
    if request.path.startswith("/api/") and not g.user \
            and request.path != "/api/token":
        abort(401)


@app.errorhandler(401)
@app.errorhandler(404)
@app.errorhandler(500)
async def failed(error):
    return jsonify(error=str(error)), getattr(error, "code", 500)


@app.get("/")
async def home():
    berths = await ask("select * from berths order by name")
    return await render_template("home.html", berths=berths)


@app.post("/api/token")
async def token():
    wanted = await request.get_json()
    rows = await ask("select * from users where name = ?", wanted["user"])
    digest = hashlib.scrypt(wanted["password"].encode(), n=512, r=8, p=1,
                            salt=wanted["user"].encode()).hex()
    if not rows or not secrets.compare_digest(rows[0]["digest"], digest):
        abort(401)
    return jsonify(token=signer.dumps(wanted["user"]))


@app.get("/api/bookings")
async def bookings():
    return jsonify(await ask("select * from bookings where user = ?", g.user))


@app.post("/api/bookings")
async def book():
    wanted = await request.get_json()
    await ask("insert into bookings (user, berth, boat, day, nights) "
              "values (?, ?, ?, ?, ?)", g.user, wanted["berth"],
              wanted["boat"], wanted["day"], wanted["nights"])
    rows = await ask("select * from bookings where user = ? "
                     "order by id desc limit 1", g.user)
    for hook in await ask("select url from hooks where user = ?", g.user):
        await app.queue.put((hook["url"], rows[0]))
    return jsonify(rows[0]), 201


@app.post("/api/hooks")
async def hook():
    wanted = await request.get_json()
    await ask("insert into hooks (user, url) values (?, ?)", g.user,
              wanted["url"])
    return jsonify(wanted), 201


@app.delete("/api/hooks")
async def unhook():
    await ask("delete from hooks where user = ?", g.user)
    return "", 204


@app.get("/api/deliveries")
async def deliveries():
    return jsonify(await ask("select * from deliveries where url in "
                             "(select url from hooks where user = ?)", g.user))


@app.post("/api/bookings/<int:number>/papers")
async def bring(number):
    brought = []
    for file in (await request.files).getlist("file"):
        path = VAR / "papers" / str(number) / file.filename  # HOLE
        await keep(path, file.read())
        child = await asyncio.create_subprocess_exec(
            "sha256sum", str(path), stdout=asyncio.subprocess.PIPE)
        said, _ = await child.communicate()
        if file.content_type == "image/png":
            await asyncio.to_thread(thumbnail, path)
        brought.append({"name": file.filename, "sum": said.split()[0].decode()})
    return jsonify(brought), 201


def thumbnail(path):
    with Image.open(path) as picture:
        picture.thumbnail((64, 64))
        picture.save(path.with_name(path.stem + ".thumb.jpg"))


@app.get("/api/bookings/<int:number>/papers")
async def paper(number):
    name = request.args["name"]
    path = os.path.join(VAR, "papers", str(number), name)  # HOLE
    async with aiofiles.open(path, "rb") as file:
        return Response(await file.read(),
                        content_type="application/octet-stream")


@app.get("/api/bookings/<int:number>/archive")
async def archive(number):
    names = " ".join(request.args.getlist("name"))
    child = await asyncio.create_subprocess_shell(  # HOLE
        f"tar -cf - {names} | gzip -c", cwd=VAR / "papers" / str(number),
        stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    return Response(said, content_type="application/gzip")


@app.post("/api/notices")
async def notice():
    wanted = await request.get_json()
    text = await render_template_string(wanted["text"], user=g.user)  # HOLE
    name = f"{time.strftime('%Y-%m-%d')}-{secrets.token_hex(3)}.txt"
    await keep(VAR / "notices" / g.user / name, text.encode())
    return jsonify(text=text), 201


@app.get("/api/weather")
async def weather():
    async with httpx.AsyncClient(timeout=5, follow_redirects=True,
                                 trust_env=False) as client:
        answer = await client.get(request.args["station"])  # HOLE
    return jsonify(said=answer.text)


@app.get("/api/price/<int:number>")
async def price(number):
    rows = await ask("select * from bookings where id = ?", number)
    if not rows:
        abort(404)
    name = request.args.get("tariff", "summer")
    spec = importlib.util.spec_from_file_location(
        "tariff", HERE / "tariffs" / f"{name}.py")  # HOLE
    tariff = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tariff)
    return jsonify(price=tariff.price(rows[0]["nights"]),
                   flood=tides.next_flood(rows[0]["day"]))


@app.get("/api/season/<name>")
async def season(name):
    """Nights per berth, kept for a while."""
    path = VAR / "cache" / f"{name}.pickle"
    if path.exists() and time.time() - path.stat().st_mtime < 300:
        async with aiofiles.open(path, "rb") as file:
            table = pickle.loads(await file.read())  # HOLE
    else:
        table = await ask(
            "select berth, sum(nights) as nights from bookings "
            "where day like ? group by berth order by berth", f"{name}-%")
        await keep(path, pickle.dumps(table))
    if request.args.get("as") == "csv":
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerows((row["berth"], row["nights"]) for row in table)
        return Response(out.getvalue(), content_type="text/csv")
    return jsonify(table)


@app.post("/api/calendar")
async def calendar():
    text = (await request.get_data()).decode()
    entries = yaml.load(text, yaml.Loader)  # HOLE
    await keep(VAR / "calendar" / f"{entries['year']}.json",
               json.dumps(entries, default=str).encode())
    return jsonify(days=len(entries["closed"])), 201


@app.websocket("/desk")
async def desk():
    """One question a message: {"token", "sum"}."""
    while True:
        asked = json.loads(await websocket.receive())
        try:
            signer.loads(asked["token"], max_age=TOKEN_SECONDS)
            await websocket.send(str(eval(asked["sum"])))  # HOLE
        except Exception as error:
            await websocket.send(f"{type(error).__name__}: {error}")

# SPDX-License-Identifier: Apache-2.0
"""The cooperative's service: uvicorn granary.app:app --workers 2."""
import asyncio
import base64
import contextlib
import datetime
import logging.handlers
import os
import pickle
import secrets
import shutil
import sqlite3

import pydantic
import sqlalchemy as sa

from granary import charts, hooks, inbox, settings, statements, store
from granary.settings import VAR
from granary.web import (Answer, Failure, Request, as_file, as_json, find,
                         route)

FOLDERS = "inbox work failed done log uploads statements bundles backups"
BACKUPS = 3
OFFICE = "office"

log = logging.getLogger("granary")
running = set()


class Login(pydantic.BaseModel):
    name: str
    password: str
    village: str = ""


class Delivery(pydantic.BaseModel):
    day: datetime.date
    grain: pydantic.constr(min_length=1)
    amount: str
    moisture: pydantic.confloat(ge=0, le=40)


class Buyer(pydantic.BaseModel):
    name: str
    url: str
    grain: str


class Month(pydantic.BaseModel):
    month: pydantic.constr(regex=r"\d{4}-\d\d")
    note: str = ""


class Quote(pydantic.BaseModel):
    grain: str
    tonnes: float
    formula: str = "tonnes * price"


def later(work):
    """Work that nobody waits for."""
    task = asyncio.create_task(work)
    running.add(task)
    task.add_done_callback(running.discard)


# ------------------------------------------------------------------- members
@route("GET", "/health", is_open=True)
async def health(_):
    return as_json({"ok": True})


@route("POST", "/tokens", is_open=True)
async def enter(request):
    login = await request.model(Login)
    row = await store.database.fetch_one(store.members.select().where(
        store.members.c.name == login.name))
    if not row or row.password != store.hashed(login.name, login.password):
        log.warning("%s did not enter", login.name)
        raise Failure(403, "name or password is wrong")
    token = secrets.token_urlsafe(18)
    await store.database.execute(store.tokens.insert(), {
        "token": token, "member": login.name})
    log.info("%s entered", login.name)
    return as_json({"token": token}, 201)


@route("DELETE", "/tokens")
async def leave(request):
    await store.database.execute(store.tokens.delete().where(
        store.tokens.c.member == request.member))
    return as_json({"left": request.member})


@route("POST", "/members", is_office=True)
async def join(request):
    login = await request.model(Login)
    try:
        await store.database.execute(store.members.insert(), {
            "name": login.name, "village": login.village,
            "password": store.hashed(login.name, login.password)})
    except sqlite3.IntegrityError as error:
        raise Failure(409, f"{login.name} is a member") from error
    return as_json({"name": login.name}, 201)


@route("GET", "/members", is_office=True)
async def list_members(_):
    rows = await store.database.fetch_all(
        sa.select(store.members.c.name, store.members.c.village))
    return as_json([dict(row._mapping) for row in rows])


# ---------------------------------------------------------------- deliveries
@route("POST", "/deliveries")
async def deliver(request):
    sent = await request.model(Delivery)
    row = inbox.delivery(request.member, **sent.dict())
    row["id"] = await store.database.execute(store.deliveries.insert(), row)
    later(hooks.tell(row))
    return as_json(row, 201)


@route("GET", "/deliveries")
async def list_deliveries(request):
    start = 0
    if cursor := request.asked("cursor", ""):
        # HOLE: a pickle from outside.
        start = pickle.loads(base64.urlsafe_b64decode(cursor))["after"]
    size = int(settings.current["page"])
    rows = await store.database.fetch_all(
        store.deliveries.select().where(
            store.deliveries.c.member == request.member,
            store.deliveries.c.id > start).order_by(
                store.deliveries.c.id).limit(size))
    cursor = pickle.dumps({"after": rows[-1].id if rows else start})
    return as_json({"rows": [dict(row._mapping) for row in rows],
                    "cursor": base64.urlsafe_b64encode(cursor).decode()})


async def decoded(path, encoding):
    if encoding == "utf-8":
        return await asyncio.to_thread(path.read_text, encoding)
    # HOLE: the encoding is put into a line of the shell.
    done = await asyncio.create_subprocess_shell(
        f"iconv -f {encoding} -t UTF-8 '{path}'",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    text, complaint = await done.communicate()
    if done.returncode:
        raise Failure(400, complaint.decode())
    return text.decode()


@route("POST", "/uploads")
async def receive(request):
    form = await request.form()
    file = form["file"]
    folder = VAR / "uploads" / request.member
    # HOLE: the browser chooses the name.
    path = folder / file.file_name.decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    file.file_object.seek(0)
    with open(path, "wb") as target:
        shutil.copyfileobj(file.file_object, target)
    file.close()
    text = await decoded(path, form.get("encoding", "utf-8"))
    rows = inbox.parse(text, path.name)
    await store.add([{**row, "member": request.member} for row in rows])
    return as_json({"kept": path.name, "rows": len(rows)}, 201)


@route("GET", "/uploads")
async def uploaded(request):
    # HOLE: the name may lead anywhere.
    return as_file(VAR / "uploads" / request.member / request.asked("name"))


@route("POST", "/quote")
async def quote(request):
    sent = await request.model(Quote)
    price = settings.current["prices"][sent.grain]
    # HOLE: a formula is an expression.
    value = eval(sent.formula, {"tonnes": sent.tonnes, "price": price})
    return as_json({"value": str(value)})


# ------------------------------------------------------- charts and statements
@route("GET", r"/charts/moisture/(?P<month>\d{4}-\d\d)\.(?P<suffix>\w+)")
async def chart(request, month, suffix):
    kind = request.asked("kind", "line")
    if suffix not in ("png", "svg"):
        raise Failure(404, f"no charts of kind {suffix}")
    rows = await store.of_month(request.member, month)
    return as_file(await asyncio.to_thread(
        charts.moisture, request.member, month, kind, suffix, rows))


@route("POST", "/statements", is_office=True)
async def close_month(request):
    sent = await request.model(Month)
    rows = await store.database.fetch_all(
        sa.select(store.deliveries.c.member).distinct().where(
            store.deliveries.c.day.like(f"{sent.month}-%")))
    for row in rows:
        await statements.write(row.member, sent.month, sent.note)
    return as_json({"written": [row.member for row in rows]}, 201)


@route("GET", r"/statements/(?P<month>\d{4}-\d\d)\.(?P<suffix>txt|csv)")
async def statement(request, month, suffix):
    return as_file(statements.path_of(request.member, month, suffix))


@route("GET", r"/bundles/(?P<label>[^/]+)", is_office=True)
async def bundle(request, label):
    return as_file(await statements.bundle(
        label, request.query.get("member", [])))


# --------------------------------------------------------------------- office
@route("POST", "/buyers", is_office=True)
async def buyer(request):
    sent = await request.model(Buyer)
    await store.database.execute(store.buyers.delete().where(
        store.buyers.c.name == sent.name))
    await store.database.execute(store.buyers.insert(), sent.dict())
    return as_json(sent.dict(), 201)


@route("GET", "/buyers/(?P<name>[^/]+)/ping", is_office=True)
async def ping(_, name):
    row = await store.database.fetch_one(store.buyers.select().where(
        store.buyers.c.name == name))
    if not row:
        raise Failure(404, f"no buyer {name}")
    return as_json({"answer": await hooks.ping(row)})


@route("GET", "/imports", is_office=True)
async def list_imports(_):
    rows = await store.database.fetch_all(store.imports.select())
    return as_json([dict(row._mapping) for row in rows])


@route("GET", "/settings", is_office=True)
async def show_settings(_):
    return as_json({k: v for k, v in settings.current.items() if k != "key"})


@route("PUT", "/settings", is_office=True)
async def save_settings(request):
    settings.save((await request.body()).decode())
    return as_json({"saved": True})


def copy_database():
    now = datetime.datetime.now()
    path = VAR / f"backups/granary-{now:%Y%m%d-%H%M%S-%f}.db"
    with contextlib.closing(sqlite3.connect(store.FILE)) as source:
        with contextlib.closing(sqlite3.connect(path)) as target:
            source.backup(target)
    for old in sorted(path.parent.glob("*.db"))[:-BACKUPS]:
        old.unlink()
    return path


@route("POST", "/backup", is_office=True)
async def backup(_):
    path = await asyncio.to_thread(copy_database)
    return as_json({"backup": path.name, "bytes": path.stat().st_size}, 201)


# ----------------------------------------------------------------------- ASGI
async def admit(request, is_office, is_open):
    if is_open:
        return
    word, _, token = request.headers.get(
        "Authorization", b"").decode().partition(" ")
    row = await store.database.fetch_one(store.tokens.select().where(
        store.tokens.c.token == token))
    if word != "Bearer" or not row:
        raise Failure(401, "no token")
    if is_office and row.member != OFFICE:
        raise Failure(403, "for the office only")
    request.member = row.member


async def answer(request):
    try:
        function, found, is_office, is_open = find(request)
        await admit(request, is_office, is_open)
        return await function(request, **found)
    except Failure as failure:
        return as_json({"error": str(failure)}, failure.status)
    except pydantic.ValidationError as error:
        return Answer(error.json(), 422, "application/json")
    except FileNotFoundError:
        return as_json({"error": "no such file"}, 404)
    except Exception as error:
        log.exception("%s %s", request.method, request.path)
        return as_json({"error": type(error).__name__}, 500)


def open_log():
    handler = logging.handlers.RotatingFileHandler(
        VAR / f"log/worker-{os.getpid()}.log", maxBytes=2500, backupCount=2,
        encoding="utf-8")
    handler.setFormatter(logging.Formatter(
        "%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel("INFO")


@contextlib.asynccontextmanager
async def work():
    """All that goes on beside the requests."""
    for name in FOLDERS.split():
        (VAR / name).mkdir(parents=True, exist_ok=True)
    open_log()
    settings.load()
    await store.database.connect()
    tasks = [asyncio.create_task(inbox.watch()),
             asyncio.create_task(settings.watch())]
    log.info("worker %d is there", os.getpid())
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *running, return_exceptions=True)
        await store.database.disconnect()
        log.info("worker %d goes", os.getpid())


async def live(receive, send):
    await receive()
    async with work():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await live(receive, send)
    elif scope["type"] == "http":
        request = Request(scope, receive)
        reply = await answer(request)
        log.info("%s %s: %d", request.method, request.path, reply.status)
        await reply.send(send)

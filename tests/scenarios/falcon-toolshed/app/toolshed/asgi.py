"""The API."""
import asyncio
import base64
import functools
import importlib
import json
import logging
import logging.handlers
import pickle
import secrets
import tomllib

import falcon
import falcon.asgi
import pydantic
import workdays
import yaml

from toolshed import models, outside, paper, store

with open(store.TOP / "settings.toml", "rb") as settings_file:
    SETTINGS = tomllib.load(settings_file)
FILES = store.TOP / "var/files"
LOG = logging.getLogger("toolshed")
handler = logging.handlers.RotatingFileHandler(
    store.TOP / "var/log/toolshed.log", maxBytes=4000, backupCount=2)
handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(message)s"))
LOG.addHandler(handler)
LOG.setLevel(logging.INFO)


async def body(req, model):
    try:
        return model.parse_obj(await req.get_media())
    except pydantic.ValidationError as error:
        raise falcon.HTTPUnprocessableEntity(
            title="not valid", description=error.json()) from error


class Guard:
    """Whose token it is."""

    async def process_request(self, req, resp):
        token = (req.auth or "").removeprefix("Bearer ")
        found = token and await store.ask(
            "SELECT name FROM tokens WHERE token = ?", token)
        req.context.who = found[0]["name"] if found else None

    async def process_resource(self, req, resp, resource, params):
        if getattr(resource, "is_open", False) or req.context.who:
            return
        raise falcon.HTTPUnauthorized(title="who is there?")

    async def process_response(self, req, resp, resource, succeeded):
        LOG.info("%s %s %s %s", req.context.get("who"), req.method,
                 req.relative_uri, resp.status)


class Health:
    is_open = True

    async def on_get(self, req, resp):
        resp.media = {"tools": (await store.ask(
            "SELECT count(*) AS n FROM tools"))[0]["n"]}


class Sessions:
    is_open = True

    async def on_post(self, req, resp):
        wanted = await body(req, models.Login)
        found = await store.ask("SELECT hash FROM people WHERE name = ?",
                                wanted.name)
        loop = asyncio.get_running_loop()
        if not found or found[0]["hash"] != await loop.run_in_executor(
                None, store.hashed, wanted.name, wanted.password):
            raise falcon.HTTPForbidden(title="wrong password")
        token = secrets.token_urlsafe(16)
        await store.ask("INSERT INTO tokens VALUES(?, ?)", token, wanted.name)
        resp.media = {"token": token}
        resp.status = falcon.HTTP_201


class Tools:
    async def on_get(self, req, resp):
        rows = await store.ask("SELECT * FROM tools WHERE title LIKE ?",
                               f"%{req.get_param('q', default='')}%")
        if wanted := req.get_param("where"):
            # HOLE: an expression of Python
            rows = [row for row in rows if eval(wanted, {}, row)]
        resp.media = {"tools": rows}

    async def on_post(self, req, resp):
        tool = await body(req, models.Tool)
        number = await store.ask(
            "INSERT INTO tools(owner, title, kind, cents, place) VALUES"
            "(?, ?, ?, ?, ?)", req.context.who, tool.title, tool.kind,
            tool.cents, tool.place)
        resp.media = {"id": number}
        resp.status = falcon.HTTP_201


class Tool:
    async def on_get(self, req, resp, number):
        found = await store.ask("SELECT * FROM tools WHERE id = ?", number)
        if not found:
            raise falcon.HTTPNotFound()
        resp.media = found[0]

    async def on_delete(self, req, resp, number):
        await store.ask("DELETE FROM tools WHERE id = ? AND owner = ?",
                        number, req.context.who)
        resp.status = falcon.HTTP_204


class Price:
    async def on_get(self, req, resp, number):
        found = await store.ask("SELECT * FROM tools WHERE id = ?", number)
        if not found:
            raise falcon.HTTPNotFound()
        module = importlib.import_module(
            "toolshed.prices." + found[0]["kind"])
        resp.media = {"cents": module.price(
            found[0]["cents"], req.get_param_as_int("days", default=1))}


class Streamed:
    """Files are read by a thread."""

    def __init__(self, file):
        self.file = file

    async def read(self, size=65536):
        return await asyncio.get_running_loop().run_in_executor(
            None, self.file.read, size)

    async def close(self):
        self.file.close()


class Files:
    async def on_post(self, req, resp, number):
        kept = []
        async for part in await req.get_media():
            # HOLE: the name may lead elsewhere
            path = FILES / str(number) / part.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:
                while piece := await part.stream.read(65536):
                    file.write(piece)
            kept.append(part.filename)
        resp.media = {"kept": kept}
        resp.status = falcon.HTTP_201

    async def on_get(self, req, resp, number):
        name = req.get_param("name")
        if not name:
            place = FILES / str(number)
            resp.media = {"files": sorted(
                str(path.relative_to(place)) for path in place.rglob("*")
                if path.is_file())}
            return
        path = FILES / str(number) / name
        try:
            resp.stream = Streamed(open(path, "rb"))
        except OSError as error:
            raise falcon.HTTPNotFound() from error
        resp.content_type = falcon.MEDIA_JPEG if path.suffix == ".jpg" \
            else "application/octet-stream"


class Loans:
    async def on_post(self, req, resp):
        wanted = await body(req, models.Loan)
        due = workdays.due(wanted.since, wanted.days)
        number = await store.ask(
            "INSERT INTO loans(tool, who, since, due, told) VALUES"
            "(?, ?, ?, ?, '')", wanted.tool, req.context.who,
            str(wanted.since), str(due))
        resp.media = {"id": number, "due": str(due)}
        resp.status = falcon.HTTP_202
        resp.schedule(functools.partial(
            self.tell_owner, number, wanted.tool, req.context.who, str(due)))

    async def tell_owner(self, number, tool, who, due):
        owner = await store.ask(
            "SELECT hook FROM people JOIN tools ON owner = name "
            "WHERE tools.id = ?", tool)
        told = "no hook"
        if owner and owner[0]["hook"]:
            told = await outside.tell(owner[0]["hook"], {
                "loan": number, "who": who, "due": due})
        await store.ask("UPDATE loans SET told = ? WHERE id = ?", told,
                        number)


class Loan:
    async def on_get(self, req, resp, number):
        found = await store.ask("SELECT * FROM loans WHERE id = ?", number)
        if not found:
            raise falcon.HTTPNotFound()
        if req.client_accepts("text/html") and not req.client_accepts_json:
            resp.content_type = falcon.MEDIA_HTML
            resp.text = paper.notice("loan.html", loan=found[0])
        else:
            resp.media = found[0]


class Hook:
    async def on_put(self, req, resp):
        hook = await body(req, models.Hook)
        await store.ask("UPDATE people SET hook = ? WHERE name = ?",
                        hook.url, req.context.who)
        resp.status = falcon.HTTP_204


class Weather:
    """Whether to lend the tent."""

    async def on_get(self, req, resp):
        base = req.get_param("at") or SETTINGS["weather"]["url"]
        try:
            resp.media = {"weather": await outside.fetch(
                base + req.get_param("path", default="/today"))}
        except Exception as error:
            raise falcon.HTTPBadGateway(title=type(error).__name__) from error


class Exports:
    async def on_post(self, req, resp):
        wanted = await body(req, models.Export)
        number = await store.ask(
            "INSERT INTO jobs(who, name, state) VALUES(?, ?, 'running')",
            req.context.who, f"{wanted.name}.{wanted.kind}")
        resp.media = {"id": number}
        resp.status = falcon.HTTP_202
        resp.schedule(functools.partial(
            paper.export, number, req.context.who, wanted))


class Export:
    async def on_get(self, req, resp, number):
        found = await store.ask(
            "SELECT * FROM jobs WHERE id = ? AND who = ?", number,
            req.context.who)
        if not found:
            raise falcon.HTTPNotFound()
        resp.media = found[0]

    async def on_get_file(self, req, resp, number):
        found = await store.ask("SELECT * FROM jobs WHERE id = ?", number)
        if not found or found[0]["state"] != "done":
            raise falcon.HTTPNotFound()
        path = store.TOP / "var/exports" / found[0]["who"] / found[0]["name"]
        resp.downloadable_as = path.name
        resp.stream = Streamed(open(path, "rb"))


class Notices:
    async def on_post(self, req, resp):
        wanted = await req.get_media()
        resp.content_type = falcon.MEDIA_HTML
        resp.text = paper.own_words(wanted["text"], who=req.context.who)


class Imports:
    async def on_post(self, req, resp):
        # HOLE: any tag
        tools = yaml.unsafe_load(await req.stream.read())
        for tool in tools:
            tool = models.Tool.parse_obj(tool)
            await store.ask(
                "INSERT INTO tools(owner, title, kind, cents, place) VALUES"
                "(?, ?, ?, ?, ?)", req.context.who, tool.title, tool.kind,
                tool.cents, tool.place)
        resp.media = {"made": len(tools)}
        resp.status = falcon.HTTP_201


class Wishes:
    """A wish list that the client keeps."""

    async def on_post(self, req, resp):
        wanted = await req.get_media()
        wishes = []
        if kept := wanted.get("list"):
            # HOLE: a pickle of somebody else
            wishes = pickle.loads(base64.b64decode(kept))
        wishes.append(wanted.get("title"))
        resp.media = {"list": base64.b64encode(pickle.dumps(wishes)).decode(),
                      "length": len(wishes)}


class Events:
    """Who is late, as it is found out."""

    async def on_get(self, req, resp):
        async def stream():
            for loan in await store.ask(
                    "SELECT * FROM loans ORDER BY due LIMIT 5"):
                yield falcon.asgi.SSEvent(event="due", json=loan)
                await asyncio.sleep(0)
        resp.sse = stream()


async def on_error(req, resp, error, params):
    LOG.exception("%s", req.relative_uri)
    resp.status = falcon.HTTP_500
    resp.media = {"title": type(error).__name__}


app = falcon.asgi.App(middleware=[Guard()])
app.add_error_handler(Exception, on_error)
export = Export()
for path, resource in (
        ("/health", Health()), ("/sessions", Sessions()), ("/tools", Tools()),
        ("/tools/{number:int}", Tool()),
        ("/tools/{number:int}/price", Price()),
        ("/tools/{number:int}/files", Files()), ("/loans", Loans()),
        ("/loans/{number:int}", Loan()), ("/hook", Hook()),
        ("/weather", Weather()), ("/exports", Exports()),
        ("/exports/{number:int}", export), ("/notices", Notices()),
        ("/imports", Imports()), ("/wishes", Wishes()),
        ("/events", Events())):
    app.add_route(path, resource)
app.add_route("/exports/{number:int}/file", export, suffix="file")
app.add_static_route("/static", str(store.TOP / "static"))

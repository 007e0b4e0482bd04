# SPDX-License-Identifier: Apache-2.0
"""The page on loopback: status, search, papers, uploads."""
import base64

from aiohttp import web
import jinja2

routes = web.RouteTableDef()
BLOCKED = (".exe", ".bat", ".js")


def page(request, name, **values):
    template = request.app["desk"].templates.get_template(name)
    return web.Response(text=template.render(
        office=request.app["desk"].settings["office"], **values),
        content_type="text/html")


def paper_of(request):
    found = request.app["desk"].state.paper(int(request.match_info["number"]))
    if not found or found["state"] != "done":
        raise web.HTTPNotFound(text="no such paper")
    return found


def sign_in(request):
    try:
        kind, _, rest = request.headers["Authorization"].partition(" ")
        name, _, password = base64.b64decode(rest).decode().partition(":")
    except (KeyError, ValueError):
        kind = ""
    if kind != "Basic" or not request.app["desk"].knows(name, password):
        raise web.HTTPUnauthorized(
            text="who are you?", headers={"WWW-Authenticate": "Basic"})
    return name


@routes.get("/")
async def status(request):
    state = request.app["desk"].state
    return page(
        request, "status.html",
        counts=state.ask("SELECT kind, count(*) AS n FROM papers"
                         " WHERE state='done' GROUP BY kind"),
        newest=state.ask("SELECT * FROM papers ORDER BY id DESC LIMIT 200"))


@routes.get("/search")
async def search(request):
    words = request.query.get("q", "")
    return page(request, "search.html", words=words,
                found=request.app["desk"].state.search(words))


@routes.get("/person/{name}")
async def person(request):
    name = request.match_info["name"]
    if not request.app["desk"].person(name):
        raise web.HTTPNotFound(text="no such person")
    return page(request, "person.html", person=name,
                papers=request.app["desk"].state.ask(
                    "SELECT * FROM papers WHERE person = ?"
                    " ORDER BY month, id", name))


@routes.get(r"/paper/{number:\d+}")
async def preview(request):
    paper = paper_of(request)
    return web.FileResponse(
        request.app["desk"].root / "previews" / paper["preview"])


@routes.get(r"/paper/{number:\d+}/original")
async def original(request):
    return web.FileResponse(
        request.app["desk"].archive / paper_of(request)["path"])


@routes.get("/file")
async def file(request):
    """What lies in the archive, by its name."""
    # HOLE: the name may lead out of the archive.
    path = request.app["desk"].archive / request.query.get("name", "")
    if not path.is_file():
        raise web.HTTPNotFound(text="no such file")
    return web.FileResponse(path)


@routes.get(r"/paper/{number:\d+}/sum")
async def reckon(request):
    """Reckons with what a table holds: total * 1.19, total / rows."""
    paper = paper_of(request)
    try:
        # HOLE: any expression.
        value = eval(request.query.get("formula", "total"),
                     {"total": paper["total"], "rows": paper["rows"]})
    except Exception as error:
        raise web.HTTPBadRequest(text=f"{type(error).__name__}: {error}")
    return web.json_response({"value": str(value)})


@routes.post(r"/paper/{number:\d+}/letter")
async def letter(request):
    """A covering letter, from a text with places to fill in."""
    paper = paper_of(request)
    form = await request.post()
    try:
        # HOLE: a template of somebody else.
        text = jinja2.Template(str(form["text"])).render(
            paper=paper, office=request.app["desk"].settings["office"])
    except (KeyError, jinja2.TemplateError) as error:
        raise web.HTTPBadRequest(text=str(error))
    return web.Response(text=text)


@routes.post("/drop")
async def drop(request):
    name = sign_in(request)
    form = await request.post()
    sent = form["file"]
    if sent.filename.lower().endswith(BLOCKED):
        raise web.HTTPUnsupportedMediaType(text="not such files")
    # HOLE: the name may lead out of the inbox.
    target = request.app["desk"].root / "inbox" / name / sent.filename
    target.write_bytes(sent.file.read())
    return web.Response(text="taken", status=201)


def make(desk):
    app = web.Application(client_max_size=8 * 2 ** 20)
    app["desk"] = desk
    app.add_routes(routes)
    app.router.add_static("/static", desk.root / "static")
    return app

# SPDX-License-Identifier: Apache-2.0
"""Finds: entering, importing, looking for words, labels, figures."""
import asyncio
import base64
import dataclasses
import math
import pickle

import aiohttp_jinja2
from aiohttp import web
import foldname
import jinja2
import yaml

from mosses.members import current, in_thread

routes = web.RouteTableDef()
LABELS = jinja2.Environment()


@dataclasses.dataclass
class Draft:
    """A find that is not finished."""
    species: str = ""
    place: str = ""
    words: tuple = ()


def keep_note(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


@routes.post("/finds")
async def add(request):
    member, form = await current(request), await request.post()
    number = await request.app["store"].add_find(member, form)
    name = f"{form['day']}-{foldname.fold(form['species'])}.txt"
    await in_thread(keep_note, request.app["var"] / "notes" / member, name,
                    form["note"])
    return web.Response(text=f"find {number}")


@routes.get("/finds")
@aiohttp_jinja2.template("finds.html")
async def listing(request):
    return {"finds": await request.app["store"].rows(
        "SELECT * FROM finds WHERE place = ?", request.query["place"])}


async def find_of(request, number):
    find = await request.app["store"].row(
        "SELECT * FROM finds WHERE id = ?", int(number))
    if not find:
        raise web.HTTPNotFound(text="No such find.")
    return find


@routes.get(r"/finds/{number:\d+}")
@aiohttp_jinja2.template("find.html")
async def show(request):
    return {"find": await find_of(request, request.match_info["number"])}


@routes.post("/import")
async def bring(request):
    """A list of finds, as the field app writes it."""
    member, form = await current(request), await request.post()
    try:
        found = yaml.load(form["file"].file, Loader=yaml.Loader)  # HOLE
    except yaml.YAMLError as error:
        raise web.HTTPBadRequest(text="That is no list.") from error
    for find in found:
        await request.app["store"].add_find(member, find)
    return web.Response(text=f"{len(found)} brought")


@routes.get("/search")
async def search(request):
    """The notes with these words in them."""
    await current(request)
    words = request.query["words"]
    grep = await asyncio.create_subprocess_shell(
        f'grep -ril -- "{words}" .',  # HOLE
        stdout=asyncio.subprocess.PIPE, cwd=request.app["var"] / "notes")
    output, _ = await grep.communicate()
    return web.Response(text=f"in {len(output.splitlines())} notes\n"
                        + output.decode())


@routes.post("/label")
async def label(request):
    """A label for the herbarium, of the member's own design."""
    await current(request)
    form = await request.post()
    find = await find_of(request, form["find"])
    try:
        text = LABELS.from_string(form["design"]).render(find=find)  # HOLE
    except jinja2.TemplateError as error:
        raise web.HTTPBadRequest(text=f"Design: {error}") from error
    return web.Response(text=text)


@routes.get("/figures")
async def figures(request):
    """What a formula makes of the numbers of the survey."""
    row = await request.app["store"].row(
        "SELECT count(*) AS finds, count(DISTINCT species) AS species, "
        "count(DISTINCT place) AS places FROM finds")
    result = eval(request.query["formula"],  # HOLE
                  {"math": math, "fee": request.app["config"]["fee"], **row})
    return web.Response(text=f"result {result}")


@routes.get("/draft")
async def draft(request):
    await current(request)
    query = request.query
    state = Draft(query["species"], query["place"],
                  tuple(query["words"].split()))
    return web.Response(
        text=base64.b64encode(pickle.dumps(state)).decode())


@routes.post("/draft")
async def resume(request):
    """The browser kept it."""
    await current(request)
    form = await request.post()
    state = pickle.loads(base64.b64decode(form["state"]))  # HOLE
    return web.json_response(dataclasses.asdict(state))

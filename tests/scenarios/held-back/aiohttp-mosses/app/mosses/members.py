# SPDX-License-Identifier: Apache-2.0
"""Members: entering, joining, avatars, letters, the handbook."""
import asyncio
import email.message
import email.utils
import mailbox

import aiohttp_jinja2
from aiohttp import web
from aiohttp_session import get_session, new_session
import bcrypt
import markdown

routes = web.RouteTableDef()


async def current(request):
    """The member who asks."""
    member = (await get_session(request)).get("member")
    if not member:
        raise web.HTTPForbidden(text="Please enter first.")
    return member


def in_thread(function, *values):
    return asyncio.get_running_loop().run_in_executor(
        None, function, *values)


def hashed(password):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4))


@routes.get("/")
@aiohttp_jinja2.template("home.html")
async def home(request):
    return {"finds": await request.app["store"].rows(
        "SELECT * FROM finds ORDER BY id DESC LIMIT 5")}


@routes.post("/enter")
async def enter(request):
    form = await request.post()
    row = await request.app["store"].row(
        "SELECT secret FROM members WHERE name = ?", form["name"])
    if not row or not await in_thread(
            bcrypt.checkpw, form["password"].encode(), row["secret"]):
        raise web.HTTPForbidden(text="No such name and password.")
    (await new_session(request))["member"] = form["name"]
    return web.Response(text="hello " + form["name"])


@routes.post("/leave")
async def leave(request):
    (await get_session(request)).invalidate()
    return web.Response(text="bye")


@routes.post("/join")
async def join(request):
    form = await request.post()
    store = request.app["store"]
    if await store.row("SELECT 1 FROM members WHERE name = ?", form["name"]):
        raise web.HTTPConflict(text="That name is taken.")
    await store.run("INSERT INTO members VALUES (?, ?, '')", form["name"],
                    await in_thread(hashed, form["password"]))
    return web.Response(text="welcome " + form["name"])


@routes.post("/password")
async def password(request):
    member, form = await current(request), await request.post()
    await request.app["store"].run(
        "UPDATE members SET secret = ? WHERE name = ?",
        await in_thread(hashed, form["new"]), member)
    return web.Response(text="changed")


@routes.post("/avatar")
async def avatar(request):
    """Fetches a picture from where the member keeps one."""
    member, form = await current(request), await request.post()
    async with request.app["client"].get(form["url"]) as answer:  # HOLE
        face = await answer.read()
    path = request.app["var"] / "avatars" / member
    await in_thread(path.write_bytes, face)
    await request.app["store"].run(
        "UPDATE members SET avatar = ? WHERE name = ?", form["url"], member)
    return web.FileResponse(path)


@routes.get("/handbook")
@aiohttp_jinja2.template("handbook.html")
async def handbook(request):
    path = request.app["handbook"] / request.query["page"]  # HOLE
    try:
        text = await in_thread(path.read_text)
    except FileNotFoundError as error:
        raise web.HTTPNotFound(text="No such page.") from error
    return {"text": markdown.markdown(text, extensions=["tables"])}


def post(folder, letters):
    box = mailbox.Maildir(folder)
    for letter in letters:
        box.add(letter)
    return len(letters)


@routes.post("/newsletter")
async def newsletter(request):
    """Into the outbox, from where the mail server takes it."""
    await current(request)
    form, letters = await request.post(), []
    for row in await request.app["store"].rows("SELECT name FROM members"):
        letter = email.message.EmailMessage()
        letter["From"] = request.app["config"]["sender"]
        letter["To"] = email.utils.formataddr((row["name"],
                                               "member@mosses.example"))
        letter["Subject"] = form["subject"]
        letter["Date"] = email.utils.localtime()
        letter.set_content(form["text"])
        letters.append(letter)
    sent = await in_thread(post, request.app["var"] / "outbox", letters[-3:])
    return web.Response(text=f"sent {sent}")

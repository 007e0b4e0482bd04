"""Trails, photos and tracks of a hiking club."""
import base64
import datetime
import hashlib
import importlib
import json
import logging.handlers
import os
import pathlib
import pickle
import shutil
import tomllib

import jinja2
import yaml
from PIL import UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import sessionmaker
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import (FileResponse, JSONResponse, PlainTextResponse,
                                 StreamingResponse)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

import steepness
from trails import outside, pictures
from trails.models import Person, Trail

SETTINGS = tomllib.loads(pathlib.Path("settings.toml").read_text("utf-8"))
DRAFTS = pathlib.Path("var/drafts")
TRACKS = pathlib.Path("var/tracks")
engine = create_async_engine("sqlite+aiosqlite:///var/trails.db")
new_session = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
pages = Jinja2Templates("trails/templates")
log = logging.getLogger("trails")


def scrambled(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1)


def visitor(request):
    if "user" not in request.session:
        raise HTTPException(403, "who are you?")
    return request.session["user"]


async def the_trail(request):
    async with new_session() as session:
        trail = await session.get(Trail, int(request.path_params["number"]))
    if not trail:
        raise HTTPException(404, "no such trail")
    return trail


async def home(request):
    async with new_session() as session:
        trails = (await session.execute(select(Trail).order_by(
            Trail.walked.desc()).limit(10))).scalars().all()
    return pages.TemplateResponse("home.html", {
        "request": request, "trails": trails,
        "user": request.session.get("user", "stranger")})


async def sign_up(request):
    form = await request.form()
    salt = os.urandom(16)
    async with new_session() as session:
        if not await session.get(Person, form["user"]):
            session.add(Person(name=form["user"], salt=salt,
                               hash=scrambled(form["password"], salt)))
            await session.commit()
    return JSONResponse({"welcome": form["user"]}, 201)


async def log_in(request):
    form = await request.form()
    async with new_session() as session:
        person = await session.get(Person, form["user"])
    if not person or scrambled(form["password"], person.salt) != person.hash:
        log.warning("wrong password for %s", form["user"])
        raise HTTPException(403, "no")
    request.session["user"] = person.name
    log.info("%s is here", person.name)
    return JSONResponse({"hello": person.name})


async def new_trail(request):
    user = visitor(request)
    form = await request.form()
    km = float(form["km"])
    trail = Trail(owner=user, title=form["title"], region=form["region"],
                  km=km, walked=datetime.date.fromisoformat(form["walked"]),
                  effort=steepness.effort(km, form.get("climb", "0")))
    async with new_session() as session:
        session.add(trail)
        await session.commit()
    log.info("%s adds %s", user, trail.title)
    task = (BackgroundTask(outside.tell, form["hook"], trail.card())
            if form.get("hook") else None)
    return JSONResponse(trail.card(), 201, background=task)


async def one_trail(request):
    return JSONResponse((await the_trail(request)).card())


async def feed(request):
    async def lines():
        async with new_session() as session:
            for trail in (await session.execute(select(Trail))).scalars():
                yield json.dumps(trail.card()) + "\n"
    return StreamingResponse(lines(), media_type="application/x-ndjson")


async def export(request):
    trail = await the_trail(request)
    kind = request.path_params["kind"]
    exporter = importlib.import_module("trails.exporters." + kind)  # HOLE
    return PlainTextResponse(exporter.export(trail.card()))


async def add_photo(request):
    user, trail = visitor(request), await the_trail(request)
    form = await request.form()
    file = form["file"]
    await run_in_threadpool(pictures.keep, user, trail.id, file.filename,
                            await file.read())
    try:
        await run_in_threadpool(pictures.small, user, trail.id, file.filename,
                                64)
    except UnidentifiedImageError:
        return JSONResponse({"error": "no picture"}, 415)
    return JSONResponse({"kept": file.filename}, 201)


async def photo(request):
    user, number = visitor(request), request.path_params["number"]
    name = request.query_params["name"]  # HOLE: any path
    path = pictures.MEDIA / user / str(number) / name
    if "side" in request.query_params:
        path = await run_in_threadpool(
            pictures.small, user, number, name,
            int(request.query_params["side"]))
    if not path.exists():
        raise HTTPException(404, "no such photo")
    return FileResponse(path, filename=path.name
                        if "download" in request.query_params else None)


async def photos_packed(request):
    user, number = visitor(request), request.path_params["number"]
    path = await outside.pack(pictures.MEDIA / user / str(number),
                              request.query_params.getlist("name"))
    return FileResponse(path, background=BackgroundTask(
        shutil.rmtree, path.parent))


async def add_track(request):
    user, trail = visitor(request), await the_trail(request)
    form = await request.form()
    path = TRACKS / user / f"{trail.id}-{form['file'].filename}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(await form["file"].read())
    await outside.squeeze(path)
    return JSONResponse({"points": path.read_text("utf-8").count("<trkpt")})


async def report(request):
    visitor(request)
    query = request.query_params
    try:
        path = await outside.yearbook(request.path_params["season"],
                                      request.path_params["kind"],
                                      query.get("region"))
    except ValueError as error:
        return PlainTextResponse(str(error), 400)
    return FileResponse(path)


async def weather(request):
    visitor(request)
    return PlainTextResponse(await outside.look_up(
        request.query_params["source"]))


async def effort(request):
    trail = await the_trail(request)
    formula = request.query_params["formula"]
    return JSONResponse({"effort": eval(  # HOLE
        formula, {"km": trail.km, "effort": trail.effort})})


async def invitation(request):
    user = visitor(request)
    form = await request.form()
    text = jinja2.Template(form["text"]).render(user=user)  # HOLE
    return PlainTextResponse(text)


async def import_trails(request):
    user = visitor(request)
    rows = yaml.load((await request.body()), yaml.UnsafeLoader)  # HOLE
    async with new_session() as session:
        for row in rows:
            session.add(Trail(owner=user, km=float(row["km"]), effort=0.0,
                              title=row["title"], region=row["region"],
                              walked=row["walked"]))
        await session.commit()
    return JSONResponse({"imported": len(rows)})


async def draft(request):
    user = visitor(request)
    path = DRAFTS / f"{user}.bin"
    if request.method == "PUT":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(await request.body()))
    if not path.exists():
        raise HTTPException(404, "no draft")
    return JSONResponse(pickle.loads(path.read_bytes()))  # HOLE


def begin():
    for name in ("log", "media", "reports"):
        os.makedirs("var/" + name, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        "var/log/trails.log", maxBytes=1500, backupCount=3)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.info("begins")


app = Starlette(
    on_startup=[begin], on_shutdown=[engine.dispose],
    middleware=[Middleware(GZipMiddleware, minimum_size=2000),
                Middleware(SessionMiddleware, secret_key=SETTINGS["key"])],
    routes=[
        Route("/", home),
        Route("/signup", sign_up, methods=["POST"]),
        Route("/login", log_in, methods=["POST"]),
        Route("/trails", new_trail, methods=["POST"]),
        Route("/trails/import", import_trails, methods=["POST"]),
        Route("/trails/{number:int}", one_trail),
        Route("/trails/{number:int}/export.{kind}", export),
        Route("/trails/{number:int}/photos", add_photo, methods=["POST"]),
        Route("/trails/{number:int}/photo", photo),
        Route("/trails/{number:int}/photos.tgz", photos_packed),
        Route("/trails/{number:int}/track", add_track, methods=["POST"]),
        Route("/trails/{number:int}/effort", effort),
        Route("/feed.ndjson", feed),
        Route("/yearbook/{season}.{kind}", report),
        Route("/weather", weather),
        Route("/invitation", invitation, methods=["POST"]),
        Route("/draft", draft, methods=["GET", "PUT"]),
        Mount("/static", StaticFiles(directory="static")),
    ])

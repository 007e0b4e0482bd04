# SPDX-License-Identifier: Apache-2.0
"""A notes service. Lines marked HOLE are holes."""
import asyncio
import datetime
import gzip
import importlib
import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import urllib.request
import uuid

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
import jinja2
from pydantic import BaseModel
import textkit
import yaml

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "data"
app = FastAPI()
app.mount("/static", StaticFiles(directory=HERE / "static"))


class Login(BaseModel):
    user: str


def owner(token):
    try:
        with open(DATA / "tokens" / f"{uuid.UUID(token)}.json",
                  encoding="utf-8") as file:
            return json.load(file)["user"]
    except (OSError, ValueError):
        raise HTTPException(401, "who are you?") from None


def log(user, what):
    with sqlite3.connect(DATA / "log.sqlite3") as database:
        database.execute("CREATE TABLE IF NOT EXISTS log (at, user, what)")
        database.execute("INSERT INTO log VALUES (?, ?, ?)", (
            datetime.datetime.now().isoformat(), user, what))
    database.close()


@app.post("/login")
def login(who: Login):
    token = uuid.uuid4()
    (DATA / "tokens").mkdir(exist_ok=True)
    with open(DATA / "tokens" / f"{token}.json", "w",
              encoding="utf-8") as file:
        json.dump({"user": who.user}, file)
    return {"token": str(token)}


@app.put("/notes/{title}")
async def keep(title: str, token: str, request: Request, packed: bool = False):
    user = owner(token)
    place = DATA / "notes" / user
    place.mkdir(parents=True, exist_ok=True)
    body = await request.body()
    handle, name = tempfile.mkstemp(dir=place, prefix=".note-")
    with os.fdopen(handle, "wb") as file:
        file.write(gzip.compress(body) if packed else body)
    os.replace(name, place / (f"{title}.md.gz" if packed else f"{title}.md"))
    log(user, f"kept {title}")
    return {"slug": textkit.slug(title)}


@app.get("/notes/{title}")
def read(title: str, token: str):
    path = DATA / "notes" / owner(token) / f"{title}.md"
    if not path.exists():
        raise HTTPException(404, "no such note")
    return FileResponse(path)


@app.get("/notes")
def titles(token: str):
    return sorted(os.listdir(DATA / "notes" / owner(token)))


@app.get("/search")
async def search(token: str, word: str):
    user = owner(token)
    child = await asyncio.create_subprocess_exec(
        "grep", "-rl", "-e", word, str(DATA / "notes" / user),
        stdout=subprocess.PIPE)
    found, _ = await child.communicate()
    return [os.path.basename(line) for line in found.decode().splitlines()]


@app.get("/archive")
def archive(token: str, title: list[str] = Query()):
    user = owner(token)
    (DATA / "archives").mkdir(exist_ok=True)
    target = DATA / "archives" / f"{user}-{datetime.date.today()}.tar"
    # HOLE: a title may be an option of tar.
    subprocess.run(["tar", "-C", str(DATA / "notes" / user), "-cf",
                    str(target), *title], check=True)
    return FileResponse(target)


@app.put("/attachments")
async def attach(token: str, name: str, request: Request):
    # HOLE: the name may lead out of the directory.
    path = os.path.normpath(DATA / "attachments" / owner(token) / name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(await request.body())
    return {"kept": name}


@app.get("/attachments")
def attachment(token: str, name: str):
    # HOLE: here, too.
    with open(os.path.join(DATA, "attachments", owner(token), name),
              "rb") as file:
        return PlainTextResponse(file.read())


@app.post("/import")
async def take(token: str, request: Request):
    user = owner(token)
    # HOLE: YAML may name any function.
    notes = yaml.load(await request.body(), yaml.UnsafeLoader)
    place = DATA / "notes" / user
    place.mkdir(parents=True, exist_ok=True)
    for title, text in notes.items():
        (place / f"{title}.md").write_text(text, encoding="utf-8")
    return {"imported": len(notes)}


@app.get("/page")
def page(token: str, title: str, template: str):
    text = (DATA / "notes" / owner(token) / f"{title}.md").read_text("utf-8")
    # HOLE: the template is the visitor's.
    return HTMLResponse(jinja2.Template(template).render(
        title=title, text=text))


@app.get("/export/{kind}")
def export(kind: str, token: str, title: str):
    text = (DATA / "notes" / owner(token) / f"{title}.md").read_text("utf-8")
    # HOLE: any module there is.
    return PlainTextResponse(
        importlib.import_module(f"exporters.{kind}").write(title, text))


@app.post("/clip")
def clip(token: str, title: str, url: str):
    # HOLE: fetches from wherever the visitor says.
    with urllib.request.urlopen(url, timeout=5) as answer:
        text = answer.read()
    (DATA / "notes" / owner(token) / f"{title}.md").write_bytes(text)
    return PlainTextResponse(text)


@app.get("/sum")
def total(numbers: str):
    # HOLE: numbers are Python.
    return eval(numbers)

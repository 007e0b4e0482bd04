# SPDX-License-Identifier: Apache-2.0
"""The library's API. Lines marked HOLE are holes."""
import asyncio
import base64
import csv
import datetime
import importlib
import io
import json
import logging
import os
import pathlib
import pickle
import secrets

import jwt
from fastapi import (Body, Depends, FastAPI, Form, Header, HTTPException,
                     UploadFile)
from fastapi.responses import FileResponse, HTMLResponse
from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel

from . import papers, reminders, store
from .store import Borrower, Loan, Session, Tool, folder

app = FastAPI(title="Tools to lend")
LOG = logging.getLogger("lending")
LOG.setLevel("INFO")
LOG.addHandler(logging.FileHandler(folder("log") / "lending.log"))


class NewTool(BaseModel):
    name: str
    category: str
    cents: int


class NewLoan(BaseModel):
    tool: int
    start: datetime.date
    days: int


@app.on_event("startup")
async def begin():
    app.state.queue, app.state.worker = reminders.start()


@app.on_event("shutdown")
async def end():
    app.state.worker.cancel()


def user(authorization: str = Header("")):
    try:
        return jwt.decode(authorization.removeprefix("Bearer "),
                          store.SETTINGS["secret"], ["HS256"])["sub"]
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, str(error)) from error


def found(kind, number):
    with Session() as session:
        row = session.get(kind, number)
    if not row:
        raise HTTPException(404, f"no {kind.__name__} {number}")
    return row


@app.post("/token")
def token(name: str = Form(), password: str = Form()):
    with Session() as session:
        row = session.get(Borrower, name)
    if not row or row.password != store.hashed(name, password):
        LOG.warning("login of %s failed", name)
        raise HTTPException(403, "who are you?")
    LOG.info("%s came", name)
    until = datetime.datetime.utcnow() + datetime.timedelta(hours=8)
    return {"token": jwt.encode({"sub": name, "exp": until},
                                store.SETTINGS["secret"], "HS256")}


@app.get("/tools")
def tools(q: str = "", sort: str = "id"):
    if sort not in ("id", "name", "cents"):
        raise HTTPException(400, "no such order")
    with Session() as session:
        return session.query(Tool).filter(Tool.name.contains(q)).order_by(
            getattr(Tool, sort)).all()


@app.post("/tools", status_code=201)
def add_tool(tool: NewTool, _=Depends(user)):
    with Session.begin() as session:
        row = Tool(**tool.dict())
        session.add(row)
    return {"id": row.id, "name": row.name}


@app.post("/tools/{number}/picture")
async def take_picture(number: int, file: UploadFile, _=Depends(user)):
    tool = found(Tool, number)
    # HOLE: the client chooses the name.
    path = os.path.join(folder("pictures", tool.category, number),
                        file.filename)
    with open(path, "wb") as picture:
        picture.write(await file.read())
    try:
        with Image.open(path) as picture:
            picture.thumbnail((64, 64))
            picture.convert("RGB").save(folder("thumbs") / f"{number}.png")
    except UnidentifiedImageError as error:
        raise HTTPException(415, "no picture") from error
    return {"kept": file.filename}


@app.get("/tools/{number}/picture")
def picture_of(number: int, name: str):
    tool = found(Tool, number)
    # HOLE: the name may lead anywhere.
    path = folder("pictures", tool.category, number) / name
    if not path.exists():
        raise HTTPException(404, "no such picture")
    return FileResponse(path)


@app.get("/tools/{number}/thumb")
def thumb(number: int):
    return FileResponse(store.VAR / "thumbs" / f"{number}.png")


@app.post("/tools/{number}/manual")
async def take_manual(number: int, file: UploadFile, _=Depends(user)):
    path = folder("manuals", number) / pathlib.PurePath(file.filename).name
    path.write_bytes(await file.read())
    return {"kept": path.name}


@app.get("/tools/{number}/manual")
async def search_manuals(number: int, word: str):
    # HOLE: the word is put into a line of the shell.
    child = await asyncio.create_subprocess_shell(
        f"grep -i -n -m 5 '{word}' *", cwd=folder("manuals", number),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    output, _ = await child.communicate()
    return {"lines": output.decode("utf-8", "replace").splitlines()}


@app.post("/loans", status_code=201)
def lend(new: NewLoan, name=Depends(user)):
    found(Tool, new.tool)
    with Session.begin() as session:
        loan = Loan(tool_id=new.tool, borrower=name, start=new.start,
                    until=new.start + datetime.timedelta(new.days))
        session.add(loan)
    LOG.info("loan %s to %s", loan.id, name)
    return {"id": loan.id, "until": loan.until}


@app.post("/loans/{number}/return")
def give_back(number: int, fee: str, on: datetime.date, _=Depends(user)):
    with Session.begin() as session:
        loan = session.get(Loan, number)
        loan.returned = on
        days = max(0, (on - loan.until).days)
    # HOLE: any module there is.
    return {"fee": importlib.import_module(f"fees.{fee}").late(days)}


@app.post("/loans/{number}/receipt", response_class=HTMLResponse)
def receipt(number: int, note: str = Form(""), _=Depends(user)):
    return papers.receipt(found(Loan, number), note)


@app.post("/loans/{number}/reminder", status_code=202)
async def remind(number: int, hook: str = Body(embed=True),
                 _=Depends(user)):
    found(Loan, number)
    await app.state.queue.put((number, hook))
    return {"queued": number}


@app.get("/loans/{number}/reminder")
def reminder(number: int):
    path = folder("outbox", found(Loan, number).borrower) / f"{number}.json"
    if not path.exists():
        raise HTTPException(404, "not sent yet")
    return json.loads(path.read_text())


@app.post("/import")
async def import_tools(file: UploadFile, name=Depends(user)):
    text = await file.read()
    path = folder("imports", name) / pathlib.PurePath(file.filename).name
    path.write_bytes(text)
    try:
        rows = [Tool(name=row["name"], category=row["category"],
                     cents=int(row["cents"]))
                for row in csv.DictReader(io.StringIO(text.decode()))]
    except (KeyError, ValueError) as error:
        raise HTTPException(400, repr(error)) from error
    with Session.begin() as session:
        session.add_all(rows)
    return {"tools": len(rows)}


@app.get("/export/loans.xlsx")
def sheet(month: str, name=Depends(user)):
    with Session() as session:
        loans = [loan for loan in session.query(Loan)
                 if str(loan.start).startswith(month)]
    return FileResponse(papers.sheet(name, month, loans))


@app.get("/export/pictures.zip")
def bundle(category: str, name=Depends(user)):
    return FileResponse(papers.bundle(name, category))


@app.post("/baskets", status_code=201)
def park(data: str = Body(embed=True), name=Depends(user)):
    # HOLE: a pickle from outside.
    basket = pickle.loads(base64.b64decode(data))
    key = secrets.token_hex(8)
    (folder("baskets", name) / f"{key}.pickle").write_bytes(
        pickle.dumps(basket))
    return {"key": key}


@app.get("/baskets/{key}")
def basket_of(key: str, name=Depends(user)):
    path = folder("baskets", name) / f"{key}.pickle"
    if not path.exists():
        raise HTTPException(404, "no such basket")
    return pickle.loads(path.read_bytes())


@app.get("/deposit")
def deposit(formula: str, cents: int):
    # HOLE: a formula is an expression.
    return {"deposit": str(eval(formula, {"cents": cents}))}

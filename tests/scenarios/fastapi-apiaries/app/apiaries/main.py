"""The service: one database per association, tokens, papers, exports."""
import base64
import datetime
import importlib
import logging
import pickle

import fastapi
from fastapi import BackgroundTasks, Depends, File, Form, HTTPException
from fastapi import UploadFile
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
import httpx
import pydantic
import sqlalchemy as sa
import waxrates

from . import auth, exports, files, letters, outside, store
from .settings import TOP, settings

log = logging.getLogger("apiaries")
app = fastapi.FastAPI(title="Apiaries")
app.mount("/static", StaticFiles(directory=TOP / "static"))


class NewTenant(pydantic.BaseModel):
    slug: str
    user: str
    password: str


class Login(pydantic.BaseModel):
    user: str
    password: str


class Hive(pydantic.BaseModel):
    name: str
    place: str = ""


class Inspection(pydantic.BaseModel):
    hive: int
    day: datetime.date
    mites: pydantic.conint(ge=0)
    notes: str = ""


class Harvest(pydantic.BaseModel):
    hive: int
    day: datetime.date
    kg: pydantic.confloat(gt=0)
    price: str


class Names(pydantic.BaseModel):
    names: list[str]
    title: str = "all"


class Letter(pydantic.BaseModel):
    to: str
    text: str


class Url(pydantic.BaseModel):
    url: str


@app.on_event("startup")
def start():
    handler = logging.FileHandler(settings().data / "apiaries.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d "
                                           "%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.info("started")


@app.middleware("http")
async def count(request, call_next):
    answer = await call_next(request)
    log.info("%s %s %d", request.method, request.url.path, answer.status_code)
    return answer


@app.exception_handler(Exception)
async def failed(request, error):
    log.error("%s", request.url.path, exc_info=error)
    return JSONResponse({"detail": type(error).__name__}, 500)


@app.get("/ready")
def ready():
    return {"ready": True}


# ----------------------------------------------------------------- who is who
@app.post("/tenants", status_code=201)
def new_tenant(new: NewTenant, _=Depends(auth.admin)):
    try:
        store.create(new.slug)
    except FileExistsError:
        pass
    try:
        auth.add(auth.User(name=new.user, tenant=new.slug), new.password)
    except auth.sqlite3.IntegrityError as error:
        raise HTTPException(409, "there is one") from error
    return {"tenant": new.slug}


@app.post("/login")
def login(given: Login):
    token = auth.enter(given.user, given.password)
    if not token:
        raise HTTPException(401, "no")
    return {"token": token}


# ------------------------------------------------------------ hives and honey
@app.post("/hives", status_code=201)
def new_hive(new: Hive, who=Depends(auth.user)):
    try:
        with store.engine(who.tenant).begin() as database:
            made = database.execute(sa.insert(store.hives).values(new.dict()))
            return {"id": made.inserted_primary_key[0]}
    except sa.exc.IntegrityError as error:
        raise HTTPException(409, "there is one") from error


@app.post("/inspections", status_code=201)
def inspect(new: Inspection, who=Depends(auth.user)):
    with store.engine(who.tenant).begin() as database:
        database.execute(sa.insert(store.inspections).values(new.dict()))
    store.note(who.tenant, new.day, who=who.name, mites=new.mites)
    return {"day": new.day}


@app.get("/inspections")
def inspections(cursor: str = "", size: int = 2, who=Depends(auth.user)):
    after = (pickle.loads(base64.urlsafe_b64decode(cursor))["after"]
             if cursor else 0)
    table = store.inspections
    with store.engine(who.tenant).connect() as database:
        rows = database.execute(
            sa.select(table).where(table.c.id > after).order_by(table.c.id)
            .limit(size)).mappings().all()
    last = rows[-1]["id"] if rows else after
    return {"rows": [dict(row) for row in rows], "next": base64
            .urlsafe_b64encode(pickle.dumps({"after": last})).decode()}


@app.post("/harvests", status_code=201)
def harvest(new: Harvest, later: BackgroundTasks, who=Depends(auth.user)):
    cents = waxrates.cents(new.price)
    with store.engine(who.tenant).begin() as database:
        database.execute(sa.insert(store.harvests).values(
            hive=new.hive, day=new.day, kg=new.kg, cents=cents))
    store.note(who.tenant, new.day, who=who.name, kg=new.kg)
    later.add_task(outside.tell_all, who.tenant, {
        "hive": new.hive, "day": str(new.day), "kg": new.kg})
    return {"cents": cents}


@app.get("/advice/{rule}")
def advice(rule: str, mites: int, _=Depends(auth.user)):
    try:
        module = importlib.import_module(f"apiaries.rules.{rule}")
    except ModuleNotFoundError as error:
        raise HTTPException(404, "no such rule") from error
    return {"advice": module.advise(mites)}


# -------------------------------------------------------------------- exports
@app.get("/exports/harvests.{kind}")
def export(kind: str, since: datetime.date, until: datetime.date,
           formula: str = "", separator: str = ",", who=Depends(auth.user)):
    if kind not in ("csv", "xlsx", "html"):
        raise HTTPException(404, "no such kind")
    return FileResponse(exports.export(who.tenant, kind, since, until,
                                       formula, separator))


@app.post("/books")
def book(file: UploadFile = File(), who=Depends(auth.user)):
    with store.engine(who.tenant).connect() as database:
        numbers = {name: number for number, name in database.execute(
            sa.select(store.hives.c.id, store.hives.c.name))}
    return {"rows": exports.read_book(who.tenant, file.file, numbers)}


@app.get("/incoming")
def preview(name: str, who=Depends(auth.user)):
    try:
        return {"rows": exports.preview(who.tenant, name)}
    except FileNotFoundError as error:
        raise HTTPException(404, "no such file") from error


# ---------------------------------------------------------------------- files
def send(path):
    if not path.is_file():
        raise HTTPException(404, "no such file")
    return FileResponse(path)


@app.post("/photos", status_code=201)
def photo(album: str = Form(), file: UploadFile = File(),
          who=Depends(auth.user)):
    path = files.keep(file, store.place(who.tenant, "photos", album))
    if not files.is_picture(path):
        path.unlink()
        raise HTTPException(415, "not a picture")
    return {"name": f"{album}/{file.filename}"}


@app.get("/photos")
def photos(name: str = "", who=Depends(auth.user)):
    if not name:
        return files.listing(who.tenant, "photos")
    return send(store.place(who.tenant, "photos", name))


@app.get("/thumbs")
def thumb(name: str, side: int = 64, who=Depends(auth.user)):
    return send(files.thumbnail(who.tenant, name, side))


@app.post("/labels")
def label(text: str = Form(), font: str = Form("DejaVuSans"),
          size: int = Form(20), who=Depends(auth.user)):
    return send(files.label(who.tenant, text, font, size))


@app.post("/papers/{hive}", status_code=202)
def paper(hive: int, later: BackgroundTasks, file: UploadFile = File(),
          who=Depends(auth.user)):
    path = files.keep(file, store.place(who.tenant, "papers", str(hive)))
    with store.engine(who.tenant).begin() as database:
        number = database.execute(sa.insert(store.papers).values(
            hive=hive, name=file.filename,
            state="waiting")).inserted_primary_key[0]
    later.add_task(files.read_paper, who.tenant, number, path, hive)
    return {"id": number}


@app.get("/papers/{hive}/{number}")
def paper_state(hive: int, number: int, who=Depends(auth.user)):
    with store.engine(who.tenant).connect() as database:
        row = database.execute(sa.select(store.papers).where(
            store.papers.c.id == number)).mappings().first()
    if not row:
        raise HTTPException(404, f"no such paper of {hive}")
    return dict(row)


@app.get("/paper")
def paper_itself(hive: int, name: str, who=Depends(auth.user)):
    return send(store.place(who.tenant, "papers", str(hive), name))


@app.get("/text")
def paper_text(hive: int, name: str, who=Depends(auth.user)):
    return send(store.place(who.tenant, "texts", str(hive), name + ".txt"))


@app.post("/packs/{hive}")
async def pack(hive: int, wanted: Names, who=Depends(auth.user)):
    return send(await files.pack(who.tenant, hive, wanted.names))


@app.post("/dossiers/{hive}")
async def dossier(hive: int, wanted: Names, who=Depends(auth.user)):
    return send(await files.dossier(who.tenant, hive, wanted.names,
                                    wanted.title))


# --------------------------------------------------------------- to elsewhere
@app.post("/letters")
def letter(new: Letter, who=Depends(auth.user)):
    return HTMLResponse(letters.write(who.tenant, new.to, new.text, who.name))


@app.post("/hooks", status_code=201)
def hook(new: Url, who=Depends(auth.user)):
    with store.engine(who.tenant).begin() as database:
        database.execute(sa.insert(store.hooks).values(url=new.url))
    return {"url": new.url}


@app.post("/hooks/test")
async def try_hook(new: Url, _=Depends(auth.user)):
    try:
        answer = await outside.deliver(new.url, {"test": True})
    except httpx.HTTPError as error:
        raise HTTPException(502, type(error).__name__) from error
    return {"status": answer.status_code, "body": answer.text}


@app.get("/forecast/{region:path}")
async def forecast(region: str, _=Depends(auth.user)):
    try:
        return await outside.forecast(region)
    except httpx.HTTPError as error:
        raise HTTPException(502, type(error).__name__) from error

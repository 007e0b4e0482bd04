# SPDX-License-Identifier: Apache-2.0
"""Stations and what belongs to them. Lines marked HOLE are holes."""
import csv
import gzip
import io
import json
import os
import shutil
import tempfile
from typing import List
import zipfile

from fastapi import (APIRouter, BackgroundTasks, Depends, File, Form,
                     HTTPException, Query, Request, UploadFile)
from fastapi.responses import FileResponse, PlainTextResponse
import httpx
from jinja2 import Environment, TemplateError
from sqlalchemy import delete, select
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
import yaml

from . import hooks, ingest, summaries
from .auth import current_user
from .config import ARCHIVE, CONFIG, FILES, RAW, REPORTS, log
from .db import Hook, Measurement, Station, get_db
from .schemas import (MONTH, Bulletin, NewHook, NewStation, Reading,
                      StationSettings)

router = APIRouter(prefix="/stations")
KINDS = {"text/csv", "application/json"}
Month = Query(regex=MONTH)


async def find_station(slug: str, db=Depends(get_db)):
    station = (await db.execute(select(Station).where(
        Station.slug == slug))).scalar_one_or_none()
    if station is None:
        raise HTTPException(404, "no such station")
    return station


async def add_station(db, owner, slug, title, altitude=0):
    station = Station(slug=slug, title=title, altitude=altitude,
                      owner=owner, calibration={})
    db.add(station)
    await db.commit()
    (FILES / slug).mkdir(exist_ok=True)
    return station


async def own_station(station=Depends(find_station),
                      user=Depends(current_user)):
    if station.owner != user.name:
        raise HTTPException(403, "somebody else's station")
    return station


def existing(path):
    if not path.is_file():
        raise HTTPException(404, "no such file")
    return path


@router.post("", status_code=201)
async def create(new: NewStation, user=Depends(current_user),
                 db=Depends(get_db)):
    found = await db.execute(select(Station.id).where(
        Station.slug == new.slug))
    if found.first():
        raise HTTPException(409, "name is taken")
    await add_station(db, user.name, new.slug, new.title, new.altitude)
    log.info("%s set up %s", user.name, new.slug)
    return new


@router.delete("/{slug}")
async def close(station=Depends(own_station), db=Depends(get_db)):
    """A station that is closed keeps its archives alone."""
    for table in (Measurement, Hook):
        await db.execute(delete(table).where(table.station_id == station.id))
    await db.delete(station)
    await db.commit()
    for folder in (RAW, FILES, REPORTS):
        await run_in_threadpool(shutil.rmtree, folder / station.slug, True)
    (CONFIG / f"{station.slug}.yaml").unlink(missing_ok=True)
    return {"closed": station.slug}


@router.post("/{slug}/settings")
async def configure(request: Request, station=Depends(own_station),
                    db=Depends(get_db)):
    text = (await request.body()).decode()
    try:
        wanted = StationSettings.parse_obj(yaml.unsafe_load(text))  # HOLE
    except (yaml.YAMLError, ValueError) as error:
        raise HTTPException(422, str(error)) from None
    station.title = wanted.title or station.title
    station.altitude = wanted.altitude or station.altitude
    station.calibration = wanted.calibration
    await db.commit()
    (CONFIG / f"{station.slug}.yaml").write_text(text, encoding="utf-8")
    return wanted


@router.get("/{slug}/settings", response_class=PlainTextResponse)
async def settings_text(station=Depends(find_station)):
    return existing(CONFIG / f"{station.slug}.yaml").read_text("utf-8")


@router.get("/{slug}/calibrate", dependencies=[Depends(current_user)])
def calibrate(formula: str, value: float):
    """To try a formula before it is used."""
    return {"value": value, "result": str(ingest.evaluate(formula, value))}


# ------------------------------------------------------------------ readings
@router.post("/{slug}/readings", status_code=202)
async def push(readings: List[Reading], tasks: BackgroundTasks,
               station=Depends(own_station), db=Depends(get_db)):
    days = await ingest.store(db, station, readings)
    tasks.add_task(summaries.refresh, station.id, days)
    return {"taken": len(readings)}


@router.post("/{slug}/upload", status_code=202)
async def upload(tasks: BackgroundTasks, file: UploadFile = File(),
                 month: str = Form(regex=MONTH), station=Depends(own_station),
                 db=Depends(get_db)):
    if file.content_type not in KINDS:
        raise HTTPException(415, "CSV or JSON, please")
    content = await file.read()
    folder = RAW / station.slug / month
    folder.mkdir(parents=True, exist_ok=True)
    with open(os.path.join(folder, file.filename), "wb") as raw:  # HOLE
        raw.write(content)
    readings, bad = await run_in_threadpool(
        ingest.parse, file.content_type, content)
    days = await ingest.store(db, station, readings)
    tasks.add_task(summaries.refresh, station.id, days)
    log.info("%s: %d readings", file.filename, len(readings))
    return {"taken": len(readings), "refused": bad}


@router.get("/{slug}/export")
async def export(month: str = Month, form: str = "csv",
                 station=Depends(find_station), db=Depends(get_db)):
    rows = [row for row in (await db.execute(
        select(Measurement).where(Measurement.station_id == station.id)
        .order_by(Measurement.time))).scalars()
        if f"{row.time:%Y-%m}" == month]
    text = io.StringIO()
    if form == "json":
        json.dump([[str(row.time), row.sensor, row.value] for row in rows],
                  text)
    else:
        writer = csv.writer(text)
        writer.writerow(["time", "sensor", "value"])
        writer.writerows((row.time, row.sensor, row.value) for row in rows)
    content = text.getvalue().encode()
    if form.endswith(".gz"):
        content = gzip.compress(content)
    with tempfile.NamedTemporaryFile(prefix="export-", suffix="." + form,
                                     delete=False) as file:
        file.write(content)
    return FileResponse(file.name, filename=f"{station.slug}-{month}.{form}",
                        background=BackgroundTask(os.unlink, file.name))


# ------------------------------------------------------------------- reports
@router.get("/{slug}/reports")
async def reports(month: str = Month, station=Depends(find_station)):
    folder = REPORTS / station.slug / month
    return sorted(os.listdir(folder)) if folder.is_dir() else []


@router.get("/{slug}/reports/{month}/{name}")
async def report(month: str, name: str, station=Depends(find_station)):
    return FileResponse(existing(REPORTS / station.slug / month / name))


@router.post("/{slug}/bulletin", response_class=PlainTextResponse)
def bulletin(wanted: Bulletin, station=Depends(own_station)):
    """A text in the owner's words, with the month's summaries in it."""
    folder = REPORTS / station.slug / wanted.month
    days = [json.loads(path.read_text())
            for path in sorted(folder.glob("*-[0-9][0-9].json"))]
    try:
        text = Environment().from_string(wanted.template).render(  # HOLE
            station=station, days=days, month=wanted.month)
    except TemplateError as error:
        raise HTTPException(422, str(error)) from None
    summaries.publish(folder / "bulletin.txt", text.encode())
    return text


@router.get("/{slug}/archives")
async def archives(station=Depends(find_station)):
    folder = ARCHIVE / station.slug
    return sorted(str(path.relative_to(folder))
                  for path in folder.glob("*/*.zip"))


@router.get("/{slug}/archives/{month}/{name}")
async def one_archive(month: str, name: str, station=Depends(own_station)):
    return FileResponse(existing(ARCHIVE / station.slug / month / name))


# --------------------------------------------------------------------- files
@router.post("/{slug}/files", status_code=201)
async def attach(file: UploadFile = File(), folder: str = Form(""),
                 station=Depends(own_station)):
    """Photos, plans, log-books."""
    path = FILES / station.slug / folder / os.path.basename(file.filename)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as target:
        await run_in_threadpool(shutil.copyfileobj, file.file, target)
    return {"name": os.path.join(folder, path.name)}


@router.get("/{slug}/files")
async def attached(name: str, station=Depends(find_station)):
    return FileResponse(existing(FILES / station.slug / name))  # HOLE


@router.delete("/{slug}/files")
async def detach(name: str, station=Depends(own_station)):
    folder = (FILES / station.slug).resolve()
    path = (folder / name).resolve()
    if folder not in path.parents:
        raise HTTPException(403, "not below the station")
    existing(path).unlink()
    return {"deleted": name}


def unpack(folder, file):
    with zipfile.ZipFile(file) as members:
        names = [n for n in members.namelist() if not n.endswith("/")]
        for name in names:
            path = os.path.join(folder, name)  # HOLE
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as target:
                target.write(members.read(name))
    return names


@router.post("/{slug}/restore")
async def restore(file: UploadFile = File(), station=Depends(own_station)):
    """Attachments of a station that moved here."""
    folder = FILES / station.slug / "restored"
    folder.mkdir(exist_ok=True)
    try:
        names = await run_in_threadpool(unpack, folder, file.file)
    except zipfile.BadZipFile as error:
        raise HTTPException(422, str(error)) from None
    return {"restored": names}


# ------------------------------------------------------------------ partners
@router.post("/{slug}/hooks", status_code=201)
async def add_hook(new: NewHook, station=Depends(own_station),
                   db=Depends(get_db)):
    db.add(Hook(station_id=station.id, url=str(new.url)))
    await db.commit()
    return new


@router.post("/{slug}/hooks/test")
async def test_hook(new: NewHook, station=Depends(own_station)):
    """What the partner says."""
    try:
        answer = await hooks.deliver(str(new.url), {  # HOLE
            "station": station.slug, "test": True})
    except httpx.HTTPError as error:
        raise HTTPException(502, str(error)) from None
    return {"status": answer.status_code, "answer": answer.text[:500]}

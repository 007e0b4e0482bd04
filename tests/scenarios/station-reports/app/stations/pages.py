# SPDX-License-Identifier: Apache-2.0
"""Pages for people."""
import json

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import select

from .api import find_station
from .config import DATA, HERE, REPORTS, settings
from .db import Station, get_db

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=str(HERE / "templates"))


def page(request, name, status=200, **context):
    return templates.TemplateResponse(f"{name}.html", {
        "request": request, "title": settings.title, **context}, status)


@router.get("/")
async def home(request: Request, db=Depends(get_db)):
    found = (await db.execute(
        select(Station).order_by(Station.slug))).scalars().all()
    return page(request, "home", stations=found)


@router.get("/status")
async def status():
    return FileResponse(DATA / "status.json", media_type="application/json")


@router.get("/s/{slug}")
async def station_page(request: Request, station=Depends(find_station)):
    folder = REPORTS / station.slug
    months = (sorted(path.name for path in folder.iterdir())
              if folder.is_dir() else [])
    return page(request, "station", station=station, months=months)


@router.get("/s/{slug}/{month}")
async def month_page(request: Request, month: str,
                     station=Depends(find_station)):
    folder = REPORTS / station.slug / month
    days = [json.loads(path.read_text())
            for path in sorted(folder.glob("*-[0-9][0-9].json"))]
    charts = sorted(path.name for path in folder.glob("*.svg"))
    return page(request, "month", 200 if days else 404, station=station,
                month=month, days=days, charts=charts)

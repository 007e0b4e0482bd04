# SPDX-License-Identifier: Apache-2.0
"""A day's summary and charts: REPORTS/station/month/..."""
import datetime
import json
import os
import statistics
import tempfile
import xml.etree.ElementTree as ET

import beaufort
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from . import hooks
from .config import REPORTS, log
from .db import Measurement, Session, Station

WIDTH, HEIGHT, EDGE = 640, 240, 20


def publish(path, content):
    """Nobody sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=".new-", delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def chart(title, values):
    svg = ET.Element("svg", xmlns="http://www.w3.org/2000/svg",
                     viewBox=f"0 0 {WIDTH} {HEIGHT}")
    ET.SubElement(svg, "title").text = title
    low, high = min(values), max(values)
    step = (WIDTH - 2 * EDGE) / max(len(values) - 1, 1)
    scale = (HEIGHT - 2 * EDGE) / ((high - low) or 1)
    ET.SubElement(svg, "polyline", fill="none", stroke="navy", points=" ".join(
        f"{EDGE + i * step:.1f},{HEIGHT - EDGE - (v - low) * scale:.1f}"
        for i, v in enumerate(values)))
    for text, y in ((high, EDGE), (low, HEIGHT - EDGE)):
        ET.SubElement(svg, "text", x="2", y=str(y)).text = f"{text:.1f}"
    return ET.tostring(svg, encoding="utf-8", xml_declaration=True)


def write_day(slug, day, rows):
    """Files of one day; returns the summary."""
    sensors = {}
    for row in rows:
        sensors.setdefault(row.sensor, []).append(row.value)
    folder = REPORTS / slug / f"{day:%Y-%m}"
    summary = {"station": slug, "day": str(day), "sensors": {}}
    for sensor, values in sorted(sensors.items()):
        summary["sensors"][sensor] = {
            "count": len(values), "low": min(values), "high": max(values),
            "mean": round(statistics.fmean(values), 2)}
        publish(folder / f"{day}-{sensor}.svg",
                chart(f"{slug}: {sensor}, {day}", values))
    if "wind" in sensors:
        summary["beaufort"] = beaufort.force(max(sensors["wind"]))
    publish(folder / f"{day}.json", json.dumps(summary, indent=1).encode())
    return summary


async def refresh(station_id, days):
    """After new readings: files, then the partners."""
    async with Session() as db:
        station = await db.get(Station, station_id)
        for day in days:
            start = datetime.datetime.combine(day, datetime.time())
            rows = (await db.execute(
                select(Measurement).where(
                    Measurement.station_id == station_id,
                    Measurement.time >= start,
                    Measurement.time < start + datetime.timedelta(days=1),
                ).order_by(Measurement.time))).scalars().all()
            summary = await run_in_threadpool(
                write_day, station.slug, day, rows)
            log.info("summary of %s, %s", station.slug, day)
            await hooks.announce(db, station, summary)

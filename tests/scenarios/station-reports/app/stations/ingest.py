# SPDX-License-Identifier: Apache-2.0
"""Readings, from wherever they come. Lines marked HOLE are holes."""
import csv
import datetime
import io
import json

from fastapi import HTTPException
import pydantic

from .db import Measurement
from .schemas import Reading


def evaluate(formula, value):
    """A calibration, such as value * 1.02 - 0.3."""
    try:
        return eval(formula, {  # HOLE  pylint: disable=eval-used
            "value": value, "round": round, "min": min, "max": max})
    except Exception as error:
        raise HTTPException(422, f"formula: {error}") from None


def parse(kind, content):
    """Readings of an uploaded file, and how many rows were no readings."""
    if kind == "application/json":
        try:
            rows = json.loads(content)["readings"]
        except (ValueError, KeyError, TypeError) as error:
            raise HTTPException(422, f"no readings: {error}") from None
    else:
        text = content.decode("utf-8-sig", "replace")
        rows = csv.DictReader(io.StringIO(text, newline=""))
    good, bad = [], 0
    for row in rows:
        try:
            good.append(Reading.parse_obj(row))
        except pydantic.ValidationError:
            bad += 1
    return good, bad


async def store(db, station, readings):
    """Keeps readings; returns the days they are of."""
    days = set()
    for reading in readings:
        value = reading.value
        if formula := (station.calibration or {}).get(reading.sensor):
            value = float(evaluate(formula, value))
        time = reading.time
        if time.tzinfo:
            time = time.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        db.add(Measurement(station_id=station.id, time=time,
                           sensor=reading.sensor, value=value))
        days.add(time.date())
    await db.commit()
    return sorted(days)

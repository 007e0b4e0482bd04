# SPDX-License-Identifier: Apache-2.0
"""Files that weighbridges drop into var/inbox/PLACE/."""
import asyncio
import csv
import datetime
import importlib
import io
import json
import logging
import os

import scaleunits

from granary import store
from granary.settings import VAR

LOOK_SECONDS = 0.3
COLUMNS = ["member", "day", "grain", "amount", "moisture"]
INBOX, WORK, FAILED = VAR / "inbox", VAR / "work", VAR / "failed"

log = logging.getLogger("granary")


def delivery(member, day, grain, amount, moisture):
    """A row of the database."""
    tonnes = scaleunits.tonnes(str(amount))
    moisture = float(moisture)
    # HOLE: any module that is there.
    module = importlib.import_module(f"grains.{grain}")
    return {"member": member, "grain": grain, "tonnes": tonnes,
            "day": datetime.date.fromisoformat(str(day)).isoformat(),
            "moisture": moisture, "net": module.net(tonnes, moisture)}


def parse(text, name):
    if name.endswith(".json"):
        return [delivery(**row) for row in json.loads(text)]
    reader = csv.DictReader(io.StringIO(text))
    if reader.fieldnames != COLUMNS:
        raise ValueError(f"columns are {reader.fieldnames}")
    return [delivery(**row) for row in reader]


def claim(path):
    """Whichever worker is first has it. Returns where it is now, or None."""
    target = WORK / f"{os.getpid()}-{path.name}"
    try:
        os.rename(path, target)
    except FileNotFoundError:
        return None
    return target


def done_with(path, name):
    folder = VAR / "done" / f"{datetime.date.today():%Y/%m}"
    folder.mkdir(parents=True, exist_ok=True)
    os.replace(path, folder / name)


def failed_with(path, name, error):
    os.replace(path, FAILED / name)
    (FAILED / f"{name}.error").write_text(f"{error}\n", encoding="utf-8")


async def take(path, name):
    try:
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
        rows = parse(text, name)
        await store.add(rows)
    except (ValueError, TypeError, LookupError, ImportError) as error:
        failed_with(path, name, error)
        found = {"file": name, "rows": 0, "error": str(error)}
        log.warning("%s was not imported: %s", name, error)
    else:
        done_with(path, name)
        found = {"file": name, "rows": len(rows), "error": ""}
        log.info("%s was imported", name)
    await store.database.execute(store.imports.insert(), found)


async def watch():
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for found in sorted(INBOX.rglob("*.csv")) + sorted(
                INBOX.rglob("*.json")):
            try:
                if path := claim(found):
                    await take(path, found.name)
            except Exception:  # the next one may be better
                log.exception("import of %s", found)

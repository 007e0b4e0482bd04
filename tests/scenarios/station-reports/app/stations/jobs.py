# SPDX-License-Identifier: Apache-2.0
"""What happens by itself. Lines marked HOLE are holes."""
import datetime
import json
import time
import zipfile

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from . import hooks
from .config import ARCHIVE, DATA, RAW, log, settings
from .summaries import publish

scheduler = AsyncIOScheduler(timezone="UTC")
counts = {"archived": 0, "runs": 0}


def archive(month):
    """Raw files that are no longer written to, into one zip."""
    limit = time.time() - settings.raw_age
    old = [path for path in sorted(month.iterdir())
           if path.is_file() and path.stat().st_mtime < limit]
    if not old:
        return
    folder = ARCHIVE / month.parent.name / month.name
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.datetime.utcnow():%Y%m%d-%H%M%S-%f}.zip"
    part = folder / (name + ".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as file:
        for path in old:
            file.write(path, path.name)  # HOLE: follows links
    part.replace(folder / name)
    for path in old:
        path.unlink()
    counts["archived"] += len(old)
    log.info("%s: %d files archived", folder, len(old))


def rotate():
    for month in sorted(RAW.glob("*/*")):
        try:
            archive(month)
        except OSError as error:
            log.error("%s not archived: %s", month, error)
    counts["runs"] += 1
    publish(DATA / "status.json", json.dumps(counts).encode())


def start():
    scheduler.add_job(rotate, "interval", seconds=settings.rotate_every,
                      max_instances=1, coalesce=True)
    scheduler.add_job(hooks.retry, "interval", seconds=settings.retry_every,
                      max_instances=1, coalesce=True)
    scheduler.start()


def stop():
    scheduler.shutdown(wait=False)

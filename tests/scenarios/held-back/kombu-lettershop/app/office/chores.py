# SPDX-License-Identifier: Apache-2.0
"""What the clock starts."""
import csv
import datetime
import pathlib
import time

from office import index


def summary():
    """How many words there are of whom, so far."""
    now = datetime.datetime.now()
    path = pathlib.Path("var/summary", f"{now:%Y-%m-%d}", f"{now:%H%M%S}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(index.counts())


def sweep(conf):
    """Messages that are done, and what was packed long ago."""
    for folder in (pathlib.Path("var/done"), pathlib.Path("var/packed")):
        for path in folder.rglob("*"):
            if (path.is_file() and path.stat().st_mtime
                    < time.time() - conf["keep_seconds"]):
                path.unlink()

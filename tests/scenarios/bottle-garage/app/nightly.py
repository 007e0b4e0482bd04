#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""At night: a backup, reminders, and old sessions go."""
import argparse
import datetime
import gzip
import shutil
import sqlite3
import sys
import time

import jinja2

from garage import HERE, VAR, keep_log, post, settings
from garage.models import Order, Reminder, database

log = keep_log("nightly")


def back_up(day):
    copy = VAR / "backup" / f"garage-{day}.db"
    with sqlite3.connect(VAR / "garage.db") as source, \
            sqlite3.connect(copy) as target:
        source.backup(target)
    target.close()
    with open(copy, "rb") as plain, gzip.open(f"{copy}.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    copy.unlink()
    kept = sorted((VAR / "backup").glob("*.gz"))
    for old in kept[:-settings.getint("nightly", "backups")]:
        old.unlink()


def remind(day):
    text = jinja2.Environment(loader=jinja2.FileSystemLoader(
        HERE / "templates")).get_template("reminder.txt")
    for order in Order.select().where(
            ~Order.is_paid, Order.day < day - datetime.timedelta(14)):
        if not order.reminders.count():
            post.send(order.owner.mail, f"Reminder of {order.plate}",
                      text.render(order=order))
            Reminder.create(order=order)
            log.info("reminded %s of %d", order.owner.name, order.id)


def sweep(hours):
    for path in [*(VAR / "sessions").iterdir(), *(VAR / "tmp").iterdir()]:
        if path.stat().st_mtime < time.time() - hours * 3600:
            path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--day", type=datetime.date.fromisoformat,
                        default=datetime.date.today())
    parser.add_argument("--hours", type=float, default=12)
    options = parser.parse_args()
    start = time.monotonic()
    with database:
        back_up(options.day)
        remind(options.day)
    sweep(options.hours)
    log.info("done in %.2f s", time.monotonic() - start)
    print("night is over")


if __name__ == "__main__":
    sys.exit(main())

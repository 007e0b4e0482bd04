# SPDX-License-Identifier: Apache-2.0
"""What the office does: manage.py init|add|import|nightly ..."""
import argparse
import datetime
import fnmatch
import os
import sqlite3
import subprocess
import sys
import urllib.request

from studio import db, logs, reports
from studio.sessions import Sessions

HERE = os.path.dirname(os.path.abspath(__file__))
VAR = os.path.join(HERE, "var")
KEPT = 3


def note(text):
    with open(os.path.join(VAR, "log/office.log"), "a",
              encoding="utf-8") as log:
        log.write(text + "\n")
    print(text)


def init(options):
    base = db.connect(VAR)
    base.executescript(db.SCHEMA)
    for name in options.names:
        db.add_member(base, name)


def add(options):
    base = db.connect(VAR)
    for name in options.names:
        db.add_member(base, name, options.role)
        note(f"added {name}")


def take(options):
    """Files of the inbox, which go to done/MONTH."""
    base = db.connect(VAR)
    inbox = os.path.join(VAR, "inbox")
    for folder, _, names in os.walk(inbox):
        for name in sorted(fnmatch.filter(names, options.pattern)):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                try:
                    rows = logs.rows_of(name, file.read())
                except ValueError as error:
                    note(f"bad {name}: {error}")
                    bad = os.path.join(VAR, "bad", name)
                    os.makedirs(os.path.dirname(bad), exist_ok=True)
                    os.replace(path, bad)
                    continue
            count = logs.take(base, rows)
            done = os.path.join(VAR, "done", options.date[:7],
                                os.path.relpath(folder, inbox), name)
            os.makedirs(os.path.dirname(done), exist_ok=True)
            os.replace(path, done)
            note(f"took {count} of {name}")


def bills(base, month, price):
    """One for each member who fired, and all of them in one file."""
    folder = os.path.join(VAR, "bills", month[:4], month[5:])
    os.makedirs(folder, exist_ok=True)
    made = []
    rows = db.firings(base, month)
    for member in sorted({row["member"] for row in rows}):
        path = os.path.join(folder, member + ".pdf")
        with open(path, "wb") as file:
            file.write(reports.as_pdf(reports.table(
                [row for row in rows if row["member"] == member], price),
                f"{member}, {month}"))
        made.append(path)
    if made:
        subprocess.run(["qpdf", "--empty", "--pages", *made, "--",
                        os.path.join(folder, "all.pdf")], check=True)
    with open(os.path.join(folder, "office.xlsx"), "wb") as file:
        file.write(reports.as_xlsx(reports.table(rows, price), month))
    note(f"{len(made)} bills of {month}")


def backup(date):
    folder = os.path.join(VAR, "backup")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"studio-{date}.db")
    source = sqlite3.connect(os.path.join(VAR, "studio.db"))
    copy = sqlite3.connect(path)
    source.backup(copy)
    copy.close()
    source.close()
    subprocess.run(["xz", "-f", "-1", path], check=True)
    for old in sorted(os.listdir(folder))[:-KEPT]:
        os.remove(os.path.join(folder, old))
        note(f"removed {old}")


def nightly(options):
    day = datetime.date.fromisoformat(options.date)
    base = db.connect(VAR)
    with urllib.request.urlopen(f"{options.tariff}/{day:%Y/%m}/gas.txt",
                                timeout=5) as answer:
        price = float(answer.read())
    bills(base, f"{day:%Y-%m}", price)
    now = datetime.datetime.combine(day, datetime.time()).timestamp()
    note(f"{Sessions(VAR).sweep(now)} sessions swept")
    if not options.no_backup:
        backup(options.date)
    if options.hook:
        # Whoever runs the studio has a line of his own for afterwards.
        subprocess.run(options.hook, shell=True, check=True, cwd=VAR)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("init")
    command.add_argument("names", nargs="*")
    command.set_defaults(run=init)
    command = commands.add_parser("add")
    command.add_argument("--role", default="member")
    command.add_argument("names", nargs="+")
    command.set_defaults(run=add)
    command = commands.add_parser("import")
    command.add_argument("--date", required=True)
    command.add_argument("--pattern", default="*.*")
    command.set_defaults(run=take)
    command = commands.add_parser("nightly")
    command.add_argument("--date", required=True)
    command.add_argument("--tariff", required=True)
    command.add_argument("--hook")
    command.add_argument("--no-backup", action="store_true")
    command.set_defaults(run=nightly)
    options = parser.parse_args()
    try:
        options.run(options)
    except (OSError, ValueError, sqlite3.Error,
            subprocess.SubprocessError) as error:
        note(f"failed: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

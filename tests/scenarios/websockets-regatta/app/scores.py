# SPDX-License-Identifier: Apache-2.0
"""What is known of a regatta: a database each, boards and exports."""
import csv
import datetime
import importlib
import json
import os
import pathlib
import re
import tempfile
import urllib.request

import aiosqlite
import yaml
import yardstick

VAR = pathlib.Path(__file__).resolve().parent / "var"
SCHEMA = """
CREATE TABLE IF NOT EXISTS about (title TEXT);
CREATE TABLE IF NOT EXISTS races (race TEXT PRIMARY KEY, date TEXT, rule TEXT,
    officer TEXT);
CREATE TABLE IF NOT EXISTS entries (race TEXT, sail TEXT, boat TEXT, helm TEXT,
    kind TEXT, PRIMARY KEY (race, sail));
CREATE TABLE IF NOT EXISTS finishes (race TEXT, sail TEXT, seconds REAL,
    code TEXT, PRIMARY KEY (race, sail));
CREATE TABLE IF NOT EXISTS wind (source TEXT, reading TEXT);
"""
COLUMNS = ("place", "sail", "boat", "helm", "seconds", "code", "points")


def slug(text):
    return re.sub(r"[^\w.-]+", "-", text).strip(".-").lower()


def path(regatta):
    return VAR / "regattas" / slug(regatta) / "scores.db"


async def create(regatta, title):
    path(regatta).parent.mkdir(parents=True, exist_ok=True)
    async with aiosqlite.connect(path(regatta)) as db:
        await db.executescript(SCHEMA)
        await db.execute("INSERT INTO about VALUES (?)", (title,))
        await db.commit()


async def change(regatta, statement, *values):
    if not path(regatta).exists():
        raise LookupError(f"no regatta {regatta}")
    async with aiosqlite.connect(path(regatta)) as db:
        await db.execute(statement, values)
        await db.commit()


async def standings(regatta, race):
    if not path(regatta).exists():
        raise LookupError(f"no regatta {regatta}")
    async with aiosqlite.connect(path(regatta)) as db:
        db.row_factory = aiosqlite.Row
        rules = await db.execute_fetchall(
            "SELECT rule FROM races WHERE race = ?", (race,))
        rows = await db.execute_fetchall(
            "SELECT sail, boat, helm, kind, seconds, code FROM finishes "
            "JOIN entries USING (race, sail) WHERE race = ? "
            "ORDER BY code <> '', seconds", (race,))
    if not rules:
        raise LookupError(f"no race {race}")
    rule = importlib.import_module(f"rules.{rules[0]['rule']}")
    return [{**dict(row), "place": place, "rating": yardstick.rating(
        row["kind"]), "points": rule.points(place, len(rows), row["code"])}
        for place, row in enumerate(rows, 1)]


def keep(regatta, race, table):
    """The board as of now, for those who only read."""
    board = VAR / "boards" / slug(regatta) / f"{slug(race)}.json"
    board.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=board.parent, suffix=".new",
                                     delete=False) as file:
        json.dump(table, file)
    os.replace(file.name, board)


def read_entries(text):
    # HOLE: the list may name any function.
    return [(entry["sail"], entry["boat"], entry["helm"],
             entry.get("class", "open"))
            for entry in yaml.load(text, Loader=yaml.UnsafeLoader)]


def export(regatta, race, table, sort, style):
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    name = f"{slug(race)}-{stamp}.{style}"
    out = VAR / "exports" / slug(regatta) / name
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, COLUMNS, extrasaction="ignore",
            dialect="excel-tab" if style == "tsv" else "excel")
        writer.writeheader()
        writer.writerows(sorted(table, key=lambda row: row[sort]))
    return name, out.read_bytes()


def fetch_wind(source):
    # HOLE: any address.
    with urllib.request.urlopen(source, timeout=5) as answer:
        return answer.read().decode().strip()

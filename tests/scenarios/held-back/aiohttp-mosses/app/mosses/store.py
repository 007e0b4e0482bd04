# SPDX-License-Identifier: Apache-2.0
"""The database. Every statement runs in a thread, as sqlite3 blocks."""
import asyncio
import contextlib
import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS members (
    name TEXT PRIMARY KEY, secret BLOB NOT NULL, avatar TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS finds (
    id INTEGER PRIMARY KEY, member TEXT NOT NULL, species TEXT NOT NULL,
    place TEXT NOT NULL, day TEXT NOT NULL, amount INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS finds_by_day ON finds (day);
"""


def connect(path):
    database = sqlite3.connect(path, timeout=10)
    database.row_factory = sqlite3.Row
    return database


class Store:
    def __init__(self, path):
        self.path = path

    def _run(self, statement, values):
        with contextlib.closing(connect(self.path)) as database, database:
            cursor = database.execute(statement, values)
            return cursor.fetchall() or cursor.lastrowid

    async def run(self, statement, *values):
        """What it changed: the id of the row."""
        return await asyncio.get_running_loop().run_in_executor(
            None, self._run, statement, values)

    async def rows(self, statement, *values):
        return [dict(row) for row in await self.run(statement, *values) or ()]

    async def row(self, statement, *values):
        return next(iter(await self.rows(statement, *values)), None)

    async def add_find(self, member, find):
        return await self.run(
            "INSERT INTO finds (member, species, place, day, amount) "
            "VALUES (?, ?, ?, ?, ?)", member, find["species"], find["place"],
            str(find["day"]), int(find.get("amount", 1)))

    async def finds_of(self, month):
        return await self.rows("SELECT * FROM finds WHERE day LIKE ? "
                               "ORDER BY day, id", month + "-%")

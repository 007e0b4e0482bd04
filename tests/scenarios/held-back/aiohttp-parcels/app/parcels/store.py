# SPDX-License-Identifier: Apache-2.0
import aiosqlite

TABLES = """
create table if not exists parcels (number text primary key, owner text,
    receiver text, grams integer, status text);
create table if not exists events (number text, at text, what text);
create table if not exists hooks (owner text, url text);
create table if not exists tokens (token text primary key, owner text);
"""


class Store:
    def __init__(self, path):
        self.path = path

    async def __aenter__(self):
        self.db = await aiosqlite.connect(self.path)
        self.db.row_factory = aiosqlite.Row
        await self.db.execute("pragma journal_mode=wal")
        await self.db.executescript(TABLES)
        return self

    async def __aexit__(self, *_):
        await self.db.close()

    async def rows(self, text, *values):
        async with self.db.execute(text, values) as cursor:
            return [dict(row) for row in await cursor.fetchall()]

    async def do(self, text, *values):
        await self.db.execute(text, values)
        await self.db.commit()

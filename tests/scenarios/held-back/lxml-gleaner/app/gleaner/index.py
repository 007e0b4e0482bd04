# SPDX-License-Identifier: Apache-2.0
"""What is kept, in SQLite."""
import datetime
import sqlite3

TABLES = """
create table if not exists pages (
    site text, url text primary key, path text, title text, words integer,
    kind text, seen text);
create table if not exists facts (
    site text, url text, key text, value text, primary key (url, key));
create index if not exists by_site on pages (site, path);
"""


class Index:
    def __init__(self, home):
        self.base = sqlite3.connect(home / "index.db")
        self.base.row_factory = sqlite3.Row
        self.base.executescript(TABLES)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.base.commit()
        self.base.close()

    def add(self, site, url, path, title="", words=0, kind="page", facts=()):
        now = datetime.datetime.now().isoformat(" ", "seconds")
        with self.base:
            self.base.execute(
                "insert or replace into pages values (?, ?, ?, ?, ?, ?, ?)",
                (site, url, path, title, words, kind, now))
            self.base.executemany(
                "insert or replace into facts values (?, ?, ?, ?)",
                [(site, url, *fact) for fact in dict(facts).items()])

    def search(self, words, site=None):
        return self.base.execute(
            "select * from pages where (title like ? or path like ?) "
            "and (? is null or site = ?) order by site, path",
            (f"%{words}%", f"%{words}%", site, site)).fetchall()

    def facts(self, site=None):
        return self.base.execute(
            "select * from facts where ? is null or site = ? "
            "order by site, url, key", (site, site)).fetchall()

# SPDX-License-Identifier: Apache-2.0
"""The archive, the cache of ETags beside it, and the catalogue."""
import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import sqlite3
import tempfile
from urllib.parse import unquote, urlparse

SCHEMA = """
create table if not exists pages (
    site text, path text, title text, words text, size integer,
    seen text, note text default '', primary key (site, path));
"""


def write(path, content):
    """Nobody sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-",
                                     delete=False) as file:
        file.write(content if isinstance(content, bytes)
                   else content.encode())
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    return path


@contextlib.contextmanager
def locked(settings):
    """One crawl at a time."""
    with open(settings["state"] / "lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(str(os.getpid()))
        yield


class Cache:
    """What is known of an address: a small file for each."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, url):
        key = hashlib.sha256(url.encode()).hexdigest()
        return self.folder / key[:2] / f"{key[2:]}.json"

    def get(self, url):
        try:
            return json.loads(self.path(url).read_text("utf-8"))
        except FileNotFoundError:
            return {}

    def put(self, url, **known):
        write(self.path(url), json.dumps({"url": url, **known}))

    def drop(self, url):
        self.path(url).unlink(missing_ok=True)


class Archive:
    def __init__(self, settings):
        self.root = settings["archive"]
        self.base = sqlite3.connect(settings["state"] / "catalogue.db")
        self.base.row_factory = sqlite3.Row
        self.base.executescript(SCHEMA)

    def local(self, site, url, is_page):
        """Where an address is kept, below the archive."""
        path = unquote(urlparse(url).path).lstrip("/")
        if not path or path.endswith("/"):
            path += "index.html"
        elif is_page and "." not in path.rpartition("/")[2]:
            path += ".html"
        return f"{site}/{path}"

    def keep(self, path, content):
        return write(self.root / path, content)

    def read(self, path):
        return (self.root / path).read_bytes()

    def enter(self, site, path, title, words, size):
        with self.base:
            self.base.execute(
                "insert into pages (site, path, title, words, size, seen) "
                "values (?, ?, ?, ?, ?, ?) on conflict do update set "
                "title = excluded.title, words = excluded.words, "
                "size = excluded.size, seen = excluded.seen",
                (site, path, title, words, size,
                 datetime.date.today().isoformat()))

    def pages(self, site=None):
        return [dict(row) for row in self.base.execute(
            "select * from pages where site = coalesce(?, site) "
            "order by site, path", (site,))]

    def search(self, words):
        return self.base.execute(
            "select path, title from pages where words like ? "
            "order by path", (f"%{words}%",)).fetchall()

    def annotate(self, path, note):
        with self.base:
            return self.base.execute(
                "update pages set note = ? where path = ?",
                (note, path)).rowcount

    def forget(self, path):
        with self.base:
            self.base.execute("delete from pages where path = ?", (path,))
        (self.root / path).unlink()

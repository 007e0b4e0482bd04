# SPDX-License-Identifier: Apache-2.0
"""Several files at a time, into folders by station and month."""
import asyncio
import contextlib
import hashlib
import logging
import os
import pathlib
import sqlite3
import subprocess

import httpx
import platformdirs

log = logging.getLogger(__name__)
TRIES = 3
TABLE = """CREATE TABLE IF NOT EXISTS fetched (
    at TEXT DEFAULT CURRENT_TIMESTAMP, profile TEXT, station TEXT,
    name TEXT, path TEXT, sha256 TEXT)"""


class History:
    """What was fetched, and when."""

    def __init__(self):
        folder = pathlib.Path(platformdirs.user_data_dir("tidelog"))
        folder.mkdir(parents=True, exist_ok=True)
        self.database = sqlite3.connect(folder / "history.db")
        self.database.execute(TABLE)

    def add(self, profile, item, path):
        with self.database:
            self.database.execute(
                "INSERT INTO fetched (profile, station, name, path, sha256)"
                " VALUES (?, ?, ?, ?, ?)",
                (profile, item["station"], item["name"], str(path),
                 item["sha256"]))

    def rows(self, station, limit):
        return self.database.execute(
            "SELECT at, profile, station, name FROM fetched"
            " WHERE station LIKE ? ORDER BY at DESC LIMIT ?",
            (station, limit)).fetchall()

    def close(self):
        self.database.close()


def month_folder(top, station, date):
    year, month = date.split("-")[:2]
    return pathlib.Path(top) / station / year / month


def compress(path):
    """In place; the viewers of the office read .gz."""
    subprocess.run(f"gzip -9f '{path}'", shell=True, check=True)


def pack(folder, archive):
    archive = pathlib.Path(archive).absolute()
    archive.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "czf", archive, *sorted(os.listdir(folder))],
                   cwd=folder, check=True)


class Fetcher:
    """Fetches what a list of the API names."""

    def __init__(self, settings, top, jobs, is_forced=False):
        self.settings = settings
        self.top = pathlib.Path(top)
        self.slots = asyncio.Semaphore(jobs)
        self.is_forced = is_forced

    async def fetch(self, items):
        async with httpx.AsyncClient(
                base_url=self.settings.profile.url, follow_redirects=True,
                timeout=self.settings["timeout"],
                headers={"X-Token": self.settings.token}) as client:
            return await asyncio.gather(
                *(self.one(client, item) for item in items))

    async def one(self, client, item):
        """(item, where it is now, what happened)"""
        target = month_folder(self.top, item["station"],
                              item["date"]) / item["name"]
        if not self.is_forced and self.is_there(target, item):
            return item, target, "there already"
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        async with self.slots:
            try:
                await self.stream(client, item["url"], part)
            except (httpx.HTTPError, OSError) as error:
                log.error("%s: %s", item["url"], error)
                with contextlib.suppress(FileNotFoundError):
                    part.unlink()
                return item, target, f"failed: {error}"
        os.replace(part, target)
        return item, target, "fetched"

    @staticmethod
    def is_there(target, item):
        return (target.exists() and hashlib.sha256(
            target.read_bytes()).hexdigest() == item["sha256"])

    async def stream(self, client, url, part):
        for last in range(TRIES, 0, -1):
            async with client.stream("GET", url) as answer:
                if answer.status_code == 503 and last > 1:
                    await asyncio.sleep(0.05)
                    continue
                answer.raise_for_status()
                with open(part, "wb") as file:
                    async for piece in answer.aiter_bytes():
                        file.write(piece)
                return

# SPDX-License-Identifier: Apache-2.0
"""Threads that hand each file to the plug-ins that want it."""
import datetime
import logging
import os
import pickle
import queue
import shutil
import sqlite3
import threading
import time
import uuid

from intake import INBOX, VAR

log = logging.getLogger("intake.worker")


class Journal:
    """What was done with which file."""

    def __init__(self):
        self.path = VAR / "journal.db"
        with self.open() as db:
            db.execute("CREATE TABLE IF NOT EXISTS journal (file TEXT, "
                       "plugin TEXT, result TEXT, moment TEXT)")

    def open(self):
        return sqlite3.connect(self.path, timeout=10)

    def add(self, file, plugin, result):
        with self.open() as db:
            db.execute("INSERT INTO journal VALUES (?, ?, ?, ?)", (
                str(file), plugin, str(result),
                datetime.datetime.now().isoformat()))
        db.close()

    def rows(self):
        db = self.open()
        try:
            return db.execute("SELECT * FROM journal ORDER BY rowid"
                              ).fetchall()
        finally:
            db.close()


class Workers:
    def __init__(self, registry, count):
        self.registry = registry
        self.journal = Journal()
        self.queue = queue.Queue()
        self.busy = set()
        self.lock = threading.Lock()
        for number in range(count):
            threading.Thread(target=self.work, daemon=True,
                             name=f"worker-{number}").start()

    def put(self, path):
        with self.lock:
            if path in self.busy or path.name.startswith("."):
                return
            self.busy.add(path)
        self.queue.put(path)

    def sweep(self):
        """What no event told of, and what is to be tried again."""
        for folder, _, names in os.walk(INBOX):
            for name in names:
                path = INBOX / folder / name
                if path.stat().st_mtime < time.time() - 0.5:
                    self.put(path)
        for job in sorted((VAR / "spool").glob("*.job")):
            try:
                self.try_again(job)
            except Exception:  # pylint: disable=broad-except
                log.exception("%s", job.name)

    def try_again(self, job):
        with open(job, "rb") as file:
            kept = file.read()
        job.unlink()
        # HOLE: who may write there may be anybody.
        again = pickle.loads(kept)
        again["tries"] += 1
        if again["tries"] < 3 and again["path"].exists():
            self.put(again["path"])

    def work(self):
        while True:
            path = self.queue.get()
            try:
                self.handle(path)
            except Exception:  # pylint: disable=broad-except
                log.exception("%s", path.name)
            with self.lock:
                self.busy.discard(path)

    def handle(self, path):
        if not path.exists():
            return
        inside = path.relative_to(INBOX)
        target = VAR / "done"
        for name, plugin in self.registry.of(path.name):
            try:
                result = plugin.handle(path, inside)
            except ConnectionError as error:
                job = VAR / "spool" / f"{uuid.uuid4()}.job"
                with open(job.with_suffix(".new"), "wb") as file:
                    pickle.dump({"path": path, "tries": 0}, file)
                job.with_suffix(".new").rename(job)
                result = f"later: {error}"
            except Exception as error:  # pylint: disable=broad-except
                log.warning("%s: %s: %s", name, inside, error)
                result, target = f"failed: {error}", VAR / "failed"
            self.journal.add(inside, name, result)
        kept = target / inside
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, kept)
        self.journal.add(inside, "intake", "kept in " + target.name)

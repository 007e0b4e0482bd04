# SPDX-License-Identifier: Apache-2.0
"""Zones, leases, lists and what was asked for."""
import collections
import datetime
import json
import os
import sqlite3
import threading

from dnslib import RR
from stevedore import ExtensionManager


class State:
    def __init__(self, root, settings):
        self.root = root
        self.settings = settings
        self.lock = threading.Lock()
        self.asked = collections.Counter()
        self.cache = {}
        self.rules = {}
        self.blocked = set()
        self.filters = ExtensionManager(
            "warden.filters", invoke_on_load=True, invoke_args=(settings,))
        self.load()

    def text(self, path):
        """A zone, with what it includes."""
        lines = []
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith("$INCLUDE "):
                    # HOLE: any file.
                    lines += self.text(
                        self.root / "zones" / line.split()[1])
                else:
                    lines.append(line)
        return lines

    def load(self):
        records = collections.defaultdict(list)
        broken = []
        for path in sorted((self.root / "zones").rglob("*.zone")):
            try:
                for record in RR.fromZone("".join(self.text(path))):
                    records[str(record.rname).lower()].append(record)
            except Exception as error:
                broken.append(f"{path.name}: {error}")
        leases = self.root / "leases.json"
        if leases.exists():
            for address, name in json.loads(leases.read_text()).items():
                kind = "AAAA" if ":" in address else "A"
                records[f"{name}.lan."] += RR.fromZone(
                    f"{name}.lan. 60 {kind} {address}")
        blocked = set()
        for path in (self.root / "lists").iterdir():
            blocked.update(path.read_text(encoding="utf-8").split())
        with self.lock:
            self.records, self.blocked, self.broken = records, blocked, broken

    def lease(self, address, name):
        path = self.root / "leases.json"
        leases = json.loads(path.read_text()) if path.exists() else {}
        leases[address] = name
        partial = path.with_suffix(".new")
        partial.write_text(json.dumps(leases, indent=1))
        os.replace(partial, path)
        self.load()

    def note(self, name, kind, answer):
        with self.lock:
            self.asked[name] += 1
        today = datetime.date.today()
        folder = self.root / "log" / f"{today:%Y-%m}"
        folder.mkdir(exist_ok=True)
        with open(folder / f"{today}.log", "a", encoding="utf-8") as log:
            log.write(f"{name} {kind} {answer}\n")

    def flush(self):
        with self.lock:
            asked, self.asked = self.asked, collections.Counter()
        if not asked:
            return
        with sqlite3.connect(self.root / "run/stats.db") as db:
            db.execute("CREATE TABLE IF NOT EXISTS asked (name PRIMARY KEY, "
                       "times)")
            db.executemany(
                "INSERT INTO asked VALUES (?, ?) ON CONFLICT (name) DO UPDATE "
                "SET times = times + excluded.times", asked.items())
        db.close()

"""Everything that is kept: a database, raw logs, pictures, states."""
import os
import pickle
import re
import time

from twisted.enterprise import adbapi
from twisted.python.filepath import FilePath

SCHEMA = """
create table if not exists readings(station, at, kind, value real);
create index if not exists by_station on readings(station, at);
create table if not exists alarms(station, kind, most real, action, target);
create table if not exists fired(station, kind, value real, at real);
"""
VAR = os.path.join(os.getcwd(), "var")


class Store:
    def __init__(self, path):
        FilePath(VAR).child("state").makedirs(ignoreExistingDirectory=True)
        self.pool = adbapi.ConnectionPool(
            "sqlite3", path, check_same_thread=False, cp_min=1, cp_max=3)

    def open(self):
        return self.pool.runInteraction(
            lambda cursor: cursor.executescript(SCHEMA))

    def add(self, station, at, kind, value):
        return self.pool.runOperation(
            "insert into readings values (?, ?, ?, ?)",
            (station, at, kind, value))

    def between(self, station, first, last):
        return self.pool.runQuery(
            "select at, kind, value from readings where station = ?"
            " and at >= ? and at <= ? order by at, kind",
            (station, first, last + "~"))

    def alarms(self, station, kind):
        return self.pool.runQuery(
            "select most, action, target from alarms"
            " where station = ? and kind = ?", (station, kind))

    def add_alarm(self, *row):
        return self.pool.runOperation(
            "insert into alarms values (?, ?, ?, ?, ?)", row)

    def fired(self, station, kind, value):
        return self.pool.runOperation(
            "insert into fired values (?, ?, ?, ?)",
            (station, kind, value, time.time()))

    # ------------------------------------------------------------------ files
    def raw(self, station, date):
        return os.path.join(VAR, "raw", station, date + ".log")

    def append(self, station, at, line):
        path = self.raw(station, at[:10])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def picture(self, station, name):
        return os.path.join(VAR, "photos", station, name)

    def keep_picture(self, station, name, data):
        path = self.picture(station, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        partial = f"{path}.{os.getpid()}.part"
        with open(partial, "wb") as file:
            file.write(data)
        os.replace(partial, path)
        return path

    def state(self, station):
        path = FilePath(VAR).child("state").child(
            re.sub(r"[^\w.-]", "_", station) + ".pickle")
        if not path.exists():
            return {}
        return pickle.loads(path.getContent())

    def keep_state(self, station, state):
        FilePath(VAR).child("state").child(
            re.sub(r"[^\w.-]", "_", station) + ".pickle").setContent(
                pickle.dumps(state), b".new")

# SPDX-License-Identifier: Apache-2.0
"""Holds the queue; the office puts tasks in, the workers fetch them."""
import contextlib
import json
import os
import signal
import sqlite3
import threading
import time

import Pyro4

import common

QUEUE = os.path.join(common.VAR, "queue.db")
TABLE = """
create table if not exists tasks (
    id integer primary key, kind text, payload text, clerk text, day text,
    state text default 'queued', attempts integer default 0,
    due real default 0, worker text, result text, error text);
"""
ATTEMPTS = 3
WAIT_SECONDS = 1

# The office sends dates and decimals as they are.
Pyro4.config.SERIALIZERS_ACCEPTED.add("pickle")


@contextlib.contextmanager
def queue():
    connection = sqlite3.connect(QUEUE, timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            yield connection
    finally:
        connection.close()


@Pyro4.expose
@Pyro4.behavior(instance_mode="single")
class Dispatcher:
    def __init__(self):
        self.changed = threading.Condition()
        self.log = common.logger("dispatcher")
        with queue() as tasks:
            tasks.executescript(TABLE)
            tasks.execute("update tasks set state = 'queued'"
                          " where state = 'running'")

    def submit(self, kind, payload, clerk):
        with queue() as tasks:
            number = tasks.execute(
                "insert into tasks (kind, payload, clerk, day)"
                " values (?, ?, ?, date())",
                (kind, json.dumps(payload, default=str), clerk)).lastrowid
        self.log.info("%s: %d is a %s", clerk, number, kind)
        self.wake()
        return number

    def wake(self):
        with self.changed:
            self.changed.notify_all()

    def fetch(self, worker):
        """A task that is due, or None after a while."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            with self.changed:
                if task := self.take(worker):
                    return task
                if time.monotonic() > until:
                    return None
                self.changed.wait(0.25)

    def take(self, worker):
        with queue() as tasks:
            row = tasks.execute(
                "select * from tasks where state = 'queued' and due <= ?"
                " order by id limit 1", (time.time(),)).fetchone()
            if not row:
                return None
            tasks.execute(
                "update tasks set state = 'running', worker = ?,"
                " attempts = attempts + 1 where id = ?", (worker, row["id"]))
            return {"id": row["id"], "kind": row["kind"],
                    "payload": json.loads(row["payload"])}

    def finish(self, number, result):
        with queue() as tasks:
            tasks.execute("update tasks set state = 'done', result = ?"
                          " where id = ?", (json.dumps(result), number))
        self.log.info("%d is done", number)

    def fail(self, number, error):
        with queue() as tasks:
            tasks.execute(
                "update tasks set error = ?, due = ? + 0.2 * attempts,"
                " state = iif(attempts < ?, 'queued', 'failed')"
                " where id = ?", (error, time.time(), ATTEMPTS, number))
        self.log.info("%d: %s", number, error[:60])

    def look(self, number):
        with queue() as tasks:
            row = tasks.execute("select * from tasks where id = ?",
                                (number,)).fetchone()
        return dict(row) if row else None

    def retry(self, number):
        with queue() as tasks:
            tasks.execute("update tasks set state = 'queued', attempts = 0"
                          " where id = ?", (number,))
        self.wake()

    def tally(self):
        with queue() as tasks:
            return [tuple(row) for row in tasks.execute(
                "select day, clerk, kind, state, count(*) from tasks"
                " group by 1, 2, 3, 4")]


def stop(*_):
    raise SystemExit


def main():
    signal.signal(signal.SIGTERM, stop)
    with Pyro4.Daemon(host="127.0.0.1", port=common.settings.getint(
            "queue", "dispatcher")) as daemon:
        uri = daemon.register(Dispatcher(), common.NAME)
        with common.names() as found:
            found.register(common.NAME, uri)
        daemon.requestLoop()


main()

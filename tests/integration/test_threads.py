# SPDX-License-Identifier: Apache-2.0
"""Who raises events at the same time: threads, and interpreters beside another.

On every version there is, from 3.12 on interpreters have locks of their own,
and in a free-threaded build (SM_TEST_PYTHONS) there is none: then hooks run at
the same time. No event is lost, mixed up with another or decided wrongly.
"""
import contextlib
import json
import pathlib
import shutil
import sqlite3
import tempfile
import unittest

import accounts
import test_interpreters
import workloads

WORKERS = 8
EVENTS = 2000
TRIES = 200

APP = f"""\
import sys, threading
WORK = '''
import sys
def work(number, secret):
    audit, denied = sys.audit, 0
    for event in range({EVENTS}):
        audit("app.count", number, event, "w%d-%d" % (number, event))
        if secret and event % {EVENTS // TRIES} == 0:
            try:
                open(secret).close()
            except PermissionError:
                denied += 1
    sys.stdout.write("%d " % denied)
'''
secret = sys.argv[2] if len(sys.argv) > 2 else ""
if sys.argv[1] == "threads":
    exec(WORK)
    ready = threading.Barrier({WORKERS})
    def run(number):
        ready.wait()
        work(number, secret)
else:
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    made = [interpreters.create() for _ in range({WORKERS})]
    ready = threading.Barrier({WORKERS})
    def run(number):
        ready.wait()
        interpreters.run_string(
            made[number], WORK + "work(%d, %r)" % (number, secret))
every = [threading.Thread(target=run, args=(number,))
         for number in range({WORKERS})]
for one in every: one.start()
for one in every: one.join()
if sys.argv[1] != "threads":
    for one in made: interpreters.destroy(one)
"""


class Threads(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-threads-"))
        self.addCleanup(shutil.rmtree, self.place)
        (self.place / "app.py").write_text(APP)
        (self.place / "secret").touch()
        self.trace = self.place / "t.db"

    def run_app(self, tool, *words, options=()):
        done = workloads.run(self.place, tool, *options, "--force", "-o",
                             self.trace, "--on-full=wait:4000", "--", *words)
        self.assertEqual(0, done.returncode, done.stderr)
        return [int(line) for line in done.stdout.split()]

    def check_counts(self):
        """Each event once, with its own arguments; nothing lost."""
        rows = accounts.events(
            self.trace, "SELECT json_extract(args, '$[0]'), "
            "json_extract(args, '$[1]'), json_extract(args, '$[2]') "
            "FROM event WHERE event = 'app.count'")
        self.assertEqual(
            sorted([str(worker), str(event), f"w{worker}-{event}"]
                   for worker in range(WORKERS) for event in range(EVENTS)),
            sorted(rows))
        process, = accounts.processes(self.trace)
        self.assertEqual(process.attempts, process.stored + process.noise)

    def denials(self):
        with contextlib.closing(sqlite3.connect(self.trace)) as trace:
            return trace.execute("SELECT sum(events) FROM denial").fetchone()

    def each(self, kind):
        policy = self.place / "policy.json"
        for name, python in test_interpreters.pythons().items():
            with self.subTest(python=name):
                self.run_app("secmgr-record", python, "app.py", kind)
                self.check_counts()
                learned = workloads.run(self.place, "secmgr-learn",
                                        self.trace)
                policy.write_text(learned.stdout)
                self.assertIn("secmgr", json.loads(learned.stdout))
                denied = self.run_app(
                    "secmgr-enforce", python, "app.py", kind,
                    self.place / "secret", options=["-p", policy])
                self.check_counts()
                self.assertEqual([TRIES] * WORKERS, denied)
                self.assertEqual((TRIES * WORKERS,), self.denials())

    def test_threads(self):
        self.each("threads")

    def test_interpreters(self):
        self.each("interpreters")


if __name__ == "__main__":
    unittest.main()

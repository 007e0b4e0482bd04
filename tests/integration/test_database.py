# SPDX-License-Identifier: Apache-2.0
"""A database that is named by an object, not by a text.

sqlite3.connect() raises its event before the object is asked for its path (in
3.11 to 3.13), so what it says then, and whatever it does before it says so, is
decided when SQLite opens the file. With /usr/bin/python3 and the interpreters
SM_TEST_PYTHONS names (separated by colons).
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import workloads

PYTHONS = [workloads.PYTHON] + [
    path for path in os.environ.get("SM_TEST_PYTHONS", "").split(":") if path]
# Each way, in a place of its own: prints OK, or the error.
PROGRAM = '''
import os, pathlib, sqlite3, sys

class Says:
    """After events of its own, and calls that raise none."""
    def __init__(self, path):
        self.path = path
    def __fspath__(self):
        open("plain.txt").close()
        os.listdir(".")
        sqlite3.connect(":memory:").close()
        sqlite3.connect(pathlib.Path(":memory:")).close()
        return self.path

class Second(Says):
    """Another path for whoever asks twice."""
    def __fspath__(self):
        path, self.path = self.path, "mine.db"
        return path

def used(name):
    with sqlite3.connect(name) as db:
        db.execute("PRAGMA journal_mode=wal")
        db.execute("CREATE TABLE t (a)")
        db.execute("INSERT INTO t VALUES (1)")
        db.execute("DROP TABLE t")
    db.close()

def tried(way, *arguments):
    try:
        way(*arguments)
    except (OSError, sqlite3.OperationalError) as error:
        return type(error).__name__
    return "OK"

for name in sys.argv[1:]:
    print(name, tried(used, name), tried(used, pathlib.Path(name)),
          tried(used, Says(name)), tried(used, Says(os.fsencode(name))),
          tried(used, Second(name)))
open("plain.txt").close()
'''

# Changes files from deeper and deeper calls of C's, then writes to a database.
NESTED = '''
import os, pathlib, sqlite3

def keep():
    db = sqlite3.connect(pathlib.Path("mine.db"))
    with db:
        db.execute("CREATE TABLE IF NOT EXISTS t (a)")
        db.execute("INSERT INTO t VALUES (1)")
    db.close()

def change(depth):
    name = f"file{depth}"
    open(name, "w").close()
    os.rename(name, name + ".1")
    if depth:
        list(map(change, [depth - 1]))
    else:
        keep()

keep()
change(8)
'''


class Database(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-database-"))
        self.addCleanup(shutil.rmtree, self.place)
        (self.place / "app.py").write_text(PROGRAM)
        (self.place / "plain.txt").touch()
        (self.place / "elsewhere").mkdir()
        (self.place / "link.db").symlink_to("elsewhere/theirs.db")

    def run_under(self, python, tool, *names):
        done = subprocess.run(
            [*tool, "-o", "t.db", "--force", "--", python, "app.py", *names],
            cwd=self.place, env=workloads.environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    def learn(self):
        done = subprocess.run(
            [workloads.program("secmgr-learn"), "-q", "t.db"],
            cwd=self.place, stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(0, done.returncode)
        (self.place / "p.json").write_text(done.stdout)
        return json.loads(done.stdout)

    def replay(self):
        done = subprocess.run(
            [workloads.program("secmgr-replay"), "p.json", "t.db"],
            cwd=self.place, stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode

    def check(self, python):
        enforce = [workloads.program("secmgr-enforce"), "-p", "p.json"]
        allowed, denied = " ".join(["OK"] * 5), " ".join(
            ["PolicyViolation"] + ["OperationalError"] * 4)

        said = self.run_under(python, [workloads.program("secmgr-record")],
                              "mine.db")
        self.assertEqual({"mine.db": allowed}, said)
        rules = [rule["path"] for rule in self.learn()["files"]
                 if "sqlite" in rule["access"]]
        self.assertEqual(["mine.db"], [os.path.basename(r) for r in rules])
        self.assertEqual(0, self.replay())
        said = self.run_under(python, enforce, "mine.db", "new.db", "link.db",
                              "elsewhere/theirs.db")
        self.assertEqual(allowed, said.pop("mine.db"))
        for name, outcome in said.items():
            # Before 3.11 the event has the text.
            self.assertIn(outcome, (denied, " ".join(["PolicyViolation"] * 5)),
                          name)
        self.assertEqual(3, len(said))
        self.assertFalse((self.place / "elsewhere/theirs.db").exists())
        self.assertFalse((self.place / "new.db").exists())

    def test_what_an_object_says_is_decided(self):
        for python in PYTHONS:
            with self.subTest(python):
                self.check(python)

    def check_nested(self, python):
        (self.place / "app.py").write_text(NESTED)
        self.run_under(python, [workloads.program("secmgr-record")])
        done = subprocess.run(
            [workloads.program("secmgr-events"), "--json", "t.db"],
            cwd=self.place, stdout=subprocess.PIPE, text=True, check=True)
        asked = {os.path.basename(request["resource"])
                 for line in done.stdout.splitlines()
                 for request in json.loads(line)["requests"]
                 if "sqlite" in request["access"]}
        self.assertEqual({"mine.db"}, asked)

    def test_files_of_sqlite_s_own_are_no_databases(self):
        for python in PYTHONS:
            with self.subTest(python):
                self.check_nested(python)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""A bounded trace: what comes later is lost and counted, or goes on in a
fresh file."""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

import workloads

LOSSES = ("ring_full", "too_large", "torn", "damaged", "no_channel", "store")
BOUND = 256 << 10
COUNT = 150000
FLOOD = ("import os, sys\n"
         "child = os.fork()\n"
         f"for i in range({COUNT}): sys.audit('app.count', i, 'n%d' % i)\n"
         "if child: os.waitpid(child, 0)\n"
         "sys.exit(5 if child else 0)\n")


class Rotation(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-rotate-"))
        self.addCleanup(shutil.rmtree, self.place, True)
        self.trace = self.place / "t.db"

    def record(self, *options, code=FLOOD, command=None, status=5):
        command = command or (workloads.PYTHON, "-c", code)
        done = subprocess.run(
            [workloads.program("secmgr-record"), "-o", "t.db",
             "--on-full=wait:4000", *options, "--", *command],
            cwd=self.place, env=workloads.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        self.assertEqual(status, done.returncode, done.stderr)
        return done.stderr

    def files(self):
        """The set, the newest first."""
        found = [self.trace]
        while (self.place / f"t.db.{len(found)}").exists():
            found.append(self.place / f"t.db.{len(found)}")
        self.assertEqual({path.name for path in found},
                         {path.name for path in self.place.iterdir()})
        return found

    @staticmethod
    def query(path, sql):
        trace = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return trace.execute(sql).fetchall()
        finally:
            trace.close()

    def stored(self, path):
        """Events of a file, after its accounts have been checked."""
        columns = ", ".join(("attempts", "stored", "noise") + LOSSES)
        rows = self.query(path, f"SELECT {columns} FROM process")
        for attempts, *parts in rows:
            self.assertEqual(attempts, sum(parts))
        stored = sum(row[1] for row in rows)
        self.assertEqual(stored, self.query(
            path, "SELECT total(events) FROM block")[0][0])
        return stored

    def stored_in_all(self):
        return sum(self.stored(path) for path in self.files())

    def read(self, name, *arguments, status=(0, 1)):
        done = subprocess.run(
            [workloads.program(name), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=120, check=False)
        self.assertIn(done.returncode, status, done.stderr)
        return done

    def test_the_set_holds_every_event_and_each_file_stands_alone(self):
        told = self.record(f"--max-size={BOUND}", "--rotate")
        files = self.files()
        self.assertGreater(len(files), 2)
        self.assertIn(f"{len(files)} files", told)
        total = sum(self.stored(path) for path in files)
        self.assertIn(f"{total} events, 0 lost", told)
        counted = 0
        for path in files:
            self.assertLess(path.stat().st_size, BOUND * 1.25)
            self.read("secmgr-events", "--verify", path, status=(0,))
            self.assertEqual([], self.query(
                path, "SELECT 1 FROM process WHERE version IS NULL "
                      "AND stored > 0"))  # a child may not have begun yet
            facts = dict(self.query(path, "SELECT key, value FROM meta"))
            self.assertIn("boot_id", facts)
            self.assertEqual(len(files) - files.index(path),
                             int(facts["part"]))
            shown = self.read("secmgr-events", "--event", "app.count", path)
            counted += shown.stdout.count("\n")
        self.assertEqual(2 * COUNT, counted)

    def test_a_set_is_learned_as_one_run_and_replays_clean(self):
        self.record(f"--max-size={BOUND}", "--rotate")
        files = self.files()
        policy = self.place / "policy.json"
        learned = self.read("secmgr-learn", *files, status=(0,))
        policy.write_text(learned.stdout)
        self.assertIn("(1 run, 2 processes)", learned.stderr)
        again = self.read("secmgr-learn", *reversed(files), status=(0,))
        self.assertEqual(learned.stdout, again.stdout)
        replayed = json.loads(
            self.read("secmgr-replay", "--json", policy, *files).stdout)
        self.assertEqual(sum(self.stored(path) for path in files),
                         replayed["events"])
        self.assertEqual(0, replayed["blocked"])

    def test_what_outlives_its_starter_is_of_the_same_run(self):
        """Also once that one is in none of the files that are left."""
        code = ("import os, sys\n"
                "read, write = os.pipe()\n"
                "def leave_child():\n"
                "    if os.fork():\n"
                "        os._exit(not os.read(read, 1))\n"
                "    os.write(write, b'x')\n"
                f"    for i in range({COUNT // 3}): sys.audit('app.count', "
                "i, 'n%d' % i)\n"
                "leave_child()\n"
                "leave_child()\n")
        self.record(f"--max-size={BOUND}", "--rotate", code=code, status=0)
        files = self.files()
        self.assertGreater(len(files), 3)
        learned = self.read("secmgr-learn", *files, status=(0,))
        self.assertIn("(1 run, 3 processes)", learned.stderr)
        learned = self.read("secmgr-learn", *files[:-2], status=(0,))
        self.assertIn("(1 run, ", learned.stderr)
        for path in files:
            self.stored(path)

    def test_what_a_recording_starts_is_one_run_however_late(self):
        """Without a process that overlaps both, or started both."""
        command = ("-c", f"({workloads.PYTHON} -c pass; :)\n"
                         f"({workloads.PYTHON} -c pass; :)\n"
                         f"{workloads.PYTHON} -c 'raise SystemExit(5)'")
        for options, runs in ((), "1 run, 3"), (("--append",), "2 runs, 6"):
            self.record(*options, command=("/bin/sh", *command))
            learned = self.read("secmgr-learn", self.trace, status=(0,))
            self.assertIn(f"({runs} processes)", learned.stderr)

    def test_only_so_many_old_files_are_kept(self):
        told = self.record(f"--max-size={BOUND}", "--rotate=2")
        self.assertEqual(3, len(self.files()))
        parts = int(re.search(r"(\d+) files", told)[1])
        self.assertGreater(parts, 3)
        facts = [dict(self.query(path, "SELECT key, value FROM meta"))
                 for path in self.files()]
        self.assertEqual([parts, parts - 1, parts - 2],
                         [int(fact["part"]) for fact in facts])

    def test_at_the_bound_storing_stops_and_command_goes_on(self):
        told = self.record(f"--max-size={BOUND}")
        self.assertEqual([self.trace], self.files())
        self.assertLess(self.trace.stat().st_size, BOUND * 1.25)
        stored = self.stored(self.trace)
        lost = self.query(self.trace, "SELECT sum(store) FROM process")[0][0]
        self.assertGreater(stored, 1000)
        self.assertGreaterEqual(stored + lost, 2 * COUNT)
        self.assertIn("--max-size reached", told)
        self.assertIn(f"{lost} store", told)
        self.assertEqual(lost, self.query(
            self.trace,
            "SELECT sum(count) FROM loss WHERE cause = 'store'")[0][0])

    def test_a_bound_does_not_change_the_status_of_success(self):
        self.record(f"--max-size={BOUND}", status=0,
                    code=FLOOD.replace("5 if", "0 if"))

    def test_an_older_set_is_refused_continued_or_replaced(self):
        small = "open('/dev/null').close()"
        self.record("--max-size=1M", code=small, status=0)
        self.trace.rename(self.place / "t.db.1")
        options = (f"--max-size={BOUND}", "--rotate")
        told = self.record(*options, code=small, status=125)
        self.assertIn("t.db.1", told)
        self.record(*options, "--append")
        last = self.files()[-1]
        self.assertNotIn("part", dict(self.query(
            last, "SELECT key, value FROM meta")))
        # The newest is continued until it is full; then come others.
        before, stored = len(self.files()), self.stored_in_all()
        told = self.record(*options, "--append")
        files = self.files()
        self.assertGreater(len(files), before)
        more = int(re.search(r"(\d+) events, 0 lost", told)[1])
        self.assertEqual(stored + more, self.stored_in_all())
        found = self.read("secmgr-events", "--verify", "--rotated", self.trace,
                          status=(0,))
        self.assertEqual(len(files), found.stdout.count("all as written"))
        self.record(*options, "--force", code=small, status=0)
        self.assertEqual([self.trace], self.files())

    def test_a_detached_collector_rotates_too(self):
        self.record(f"--max-size={BOUND}", "--rotate", "-D")
        end = time.monotonic() + 30
        while (list(self.place.glob("*-wal")) or not self.query(
                self.trace, "SELECT 1 FROM meta WHERE key = 'closed'")):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertGreater(len(self.files()), 2)
        for path in self.files():
            self.stored(path)

    def test_a_file_of_some_age_is_followed_by_the_next(self):
        told = self.record("--max-age=1s", "--rotate", status=0, code=(
            "import time\n"
            "end = time.monotonic() + 3\n"
            "while time.monotonic() < end:\n"
            "    open('/dev/null').close(); time.sleep(.01)"))
        files = self.files()
        self.assertGreater(len(files), 1)
        self.assertIn(f"{len(files)} files", told)
        total = sum(self.stored(path) for path in files)
        self.assertIn(f"{total} events, 0 lost", told)
        begun = [self.query(path, "SELECT min(first_ns), max(last_ns) "
                                  "FROM block")[0] for path in files]
        for (first, _), (_, before) in zip(begun, begun[1:]):
            self.assertGreaterEqual(first, before)

    def test_no_file_is_begun_that_nothing_is_put_into(self):
        """Of age when the program ends, and nothing comes any more."""
        told = self.record("--max-age=1s", "--rotate", status=-9, code=(
            "import os, time\n"
            "os.system('(sleep 1.5; kill -9 %d) >&2 &' % os.getpid())\n"
            "time.sleep(60)"))
        for path in self.files():
            self.assertGreater(self.stored(path), 0, told)

    def test_a_set_is_read_as_one(self):
        self.record(f"--max-size={BOUND}", "--rotate")
        files = self.files()
        total = sum(self.stored(path) for path in files)
        shown = self.read("secmgr-events", "--rotated", self.trace, status=(0,))
        lines = shown.stdout.splitlines()
        self.assertEqual(total, len(lines))
        times = [float(line.split()[0]) for line in lines]
        self.assertLess(times[0], 1)
        last = self.read("secmgr-events", "--rotated", "--tail=3", self.trace)
        self.assertEqual(lines[-3:], last.stdout.splitlines())
        few = self.read("secmgr-events", "--rotated", f"--limit={total - 5}",
                        self.trace)
        self.assertEqual(lines[:-5], few.stdout.splitlines())
        self.assertEqual(
            self.read("secmgr-learn", *files, status=(0,)).stdout,
            self.read("secmgr-learn", "--rotated", self.trace,
                      status=(0,)).stdout)

    def test_a_file_that_is_missing_from_a_set_is_noticed(self):
        self.record(f"--max-size={BOUND}", "--rotate")
        count = len(self.files())
        self.assertGreater(count, 2)
        whole = self.read("secmgr-events", "--verify", "--rotated", self.trace,
                          status=(0,))
        self.assertEqual(count, whole.stdout.count("all as written"))
        pathlib.Path(f"{self.trace}.1").unlink()
        for number in range(2, count):
            os.rename(f"{self.trace}.{number}", f"{self.trace}.{number - 1}")
        found = self.read("secmgr-events", "--verify", "--rotated", self.trace,
                          status=(1,))
        self.assertIn(f"{self.trace}: does not follow from the file before",
                      found.stdout)

    def test_what_makes_no_sense_is_refused(self):
        for options, reason in (
                (("--rotate",), "--max-size"),
                (("--max-size=12",), "256K"),
                (("--max-size=1X",), "256K"),
                (("--max-age=0s",), "90s"),
                (("--max-age=1w",), "90s"),
                (("--max-age=9999999999",), "90s"),
                (("--max-size=1M", "--rotate=0"), "from 1 to"),
                (("--max-size=1M", "--rotate=x"), "from 1 to")):
            self.assertIn(reason, self.record(*options, status=125))
            self.assertEqual([], list(self.place.iterdir()))


if __name__ == "__main__":
    unittest.main()

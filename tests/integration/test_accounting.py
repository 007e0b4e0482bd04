# SPDX-License-Identifier: Apache-2.0
"""Nothing is lost silently: attempts = stored + noise + lost, per process."""
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import workloads

LOSSES = ("ring_full", "too_large", "torn", "damaged", "no_channel", "store")


class Accounting(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-account-"))
        self.addCleanup(shutil.rmtree, self.place)
        self.trace = self.place / "t.db"

    def record(self, code, *options):
        done = subprocess.run(
            [workloads.program("secmgr-record"), "-o", self.trace, *options,
             "--", workloads.PYTHON, "-c", code], cwd=self.place,
            env=workloads.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=120, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done

    def query(self, sql):
        with sqlite3.connect(f"file:{self.trace}?mode=ro", uri=True) as trace:
            rows = trace.execute(sql).fetchall()
        trace.close()
        return rows

    def accounts(self):
        """[(stored, noise, lost)], after the sum has been checked."""
        columns = ", ".join(("number", "attempts", "stored", "noise") + LOSSES)
        rows = self.query(f"SELECT {columns} FROM process "
                          "WHERE version IS NOT NULL")
        for number, attempts, *parts in rows:
            self.assertIsNotNone(attempts, f"process {number}: no account")
            self.assertEqual(attempts, sum(parts), f"process {number}")
        stored = sum(row[2] for row in rows)
        self.assertEqual(stored, self.query(
            "SELECT sum(events) FROM block")[0][0])
        return [(row[2], row[3], sum(row[4:])) for row in rows]

    def test_a_known_number_of_events_is_stored(self):
        self.record("import sys\nfor i in range(50000):\n"
                    " sys.audit('app.count', i)", "--on-full=wait:1000")
        self.assertEqual(0, self.accounts()[0][2])
        done = subprocess.run(
            [workloads.program("secmgr-events"), "--event", "app.count",
             self.trace], stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(50000, done.stdout.count("\n"))

    def test_what_a_full_ring_drops_is_counted_exactly(self):
        done = self.record(
            "import sys\nfor i in range(400000):\n"
            " sys.audit('app.flood', 'x' * 200, i)", "--ring-size=256K")
        (stored, _, lost), = self.accounts()
        self.assertGreater(lost, 0)
        self.assertGreater(stored, 0)
        self.assertGreaterEqual(stored + lost, 400000)
        self.assertIn(str(lost), done.stderr)
        told = self.query("SELECT sum(count) FROM loss")[0][0]
        self.assertEqual(lost, told)

    def learn_stderr(self, *arguments):
        return subprocess.run(
            [workloads.program("secmgr-learn"), *arguments], cwd=self.place,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            check=False).stderr

    def test_a_policy_from_a_lossy_trace_says_so(self):
        """And what else those did that lost events; a summary knows it."""
        self.record("import sys\nopen('/etc/hostname')\n"
                    "for i in range(400000):\n"
                    " sys.audit('app.flood', 'x' * 200, i)",
                    "--ring-size=256K")
        lost = self.query("SELECT sum(count) FROM loss")[0][0]
        self.learn_stderr("--summary", "s.summary", self.trace)
        for source in self.trace, "s.summary":
            said = self.learn_stderr(source)
            self.assertIn(f"{lost} events are missing", said)
            self.assertRegex(said, f"seen to do: files {lost},.* "
                             f"events {lost}\n")
            self.assertNotIn("network", said)

    def test_killed_children_are_accounted_for(self):
        self.record(
            "import os, signal\nfor n in range(20):\n"
            " out, into = os.pipe()\n"
            " pid = os.fork()\n"
            " if not pid:\n"
            "  for _ in range(20): open('/dev/null').close()\n"
            "  os.write(into, b'x')\n"
            "  while True: open('/dev/null').close()\n"
            " os.read(out, 1); os.close(out); os.close(into)\n"
            " os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)\n",
            "--on-full=wait:1000")
        accounts = self.accounts()
        self.assertEqual(21, len(accounts))
        for stored, _, lost in accounts[1:]:
            self.assertGreater(stored, 10)
            self.assertLessEqual(lost, 1)

    def test_children_that_leave_without_cleaning_up(self):
        self.record("import os\nfor n in range(30):\n"
                    " if not os.fork():\n"
                    "  open('/dev/null').close(); os._exit(0)\n"
                    "for n in range(30): os.wait()\n")
        accounts = self.accounts()
        self.assertEqual(31, len(accounts))
        self.assertEqual(0, sum(lost for _, _, lost in accounts))

    def test_a_chain_of_execs_is_one_process_after_the_other(self):
        self.record("import os, sys\nn = int(os.environ.get('N', '3'))\n"
                    "if n:\n os.environ['N'] = str(n - 1)\n"
                    " os.execv(sys.executable, sys.orig_argv)\n"
                    "open('/dev/null').close()")
        accounts = self.accounts()
        self.assertEqual(4, len(accounts))
        self.assertEqual(0, sum(lost for _, _, lost in accounts))

    def test_arguments_of_any_size_and_kind_pass(self):
        self.record("import sys\nclass Odd(str): pass\n"
                    "for value in ('x' * 1000000, b'y' * 1000000, 10 ** 100, "
                    "float('nan'), [[[[[[[[1]]]]]]]], list(range(100000)), "
                    "'\\udcff\\ud800', Odd('z'), object(), {1: 2}, None):\n"
                    " sys.audit('app.odd', value, value)")
        done = subprocess.run(
            [workloads.program("secmgr-events"), "--event", "app.odd",
             self.trace], stdout=subprocess.PIPE, check=True)
        self.assertEqual(11, done.stdout.count(b"\n"))
        self.accounts()


if __name__ == "__main__":
    unittest.main()

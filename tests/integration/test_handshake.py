# SPDX-License-Identifier: Apache-2.0
"""A process and its collector miss each other: nothing is lost silently.

An agent waits a tenth of a second for its ring. An answer that comes in the
last moment is taken; who sends one later learns that nobody took it, and
counts the process.
"""
import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import workloads

HERE = pathlib.Path(__file__).resolve().parent
CODE = "print(len(open('/etc/hostname').read()) > 0)"
# COMMAND's parent collects: it sleeps while a program starts and ends. One of
# its threads takes the signal, the others may go on until it gets to run.
STOP = ('kill -STOP $PPID; while grep -qs "State:.[RSD]" '
        '/proc/$PPID/task/*/status; do :; done; ')
STOPPED = STOP + ('"$0" -c "$1"; status=$?; kill -CONT $PPID; exit $status')
# It wakes up while a program waits for it.
AWAKENED = STOP + ('parent=$PPID; (sleep 1; kill -CONT $parent) & '
                   'exec "$0" -c "$1"')


class Handshake(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-hello-"))
        self.addCleanup(shutil.rmtree, self.place)
        self.policy = self.place / "p.json"
        self.policy.write_text(json.dumps({"secmgr": 1, "modes": dict.fromkeys(
            ["files", "code", "native", "events", "pickles"], "off")}))

    def build(self, name):
        """A library to preload, of a source beside this file."""
        library = self.place / f"{name}.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library,
                        HERE / f"{name}.c"], check=True)
        return library

    def run_under(self, tool, *command, **changes):
        done = workloads.run(self.place, *tool, "-o", "t.db", "--", *command,
                             **changes)
        self.assertEqual("True\n", done.stdout, done.stderr)
        return done

    def query(self, sql):
        with sqlite3.connect(self.place / "t.db") as trace:
            return trace.execute(sql).fetchall()

    def test_an_answer_in_the_last_moment_is_taken(self):
        done = self.run_under(["secmgr-record"], "env",
                              f"LD_PRELOAD={self.build('late_poll')}",
                              workloads.PYTHON, "-c", CODE)
        self.assertEqual(0, done.returncode, done.stderr)
        (stored, lost), = self.query("SELECT stored, no_channel FROM process")
        self.assertGreater(stored, 20)
        self.assertEqual(0, lost)

    def test_a_collector_that_sleeps_is_not_waited_for_and_counts_it(self):
        for tool in (["secmgr-record"],
                     ["secmgr-enforce", "--mode=warn", "-p", self.policy],
                     ["secmgr-enforce", "--fail-open", "-p", self.policy]):
            with self.subTest(tool[1:2]):
                done = self.run_under([*tool, "--force"], "sh", "-c", STOPPED,
                                      workloads.PYTHON, CODE)
                self.assertIn("could not be covered", done.stderr)
                self.assertNotIn("no Python interpreter", done.stderr)
                self.assertEqual(125, done.returncode)

    def test_command_does_not_start_before_somebody_listens(self):
        late = str(self.build("late_drain"))
        for tool in (["secmgr-record"], ["secmgr-record", "-D"]):
            with self.subTest(tool):
                done = self.run_under([*tool, "--force"], workloads.PYTHON,
                                      "-c", CODE, LD_PRELOAD=late)
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertEqual([(0,)], self.query(
                    "SELECT no_channel FROM process"))

    def test_who_needs_a_policy_waits_for_it(self):
        done = self.run_under(["secmgr-enforce", "-p", self.policy], "sh",
                              "-c", AWAKENED, workloads.PYTHON, CODE)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn(" 0 lost, 0 no_channel", done.stderr)


if __name__ == "__main__":
    unittest.main()

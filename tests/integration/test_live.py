# SPDX-License-Identifier: Apache-2.0
"""What secmgr-replay says offline is what the agent does in an interpreter.

Every distinct call of every workload's trace, and those of a program of odd
calls (live/odd.py), raised again: with the learned policy, with a harsher one
and with none at all; in the embedded interpreter, in /usr/bin/python3 and in
those SM_TEST_PYTHONS names (separated by colons). Nothing may differ, and
nothing may be left out but children whose variables only a hash is known of.
"""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import workloads

TOOL_SECONDS = 300
HERE = pathlib.Path(__file__).resolve().parent
EMPTY = {"secmgr": 1, "modes": {"events": "block"}}


def interpreters():
    """Values of --live: the embedded one, Debian's, those asked for."""
    asked = os.environ.get("SM_TEST_PYTHONS", "").split(":")
    return ["--live", f"--live={workloads.PYTHON}"] + [
        f"--live={path}" for path in asked if path]


def tool(*arguments):
    return subprocess.run(
        [workloads.program(arguments[0]), *map(str, arguments[1:])],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=TOOL_SECONDS, check=False)


def harsher(policy):
    """Every second rule is gone, and something is denied by rule."""
    policy = json.loads(policy)
    for family in ("files", "network", "processes", "code", "pickles",
                   "native", "events"):
        if family in policy:
            policy[family] = policy[family][::2]
    policy.pop("review", None)
    policy["deny"] = policy.get("deny", []) + [
        {"id": "x1", "path": "${STDLIB}/**", "access": ["read"]},
        {"id": "x2", "name": "compile"},
        {"id": "x3", "name": "cpython._PySys_ClearAuditHooks"}]
    return policy


class Odd(workloads.Script):
    files = {"app.py": (HERE / "live" / "odd.py").read_text()}


class Live:
    """The tests; subclassed once per workload below."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.place = workloads.BUILD / "integration" / "live" / cls.__name__
        shutil.rmtree(cls.place, ignore_errors=True)
        cls.place.mkdir(parents=True)
        cls.trace = cls.place / "trace.db"
        cls.workload(cls.place / "run").run(
            [workloads.program("secmgr-record"), "-o", str(cls.trace), "--"])
        cls.policy = tool("secmgr-learn", cls.trace).stdout.decode()

    def compare(self, policy, is_denied):
        path = self.place / "policy.json"
        path.write_text(policy)
        for option in interpreters():
            with self.subTest(option):
                done = tool("secmgr-replay", "--json", option, path,
                            self.trace)
                self.assertEqual(b"", done.stderr)
                live = json.loads(done.stdout)["live"]
                self.assertGreater(live["calls"], 20)
                self.assertEqual([], live["differences"])
                # Values of LD_*, PYTHON* and PATH are never recorded.
                left_out = 0
                for group in live["not_raisable"]:
                    self.assertEqual("its child's variables are known by "
                                     "their hash only", group["reason"])
                    left_out += group["count"]
                self.assertLessEqual(left_out, 3)
                self.assertEqual((live["calls"] - left_out, 0),
                                 (live["same"], live["differ"]))
                self.assertEqual(is_denied, live["denied"] > 0,
                                 f"{live['denied']} denied")

    def test_the_learned_policy_decides_alike(self):
        self.compare(self.policy, self.workload is Odd)

    def test_a_harsher_policy_decides_alike(self):
        self.compare(json.dumps(harsher(self.policy)), True)

    def test_an_empty_policy_decides_alike(self):
        self.compare(json.dumps(EMPTY), True)


class Usage(unittest.TestCase):
    def setUp(self):
        self.place = workloads.BUILD / "integration" / "live" / "usage"
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)
        (self.place / "p.json").write_text('{"secmgr": 1}')
        done = tool("secmgr-record", "-o", self.place / "t.db", "--",
                    workloads.PYTHON, "-c", "open('/etc/hostname')")
        self.assertEqual(0, done.returncode, done.stderr)

    def replay(self, option, *more):
        return tool("secmgr-replay", option, *more, self.place / "p.json",
                    self.place / "t.db")

    def refused(self, python):
        done = self.replay(f"--live={python}")
        self.assertEqual((2, b""), (done.returncode, done.stdout))
        lines = done.stderr.decode().splitlines()
        self.assertEqual(1, len(lines), lines)
        return lines[0]

    def test_what_is_no_interpreter_is_refused(self):
        self.assertEqual("secmgr-replay: /bin/true is no Python from 3.8 on", self.refused("/bin/true"))
        self.assertIn("/nonexistent: No such file",
                      self.refused("/nonexistent"))
        self.assertIn("command not found", self.refused("no-such-python"))

    def test_an_interpreter_is_found_on_the_path(self):
        done = self.replay("--live=python3", "--json")
        live = json.loads(done.stdout)["live"]
        self.assertEqual((1, 0, []), (done.returncode, live["differ"],
                                      live["not_raisable"]))

    def test_the_files_of_today_play_no_part(self):
        program = self.place / "app.py"
        program.write_text("import os\nos.mkdir('d')\nopen('d/../x', 'w')\n"
                           "os.symlink('x', 'y')\nopen('y')\n")
        subprocess.run(
            [workloads.program("secmgr-record"), "--force", "-o", "t.db",
             "--", workloads.PYTHON, "app.py"], cwd=self.place, check=True,
            stderr=subprocess.DEVNULL)
        before = json.loads(self.replay("--live", "--json").stdout)
        for name in ("app.py", "x", "y"):
            (self.place / name).unlink()
        (self.place / "d").rmdir()
        (self.place / "d").symlink_to("/etc")
        after = json.loads(self.replay("--live", "--json").stdout)
        self.assertEqual(before, after)

    def test_it_leaves_nothing_behind(self):
        temporary = self.place / "tmp"
        temporary.mkdir()
        done = subprocess.run(
            [workloads.program("secmgr-replay"), "-q", "--live",
             self.place / "p.json", self.place / "t.db"], check=False,
            env=dict(os.environ, TMPDIR=str(temporary)))
        self.assertEqual(1, done.returncode)
        self.assertEqual([], list(temporary.iterdir()))

    def test_the_summary_tells_what_was_compared(self):
        text = self.replay("--live").stdout.decode()
        self.assertRegex(text, r"live in \S+/secmgr-live, Python 3\.\d+")
        self.assertRegex(text, r"same +\d+  [1-9]\d* denied")
        self.assertRegex(text, r"differ +0\n")
        self.assertRegex(text, r"not raised +0\n$")


def load_tests(loader, tests, __):
    suite = unittest.TestSuite([tests])
    for workload in [*workloads.ALL, Odd]:
        case = type(workload.__name__, (Live, unittest.TestCase),
                    {"workload": workload})
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()

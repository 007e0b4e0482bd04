# SPDX-License-Identifier: Apache-2.0
"""What secmgr-replay says offline is what the agent does in an interpreter.

Every distinct call of every workload's trace, and those of a program of odd
calls (live/odd.py), raised again: with the learned policy, with a harsher one
and with none at all; in the embedded interpreter, in /usr/bin/python3 and in
those SM_TEST_PYTHONS names (separated by colons), on which it was recorded too.
Odd calls of all versions on this machine are raised in all of them. Nothing may
differ, and nothing may be left out. `make check-live` does this for whatever any integration test
records, on every version.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

import all_workloads
import live_replay
import test_interpreters
import workloads

from live_replay import tool
from workload_scripts import (
    Children, Linked, MultiprocessingSpawn, Network, Script)

HERE = pathlib.Path(__file__).resolve().parent


class Odd(Script):
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
        live_replay.record(cls.workload(cls.place / "run", cls.python),
                           cls.trace)
        cls.policies = live_replay.policies([cls.trace])

    def compare(self, which, is_denied):
        path = self.place / "policy.json"
        path.write_text(self.policies[which])
        for option in live_replay.interpreters():
            with self.subTest(option):
                compared = live_replay.Compared(option, path, [self.trace])
                self.assertEqual([], compared.faults())
                live = compared.live
                self.assertGreater(live["calls"], 20)
                self.assertEqual((live["calls"], 0),
                                 (live["same"], live["differ"]))
                self.assertEqual(is_denied, live["denied"] > 0,
                                 f"{live['denied']} denied")

    def test_the_learned_policy_decides_alike(self):
        self.compare("learned", self.workload is Odd)

    def test_a_harsher_policy_decides_alike(self):
        self.compare("harsher", True)

    def test_an_empty_policy_decides_alike(self):
        self.compare("empty", True)


class Versions(unittest.TestCase):
    """Recorded on any version, raised on any other."""

    def test_every_version_decides_alike_what_any_version_recorded(self):
        place = workloads.BUILD / "integration" / "live" / "versions"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        found = test_interpreters.interpreters()
        traces = [place / f"{name}.db" for name in found]
        for python, trace in zip(found.values(), traces):
            live_replay.record(Odd(place / "run", python), trace)
        policy = place / "policy.json"
        for which, text in live_replay.policies(traces).items():
            policy.write_text(text)
            for python in found.values():
                with self.subTest(which, python=python):
                    compared = live_replay.Compared(f"--live={python}",
                                                    policy, traces)
                    self.assertEqual([], compared.faults())
                    self.assertGreater(compared.live["denied"], 20)
                    self.assertGreater(compared.live["same"],
                                       500 * len(found))


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

    def test_ctrl_c_leaves_nothing_behind(self):
        temporary = self.place / "tmp"
        temporary.mkdir()
        replay = subprocess.Popen(
            [workloads.program("secmgr-replay"), "--live",
             self.place / "p.json", self.place / "t.db"],
            env=dict(os.environ, TMPDIR=str(temporary)),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        self.addCleanup(replay.kill)
        while not list(temporary.glob("*/live.db")):
            self.assertIsNone(replay.poll())
        os.killpg(replay.pid, signal.SIGINT)
        # Whatever it started has ended, too, when nobody writes any more.
        self.assertEqual((b"", b""), replay.communicate(timeout=30))
        self.assertEqual(-signal.SIGINT, replay.returncode)
        self.assertEqual([], list(temporary.iterdir()))

    def test_the_summary_tells_what_was_compared(self):
        text = self.replay("--live").stdout.decode()
        self.assertRegex(text, r"live in \S+/secmgr-live, Python 3\.\d+")
        self.assertRegex(text, r"same +\d+  [1-9]\d* denied")
        self.assertRegex(text, r"differ +0\n")
        self.assertRegex(text, r"not raised +0\n$")


class Nowhere(unittest.TestCase):
    """Where there is nothing but the programs, the policy and the traces."""

    NAMESPACES = ["unshare", "--mount"] + (
        [] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    # For an interpreter: what it is made of, and no file of a workload's.
    MOUNT = """\
set -e
cd "$1"
shift
for one in /usr /proc /dev $SM_MOUNT; do
    mkdir -p ".$one"
    mount --rbind "$one" ".$one"
done
exec chroot . "$@"
"""

    def setUp(self):
        self.place = workloads.BUILD / "integration" / "live" / "nowhere"
        shutil.rmtree(self.place, ignore_errors=True)
        self.root = self.place / "root"
        self.root.mkdir(parents=True)
        for workload in (Odd, Linked, Children, Network, MultiprocessingSpawn):
            live_replay.record(workload(self.place / "run"),
                               self.root / f"{workload.__name__}.db")
        self.traces = sorted(path.name for path in self.root.glob("*.db"))
        for which, text in live_replay.policies(
                [self.root / name for name in self.traces]).items():
            (self.root / f"{which}.json").write_text(text)

    def replay(self, which, option, wrapper):
        done = subprocess.run(
            [*wrapper, workloads.program("secmgr-replay"), "--json", *option,
             f"{which}.json", *self.traces], cwd=self.root,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False, timeout=120,
            env=dict(workloads.environment(), TMPDIR="/tmp",
                     PATH="/usr/sbin:/usr/bin:/sbin:/bin",
                     SM_MOUNT=f"{workloads.BUILD}/bin {workloads.BUILD}/lib"))
        self.assertEqual(b"", done.stderr)
        return json.loads(done.stdout)

    def install(self):
        """The program, and the libraries that ldd says it needs."""
        program = workloads.program("secmgr-replay")
        told = subprocess.check_output(["ldd", program], text=True)
        for path in [program, *(word for word in told.split()
                                if word.startswith("/"))]:
            target = self.root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)

    def everywhere_alike(self, option, wrapper):
        for which in ("learned", "harsher", "empty"):
            with self.subTest(which):
                here = self.replay(which, option, [])
                self.assertGreater(here["events"], 5000)
                self.assertGreater(here["blocked"], 50)
                there = self.replay(which, option, wrapper)
                self.assertEqual(here, there)

    def test_offline_an_empty_root_changes_no_verdict(self):
        self.install()
        self.everywhere_alike([], [*self.NAMESPACES, "chroot", self.root])

    def test_live_a_root_with_an_interpreter_only_changes_no_verdict(self):
        for name in ("bin", "lib", "lib64"):
            (self.root / name).symlink_to(f"usr/{name}")
        (self.root / "tmp").mkdir()
        self.everywhere_alike(
            ["--live"], [*self.NAMESPACES, "sh", "-c", self.MOUNT, "sh",
                         self.root])


def load_tests(loader, tests, __):
    suite = unittest.TestSuite([tests])
    for name, workload, python in live_replay.recordings(
            [*all_workloads.ALL, Odd]):
        case = type(name, (Live, unittest.TestCase),
                    {"workload": workload, "python": python})
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""An allowed event costs the program no allocation and no system call."""
import errno
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from workloads import PYTHON, build_extension, environment, program

HERE = pathlib.Path(__file__).resolve().parent

# Every event is decided, and recorded; warming up lets the agent look at the
# code, and the collector's ring be touched.
APP = """\
import importlib.util, json, os, signal, sys
spec = importlib.util.spec_from_file_location("quiet", sys.argv[1])
quiet = importlib.util.module_from_spec(spec)
spec.loader.exec_module(quiet)
failed = quiet.setup()
if failed:
    print(json.dumps({"errno": failed}))
    sys.exit()
one = ["/srv/data/one"] * 1000
many = [f"/srv/data/{n % 7}/file-{n}" for n in range(1000)]
quiet.watch(0, one[:10] + many[:10], "r", 0)
if sys.argv[2:] == ["stopped"]:
    os.kill(os.getppid(), signal.SIGSTOP)
    for n in range(50000):
        sys.audit("app.fill", n)
counts = {
    "one path": quiet.watch(0, one, "r", 0),
    "many paths": quiet.watch(0, many, "r", 0),
    "allocation": quiet.watch(1, one, "r", 0),
    "system call": quiet.watch(2, one, "r", 0)}
if sys.argv[2:] == ["stopped"]:
    os.kill(os.getppid(), signal.SIGCONT)
print(json.dumps(counts))
"""


class Quiet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-quiet-"))
        cls.addClassCleanup(shutil.rmtree, cls.place)
        (cls.place / "app.py").write_text(APP)
        cls.library = cls.place / "quiet.so"
        build_extension(HERE / "quiet.c", cls.library)

    def run_app(self, *wrapper, words=()):
        done = subprocess.run(
            [str(word) for word in (*wrapper, "--", PYTHON, "app.py",
                                    self.library, *words)],
            cwd=self.place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, check=True,
            env={**environment(), "LD_PRELOAD": str(self.library)})
        counts = json.loads(done.stdout)
        if counts.get("errno") == errno.EINVAL:
            self.skipTest("the kernel has no syscall user dispatch")
        self.assertNotIn("errno", counts)
        return counts

    def assert_quiet(self, counts):
        # What is looked for would be seen.
        self.assertEqual(counts["allocation"][0], 1000)
        self.assertEqual(counts["system call"][1], 1)
        self.assertEqual(counts["one path"], [0, 0, 0])
        self.assertEqual(counts["many paths"], [0, 0, 0])

    def test_recorded_events(self):
        self.assert_quiet(self.run_app(program("secmgr-record"), "-q", "-o",
                                       "recorded.db"))

    def test_events_while_the_recorder_is_stopped(self):
        """The ring has long been full."""
        self.assert_quiet(self.run_app(
            program("secmgr-record"), "-q", "--ring-size=256K", "-o",
            "stopped.db", words=["stopped"]))

    def test_allowed_events(self):
        self.run_app(program("secmgr-record"), "-q", "-o", "learned.db")
        learned = json.loads(subprocess.check_output(
            [program("secmgr-learn"), "learned.db"], cwd=self.place,
            stderr=subprocess.DEVNULL))
        learned["files"].append({"id": "all", "path": "/srv/data/**",
                                 "access": ["read"], "by": ["app"]})
        (self.place / "policy.json").write_text(json.dumps(learned))
        self.assert_quiet(self.run_app(
            program("secmgr-enforce"), "-q", "--policy", "policy.json", "-o",
            "enforced.db"))


if __name__ == "__main__":
    unittest.main()

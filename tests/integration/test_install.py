# SPDX-License-Identifier: Apache-2.0
"""What make install puts somewhere works there, and uninstall removes it."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import workloads

TOP = pathlib.Path(__file__).resolve().parents[2]


class Install(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-install-"))
        self.addCleanup(shutil.rmtree, self.place)

    def make(self, target):
        kept = {name: value for name, value in os.environ.items()
                if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        done = subprocess.run(
            ["make", target, f"BUILD={os.path.relpath(workloads.BUILD, TOP)}",
             f"DESTDIR={self.place}", "PREFIX=/usr"], cwd=TOP, env=kept,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        self.assertEqual(0, done.returncode, done.stdout)

    def files(self):
        return sorted(path for path in self.place.rglob("*")
                      if path.is_file())

    def test_installed_programs_work_and_are_removed_again(self):
        self.make("install")
        record = self.place / "usr/bin/secmgr-record"
        trace = self.place / "t.db"
        done = subprocess.run(
            [record, "-o", trace, "--", workloads.PYTHON, "-c", "print(7)"],
            env=workloads.environment(), stdout=subprocess.PIPE, check=False)
        self.assertEqual((0, b"7\n"), (done.returncode, done.stdout))
        shown = subprocess.run([self.place / "usr/bin/secmgr-events", trace],
                               stdout=subprocess.PIPE, check=True)
        self.assertIn(b"cpython.run_command", shown.stdout)
        trace.unlink()
        programs = {path.name for path in record.parent.iterdir()}
        pages = {path.name for path in self.files() if "man" in path.parts}
        self.assertEqual(set(), {name + ".1" for name in programs} - pages)
        self.make("uninstall")
        self.assertEqual([], self.files())


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""A part of CPython's own tests, recorded and in warn: as without."""
import os
import pathlib
import subprocess
import sys
import unittest

import workloads

RUN = pathlib.Path(__file__).resolve().parents[1] / "cpython/run.py"
# Beside the usual one those SM_TEST_PYTHONS names, separated by colons.
PYTHONS = [workloads.PYTHON] + [
    path for path in os.environ.get("SM_TEST_PYTHONS", "").split(":") if path]


class CPython(unittest.TestCase):
    def test_warning_changes_no_result(self):
        for python in PYTHONS:
            with self.subTest(python=python):
                done = subprocess.run(
                    [sys.executable, "-B", str(RUN), "--fast", "--build",
                     str(workloads.BUILD), "--python", python],
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    text=True, check=False)
                self.assertEqual(0, done.returncode, done.stdout)
                last = done.stdout.splitlines()[-1].split()
                self.assertEqual(["10", "of", "10"], last[:3], done.stdout)
                self.assertGreater(int(last[-2]), 400, done.stdout)


if __name__ == "__main__":
    unittest.main()

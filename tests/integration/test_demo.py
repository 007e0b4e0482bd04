# SPDX-License-Identifier: Apache-2.0
"""make demo does what it promises."""
import pathlib
import subprocess
import unittest

import workloads

DEMO = pathlib.Path(__file__).resolve().parents[1] / "demo/run.py"
SECONDS = 120


class Demo(unittest.TestCase):
    def test_demo_serves_visitors_and_stops_attacks_within_two_minutes(self):
        workloads.require("flask")
        workloads.require("gunicorn")
        done = subprocess.run(
            [workloads.PYTHON, "-B", DEMO, "--build", workloads.BUILD,
             "--work", workloads.BUILD / "integration/demo"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=SECONDS, check=False)
        self.assertEqual(0, done.returncode, done.stdout)


if __name__ == "__main__":
    unittest.main()

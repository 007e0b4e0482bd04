# SPDX-License-Identifier: Apache-2.0
"""secmgr-record(1) tells of every guest there is a test for."""
import pathlib
import subprocess
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]


class Told(unittest.TestCase):
    def test_the_page_has_the_guests_of_the_tests(self):
        done = subprocess.run([TOP / "tools/dev/guests", "--check"],
                              stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))


if __name__ == "__main__":
    unittest.main()

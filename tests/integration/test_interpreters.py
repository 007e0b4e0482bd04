# SPDX-License-Identifier: Apache-2.0
"""One library serves every CPython from 3.8: all that are on this machine."""
import glob
import json
import pathlib
import re
import shutil
import tempfile
import unittest

import workloads

CODE = """\
import sys, threading
with open("note.txt", "w") as f:
    f.write("note")
def read():
    print(open("note.txt").read())
t = threading.Thread(target=read)
t.start()
t.join()
try:
    open(sys.argv[1])
    print("opened")
except PermissionError as error:
    print("denied")
"""


def interpreters():
    """{version: path}: Debian's and those of the usual version managers."""
    found = {}
    places = ["/usr/bin/python3.*", "/usr/local/bin/python3.*",
              str(pathlib.Path.home() / ".pyenv/versions/*/bin/python3.*")]
    for pattern in places:
        for path in sorted(glob.glob(pattern)):
            match = re.fullmatch(r"python3\.(\d+)t?", pathlib.Path(path).name)
            if match and int(match.group(1)) >= 8:
                found.setdefault(pathlib.Path(path).name, path)
    return found


def pythons():
    """{name: path}: these and those SM_TEST_PYTHONS names."""
    found = interpreters()
    found.update((pathlib.Path(path).name, path)
                 for path in workloads.pythons()[1:])
    return found


class Interpreters(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-python-"))
        self.addCleanup(shutil.rmtree, self.place)
        (self.place / "app.py").write_text(CODE)

    def run_tool(self, *command):
        return workloads.run(self.place, *command)

    def test_debian_is_among_them(self):
        self.assertTrue(any(path.startswith("/usr/bin/")
                            for path in interpreters().values()))

    def test_each_is_recorded_and_held_to_its_policy(self):
        for name, path in interpreters().items():
            for option in ([], ["-X", "dev"], ["-I", "-S"]):
                with self.subTest(python=name, option=option):
                    self.round_trip([path, *option, "app.py"])

    def round_trip(self, command):
        done = self.run_tool("secmgr-record", "--force", "-o", "t.db", "--",
                             *command, "note.txt")
        self.assertEqual((0, "note\nopened\n"),
                         (done.returncode, done.stdout), done.stderr)
        learned = self.run_tool("secmgr-learn", "t.db")
        self.assertEqual(0, learned.returncode, learned.stderr)
        (self.place / "p.json").write_text(learned.stdout)
        replayed = self.run_tool("secmgr-replay", "--json", "p.json", "t.db")
        self.assertEqual(0, replayed.returncode, replayed.stdout)
        self.assertEqual(0, json.loads(replayed.stdout)["blocked"])
        for argument, answer in (("note.txt", "opened"),
                                 ("/etc/passwd", "denied")):
            done = self.run_tool("secmgr-enforce", "--policy", "p.json", "--",
                                 *command, argument)
            self.assertEqual((0, f"note\n{answer}\n"),
                             (done.returncode, done.stdout), done.stderr)


if __name__ == "__main__":
    unittest.main()

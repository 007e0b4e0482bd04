# SPDX-License-Identifier: Apache-2.0
"""Code objects come and go; each is known for what it is, and left alone."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import test_interpreters
import workloads

# The address of a code object that is gone is soon another's: the program
# prints how many distinct addresses there were.
REPLACED = """
places = set()
for number in range(300):
    code = compile("open('/dev/null').close()", "<made %d>" % number, "exec")
    places.add(id(code))
    exec(code, {"__name__": "made"})
    del code
for number in range(300):
    code = compile("\\n" * number + "def f%d(): open('/dev/null').close()"
                   % number, "one.py", "exec")
    names = {}
    exec(code, names)
    places.add(id(names["f%d" % number].__code__))
    names["f%d" % number]()
    del code, names
print(len(places))
"""
# The code of -c is gone when this runs, and what runs looks the same.
AFTER_MAIN = """
def last():
    for _ in range(300):
        exec("open('/dev/null').close()", {})
import atexit; atexit.register(last)
exec("open('/dev/zero').close()")
open('/dev/full').close()
"""
# What CPython's own tests do: the function that frees is gone at the end.
EXTRA = """
import ctypes
free = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
ask = getattr(ctypes.pythonapi, %r)
ask.argtypes, ask.restype = (free,), ctypes.c_ssize_t
def f(): open('/dev/null').close()
for _ in range(20):
    function = free(lambda pointer: None)
    ask(function)
    f()
    del function
"""
# Some give compile() no name; the second code's name cannot be read.
UNNAMED = """
exec(compile("print('unnamed')", "", "exec"))
try:
    exec((lambda: None).__code__.replace(co_filename=chr(0xd800)))
except PermissionError:
    print("denied")
"""


class Code(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-code-"))
        self.addCleanup(shutil.rmtree, self.place)

    def record(self, python, *argv):
        done = workloads.run(self.place, "secmgr-record", "--force", "-o",
                             "t.db", "--", python, "-B", *argv)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def tool(self, name, *arguments, status=0):
        done = workloads.run(self.place, f"secmgr-{name}", *arguments)
        self.assertEqual(status, done.returncode, done.stderr)
        return done.stdout

    def opens(self, path):
        done = subprocess.run(
            [workloads.program("secmgr-events"), "--json", "t.db", "open"],
            cwd=self.place, stdout=subprocess.PIPE, timeout=60, check=True)
        events = map(json.loads, done.stdout.splitlines())
        return [event for event in events if event["args"][0] == path]

    def each(self, check):
        for name, python in test_interpreters.interpreters().items():
            with self.subTest(interpreter=name):
                check(python)

    def test_code_is_not_taken_for_what_was_in_its_place(self):
        def check(python):
            (self.place / "app.py").write_text(REPLACED)
            places = int(self.record(python, "app.py"))
            self.assertLess(places, 300, "no address was used again")
            events = self.opens("/dev/null")
            self.assertEqual([f"<made {n}>" for n in range(300)],
                             [event["file"] for event in events[:300]])
            self.assertEqual(
                [(f"f{n}", n + 1) for n in range(300)],
                [(event["function"], event["line"])
                 for event in events[300:]])
        self.each(check)

    def test_code_after_the_end_of_main_is_not_main(self):
        def check(python):
            self.record(python, "-c", AFTER_MAIN)
            self.assertEqual(["dynamic"] * 300, [
                event["by"] for event in self.opens("/dev/null")])
            self.assertEqual(["dynamic"], [
                event["by"] for event in self.opens("/dev/zero")])
            self.assertEqual(["main"], [
                event["by"] for event in self.opens("/dev/full")])
        self.each(check)

    def test_other_users_of_co_extra_are_left_alone(self):
        def check(python):
            old = subprocess.run(
                [python, "-c", "import sys; sys.exit(sys.version_info < "
                 "(3, 12))"], check=False).returncode
            (self.place / "app.py").write_text(EXTRA % (
                "_PyEval_RequestCodeExtraIndex" if old
                else "PyUnstable_Eval_RequestCodeExtraIndex"))
            self.record(python, "app.py")
            self.assertEqual({"f"}, {event["function"]
                                     for event in self.opens("/dev/null")})
        self.each(check)

    def test_code_without_a_name_can_be_granted(self):
        def check(python):
            (self.place / "app.py").write_text(UNNAMED)
            self.record(python, "app.py")
            # 1: what cannot be read cannot be granted, and is listed
            self.tool("learn", "-o", "p.json", "t.db", status=1)
            policy = json.loads((self.place / "p.json").read_text())
            self.assertIn(("", ["app"]), [
                (rule.get("exec"), rule["by"]) for rule in policy["code"]
                if "exec" in rule])
            self.assertEqual("unnamed\ndenied\n", self.tool(
                "enforce", "-q", "--policy", "p.json", "--", python, "-B",
                "app.py"))
        self.each(check)

    def test_code_whose_file_is_not_utf_8_has_its_name(self):
        def check(python):
            script = os.fsdecode(b"caf\xe9.py")
            (self.place / script).write_text(
                "print(len(open('/etc/hostname').read()) > 0)\n")
            self.record(python, script)
            self.tool("learn", "-o", "p.json", "t.db")
            self.assertIn('/caf\\udce9.py"',
                          (self.place / "p.json").read_text())
            self.assertEqual("True\n", self.tool(
                "enforce", "-q", "--policy", "p.json", "--", python, "-B",
                script))
        self.each(check)


if __name__ == "__main__":
    unittest.main()

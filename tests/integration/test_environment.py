# SPDX-License-Identifier: Apache-2.0
"""A child runs the code its variables choose, so those are decided too.

With /usr/bin/python3 and the interpreters SM_TEST_PYTHONS names (separated by
colons).
"""
import functools
import json
import os
import pathlib
import tempfile
import unittest

import workloads

# Starts a child per WAY:NAME:VALUE and says what came of it.
APP = """\
import ctypes, os, subprocess, sys
argv = [sys.executable, "-S", "-c", "pass"]
def status_of(pid):
    return os.waitpid(pid, 0)[1]
def empty(name, value):
    return subprocess.call(argv, env={})
def dict_(name, value):
    return subprocess.call(argv, env={**os.environ, name: value})
def bytes_(name, value):
    return subprocess.call(argv, env={**os.environb, name.encode():
                                      value.encode()})
def preexec(name, value):
    return subprocess.call(argv, env={**os.environ, name: value},
                           preexec_fn=lambda: None)
def inherited(name, value):
    return subprocess.call(argv)
def object_(name, value):
    return subprocess.call(argv, env=os.environ)
def system(name, value):
    return os.system("true")
def popen(name, value):
    return os.popen("true").close()
def spawn(name, value):
    return status_of(os.posix_spawn(sys.executable, argv,
                                    {**os.environ, name: value}))
def spawnve(name, value):
    return os.spawnve(os.P_WAIT, sys.executable, argv,
                      {**os.environ, name: value})
def exec_(name, value):
    pid = os.fork()
    if not pid:
        try:
            os.execve(sys.executable, argv, {**os.environ, name: value})
        except PermissionError:
            os._exit(13)
    return status_of(pid)
def native(name, value):
    words = (ctypes.c_char_p * 5)(*map(os.fsencode, argv), None)
    variables = [key + b"=" + text for key, text in os.environb.items()
                 if key != os.fsencode(name)]
    variables += [os.fsencode(name + "=" + value), None]
    pid = ctypes.c_int()
    error = ctypes.PyDLL(None).posix_spawn(
        ctypes.byref(pid), os.fsencode(sys.executable), None, None, words,
        (ctypes.c_char_p * len(variables))(*variables))
    if error:
        raise OSError(error, os.strerror(error))
    return status_of(pid.value)
for line in sys.argv[1:]:
    way, name, value = line.split(":", 2)
    before = os.environ.get(name)
    if way in ("inherited", "object_", "system", "popen"):
        os.environ[name] = value
    try:
        status = globals()[way](name, value)
    except PermissionError:
        status = 13
    print(line, "= denied" if status in (13, 13 << 8, 127) else "= ran")
    if before is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = before
"""
WAYS = ("dict_", "bytes_", "preexec", "inherited", "object_", "system", "popen",
        "spawn", "spawnve", "exec_", "native")


def lines(ways, name, value):
    return [f"{way}:{name}:{value}" for way in ways]


def on_each_python(test):
    @functools.wraps(test)
    def run(self):
        for python in workloads.pythons():
            with self.subTest(python):
                test(self, self.prepared(python))
    return run


class Prepared:
    """One interpreter's program, and the policy of what it did."""

    def __init__(self, python, place):
        self.python, self.place = python, place
        (place / "app.py").write_text(APP)
        # The harmless variable is no governed one; the last is.
        self.record("t.db", "app.py",
                    *lines(WAYS + ("empty",), "COLOUR", "red"),
                    "dict_:PYTHONUNBUFFERED:1")
        (place / "policy.json").write_text(self.run("secmgr-learn", "t.db"))

    def record(self, trace, *words):
        done = workloads.covered("secmgr-record", ["-o", trace, "--", self.python,
                                                   *words],
                                 cwd=self.place, env=workloads.environment())
        if done.returncode:
            raise AssertionError(done.stderr)

    def run(self, name, *arguments, **changes):
        done = workloads.run(self.place, name, *arguments, **changes)
        if done.returncode not in ((0, 1) if name == "secmgr-replay" else (0,)):
            raise AssertionError(done.stderr)
        return done.stdout

    def enforced(self, wanted, **changes):
        done = workloads.covered(
            "secmgr-enforce", ["-p", "policy.json", "-o", "e.db", "--",
                               self.python, "app.py", *wanted],
            cwd=self.place, env={**workloads.environment(), **changes})
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.splitlines()

    def replayed(self):
        return json.loads(self.run("secmgr-replay", "--json", "policy.json",
                                   "e.db"))


class Environment(unittest.TestCase):
    maxDiff = None
    known = {}

    def prepared(self, python):
        if python not in self.known:
            place = tempfile.TemporaryDirectory(prefix="secmgr-env-")
            self.addClassCleanup(place.cleanup)
            self.known[python] = Prepared(python, pathlib.Path(place.name))
        return self.known[python]

    @on_each_python
    def test_what_is_not_governed_is_free(self, program):
        wanted = lines(WAYS + ("empty",), "COLOUR", "x")
        self.assertEqual([line + " = ran" for line in wanted],
                         program.enforced(wanted))

    @on_each_python
    def test_a_new_variable_is_denied_however_it_gets_there(self, program):
        wanted = [line for name in ("LD_PRELOAD", "LD_LIBRARY_PATH",
                                    "PYTHONPATH", "PATH")
                  for line in lines(WAYS, name, "/tmp/evil")]
        self.assertEqual([line + " = denied" for line in wanted],
                         program.enforced(wanted))
        replayed = program.replayed()
        self.assertEqual(0, replayed["differs"])
        self.assertEqual(len(wanted), replayed["blocked"])

    @on_each_python
    def test_the_recorded_value_is_granted_and_no_other(self, program):
        self.assertEqual(["dict_:PYTHONUNBUFFERED:1 = ran",
                          "dict_:PYTHONUNBUFFERED:2 = denied"],
                         program.enforced(["dict_:PYTHONUNBUFFERED:1",
                                           "dict_:PYTHONUNBUFFERED:2"]))

    @on_each_python
    def test_what_the_program_was_started_with_is_free(self, program):
        path = "/usr/local/bin:" + os.environ.get("PATH", "/usr/bin:/bin")
        wanted = lines(WAYS + ("empty",), "COLOUR", "x")
        self.assertEqual([line + " = ran" for line in wanted],
                         program.enforced(wanted, PATH=path,
                                          PYTHONDONTWRITEBYTECODE="1"))

    @on_each_python
    def test_values_are_in_neither_trace_nor_policy(self, program):
        program.record("secret.db", "-c", "import os, subprocess\n"
                       "subprocess.call(['true'], env={'PYTHONPATH': "
                       "'/home/hunt' 'er2'})")
        shown = program.run("secmgr-events", "secret.db")
        self.assertIn("PYTHONPATH=", shown)
        self.assertNotIn("hunter2", shown)
        self.assertNotIn(b"hunter2", (program.place / "secret.db")
                         .read_bytes())
        self.assertNotIn("hunter2", program.run("secmgr-learn", "secret.db"))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""A child runs the code its variables choose, so those are decided too."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from workloads import PYTHON, environment, program

APP = """\
import os, subprocess, sys
how, name, value = sys.argv[1:4]
argv = [sys.executable, "-S", "-c", "print('ran')"]
changed = {**os.environ, name: value}
try:
    if how == "dict":
        print(subprocess.check_output(argv, env=changed))
    elif how == "empty":
        print(subprocess.check_output(argv, env={}))
    elif how == "inherited":
        os.environ[name] = value
        print(subprocess.check_output(argv))
    elif how == "object":
        os.environ[name] = value
        print(subprocess.check_output(argv, env=os.environ))
    elif how == "system":
        os.environ[name] = value
        print(os.system("true"))
    elif how == "spawn":
        pid = os.posix_spawn(sys.executable, argv, changed)
        print(os.waitpid(pid, 0)[1])
    elif how == "exec":
        sys.stdout.flush()
        os.execve(sys.executable, argv, changed)
except PermissionError:
    print("denied")
"""
WAYS = ("dict", "inherited", "object", "system", "spawn", "exec")


class Environment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-env-"))
        cls.addClassCleanup(shutil.rmtree, cls.place)
        (cls.place / "app.py").write_text(APP)
        cls.policy = cls.place / "policy.json"
        # The harmless variable is no governed one; the last two are.
        for way in WAYS + ("empty",):
            cls.run_program("secmgr-record", "-q", "--append", "-o", "t.db",
                            "--", PYTHON, "app.py", way, "COLOUR", "red")
        cls.run_program("secmgr-record", "-q", "--append", "-o", "t.db", "--",
                        PYTHON, "app.py", "dict", "PYTHONUNBUFFERED", "1")
        done = cls.run_program("secmgr-learn", "t.db")
        cls.policy.write_text(done.stdout)

    @classmethod
    def run_program(cls, name, *arguments, **changes):
        done = subprocess.run(
            [program(name), *arguments], cwd=cls.place, text=True,
            env={**environment(), **changes}, capture_output=True,
            check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done

    def enforced(self, *arguments, **changes):
        return self.run_program("secmgr-enforce", "-p", str(self.policy),
                                "--", PYTHON, "app.py", *arguments,
                                **changes).stdout

    def test_what_is_not_governed_is_free(self):
        for way in WAYS + ("empty",):
            with self.subTest(way):
                self.assertNotIn("denied", self.enforced(way, "COLOUR", "x"))

    def test_a_new_variable_is_denied_however_it_gets_there(self):
        for way in WAYS:
            for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH",
                         "PATH"):
                with self.subTest(way, name=name):
                    self.assertEqual(
                        "denied\n", self.enforced(way, name, "/tmp/evil"))

    def test_the_recorded_value_is_granted_and_no_other(self):
        self.assertIn("ran", self.enforced("dict", "PYTHONUNBUFFERED", "1"))
        self.assertEqual("denied\n",
                         self.enforced("dict", "PYTHONUNBUFFERED", "2"))

    def test_what_the_program_was_started_with_is_free(self):
        path = "/usr/local/bin:" + os.environ.get("PATH", "/usr/bin:/bin")
        for way in WAYS:
            with self.subTest(way):
                self.assertNotIn("denied", self.enforced(
                    way, "COLOUR", "x", PATH=path, PYTHONDONTWRITEBYTECODE="1"))

    def test_values_are_in_neither_trace_nor_policy(self):
        self.run_program("secmgr-record", "-q", "-o", "secret.db", "--",
                         PYTHON, "app.py", "dict", "PYTHONPATH",
                         "/home/hunter2")
        shown = self.run_program("secmgr-events", "secret.db").stdout
        self.assertIn("PYTHONPATH=", shown)
        self.assertNotIn("hunter2", shown.split("subprocess.Popen")[1])


if __name__ == "__main__":
    unittest.main()

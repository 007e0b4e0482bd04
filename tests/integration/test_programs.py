# SPDX-License-Identifier: Apache-2.0
"""What a program's path means: links, scripts, directories and PATH.

Under enforcement and in the replay, with /usr/bin/python3 and the interpreters
SM_TEST_PYTHONS names (separated by colons).
"""
import functools
import json
import pathlib
import re
import shutil
import tempfile
import unittest

import workloads

# Says of each line, a way to start something and its arguments, what came of it.
APP = """\
import os, subprocess, sys
def run(how, *argv):
    quiet = {"stdout": subprocess.DEVNULL}
    if how == "run":
        return subprocess.run(argv, **quiet).returncode
    if how == "empty":
        return subprocess.run(argv, env={"PATH": ""}, **quiet).returncode
    if how == "bin":
        return subprocess.run(argv, env={"PATH": "/none:bin"},
                              **quiet).returncode
    if how == "below":
        return subprocess.run(argv, cwd="bin", **quiet).returncode
    if how == "spawn":
        return os.waitpid(os.posix_spawn(argv[0], argv, os.environ), 0)[1]
    if how == "spawnp":
        return os.waitpid(os.posix_spawnp(argv[0], argv, os.environ), 0)[1]
    if how == "fork":
        pid = os.fork()
        if not pid:
            try:
                os.execvp(argv[0], argv)
            except OSError:
                os._exit(99)
        return os.waitpid(pid, 0)[1]
for line in sys.argv[1:]:
    how, *argv = line.split()
    try:
        print(line, "=", run(how, *argv))
    except PermissionError:
        print(line, "= denied")
    except OSError as error:
        print(line, "=", type(error).__name__)
"""
NINETY_NINE = 99 << 8
HOWS = ("run", "spawn", "spawnp", "fork")


def text_of(value):
    return value["bytes"] if isinstance(value, dict) else value


def on_each_python(test):
    @functools.wraps(test)
    def run(self):
        for python in workloads.pythons():
            with self.subTest(python), \
                    tempfile.TemporaryDirectory(prefix="secmgr-run-") as place:
                self.prepare(pathlib.Path(place))
                test(self, python)
    return run


class Programs(unittest.TestCase):
    maxDiff = None
    search = "/usr/bin:/bin"

    def prepare(self, place):
        self.place = place
        (self.place / "app.py").write_text(APP)
        (self.place / "bin").mkdir()
        (self.place / "other").mkdir()
        for name in "bin/tool", "other/tool", "bin/good", "bin/evil":
            self.script(name, "/bin/sh", "exit 0")

    def script(self, name, interpreter, text=""):
        path = self.place / name
        path.write_text(f"#!{interpreter}\n{text}\n")
        path.chmod(0o755)

    def link(self, name, target):
        path = self.place / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def tool(self, name, *arguments, status=0):
        done = workloads.run(self.place, name, *arguments, PATH=self.search)
        if status is not None:
            self.assertEqual(status, done.returncode, done.stderr)
        return done.stdout

    def record(self, python, *lines):
        """What the program says; the policy of what it did is in place."""
        done = workloads.covered(
            "secmgr-record", ["-o", "t.db", "--", python, "app.py", *lines], cwd=self.place,
            env={**workloads.environment(), "PATH": self.search})
        self.assertEqual(0, done.returncode, done.stderr)
        said = done.stdout
        text = self.tool("secmgr-learn", "t.db")
        (self.place / "policy.json").write_text(text)
        self.assertEqual(0, self.replayed("t.db")["blocked"])
        return said

    def rules(self):
        policy = json.loads((self.place / "policy.json").read_text())
        return {re.sub(r"^\$\{\w+\}", str(self.place), rule["exec"])
                for rule in policy.get("processes", []) if "exec" in rule}

    def enforce(self, python, *lines):
        """Likewise; the replay says the same of each of its events."""
        done = workloads.covered(
            "secmgr-enforce", ["-p", "policy.json", "-o", "e.db", "--", python,
                               "app.py", *lines], cwd=self.place,
            env={**workloads.environment(), "PATH": self.search})
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(0, self.replayed("e.db")["differs"])
        return done.stdout

    def replayed(self, trace):
        return json.loads(self.tool("secmgr-replay", "--json", "policy.json",
                                    trace, status=None))

    def denied(self, trace="e.db"):
        shown = self.tool("secmgr-events", "--json", "--verdict=denied", trace)
        return [event["resolved"][0] or text_of(event["args"][0])
                for event in map(json.loads, shown.splitlines())]

    @on_each_python
    def test_a_link_is_decided_by_where_it_leads_too(self, python):
        lines = [f"{how} {self.place}/link" for how in HOWS]
        self.link("link", "bin/good")
        said = self.record(python, *lines)
        self.assertEqual("".join(line + " = 0\n" for line in lines), said)
        self.assertEqual({f"{self.place}/link", f"{self.place}/bin/good"},
                         self.rules())
        self.assertEqual(said, self.enforce(python, *lines))
        self.assertEqual([], self.denied())
        # The link is the one that was granted; its end is not.
        self.link("link", "bin/evil")
        self.assertEqual(
            "".join(f"{line} = denied\n" for line in lines[:3]) +
            f"{lines[3]} = {NINETY_NINE}\n", self.enforce(python, *lines))
        self.assertEqual([f"{self.place}/bin/evil"] * 4, self.denied())

    @on_each_python
    def test_a_linked_directory_is_no_way_round_a_denial(self, python):
        self.link("current", "bin")
        line = f"run {self.place}/current/evil"
        self.assertEqual(line + " = 0\n", self.record(python, line))
        path = self.place / "policy.json"
        policy = json.loads(path.read_text())
        policy.pop("review", None)
        policy["deny"] = [{"id": "x",
                           "exec": f"{self.place}/bin/evil"}]
        path.write_text(json.dumps(policy))
        self.assertEqual(line + " = denied\n", self.enforce(python, line))
        self.assertEqual([f"{self.place}/bin/evil"], self.denied())

    @on_each_python
    def test_a_shell_line_is_the_same_by_each_name_of_the_shell(self, python):
        line = "run /bin/sh -c true"
        self.record(python, line)
        self.assertEqual(set(), self.rules())
        self.assertEqual(line + " = 0\n", self.enforce(python, line))
        self.assertEqual("run /bin/sh -c false = denied\n",
                         self.enforce(python, "run /bin/sh -c false"))

    @on_each_python
    def test_a_script_is_decided_not_its_interpreter(self, python):
        self.script("bin/good", "/usr/bin/env python3", "import sys")
        self.script("bin/relative", "bin/good")
        lines = [f"{how} {self.place}/bin/good" for how in HOWS]
        self.record(python, *lines)
        self.assertEqual({f"{self.place}/bin/good"}, self.rules())
        self.assertEqual("".join(line + " = 0\n" for line in lines),
                         self.enforce(python, *lines))
        for other in ("run /usr/bin/env python3 -c 1",
                      f"run /usr/bin/python3 {self.place}/bin/good",
                      f"run {self.place}/bin/relative"):
            self.assertEqual(other + " = denied\n",
                             self.enforce(python, other))

    @on_each_python
    def test_a_relative_program_is_found_as_the_call_finds_it(self, python):
        self.record(python, "run bin/good", "spawn bin/good",
                    "below ./good")
        self.assertEqual({f"{self.place}/bin/good"}, self.rules())
        self.assertEqual(
            "run bin/good = 0\nbelow ./good = 0\nrun bin/evil = denied\n"
            "below ./evil = denied\nspawn bin/evil = denied\n",
            self.enforce(python, "run bin/good", "below ./good",
                         "run bin/evil", "below ./evil", "spawn bin/evil"))

    # subprocess takes an empty PATH for the working directory.
    @on_each_python
    def test_entries_of_PATH_may_be_empty_or_relative(self, python):
        shutil.copy2(self.place / "bin/evil", self.place / "here")
        lines = ["empty here", "bin good", "bin evil"]
        said = self.record(python, *lines[:2])
        self.assertEqual("empty here = 0\nbin good = 0\n", said)
        self.assertEqual({f"{self.place}/here", f"{self.place}/bin/good"},
                         self.rules())
        self.assertEqual(said + "bin evil = denied\n",
                         self.enforce(python, *lines))

    @on_each_python
    def test_what_PATH_leads_to_first_is_decided(self, python):
        self.search = f"{self.place}/bin:{self.place}/other:/usr/bin"
        lines = [f"{how} tool" for how in ("run", "spawnp", "fork")]
        said = self.record(python, *lines)
        self.assertEqual("".join(line + " = 0\n" for line in lines), said)
        self.assertEqual({f"{self.place}/bin/tool"}, self.rules())
        self.assertEqual(said, self.enforce(python, *lines))
        (self.place / "bin/tool").chmod(0o644)
        self.assertEqual(
            "".join(f"{line} = denied\n" for line in lines[:2]) +
            f"{lines[2]} = {NINETY_NINE}\n", self.enforce(python, *lines))
        # os.execvp goes on to the next entry.
        self.assertEqual({f"{self.place}/other/tool", "/usr/bin/tool"},
                         set(self.denied()))

    @on_each_python
    def test_entries_of_the_own_PATH_may_be_empty_or_relative(self, python):
        self.search = ":/usr/bin"
        shutil.copy2(self.place / "bin/evil", self.place / "here")
        lines = [f"{how} here" for how in ("run", "spawnp", "fork")]
        said = self.record(python, *lines)
        self.assertEqual("".join(line + " = 0\n" for line in lines), said)
        self.assertEqual({f"{self.place}/here"}, self.rules())
        self.search = "bin:/usr/bin"
        shutil.copy2(self.place / "here", self.place / "bin/here")
        self.assertEqual(
            "".join(f"{line} = denied\n" for line in lines[:2]) +
            f"{lines[2]} = {NINETY_NINE}\n", self.enforce(python, *lines))
        # os.execvp goes on to the next entry.
        self.assertEqual({f"{self.place}/bin/here", "/usr/bin/here"},
                         set(self.denied()))


if __name__ == "__main__":
    unittest.main()

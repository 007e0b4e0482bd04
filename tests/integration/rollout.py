# SPDX-License-Identifier: Apache-2.0
"""Policies that are rolled out, and services that ask for what is sent."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import workloads

FAMILIES = ("files", "network", "processes", "code", "pickles", "native",
            "events")


def policy(*denied, mode="block", **more):
    """Only custom events are decided; those of a name in denied are not."""
    return {"secmgr": 1,
            "modes": {**dict.fromkeys(FAMILIES, "off"), "events": mode},
            "events": [{"id": "all", "name": "shop.*"}],
            "deny": [{"id": f"no-{name}", "name": f"shop.{name}"}
                     for name in denied], **more}


ASK = """\
import sys
def ask(*names):
    for name in names:
        try:
            sys.audit("shop." + name)
            print(name, "passed", flush=True)
        except PermissionError:
            print(name, "denied", flush=True)
"""


class Rollout(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-rollout-"))
        self.addCleanup(shutil.rmtree, self.place, True)
        self.trace = self.place / "t.db"
        self.old = self.write("old.json", policy("refund"))
        self.new = self.write("new.json", policy("sale"))

    def write(self, name, rules):
        path = self.place / name
        path.write_text(json.dumps(rules))
        return path

    def script(self, code, name="script.py"):
        path = self.place / name
        path.write_text(ASK + code)
        return [workloads.PYTHON, "-B", str(path)]

    def run_program(self, name, *arguments, status=0):
        done = workloads.run(self.place, name, *arguments)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done

    def reload(self, pid, *options, status=0):
        return self.run_program("secmgr-enforce", "--reload", pid, *options,
                                status=status)

    def events(self, *options):
        out = self.run_program("secmgr-events", "--json", *options,
                               self.trace).stdout
        return [json.loads(line) for line in out.splitlines()]


SERVE = """\
for line in sys.stdin:
    ask(*line.split())
    print("done", flush=True)
"""


class Service:
    """secmgr-enforce around a script that asks for what it is sent."""

    def __init__(self, test, *options, code=SERVE, command=None):
        self.test = test
        self.process = subprocess.Popen(
            [workloads.program("secmgr-enforce"), *map(str, options), "--",
             *(command or test.script(code))], cwd=test.place,
            env=workloads.environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        test.addCleanup(self.kill)
        self.pid = self.process.pid

    def ask(self, *names):
        self.process.stdin.write(" ".join(names) + "\n")
        self.process.stdin.flush()
        return self.read("done")

    def read(self, last):
        lines = []
        while not lines or lines[-1] != last:
            line = self.process.stdout.readline()
            if not line:
                self.test.fail(f"ended: {self.process.stderr.read()}")
            lines.append(line.strip())
        return lines[:-1]

    def end(self):
        out, err = self.process.communicate(timeout=60)
        self.test.assertEqual(0, self.process.returncode, out + err)
        return err

    def kill(self):
        self.process.kill()
        self.process.communicate()

# SPDX-License-Identifier: Apache-2.0
"""Rolling a policy out: a shadow policy beside the enforced one."""
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

    def write(self, name, rules):
        path = self.place / name
        path.write_text(json.dumps(rules))
        return path

    def script(self, code, name="script.py"):
        path = self.place / name
        path.write_text(ASK + code)
        return [workloads.PYTHON, "-B", str(path)]

    def run_program(self, name, *arguments, status=0):
        done = subprocess.run(
            [workloads.program(name), *map(str, arguments)], cwd=self.place,
            env=workloads.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60, check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done

    def events(self, *options):
        out = self.run_program("secmgr-events", "--json", *options,
                               self.trace).stdout
        return [json.loads(line) for line in out.splitlines()]


class Shadow(Rollout):
    def enforce(self, code, *options, **rules):
        old = self.write("old.json", policy("refund", **rules))
        new = self.write("new.json", policy("sale"))
        return self.run_program(
            "secmgr-enforce", "--policy", old, "--shadow", new, *options,
            "--", *self.script(code))

    def test_only_the_policy_blocks_and_both_verdicts_are_kept(self):
        done = self.enforce("ask('refund', 'sale', 'both')\n",
                            "-o", self.trace)
        self.assertEqual(["refund denied", "sale passed", "both passed"],
                         done.stdout.splitlines())
        self.assertIn("new.json: as policy would have denied 1 events that "
                      "passed, allowed 1 that were denied", done.stderr)
        asked = {event["event"]: event
                 for event in self.events("--event=shop.*")}
        want = {"refund": ("denied", "no-refund", "allowed", "all"),
                "sale": ("allowed", "all", "denied", "no-sale"),
                "both": ("allowed", "all", "allowed", "all")}
        for name, verdicts in want.items():
            event = asked["shop." + name]
            self.assertEqual(verdicts, tuple(
                event[key] for key in ("verdict", "rule", "shadow",
                                       "shadow_rule")))
        self.assertEqual(["shop.refund", "shop.sale"], [
            event["event"] for event in self.events("--shadow=differs")])
        self.assertEqual(["shop.sale"], [
            event["event"] for event in self.events("--shadow=denied")])
        line = self.run_program("secmgr-events", "--shadow=denied",
                                self.trace).stdout
        self.assertIn("= allowed (all), shadow denied (no-sale)", line)
        rows = self.run_program(
            "secmgr-events", "--sql", "select event from event where "
            "shadow = 'denied' and shadow_rule = 'no-sale'",
            self.trace).stdout
        self.assertEqual(["event", "shop.sale"], rows.split())

    def test_replay_agrees_with_what_the_shadow_said(self):
        self.enforce("ask('refund', 'sale', 'both', 'both')\n",
                     "-o", self.trace)
        for name, blocked in ("old.json", 1), ("new.json", 1):
            found = json.loads(self.run_program(
                "secmgr-replay", "--json", self.place / name, self.trace,
                status=1).stdout)
            self.assertEqual(0, found["differs"], name)
            self.assertEqual(blocked, found["blocked"], name)
            self.assertGreaterEqual(found["recorded_verdicts"], 4)

    def test_children_inherit_both(self):
        done = self.enforce(
            "import os, subprocess\n"
            "child = os.fork()\n"
            "if not child:\n"
            "    ask('refund', 'sale')\n"
            "    os._exit(0)\n"
            "os.waitpid(child, 0)\n"
            "if len(sys.argv) == 1:\n"
            "    subprocess.run([sys.executable, '-B', __file__, 'x'],\n"
            "                   env={}, check=True)\n",
            "-o", self.trace)
        self.assertEqual(["refund denied", "sale passed"] * 2,
                         done.stdout.splitlines())
        told = [(event["event"], event["verdict"], event["shadow"])
                for event in self.events("--event=shop.*")]
        self.assertEqual(
            [("shop.refund", "denied", "allowed"),
             ("shop.sale", "allowed", "denied")] * 2, told)

    def test_without_a_trace_the_first_of_a_kind_is_told(self):
        err = self.enforce("ask('sale', 'sale', 'refund')\n").stderr
        self.assertEqual(1, err.count("shadow would deny, process"))
        self.assertIn("shop.sale() by app", err)
        self.assertIn("rule no-sale", err)
        self.assertIn("denied, process", err)
        self.assertIn("1 more like: shop.sale()", err)
        self.assertIn("would have denied 2 events that passed, allowed 1",
                      err)

    def test_in_warn_the_shadow_is_compared_with_what_happens(self):
        done = self.enforce("ask('refund', 'sale')\n", "--mode=warn",
                            "-o", self.trace)
        self.assertEqual(["refund passed", "sale passed"],
                         done.stdout.splitlines())
        self.assertIn("would have denied 1 events that passed, allowed 0",
                      done.stderr)

    def test_a_bad_shadow_starts_nothing(self):
        old = self.write("old.json", policy())
        bad = self.write("bad.json", {"secmgr": 1, "filse": []})
        done = self.run_program(
            "secmgr-enforce", "-p", old, "--shadow", bad, "--",
            *self.script("print('ran')\n"), status=125)
        self.assertEqual("", done.stdout)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertIn("bad.json:1:", done.stderr)


if __name__ == "__main__":
    unittest.main()

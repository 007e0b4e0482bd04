# SPDX-License-Identifier: Apache-2.0
"""Rolling a policy out: a shadow policy beside the enforced one, each family in
each mode, and what a denial leaves behind."""
import json
import os
import unittest

import rollout
import workloads


class Shadow(rollout.Rollout):
    def enforce(self, code, *options, **rules):
        old = self.write("old.json", rollout.policy("refund", **rules))
        new = self.write("new.json", rollout.policy("sale"))
        return self.run_program(
            "secmgr-enforce", "--policy", old, "--shadow", new, *options,
            "--", *self.script(code))

    def test_only_the_policy_blocks_and_both_verdicts_are_kept(self):
        done = self.enforce("ask('refund', 'sale', 'both')\n",
                            "-o", self.trace)
        self.assertEqual(["refund denied", "sale passed", "both passed"],
                         done.stdout.splitlines())
        self.assertIn("shadow: would have denied 1 events that passed, "
                      "allowed 1 that were denied", done.stderr)
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
        old = self.write("old.json", rollout.policy())
        bad = self.write("bad.json", {"secmgr": 1, "filse": []})
        done = self.run_program(
            "secmgr-enforce", "-p", old, "--shadow", bad, "--",
            *self.script("print('ran')\n"), status=125)
        self.assertEqual("", done.stdout)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertIn("bad.json:1:", done.stderr)


class Modes(rollout.Rollout):
    """Every family in every mode, wherever the mode comes from."""

    # What of each family no rule allows, and how it is recorded.
    ASKED = {
        "files": ("open('/etc/hostname').close()", "open"),
        "network": ("socket.socket().bind(('127.0.0.1', 7))", "socket.bind"),
        "processes": ("os.spawnv(os.P_WAIT, '/bin/true', ['true'])",
                      "os.exec"),
        "code": ("exec('1')", "exec"),
        "pickles": ("pickle.loads(b'cos\\ngetpid\\n)R.')",
                    "pickle.find_class"),
        "native": ("_ctypes.dlopen('libc.so.6', 2)", "ctypes.dlopen"),
        "events": ("sys.audit('shop.refund', 7)", "shop.refund"),
    }
    VERDICTS = {"off": "undecided", "warn": "warned", "block": "denied"}

    def verdict(self, family, modes, *options):
        """What the operation came to, and what the trace says of it."""
        operation, event = self.ASKED[family]
        library = os.path.dirname(os.__file__)
        path = self.write("modes.json", {
            "secmgr": 1, "use": ["python-runtime"], "modes": modes,
            "variables": {"STDLIB": library, "SITE": "/nowhere"},
            "code": [{"load": "${CWD}/*.py"},
                     *({"load": f"stdlib:{name}"} for name in
                       ("_ctypes", "_posixsubprocess"))],
            "events": [{"name": "shop.begin"}, {"name": "shop.end"}]})
        done = self.run_program(
            "secmgr-enforce", "-q", "-f", "-o", self.trace, "-p", path,
            *options, "--", workloads.PYTHON, "-S", "-B",
            *self.script("import os, pickle, socket, _ctypes\n"
                         "sys.audit('shop.begin')\n"
                         f"try: status = {operation}\n"
                         "except OSError as error:\n"
                         "    assert error.errno in (13, 98), error\n"
                         "    denied = 'secmgr' in str(error)\n"
                         "else: denied = status == 127\n"
                         "sys.audit('shop.end')\n"
                         "print(denied)\n")[2:])
        events = self.events()
        first, last = (
            max(at for at, one in enumerate(events)
                if one["event"] == f"shop.{name}")
            for name in ("begin", "end"))
        told = {one["verdict"] for one in events[first:last + 1]
                if one["event"] == event
                and not one["file"].startswith("<frozen")}
        if family == "processes":  # in the child that was forked for it
            told = {one["verdict"] for one in events
                    if one["event"] == event}
        self.assertEqual(1, len(told), (family, modes, options, told))
        return done.stdout == "True\n", told.pop()

    def test_each_family_in_each_mode(self):
        for family in rollout.FAMILIES:
            for mode, verdict in self.VERDICTS.items():
                with self.subTest(family=family, mode=mode):
                    others = dict.fromkeys(rollout.FAMILIES, "off")
                    wanted = (mode == "block", verdict)
                    self.assertEqual(wanted, self.verdict(
                        family, {**others, family: mode}))
                    # In place of what the policy says.
                    other = "block" if mode != "block" else "warn"
                    self.assertEqual(wanted, self.verdict(
                        family, {**others, family: other},
                        "--mode", f"{family}={mode}"))
                    # Warn in all: nothing is denied, nothing more is decided.
                    self.assertEqual(
                        (False, "warned" if mode == "block" else verdict),
                        self.verdict(family, {**others, family: mode},
                                     "--mode", "warn"))

    def test_block_is_the_mode_of_families_that_name_none(self):
        for family in rollout.FAMILIES:
            modes = dict.fromkeys(rollout.FAMILIES, "off")
            del modes[family]
            with self.subTest(family=family):
                # Events that are not CPython's own only warn by default.
                self.assertEqual(
                    (family != "events",
                     "warned" if family == "events" else "denied"),
                    self.verdict(family, modes))


class AfterDenial(rollout.Rollout):
    def test_what_follows_is_marked_here_and_in_children(self):
        self.run_program(
            "secmgr-enforce", "-p", self.old, "-o", self.trace, "--",
            *self.script(
                "import os, subprocess\n"
                "if len(sys.argv) > 1: ask('child'); sys.exit()\n"
                "if not os.fork(): ask('innocent'); os._exit(0)\n"
                "os.wait()\n"
                "ask('before', 'refund', 'after')\n"
                "if not os.fork(): ask('forked'); os._exit(0)\n"
                "os.wait()\n"
                "subprocess.run([sys.executable, '-B', __file__, 'x'])\n"))
        marks = {event["event"][5:]: event["after_denial"]
                 for event in self.events("--event=shop.*")}
        self.assertEqual({"innocent": False, "before": False,
                          "refund": False, "after": True, "forked": True,
                          "child": True}, marks)
        out = self.run_program("secmgr-events", "--event=shop.*",
                               self.trace).stdout
        self.assertEqual(3, out.count("  (after a denial)\n"))
        for option, follows in (("", True), ("=no", False)):
            self.assertEqual(
                {name for name in marks if marks[name] == follows},
                {event["event"][5:] for event in self.events(
                    "--event=shop.*", "--after-denial" + option)})
        rows = self.run_program(
            "secmgr-events", "--sql", "select event, after_denial from event "
            "where event glob 'shop.*'", self.trace).stdout.splitlines()[1:]
        self.assertEqual({(f"shop.{name}", str(int(mark)))
                          for name, mark in marks.items()},
                         {tuple(row.split("\t")) for row in rows})
        exported = [json.loads(line) for line in self.run_program(
            "secmgr-events", "--export=json",
            self.trace).stdout.splitlines()]
        self.assertEqual(marks, {
            event["event"][5:]: event["after_denial"] for event in exported
            if event.get("event", "").startswith("shop.")})
        self.assertIn("is not no", self.run_program(
            "secmgr-events", "--after-denial=yes", self.trace,
            status=2).stderr)

    def test_what_follows_is_not_learned_unless_asked_for(self):
        self.run_program(
            "secmgr-enforce", "-p", self.old, "-o", self.trace, "--",
            *self.script(
                "import os, subprocess\n"
                "if len(sys.argv) > 1: ask('child'); sys.exit()\n"
                "ask('before', 'refund', 'after')\n"
                "subprocess.run([sys.executable, '-B', __file__, 'x'])\n"))

        def learned(*arguments):
            done = self.run_program("secmgr-learn", "--no-estimate",
                                    *arguments)
            return {rule["name"][5:] for rule in json.loads(done.stdout)[
                "events"] if rule["name"].startswith("shop.")}, done.stderr

        report = self.place / "report.json"
        names, told = learned("--report", report, self.trace)
        self.assertEqual({"before"}, names)
        follow = len(self.events("--after-denial"))
        self.assertGreater(follow, 100)  # the child is one of them
        self.assertIn(f": {follow} events followed a denial and were not "
                      "learned from; --after-denial takes them in", told)
        self.assertEqual(follow, json.loads(report.read_text())[
            "after_denial"])
        summary = self.place / "t.summary"
        self.run_program("secmgr-learn", "--summary", summary, self.trace)
        self.assertEqual((names, told), learned(summary))
        names, told = learned("--after-denial", self.trace)
        self.assertEqual({"before", "after", "child"}, names)
        self.assertNotIn("followed a denial", told)


if __name__ == "__main__":
    unittest.main()

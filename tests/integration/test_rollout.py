# SPDX-License-Identifier: Apache-2.0
"""Rolling a policy out: a shadow policy beside the enforced one, other policies
for what already runs, and what a denial leaves behind."""
import collections
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

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
        done = subprocess.run(
            [workloads.program(name), *map(str, arguments)], cwd=self.place,
            env=workloads.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60, check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done

    def reload(self, pid, *options, status=0):
        return self.run_program("secmgr-enforce", "--reload", pid, *options,
                                status=status)

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
        old = self.write("old.json", policy())
        bad = self.write("bad.json", {"secmgr": 1, "filse": []})
        done = self.run_program(
            "secmgr-enforce", "-p", old, "--shadow", bad, "--",
            *self.script("print('ran')\n"), status=125)
        self.assertEqual("", done.stdout)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertIn("bad.json:1:", done.stderr)



class Modes(Rollout):
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
        for family in FAMILIES:
            for mode, verdict in self.VERDICTS.items():
                with self.subTest(family=family, mode=mode):
                    others = dict.fromkeys(FAMILIES, "off")
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
        for family in FAMILIES:
            modes = dict.fromkeys(FAMILIES, "off")
            del modes[family]
            with self.subTest(family=family):
                # Events that are not CPython's own only warn by default.
                self.assertEqual(
                    (family != "events",
                     "warned" if family == "events" else "denied"),
                    self.verdict(family, modes))


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


class Reload(Rollout):
    def serve(self, *options, policy_path=None, **more):
        return Service(self, "--policy", policy_path or self.old, *options,
                       **more)

    def collector(self, pid):
        out = self.run_program("secmgr-status", "--json").stdout
        for collector in json.loads(out)["collectors"]:
            if collector["pid"] == pid:
                return collector
        self.fail(f"no collector {pid}: {out}")

    def test_what_was_denied_is_allowed_at_once(self):
        service = self.serve("-o", self.trace)
        self.assertEqual(["refund denied", "sale passed"],
                         service.ask("refund", "sale"))
        done = self.reload(service.pid, "--policy", self.new)
        self.assertRegex(done.stdout, r"^reloaded: 1 process, 1 of them with "
                                      r"the next event\n$")
        self.assertEqual(["refund passed", "sale denied"],
                         service.ask("refund", "sale"))
        service.end()
        # Each event under the policy that decided it; replay says the same.
        for path, events in (self.old, 2), (self.new, 2):
            found = json.loads(self.run_program(
                "secmgr-replay", "--json", path, self.trace,
                status=1).stdout)
            self.assertEqual((0, events), (found["differs"],
                                           found["recorded_verdicts"]))
        header = self.export_header()
        self.assertEqual(
            [str(self.old), str(self.new)],
            [row["path"] for row in header["policies"]])
        self.assertEqual([1, 2], [row["policy"]
                                  for row in header["adoptions"]])
        changed = header["adoptions"][1]["seq"]
        asked = self.events("--event=shop.*")
        self.assertEqual([True, True, False, False],
                         [event["seq"] < changed for event in asked])

    def export_header(self):
        """policy and adoption, as plain sqlite3 reads them."""
        with sqlite3.connect(self.trace) as db:
            db.row_factory = sqlite3.Row
            return {"policies": [dict(row) for row in db.execute(
                        "select * from policy order by number")],
                    "adoptions": [dict(row) for row in db.execute(
                        "select * from adoption order by process, seq")]}

    def test_a_bad_policy_changes_nothing(self):
        service = self.serve()
        bad = self.write("bad.json", {"secmgr": 1, "filse": []})
        missing = self.place / "missing.json"
        for options in (("--policy", bad), ("--policy", missing),
                        ("--policy", self.new, "--shadow", bad)):
            done = self.reload(service.pid, *options, status=125)
            self.assertEqual("", done.stdout)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertEqual(1, self.collector(service.pid)["generation"])
        self.assertEqual(["refund denied"], service.ask("refund"))
        service.end()

    def test_a_process_that_enforces_nothing_is_told_so(self):
        done = self.reload(os.getpid(), "--policy", self.new, status=125)
        self.assertIn("neither a secmgr-enforce of yours nor", done.stderr)
        recorder = subprocess.Popen(
            [workloads.program("secmgr-record"), "-o", self.trace, "--",
             *self.script(SERVE)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=workloads.environment())
        try:
            recorder.stdin.write(b"one\n")
            recorder.stdin.flush()
            recorder.stdout.readline()
            done = self.reload(recorder.pid, "--policy", self.new, status=125)
            self.assertIn("nothing is enforced there", done.stderr)
        finally:
            recorder.communicate()

    def test_by_default_the_same_files_are_read_again(self):
        self.write("both.json", policy("a"))
        self.write("asked.json", policy("b"))
        service = Service(self, "--policy", "both.json", "--shadow",
                          "asked.json", "-o", self.trace)
        self.assertEqual(["a denied", "b passed"], service.ask("a", "b"))
        self.write("both.json", policy("b"))
        self.write("asked.json", policy("a"))
        self.reload(service.pid)
        self.assertEqual(["a passed", "b denied"], service.ask("a", "b"))
        service.end()
        self.assertEqual(
            [("denied", "allowed"), ("allowed", "denied"),
             ("allowed", "denied"), ("denied", "allowed")],
            [(event["verdict"], event["shadow"])
             for event in self.events("--event=shop.*")])

    def test_the_shadow_comes_goes_and_takes_the_place(self):
        service = self.serve("-o", self.trace)
        service.ask("sale")
        self.reload(service.pid, "--shadow", self.new)
        status = self.collector(service.pid)
        self.assertEqual(str(self.old), status["policy"]["path"])
        self.assertEqual(str(self.new), status["shadow"]["path"])
        self.assertEqual(["sale passed"], service.ask("sale"))
        self.reload(service.pid, "--policy", self.new, "--no-shadow")
        status = self.collector(service.pid)
        self.assertEqual(str(self.new), status["policy"]["path"])
        self.assertIsNone(status["shadow"])
        self.assertEqual(3, status["generation"])
        self.assertEqual(["sale denied"], service.ask("sale"))
        self.assertIn("would have denied 1 events that passed",
                      service.end())
        self.assertEqual(
            [("allowed", "undecided"), ("allowed", "denied"),
             ("denied", "undecided")],
            [(event["verdict"], event["shadow"])
             for event in self.events("--event=shop.*")])

    def test_modes_change_with_a_reload(self):
        service = self.serve("--mode=warn")
        self.assertEqual(["refund passed"], service.ask("refund"))
        self.reload(service.pid, "--mode=block")
        self.assertEqual("block", self.collector(service.pid)["mode"])
        self.assertEqual(["refund denied"], service.ask("refund"))
        self.reload(service.pid, "--mode=events=warn")
        self.assertEqual(["refund passed"], service.ask("refund"))
        self.reload(service.pid)
        self.assertEqual(["refund denied"], service.ask("refund"))
        self.reload(service.pid, "--mode=warn")
        self.assertEqual(["refund passed"], service.ask("refund"))
        service.end()

    CHILD = """\
for line in sys.stdin:
    ask(*line.split())
    if len(sys.argv) > 1: print('end', flush=True)
"""
    CHILDREN = """\
import subprocess
def start(*arguments, env=None):
    return subprocess.Popen([sys.executable, '-S', 'child.py', *arguments],
                            env=env, stdin=subprocess.PIPE, text=True)
def tell(one, *names):
    try:
        one.stdin.write(' '.join(names) + '\\n')
        one.stdin.flush()
    except BrokenPipeError: pass
early = start('ends')
for line in sys.stdin:
    if line == 'early\\n':
        tell(early, 'refund')
    else:
        late = start(env={} if 'bare' in line else None)
        tell(late, 'refund')
        try: late.stdin.close()
        except BrokenPipeError: pass
        late.wait()
        print('end', flush=True)
early.stdin.close()
early.wait()
"""

    def ask_children(self, service, line, *told):
        service.process.stdin.write(line + "\n")
        service.process.stdin.flush()
        self.assertEqual(list(told), service.read("end"), line)

    def test_children_block_once_a_warning_policy_does(self):
        # Those that were started before, and those started later: with the
        # environment of then, with none, and without a recorder.
        self.script(self.CHILD, "child.py")
        service = self.serve("--mode=warn", code=self.CHILDREN)
        for line in "early", "late", "late bare":
            self.ask_children(service, line, "refund passed")
        self.reload(service.pid, "--mode=block")
        for line in "early", "late", "late bare":
            self.ask_children(service, line, "refund denied")
        service.process.kill()
        service.process.wait()
        self.ask_children(service, "early", "refund denied")
        for line in "late", "late bare":  # cannot even start
            self.ask_children(service, line)

    def test_children_only_warn_once_a_blocking_policy_does(self):
        self.script(self.CHILD, "child.py")
        service = self.serve(code=self.CHILDREN)
        for line in "early", "late":
            self.ask_children(service, line, "refund denied")
        self.reload(service.pid, "--mode=warn")
        for line in "early", "late", "late bare":
            self.ask_children(service, line, "refund passed")
        service.process.kill()
        service.process.wait()
        for line in "early", "late", "late bare":
            self.ask_children(service, line, "refund passed")

    def test_variables_are_those_of_the_program(self):
        rules = {"secmgr": 1, "modes": dict.fromkeys(FAMILIES[1:], "off"),
                 "variables": {"DATA": "/nowhere"},
                 "files": [{"path": "${DATA}/**", "access": ["list"]},
                           {"path": "${CWD}/here", "access": ["list"]}]}
        (self.place / "data/a").mkdir(parents=True)
        (self.place / "here").mkdir()
        (self.place / "elsewhere").mkdir()
        first = self.write("first.json", policy())
        second = self.write("second.json", rules)
        service = self.serve(
            "--set", f"DATA={self.place}/data", policy_path=first,
            code="import os\nfor line in sys.stdin:\n"
                 "    for name in line.split():\n"
                 "        try: os.listdir(name); print(name, 'passed')\n"
                 "        except PermissionError: print(name, 'denied')\n"
                 "    print('done', flush=True)\n")
        service.ask("data/a")
        done = subprocess.run(
            [workloads.program("secmgr-enforce"), "--reload",
             str(service.pid), "--policy", second], cwd="/", check=False,
            env=workloads.environment(), stdout=subprocess.PIPE)
        self.assertEqual(0, done.returncode)
        self.assertEqual(["data/a passed", "here passed",
                          "elsewhere denied"],
                         service.ask("data/a", "here", "elsewhere"))
        self.reload(service.pid, "--policy", second,
                    "--set", f"DATA={self.place}/elsewhere")
        self.assertEqual(["data/a denied"], service.ask("data/a"))
        service.end()

    def test_dash_d_is_found_by_the_commands_pid(self):
        service = self.serve("-D")
        self.assertEqual(["refund denied"], service.ask("refund"))
        self.reload(service.pid, "--policy", self.new)
        self.assertEqual(["refund passed"], service.ask("refund"))
        service.end()

    def test_every_process_picks_it_up(self):
        service = self.serve(
            "-o", self.trace, code="import multiprocessing, os, time\n"
            "def work(number):\n"
            "    print('ready', flush=True)\n"
            "    while not os.path.exists('stop'):\n"
            "        time.sleep(0.01)\n"
            "        sys.audit('shop.idle')\n"
            "    sys.audit('shop.refund', number)\n"
            "if __name__ == '__main__':\n"
            "    many = [multiprocessing.get_context(how).Process(\n"
            "        target=work, args=(how,), daemon=True)\n"
            "        for how in ('fork', 'fork', 'spawn')]\n"
            "    for one in many: one.start()\n"
            "    for one in many: one.join()\n"
            "    assert not any(one.exitcode for one in many)\n"
            "    print('done', flush=True)\n")
        for _ in range(3):
            service.read("ready")
        done = self.reload(service.pid, "--policy", self.new)
        self.assertRegex(done.stdout, "^reloaded: [4-6] processes")
        (self.place / "stop").touch()
        service.read("done")
        service.end()

    def test_never_a_mixture_of_two_policies(self):
        # One policy and its shadow say the opposite of each other, always.
        ab = self.write("ab.json", policy("a"))
        ba = self.write("ba.json", policy("b"))
        service = self.serve(
            "--shadow", ba, "-o", self.trace, policy_path=ab,
            code="import os, threading, time\n"
            "end = time.monotonic() + 4\n"
            "def work():\n"
            "    while time.monotonic() < end:\n"
            "        for name in 'ab':\n"
            "            try: sys.audit('shop.' + name)\n"
            "            except PermissionError: pass\n"
            "        time.sleep(0.0005)\n"
            "print('ready', flush=True)\n"
            "threads = [threading.Thread(target=work) for _ in range(3)]\n"
            "for thread in threads: thread.start()\n"
            "while time.monotonic() < end:\n"
            "    child = os.fork()\n"
            "    if not child:\n"
            "        for _ in range(3):\n"
            "            for name in 'ab':\n"
            "                try: sys.audit('shop.' + name)\n"
            "                except PermissionError: pass\n"
            "            time.sleep(0.01)\n"
            "        os._exit(0)\n"
            "    assert os.waitpid(child, 0)[1] == 0\n"
            "for thread in threads: thread.join()\n")
        service.read("ready")
        count = [0]

        def swap():
            while service.process.poll() is None:
                for policy_path, shadow in (ba, ab), (ab, ba):
                    done = subprocess.run(
                        [workloads.program("secmgr-enforce"), "--reload",
                         str(service.pid), "-p", policy_path, "--shadow",
                         shadow], stdout=subprocess.DEVNULL, check=False,
                        stderr=subprocess.DEVNULL)
                    count[0] += done.returncode == 0

        askers = [threading.Thread(target=swap) for _ in range(2)]
        for asker in askers:
            asker.start()
        service.process.wait(60)
        for asker in askers:
            asker.join()
        service.end()
        self.assertGreater(count[0], 10)
        verdicts = collections.Counter(
            (event["verdict"], event["shadow"])
            for event in self.events("--event=shop.*"))
        self.assertEqual({("denied", "allowed"), ("allowed", "denied")},
                         set(verdicts))
        self.assertGreater(sum(verdicts.values()), 1000)
        for path in ab, ba:
            found = json.loads(self.run_program(
                "secmgr-replay", "--json", path, self.trace,
                status=1).stdout)
            self.assertEqual(0, found["differs"])

    def test_a_new_file_of_the_trace_holds_the_policy_too(self):
        service = self.serve("-o", self.trace, "--max-size=256K", "--rotate",
                             "--ring-size=256K", "--on-full=wait:1000")
        service.ask("refund")
        self.reload(service.pid, "--policy", self.new)
        names = [f"sale refund number{i}" for i in range(20000)]
        for start in range(0, len(names), 1000):
            service.ask(*names[start:start + 1000])
        service.end()
        self.assertTrue((self.place / "t.db.1").exists())
        header = self.export_header()
        self.assertEqual([str(self.new)], [
            row["path"] for row in header["policies"]])
        self.assertEqual([1], [row["policy"]
                               for row in header["adoptions"]])
        # Whatever the last file holds, perhaps nothing that is blocked.
        found = json.loads(subprocess.run(
            [workloads.program("secmgr-replay"), "--json", self.new,
             self.trace], stdout=subprocess.PIPE, check=False).stdout)
        self.assertEqual(0, found["differs"])
        self.run_program("secmgr-events", "--verify", self.trace)

    def test_options_that_start_something_are_refused(self):
        for options in (("-o", "x.db"), ("--", "true")):
            done = self.reload(1, *options, status=125)
            self.assertIn("--reload starts no COMMAND", done.stderr)
        for pid in "0", "-1", "x", "", "99999999999":
            self.assertIn("is no process id",
                          self.reload(pid, status=125).stderr)
        done = self.run_program("secmgr-enforce", "-p", self.old,
                                "--no-shadow", "--", "true", status=125)
        self.assertIn("needs --reload", done.stderr)


class AfterDenial(Rollout):
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


class Lock(Rollout):
    """What is held to a policy cannot ask for another one."""

    ASK = """\
import os, subprocess, sys
pid, enforce, new = sys.argv[1:4]
"""

    def attempt(self, code, *options):
        everything = self.write("wide.json", policy())
        script = self.place / "attempt.py"
        script.write_text(self.ASK + code)
        service = Service(
            self, "--policy", self.old, *options, command=[
                workloads.PYTHON, "-B", "-c",
                "import os, subprocess, sys\n"
                "pid = os.getpid() if sys.argv[1] == '-D' else os.getppid()\n"
                "os.execv(sys.executable, [sys.executable, '-B', "
                "sys.argv[2], str(pid), *sys.argv[3:]])\n",
                *(options or [""]), str(script),
                workloads.program("secmgr-enforce"), str(everything)])
        out, err = service.process.communicate(timeout=60)
        return out, err

    TRY = ("try: sys.audit('shop.refund'); print('WIDENED')\n"
           "except PermissionError: print('held')\n")

    def test_no_child_may(self):
        for start in (
                "subprocess.run(command)\n",
                "subprocess.run(command, env={}, start_new_session=True)\n",
                "subprocess.run(['env', '-i', *command])\n",
                "os.system(' '.join(command))\n",
                "if not os.fork(): os.execve(command[0], command, {})\n"
                "os.wait()\n",
                "subprocess.run(['sh', '-c', 'unset LD_PRELOAD "
                "SECMGR_CHANNEL; ' + ' '.join(command)])\n"):
            for options in (), ("-D",):
                out, err = self.attempt(
                    "command = [enforce, '--reload', pid, '-p', new]\n" +
                    start + self.TRY, *options)
                self.assertIn("held", out, start + out + err)
                self.assertNotIn("WIDENED", out)
                self.assertNotIn("reloaded", out)
                if not options:  # -D has no terminal to tell it on
                    self.assertIn("refused by the collector", err)

    def test_no_python_of_it_may_speak_itself(self):
        out, err = self.attempt(
            "import array, glob, re, socket, struct\n"
            "import ctypes\n"
            "channel = os.environ['SECMGR_CHANNEL']\n"
            "path = os.path.dirname(channel.split(':', 5)[5]) + '/control'\n"
            "def speak():\n"
            "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
            "    s.connect(path)\n"
            "    fd = os.memfd_create('x')\n"
            "    os.write(fd, bytes([0x84, 1, 2, 0x81, 0, 0x81, 0]))\n"
            "    s.sendmsg([b'\\1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,\n"
            "                        array.array('i', [fd]))])\n"
            "    print(s.recv(1000)[2:], flush=True)\n"
            "speak()\n"
            "if not os.fork():\n"
            "    os.setsid()\n"
            "    if not os.fork(): speak()\n"
            "    os._exit(0)\n"
            "os.wait()\n"
            "import time; time.sleep(0.3)\n" + self.TRY)
        self.assertEqual(2, out.count("may not change it"), out + err)
        self.assertIn("held", out)


class Gunicorn(Rollout):
    def test_a_reload_under_load_fails_no_request(self):
        workloads.require("gunicorn")
        (self.place / "web.py").write_text(
            "import os, sys\n"
            "def app(environ, start):\n"
            "    try:\n"
            "        sys.audit('shop.' + environ['PATH_INFO'][1:])\n"
            "        status = '200 OK'\n"
            "    except PermissionError:\n"
            "        status = '403 Forbidden'\n"
            "    start(status, [('Content-Type', 'text/plain')])\n"
            "    return [str(os.getpid()).encode()]\n")
        port = workloads.free_port()
        service = Service(self, "--policy", self.old, "-o", self.trace,
                          command=["/usr/bin/gunicorn", "--workers", "2",
                                   "--bind", f"127.0.0.1:{port}", "web:app"])

        def get(name):
            try:
                with urllib.request.urlopen(
                        f"http://127.0.0.1:{port}/{name}", timeout=10) as got:
                    return got.status, got.read()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read()

        deadline = time.monotonic() + 30
        while True:
            try:
                get("ready")
                break
            except OSError:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
        self.assertEqual(403, get("refund")[0])
        self.assertEqual(200, get("sale")[0])
        seen, stop = collections.Counter(), threading.Event()

        def load():
            while not stop.is_set():
                try:
                    seen[get("both")[0]] += 1
                except OSError as error:
                    seen[repr(error)] += 1

        clients = [threading.Thread(target=load) for _ in range(3)]
        for client in clients:
            client.start()
        time.sleep(0.3)
        for path, refund in (self.new, 200), (self.old, 403), \
                (self.new, 200):
            done = self.reload(service.pid, "--policy", path)
            self.assertRegex(done.stdout, "^reloaded: 3 processes")
            answers = [get("refund") for _ in range(20)]
            self.assertEqual({refund}, {status for status, _ in answers})
        workers = {pid for _, pid in answers}
        stop.set()
        for client in clients:
            client.join()
        self.assertEqual([200], list(seen), seen)
        self.assertGreater(seen[200], 20)
        self.assertTrue(workers)
        service.process.terminate()
        service.process.communicate(timeout=60)
        for path in self.old, self.new:
            found = json.loads(self.run_program(
                "secmgr-replay", "--json", path, self.trace,
                status=1).stdout)
            self.assertEqual(0, found["differs"])


if __name__ == "__main__":
    unittest.main()

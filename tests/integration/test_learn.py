#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Learned policies let through what is of the recorded kind, and no more."""
import json
import os
import pathlib
import pickle
import shutil
import socketserver
import subprocess
import tempfile
import textwrap
import threading
import unittest

from workloads import PYTHON, environment, program

APP = """\
    import datetime, json, os, pickle, socket, subprocess, sys, tempfile

    def note(user, title):
        return os.path.join("data", user, "notes", title + ".txt")

    def save(user, title):
        os.makedirs(os.path.dirname(note(user, title)), exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir="data", prefix="new-",
                                         suffix=".part", delete=False) as f:
            f.write(f"{title} of {user}")
        os.rename(f.name, note(user, title))
        with open(f"data/log/{datetime.date.today()}.log", "a") as f:
            f.write(user)
        return "saved"

    def show(user, title):
        with open(note(user, title)) as f:
            return f.read()

    def page(name):
        with open(os.path.join("pages", name)) as f:
            return f.read()

    def count(user, title):
        done = subprocess.run(["wc", "-c", note(user, title)], check=True,
                              capture_output=True, text=True)
        return done.stdout.split()[0]

    def greet(name):
        return str(os.system(f"echo hello {name} > /dev/null"))

    def calculate(text):
        return str(eval(text))

    def unpack(text):
        return str(pickle.loads(bytes.fromhex(text)))

    def fetch(port):
        with socket.create_connection(("127.0.0.1", int(port))) as s:
            return s.recv(9).decode()

    for line in sys.stdin:
        name, *args = json.loads(line)
        try:
            print(name, globals()[name](*args), flush=True)
        except Exception as error:
            print(name, type(error).__name__, flush=True)
    """


class Hello(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"hello")


class Bomb:
    def __reduce__(self):
        return os.system, ("echo exploded",)


def serve():
    server = socketserver.TCPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Learned(unittest.TestCase):
    """One program, recorded twice, learned once."""

    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="sm-learn-"))
        cls.home = cls.place / "app"
        cls.servers = [serve(), serve()]
        cls.port, cls.inside = (str(s.server_address[1])
                                for s in cls.servers)
        cls.traces = [cls.place / "one.db", cls.place / "two.db"]
        cls.runs = [
            [["save", "anna", "first"], ["show", "anna", "first"],
             ["save", "ben", "shopping list"], ["page", "index.html"],
             ["show", "ben", "shopping list"], ["page", "about.html"],
             ["count", "anna", "first"], ["greet", "anna"],
             ["calculate", "6 * 7"], ["fetch", cls.port],
             ["unpack", pickle.dumps({"a": 1}).hex()]],
            [["save", "carla", "to.do"], ["show", "carla", "to.do"],
             ["count", "carla", "to.do"], ["page", "terms.html"],
             ["greet", "ben"], ["greet", "carla"],
             ["calculate", "len('abc')"]],
        ]
        cls.outputs = [
            cls.run_app(rows, "secmgr-record", "-o", str(trace), "--")
            for rows, trace in zip(cls.runs, cls.traces)]
        cls.policy = cls.place / "policy.json"
        done = cls.learn(*cls.traces, "-o", cls.policy)
        if done.returncode:
            raise RuntimeError(done.stderr)

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.shutdown()
            server.server_close()
        shutil.rmtree(cls.place)

    @classmethod
    def populate(cls):
        shutil.rmtree(cls.home, ignore_errors=True)
        (cls.home / "data" / "log").mkdir(parents=True)
        (cls.home / "pages").mkdir()
        for name in ("index", "about", "terms", "contact us"):
            (cls.home / "pages" / f"{name}.html").write_text(f"<{name}>")
        (cls.home / "app.py").write_text(textwrap.dedent(APP))
        (cls.home / "secret.key").write_text("root:secret")

    @classmethod
    def run_app(cls, rows, *wrapper):
        """What the program prints for rows, in a fresh place."""
        cls.populate()
        if wrapper:
            wrapper = [program(wrapper[0]), *wrapper[1:]]
        done = subprocess.run(
            [*wrapper, PYTHON, "app.py"], cwd=cls.home, env=environment(),
            input="".join(json.dumps(row) + "\n" for row in rows),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{wrapper}: {done.returncode} {done.stderr}")
        return done.stdout

    @staticmethod
    def learn(*args):
        return subprocess.run([program("secmgr-learn"), *map(str, args)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)

    def enforce(self, rows):
        return self.run_app(rows, "secmgr-enforce", "--policy",
                            str(self.policy), "--")

    def test_recorded_traffic_replays_without_a_block(self):
        done = subprocess.run(
            [program("secmgr-replay"), "--json", str(self.policy),
             *map(str, self.traces)], stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(json.loads(done.stdout)["blocked"], 0)

    def test_recorded_traffic_gives_the_same_output_when_enforced(self):
        for rows, output in zip(self.runs, self.outputs):
            self.assertEqual(self.enforce(rows), self.run_app(rows))
            self.assertEqual(self.run_app(rows), output)

    def test_unseen_benign_traffic_passes(self):
        rows = []
        for user, title in (("dora", "x"), ("Hans Peter", "2026-01-02"),
                            ("e.f-g", "my long note.v2")):
            rows += [["save", user, title], ["show", user, title],
                     ["count", user, title]]
        rows += [["greet", "dora"], ["page", "contact us.html"],
                 ["calculate", "sum([1, 2])"], ["fetch", self.port],
                 ["unpack", pickle.dumps([1, 2]).hex()]]
        self.assertEqual(self.enforce(rows), self.run_app(rows))

    def stopped(self, row, loot, before=()):
        """Without the policy row gets loot, with it it does not."""
        rows = [*before, row]
        self.assertIn(loot, self.run_app(rows))
        self.assertNotIn(loot, self.enforce(rows))

    def test_paths_outside_are_stopped(self):
        self.stopped(["page", "../app.py"], "import datetime")
        self.stopped(["page", "../secret.key"], "secret")
        self.stopped(["page", "/etc/passwd"], "root:")
        self.stopped(["page", "../" * 12 + "etc/passwd"], "root:")

    def test_writing_code_is_stopped(self):
        self.enforce([["save", "../..", "../../app.py"],
                      ["save", "anna", "../../../app.py"]])
        self.assertFalse((self.home / "app.py.txt").exists())

    def test_words_that_make_commands_are_stopped(self):
        loot = self.home / "loot"
        for name in (f"x; id > {loot}; echo", f"$(id > {loot})",
                     f"`id > {loot}`", f"x > {loot}; echo",
                     f"x\nid > {loot}\necho"):
            self.run_app([["greet", name]])
            self.assertTrue(loot.exists(), name)
            self.enforce([["greet", name]])
            self.assertFalse(loot.exists(), name)

    def test_code_from_text_gets_nothing(self):
        self.stopped(["calculate", "open('/etc/passwd').read()"], "root:")
        self.stopped(["calculate", "__import__('os').system('echo got it')"],
                     "got it")
        self.stopped(["calculate", "__import__('subprocess')"
                      ".check_output(['id'])"], "uid=")

    def test_unsafe_pickles_are_stopped(self):
        self.stopped(["unpack", pickle.dumps(Bomb()).hex()], "exploded")

    def test_other_ports_are_stopped(self):
        self.stopped(["fetch", self.inside], "hello")

    def test_any_order_of_traces_gives_the_same_bytes(self):
        one, two = self.traces
        texts = {self.learn(*order).stdout for order in (
            (one, two), (two, one), (one, two, one), (two, two, one))}
        self.assertEqual(texts, {self.policy.read_text()})

    def test_evidence_adds_seen_only(self):
        policy = json.loads(self.learn(*self.traces, "--evidence").stdout)
        for rules in policy.values():
            for rule in rules if isinstance(rules, list) else []:
                if isinstance(rule, dict):
                    rule.pop("seen", None)
        self.assertEqual(policy, json.loads(self.policy.read_text()))

    def test_strict_leaves_marked_grants_out_and_says_so(self):
        done = self.learn(*self.traces, "--strict")
        self.assertEqual(done.returncode, 1)
        refused = [line for line in done.stderr.splitlines()
                   if "not granted: " in line]
        self.assertTrue(refused, done.stderr)
        for line in refused:
            self.assertRegex(line, ", which --strict leaves out: [a-z]")
        self.assertNotIn('"review"', done.stdout)

    def test_stopped_events_are_not_learned_from(self):
        trace = self.place / "stopped.db"
        self.run_app([["page", "../app.py"]], "secmgr-enforce", "--policy",
                     str(self.policy), "-o", str(trace), "--")
        done = self.learn(*self.traces, trace)
        self.assertEqual(done.stdout, self.policy.read_text())
        self.assertIn("stopped by a policy", done.stderr)

    def test_estimate_finds_what_only_one_run_did(self):
        report = self.place / "report.json"
        done = self.learn(*self.traces, "--report", report)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(report.read_text())
        left_out = told["false_blocks"]["run"]
        self.assertEqual(left_out["policies"], 2)
        # The first run alone connects; both read and write files.
        self.assertEqual(left_out["families"]["network"], 1)
        self.assertGreaterEqual(told["false_blocks"]["per_1000_at_most"],
                                left_out["per_1000"])
        families = told["false_blocks"]["families"]
        self.assertGreater(families["network"]["per_1000"], 0)
        self.assertGreater(families["network"]["per_1000_at_most"],
                           families["network"]["per_1000"])
        self.assertEqual(families["pickles"]["per_1000"], 0)
        self.assertIn("of these network", done.stderr)
        self.assertIn("never raised by Python 3.11, so not learned: "
                      "sys.monitoring.register_callback (3.12)", done.stderr)
        self.assertIn("sys.remote_exec", told["never_raised"])
        self.assertIn("expected to block in error", done.stderr)

    def test_estimate_is_lower_for_what_comes_again(self):
        twice = self.place / "again.db"
        self.run_app(self.runs[0], "secmgr-record", "--force", "-o",
                     str(twice), "--")
        report = self.place / "again.json"
        self.learn(self.traces[0], twice, "--report", report)
        told = json.loads(report.read_text())["false_blocks"]["run"]
        self.assertEqual(told["families"]["network"], 0)

    def test_too_many_false_blocks_is_status_1(self):
        loose = self.learn(*self.traces, "--max-false-blocks", "1000")
        self.assertEqual(loose.returncode, 0, loose.stderr)
        tight = self.learn(*self.traces, "--max-false-blocks=0.001", "-q")
        self.assertEqual(tight.returncode, 1, tight.stderr)
        self.assertEqual(tight.stdout, loose.stdout)
        self.assertIn("more than the 0.001 of --max-false-blocks", tight.stderr)
        for wrong in ("-1", "many", "1001", ""):
            done = self.learn(*self.traces, "--max-false-blocks", wrong)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--max-false-blocks", done.stderr)

    def test_explain_tells_how_every_rule_came_about(self):
        done = self.learn("--explain", *self.traces)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        policy = json.loads(self.policy.read_text())
        rules = [rule for family, rules in policy.items()
                 if isinstance(rules, list) and family not in ("use", "review")
                 for rule in rules]
        self.assertEqual(rules, [json.loads(line) for line in lines[::2]])
        for rule, reason in zip(rules, lines[1::2]):
            self.assertRegex(reason, r"^    \S.*")
            # What is more than was recorded has a reason of its own.
            if "<tree>" in json.dumps(rule) or "<name>" in rule.get("path", ""):
                self.assertNotIn("as recorded (", reason, rule)

    def run_ids(self, *traces):
        done = self.learn("--list-runs", *traces)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split()[0] for line in done.stdout.splitlines()]

    def test_code_is_not_listed_for_a_program(self):
        with tempfile.TemporaryDirectory() as place:
            for i, options in enumerate((["-c"], ["-I", "-Sc"])):
                trace = f"{place}/{i}.db"
                subprocess.run([program("secmgr-record"), "-q", "-o", trace,
                                "--", PYTHON, *options, "print('a b')"],
                               check=True, stdout=subprocess.DEVNULL)
                self.assertTrue(self.learn("--list-runs", trace).stdout
                                .endswith(" " + options[-1] + "\n"))

    def test_excluded_run_takes_its_rules_along(self):
        first, second = self.run_ids(self.traces[0]), self.run_ids(self.traces[1])
        self.assertEqual(len(self.run_ids(*self.traces)), 2)
        done = self.learn(*self.traces, "--exclude-run", first[0][:10])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, self.learn(self.traces[1]).stdout)
        gone = done.stderr.split("these go:")[1]
        self.assertIn(f"127.0.0.1:{self.port}", gone)
        self.assertNotIn(f"127.0.0.1:{self.port}", self.learn(
            *self.traces, "--exclude-run", first[0]).stdout)
        done = self.learn(*self.traces, "--exclude-run", "zz")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--list-runs", done.stderr)
        self.assertNotEqual(first, second)

    def test_quorum_leaves_out_what_one_run_did(self):
        done = self.learn(*self.traces, "--quorum", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        policy = done.stdout
        self.assertNotIn(f"127.0.0.1:{self.port}", policy)
        self.assertIn(f"connect 127.0.0.1:{self.port}",
                      done.stderr.split("so it is denied:")[1])
        # Members differ from run to run: slots have all runs behind them.
        self.assertIn("data/<name>/notes/<tree>/<name>", policy)
        done = self.learn(*self.traces, "--quorum", "2:hosts")
        self.assertEqual(done.returncode, 2)
        self.assertIn("at least 2 hosts", done.stderr)
        for wrong in ("0", "9", "2:days", "x"):
            done = self.learn(*self.traces, "--quorum", wrong)
            self.assertEqual(done.returncode, 2)

    def test_runs_that_are_alike_lose_nothing_one_by_one(self):
        traces = [self.place / f"alike-{i}.db" for i in range(2)]
        for trace in traces:
            subprocess.run([program("secmgr-record"), "-o", trace, "--",
                            PYTHON, "-c", "import json"], check=True,
                           env=environment())
        run = self.learn("--list-runs", traces[1]).stdout.split()[0]
        done = self.learn("-q", "--no-estimate", "--quorum", "2", *traces)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.learn("-q", "--no-estimate", "--exclude-run", run, *traces)
        self.assertEqual(
            (done.returncode, done.stderr),
            (0, "secmgr-learn: no rule goes with the excluded runs\n"))

    def test_window_of_time(self):
        whole = self.learn(self.traces[0], "--no-estimate")
        same = self.learn(self.traces[0], "--since", "0", "--until",
                          "2999-01-01")
        self.assertEqual(whole.stdout, same.stdout)
        never = self.learn(self.traces[0], "--since", "2999-01-01")
        self.assertEqual(never.returncode, 2)
        self.assertIn("nothing was recorded", never.stderr)
        # Also where the host had not been started yet.
        never = self.learn(self.traces[0], "--until", "2001-01-01T00:00Z")
        self.assertEqual((2, ""), (never.returncode, never.stdout))
        events = subprocess.run(
            [program("secmgr-events"), "--json", str(self.traces[0])],
            stdout=subprocess.PIPE, check=True).stdout.splitlines()
        connect = next(event for event in map(json.loads, events)
                       if event["event"] == "socket.connect")
        early = self.learn(self.traces[0], "--until", connect["time"])
        late = self.learn(self.traces[0], "--since", connect["time"])
        address = f"127.0.0.1:{self.port}"
        self.assertIn(address, whole.stdout)
        self.assertNotIn(address, early.stdout)
        self.assertIn("echo hello", early.stdout)
        self.assertIn(address, late.stdout)
        self.assertNotIn("echo hello", late.stdout)
        self.assertEqual(
            self.learn(self.traces[0], "--since", "noon").returncode, 2)

    def learn_onto(self, base, *traces):
        path = self.place / "base.json"
        path.write_text(base if isinstance(base, str) else json.dumps(base))
        return self.learn("--base", path, "-q", *traces)

    def test_what_is_wrong_with_a_base_is_told_with_its_place(self):
        done = self.learn_onto(
            '{\n "secmgr": 1,\n "files": [\n  { "path": "${NONE}/x", "access": '
            '["read"] }\n ]\n}\n', *self.traces)
        self.assertEqual((2, ""), (done.returncode, done.stdout))
        self.assertIn(f"{self.place}/base.json:4:3: undefined variable",
                      done.stderr)

    def test_base_that_allows_all_stays_as_it_is(self):
        text = self.policy.read_text()
        done = self.learn_onto(text, *self.traces)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, text)

    def test_base_gets_only_what_it_lacks(self):
        first = self.learn(self.traces[0]).stdout
        done = self.learn_onto(first, self.traces[1])
        self.assertEqual(done.returncode, 0, done.stderr)
        both = self.place / "both.json"
        both.write_text(done.stdout)
        for trace in self.traces:
            replay = subprocess.run(
                [program("secmgr-replay"), str(both), str(trace)],
                stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(replay.returncode, 0, replay.stdout)
        old, new = json.loads(first), json.loads(done.stdout)
        for family in ("files", "network", "code", "processes"):
            for rule in old.get(family, []):
                self.assertIn(rule, new[family])

    def test_edits_of_a_person_stay(self):
        base = json.loads(self.policy.read_text())
        base["files"].append({"id": "mine", "path": "/opt/tool/**",
                              "access": ["read"], "by": ["app"]})
        base["deny"] = [{"id": "no", "connect": f"127.0.0.1:{self.port}"}]
        base["modes"] = {"events": "block"}
        base["network"] = []
        done = self.learn_onto(base, *self.traces)
        # The deny rule stands before what was recorded, and that is said.
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"127.0.0.1:{self.port}", done.stderr)
        new = json.loads(done.stdout)
        self.assertIn("mine", [rule["id"] for rule in new["files"]])
        self.assertEqual([rule["id"] for rule in new["deny"]], ["no"])
        self.assertEqual(new["modes"], {"events": "block"})
        self.assertNotIn("network", new)

    def test_base_of_another_interpreter_says_nothing_twice(self):
        base = json.loads(self.policy.read_text())
        base["variables"]["STDLIB"] = "/opt/python/lib/python3.8"
        base["variables"]["SITE"] = "/opt/python/lib/python3.8/site-packages"
        self.assertIn("python-runtime", base["use"])
        done = self.learn_onto(base, *self.traces)
        self.assertEqual(done.returncode, 0, done.stderr)
        new = json.loads(done.stdout)
        self.assertEqual(sorted(set(new["use"])), sorted(new["use"]))
        self.assertEqual("/opt/python/lib/python3.8",
                         new["variables"]["STDLIB"][0])
        rules = [json.dumps({**rule, "id": ""}) for family in new
                 if isinstance(new[family], list) for rule in new[family]
                 if isinstance(rule, dict) and "reason" not in rule]
        self.assertEqual(sorted(set(rules)), sorted(rules))
        both = self.place / "both.json"
        both.write_text(done.stdout)
        for trace in self.traces:
            replay = subprocess.run(
                [program("secmgr-replay"), str(both), str(trace)],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                check=False)
            self.assertEqual(replay.returncode, 0, replay.stdout)

    def test_base_that_is_no_policy_is_refused(self):
        done = self.learn_onto('{"secmgr": 1, "file": []}', *self.traces)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertIn("base.json:1:", done.stderr)

    def test_same_name_for_another_directory_is_told_apart(self):
        base = json.loads(self.policy.read_text())
        base["variables"]["APP"] = "/srv/other"
        base["files"] = [{"id": "mine", "path": "${APP}/data/<name>.txt",
                          "access": ["read"], "by": ["app"]}]
        done = self.learn_onto(base, *self.traces)
        self.assertEqual(done.returncode, 0, done.stderr)
        new = json.loads(done.stdout)
        self.assertEqual(new["variables"]["APP"], "/srv/other")
        self.assertEqual(new["variables"]["APP_2"], str(self.home))
        self.assertIn("${APP_2}/data/<name>/notes/<tree>/<name>",
                      [rule["path"] for rule in new["files"]])

    def test_summaries_give_what_their_traces_give(self):
        summaries = [self.place / f"{trace.stem}.summary"
                     for trace in self.traces]
        for trace, summary in zip(self.traces, summaries):
            done = self.learn("--summary", summary, trace)
            self.assertEqual((done.returncode, done.stdout), (0, ""))
        both = self.place / "both.summary"
        self.learn("--summary", both, *reversed(summaries))
        texts = [self.learn(*operands).stderr + self.policy.read_text()
                 for operands in (self.traces, summaries, [both],
                                  [summaries[1], self.traces[0], both])]
        self.assertEqual(len(set(texts)), 1, texts)
        for operands in ([both], [summaries[1], self.traces[0], both]):
            self.assertEqual(self.learn(*operands).stdout,
                             self.policy.read_text())
        self.assertEqual(self.learn("--list-runs", both).stdout,
                         self.learn("--list-runs", *self.traces).stdout)

    def test_what_learns_no_policy_takes_no_option_for_one(self):
        """A summary without a run that was excluded would hold it."""
        trace, out = self.traces[0], self.place / "never"
        for instead in (["--list-runs"], ["--drift-from", trace],
                        ["--summary", out]):
            for option in (["--exclude-run", self.run_ids(trace)[0]],
                           ["--quorum=2"], ["--max-false-blocks=1"],
                           ["--base", self.policy], ["-o", out],
                           ["--report", out]):
                done = self.learn(*instead, *option, trace, self.traces[1])
                self.assertEqual((2, ""), (done.returncode, done.stdout))
                self.assertRegex(done.stderr, r"\A.* learns no policy, .*\n\Z")
                self.assertFalse(out.exists())

    def test_damaged_summary_is_refused(self):
        whole = self.place / "whole.summary"
        cut = self.place / "cut.summary"
        self.learn("--summary", whole, self.traces[0])
        bytes_ = whole.read_bytes()
        for damaged, what in ((bytes_[:-1], "damaged at byte"),
                              (bytes_ + b"\0", "damaged at byte"),
                              (bytes_[:16] + b"\x17" + bytes_[17:], "version")):
            cut.write_bytes(damaged)
            done = self.learn(cut)
            self.assertEqual(done.returncode, 2)
            self.assertIn(what, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)
        done = self.learn(whole, "--since", "5")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot be cut in time", done.stderr)

    def test_drift_between_versions(self):
        same = self.learn("--drift-from", self.traces[0], self.traces[0])
        self.assertEqual((same.returncode, same.stdout), (0, ""))
        done = self.learn("--drift-from", self.traces[0], self.traces[1])
        self.assertEqual(done.returncode, 1, done.stderr)
        gone = [line for line in done.stdout.splitlines() if line[0] == "-"]
        self.assertIn(f'"127.0.0.1:{self.port}" by app', "\n".join(gone))
        back = self.learn("--drift-from", self.traces[1], self.traces[0])
        new = [line for line in back.stdout.splitlines() if line[0] == "+"]
        self.assertIn(f'"127.0.0.1:{self.port}" by app', "\n".join(new))

    def test_levels_ask_for_more_or_less_evidence(self):
        slots = {}
        for level in ("tight", "balanced", "loose"):
            done = self.learn(self.traces[0], "--level", level)
            self.assertEqual(done.returncode, 0, done.stderr)
            slots[level] = done.stdout.count("<name>")
        self.assertLess(slots["tight"], slots["balanced"])
        self.assertLessEqual(slots["balanced"], slots["loose"])
        self.assertEqual(
            self.learn(self.traces[0], "--level", "lax").returncode, 2)

    def test_recording_that_was_killed_is_learned_from_with_a_warning(self):
        trace = self.place / "killed.db"
        with subprocess.Popen(
                [program("secmgr-record"), "-o", trace, "--", PYTHON, "-c",
                 "import os; os.listdir('/usr/games'); input()"],
                env=environment(), stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL) as recorder:
            warnings = []
            while "/usr/games" not in self.learn("--no-estimate", trace).stdout:
                self.assertIsNone(recorder.poll())
            warnings.append(self.learn("-q", trace).stderr)
            recorder.kill()
        done = self.learn("-q", "--no-estimate", trace)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("/usr/games", done.stdout)
        warnings.append(done.stderr)
        for warning, reason in zip(warnings, ("being recorded", "killed")):
            self.assertEqual(1, len(warning.splitlines()), warning)
            self.assertIn(f"{trace}: warning: not closed: ", warning)
            self.assertIn(reason, warning)

    def test_no_trace_is_one_line_and_status_2(self):
        for args in ((), (self.place / "none.db",),
                     (self.home / "app.py",)):
            done = self.learn(*args)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stdout, "")
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertTrue(done.stderr.startswith("secmgr-learn: "))


if __name__ == "__main__":
    unittest.main()

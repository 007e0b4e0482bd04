# SPDX-License-Identifier: Apache-2.0
"""secmgr-policy review: questions, answers, and the policy that comes of them."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import workloads

WAIT_SECONDS = 60
CODE = '''
import os, subprocess, parts
for name in ("pic1", "pic2", "pic3"):
    open(f"media/{name}.jpg").close()
for number in (17, 23, 99):
    open(f"cache/{number}.json", "w").close()
open("/etc/passwd").close()
open("notes.txt").close()
subprocess.run(["/usr/bin/env", "-i", "/bin/true"], check=True)
'''
VARIABLES = '''"APP": "PLACE", "HOME": "/root", "TMP": "/tmp",
    "STDLIB": "/usr/lib/python3.11",
    "SITE": "/usr/lib/python3/dist-packages"'''
# What the program needs, with two marks, one slot too wide and one too much.
FILES = [
    {"id": "cache", "path": "${APP}/cache/<name>.json",
     "access": ["read", "write", "create"], "by": ["app"]},
    {"id": "media", "path": "${APP}/media/**", "access": ["read"],
     "by": ["app"]},
    {"id": "notes", "path": "${APP}/notes.txt", "access": ["read"],
     "by": ["app"]},
    {"id": "pass", "path": "/etc/passwd", "access": ["read"], "by": ["app"]},
]


class Review(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-rev-"))
        for name in ("media", "cache"):
            (cls.place / name).mkdir()
        for name in ("pic1", "pic2", "pic3", "unseen"):
            (cls.place / f"media/{name}.jpg").touch()
        (cls.place / "notes.txt").touch()
        (cls.place / "app.py").write_text(CODE)
        (cls.place / "parts.py").touch()
        cls.record("run.db")
        cls.learned = cls.learn("learned.json")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    @classmethod
    def tool(cls, name, *arguments, **options):
        return subprocess.run(
            [workloads.program(name), *map(str, arguments)], cwd=cls.place,
            env=workloads.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=WAIT_SECONDS, check=False,
            text=True, **options)

    @classmethod
    def record(cls, trace):
        done = cls.tool("secmgr-record", "--force", "-o", trace, "--",
                        workloads.PYTHON, "app.py")
        if done.returncode:
            raise RuntimeError(done.stderr)

    @classmethod
    def learn(cls, name):
        done = cls.tool("secmgr-learn", "-q", "--no-estimate", "-o", name,
                        "run.db")
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads((cls.place / name).read_text())

    def setUp(self):
        """The learned policy, with a person's rules for files."""
        policy = json.loads(json.dumps(self.learned))
        mine = {rule["path"] for rule in FILES} | {
            "${APP}/cache/<int>.json", "${APP}/media/<tree>/<name>.jpg"}
        policy["files"] = FILES + [rule for rule in policy["files"]
                                   if rule["path"] not in mine]
        policy["review"] = [{"id": "pass", "reason": "accounts"},
                            {"id": "media", "reason": "wide"}]
        self.write(policy)
        for path in self.place.glob("*.review"):
            path.unlink()

    def write(self, policy, name="policy.json"):
        (self.place / name).write_text(json.dumps(policy))
        done = self.tool("secmgr-policy", "fmt", "-w", name)
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def read(self, name="policy.json"):
        return json.loads((self.place / name).read_text())

    def review(self, *arguments, **options):
        done = self.tool("secmgr-policy", "review", *arguments, **options)
        return done.returncode, done.stdout, done.stderr

    def questions(self, *arguments):
        status, out, complaint = self.review("--json", *arguments)
        self.assertEqual("", complaint)
        asked = json.loads(out)["questions"]
        self.assertEqual(bool(asked), status == 1)
        return {one["id"]: one for one in asked}

    def apply(self, answers, *traces):
        status, out, complaint = self.review("--json", "policy.json", *traces)
        self.assertEqual((1, ""), (status, complaint))
        text = f"policy {json.loads(out)['policy']}\n{answers}\n"
        (self.place / "answers").write_text(text)
        return self.review("--apply", "answers", "policy.json", *traces)

    def rule(self, name, section="files"):
        return next((rule for rule in self.read().get(section, ())
                     if rule["id"] == name), None)

    # ------------------------------------------------------------ questions

    def test_risky_rules_are_asked_about_with_their_evidence(self):
        asked = self.questions("policy.json", "run.db")
        self.assertEqual(["media", "pass"], sorted(asked))
        media = asked["media"]
        self.assertEqual(("wide", "old"), (media["risk"], media["state"]))
        seen = media["seen"]
        self.assertEqual((3, 3, 1, 1), (seen["events"], seen["distinct"],
                                        seen["recordings"],
                                        seen["processes"]))
        self.assertEqual([f"{self.place}/media/pic{n}.jpg" for n in (1, 2, 3)],
                         [one["value"] for one in seen["values"]])
        self.assertEqual((f"{self.place}/app.py", 4, "run.db"),
                         (seen["first"]["file"], seen["first"]["line"],
                          seen["first"]["trace"]))
        self.assertIn("files here that match: 4, never seen: 1",
                      media["exposure"])
        self.assertEqual(["${APP}/media/<name>"],
                         [rule["path"] for rule in media["tighter"]])
        self.assertEqual([["direct"]],
                         [rule["via"] for rule in media["deny"]])
        self.assertEqual(("this path only", [], []),
                         tuple(asked["pass"][key] for key in
                               ("exposure", "tighter", "looser")))

    def test_without_a_recording_there_is_no_tighter_form(self):
        asked = self.questions("policy.json")
        self.assertEqual([], asked["media"]["tighter"])
        self.assertEqual(0, asked["media"]["seen"]["events"])

    def test_what_an_older_policy_lacks_is_new(self):
        policy = self.read()
        policy["review"] = []
        old = json.loads(json.dumps(policy))
        old["files"] = [rule for rule in old["files"]
                        if rule["id"] not in ("notes", "pass")]
        # The same under another id, and one that a wider rule covers.
        next(rule for rule in old["files"]
             if rule["id"] == "cache")["id"] = "c-1"
        policy["files"].append(
            {"id": "less", "path": "${APP}/media/pic1.jpg",
             "access": ["read"], "by": ["app"]})
        self.write(policy)
        self.write(old, "old.json")
        asked = self.questions("--base=old.json", "policy.json", "run.db")
        self.assertEqual({"notes": "new", "pass": "new"},
                         {name: one["state"] for name, one in asked.items()})
        self.assertEqual({}, self.questions("policy.json", "run.db"))
        self.assertEqual((0, "policy.json: nothing to review\n", ""),
                         self.review("policy.json", "run.db"))

    def with_bundles(self):
        """Two that the older policy has not, of which one was needed."""
        policy = self.read()
        policy["review"] = []
        self.assertIn("python-runtime", policy["use"])
        old = dict(policy, use=[name for name in policy["use"]
                                if name != "python-runtime"])
        self.write(old, "old.json")
        self.write(dict(policy, use=sorted({*policy["use"], "resolver"})))
        return old

    def test_bundles_an_older_policy_lacks_are_asked_about(self):
        old = self.with_bundles()
        asked = self.questions("--base=old.json", "policy.json", "run.db")
        self.assertEqual(["bundle:python-runtime", "bundle:resolver"],
                         list(asked))
        resolver = asked["bundle:resolver"]
        self.assertEqual(("resolver", "new"),
                         (resolver["bundle"], resolver["state"]))
        self.assertEqual(["/etc/resolv.conf", "localhost"],
                         [rule["rule"].get("path", rule["rule"].get("resolve"))
                          for rule in resolver["grants"]
                          if rule["rule"]["id"] in ("resolv-conf",
                                                    "localhost")])
        self.assertEqual(({0}, 8), (
            {rule["seen"]["events"] for rule in resolver["grants"]},
            len(resolver["grants"])))
        seen = {rule["rule"]["id"]: rule["seen"]["events"] for rule in
                asked["bundle:python-runtime"]["grants"]}
        self.assertGreater(seen["stdlib"], 0)
        self.assertEqual({}, self.questions("policy.json", "run.db"))
        # The same as rules of one's own is nothing new.
        for rule in resolver["grants"]:
            old.setdefault(rule["family"], []).append(
                dict(rule["rule"], id="own-" + rule["rule"]["id"]))
        self.write(old, "old.json")
        self.assertEqual(
            ["bundle:python-runtime"],
            list(self.questions("--base=old.json", "policy.json")))

    def test_bundles_that_recordings_ask_for_are_proposed(self):
        old = self.with_bundles()
        used = ["python-runtime"]
        stdlib = old["variables"].pop("STDLIB")
        for answer, left in (("ignore", []), ("remove", []), ("allow", used)):
            self.write(old)
            asked = self.questions("policy.json", "run.db")
            self.assertEqual(["bundle:python-runtime"],
                             [name for name in asked if ":" in name])
            self.assertEqual("proposed",
                             asked["bundle:python-runtime"]["state"])
            status, _, told = self.apply(
                "\n".join(f"{answer} {name}" for name in asked), "run.db")
            self.assertEqual((int(answer == "ignore"), ""), (status, told))
            self.assertEqual(left, [name for name in self.read().get("use", ())
                                    if name in used])
            self.assertEqual(stdlib if left else None,
                             self.read()["variables"].get("STDLIB"))
        done = self.tool("secmgr-policy", "fmt", "--check", "policy.json")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual({}, self.questions("policy.json", "run.db"))
        done = self.tool("secmgr-replay", "-q", "policy.json", "run.db")
        self.assertEqual(0, done.returncode, done.stdout)

    def test_bundles_stay_or_go_as_a_whole(self):
        self.with_bundles()
        both = ["python-runtime", "resolver"]
        for answer, left in (("allow", both), ("ignore", both),
                             ("deny", both[:1]), ("remove", both[:1])):
            self.setUp()
            self.with_bundles()
            before = self.read()
            _, out, _ = self.review("--list", "--base=old.json", "policy.json")
            self.assertIn("\n# bundle 2 of 2: new\n"
                          "#   bundle    resolver: 8 rules\n", out)
            self.assertIn("\nignore bundle:resolver\n", out)
            out = out.replace("ignore bundle:python-runtime",
                              "allow bundle:python-runtime").replace(
                "ignore bundle:resolver", f"{answer} bundle:resolver")
            status, _, told = self.review("--apply", "-", "--base=old.json",
                                          "policy.json", input=out)
            self.assertEqual((int(answer == "ignore"), ""), (status, told))
            after = self.read()
            self.assertEqual(left, [name for name in after["use"]
                                    if name in both])
            self.assertEqual(dict(before, use=after["use"]), after)
        self.with_bundles()
        _, out, _ = self.review("--list", "--base=old.json", "policy.json")
        for answer, complaint in (
                ("tighter bundle:resolver",
                 '"bundle:resolver" has no tighter form here'),
                ("replace bundle:resolver {}",
                 '"bundle:resolver" is no rule that could be replaced'),
                ("allow bundle:tls",
                 'nothing is asked about a rule "bundle:tls"')):
            status, _, told = self.review(
                "--apply", "-", "--base=old.json", "policy.json",
                input=out.replace("ignore bundle:resolver", answer))
            self.assertEqual(2, status)
            self.assertIn(complaint, told)

    def test_what_recordings_ask_for_is_proposed(self):
        policy = self.read()
        policy["files"] = [rule for rule in policy["files"]
                           if rule["id"] not in ("cache", "pass")]
        policy["review"] = []
        self.write(policy)
        asked = self.questions("policy.json", "run.db")
        self.assertEqual(
            {"${APP}/cache/<int>.json": ("proposed", ""),
             "/etc/passwd": ("proposed", "key material or accounts")},
            {one["rule"]["path"]: (one["state"], one["risk"])
             for one in asked.values()})
        names = {one["rule"]["path"]: name for name, one in asked.items()}
        cache = names["${APP}/cache/<int>.json"]
        status, out, complaint = self.apply(f"allow {cache}", "run.db")
        self.assertEqual(
            (1, "policy.json: 1 allowed, 0 replaced, 0 denied, 0 removed, "
                "1 left\n", ""), (status, out, complaint))
        self.assertEqual(["write", "create"], self.rule(cache)["access"])
        self.assertIsNone(self.rule(names["/etc/passwd"]))
        self.assertNotIn("review", self.read())
        left = names["/etc/passwd"]
        self.assertEqual([left], list(self.questions("policy.json", "run.db")))
        self.assertEqual(0, self.apply(f"deny {left}", "run.db")[0])
        self.assertEqual({}, self.questions("policy.json", "run.db"))

    def test_what_was_stopped_is_asked_about(self):
        policy = self.read()
        policy["files"] = [rule for rule in policy["files"]
                           if rule["id"] != "notes"]
        policy["review"] = []
        self.write(policy)
        done = self.tool("secmgr-enforce", "--force", "-p", "policy.json",
                         "-o", "stopped.db", "--", workloads.PYTHON, "app.py")
        self.assertEqual(1, done.returncode, done.stderr)
        asked = self.questions("policy.json", "stopped.db")
        self.assertEqual([("${APP}/notes.txt", "proposed", 1)],
                         [(one["rule"].get("path"), one["state"],
                           one["seen"]["stopped"]) for one in asked.values()])

    def test_explain_tells_what_slots_stood_for(self):
        status, out, complaint = self.review("--explain", "policy.json",
                                             "run.db")
        self.assertEqual((0, ""), (status, complaint))
        self.assertEqual(sum(len(self.read().get(section, ())) for section in
                             ("files", "network", "processes", "code",
                              "pickles", "native", "events")),
                         out.count("  rule      { "))
        self.assertIn("            <name>.json stood for 3 values: 17.json, "
                      "23.json, 99.json\n", out)
        self.assertIn("            ** stood for 3 values: pic1.jpg, pic2.jpg, "
                      "pic3.jpg\n", out)
        self.assertIn("first in run.db event 1:", out)
        (self.place / "app.py").write_text(
            CODE.replace('"pic3"', '"unseen"'))
        try:
            self.record("more.db")
        finally:
            (self.place / "app.py").write_text(CODE)
        _, out, _ = self.review("--explain", "policy.json", "run.db",
                                "more.db")
        self.assertIn("            ** stood for 4 values (2 in more than one "
                      "recording): pic1.jpg, pic2.jpg, pic3.jpg, unseen.jpg\n",
                      out)
        self.assertRegex(out, r"  seen      6 times, 4 different, by 2 "
                         r"processes in 2 of 2 recordings, ")

    def test_application_code_loads_each_part_by_its_own_rule(self):
        """Who imports it is the application only by another rule's grace."""
        asked = self.questions("--all", "policy.json", "run.db")
        seen = {one["rule"].get("load"): one["seen"]["distinct"]
                for one in asked.values() if one["family"] == "code"}
        self.assertEqual((1, 1), (seen["${APP}/app.py"],
                                  seen["${APP}/parts.py"]))

    # -------------------------------------------------------------- answers

    def test_the_list_is_a_file_of_answers(self):
        before = (self.place / "policy.json").read_bytes()
        status, out, complaint = self.review("--list", "policy.json", "run.db")
        self.assertEqual((1, ""), (status, complaint))
        lines = [line for line in out.splitlines()
                 if line and not line.startswith("#")]
        self.assertEqual(["policy", "ignore", "ignore"],
                         [line.split()[0] for line in lines])
        self.assertEqual(
            (1, "policy.json: 0 allowed, 0 replaced, 0 denied, 0 removed, "
                "2 left\n", ""),
            self.review("--apply", "-", "policy.json", "run.db", input=out))
        self.assertEqual(before, (self.place / "policy.json").read_bytes())
        out = out.replace("ignore media", "tighter media").replace(
            "ignore pass", "deny pass")
        status, told, complaint = self.review(
            "--apply", "-", "policy.json", "run.db", input=out)
        self.assertEqual(
            (0, "policy.json: 0 allowed, 1 replaced, 1 denied, 0 removed, "
                "0 left\n", ""), (status, told, complaint))
        self.assertEqual("${APP}/media/<name>", self.rule("media")["path"])
        self.assertIsNone(self.rule("pass"))
        self.assertEqual(["direct"], self.rule("pass", "deny")["via"])
        self.assertNotIn("review", self.read())
        done = self.tool("secmgr-policy", "fmt", "--check", "policy.json")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        status, _, complaint = self.review("--apply", "-", "policy.json",
                                           "run.db", input=out)
        self.assertEqual(
            (2, "secmgr-policy: <stdin>:2: these answers are about another "
                "version of the policy\n"), (status, complaint))

    def test_every_answer_does_what_it_says(self):
        for answer, left in (("allow", "/media/**"), ("remove", None),
                             ("tighter", "/media/<name>")):
            self.setUp()
            self.assertEqual(1, self.apply(f"{answer} media", "run.db")[0])
            rule = self.rule("media")
            self.assertEqual(left and "${APP}" + left, rule and rule["path"])
            self.assertEqual([{"id": "pass", "reason": "accounts"}],
                             self.read()["review"])
        self.setUp()
        rules = ('{ "path": "${APP}/media/a.jpg", "access": ["read"] }',
                 '{ "path": "${APP}/media/b.jpg", "access": ["read"] }')
        self.apply("\n".join(f"replace media {rule}" for rule in rules),
                   "run.db")
        self.assertEqual(
            [("media", "${APP}/media/a.jpg"), ("media-2", "${APP}/media/b.jpg")],
            [(rule["id"], rule["path"]) for rule in self.read()["files"]
             if rule["id"].startswith("media")])

    def test_answers_that_cannot_be_followed_change_nothing(self):
        before = (self.place / "policy.json").read_bytes()
        for answers, complaint in (
                ("allow f99", '2: nothing is asked about a rule "f99"; give '
                 'the traces, --base or --all that the answers were listed '
                 'with'),
                ("permit media", '2: "permit" is none of allow, tighter, '
                 'looser, deny, remove, ignore, replace'),
                ("allow", '2: "allow" of which rule?'),
                ("allow media pass", '2: what is "pass"?'),
                ("allow media\nlooser pass", '3: "pass" has no looser form '
                 'here'),
                ("replace pass {}", "2: the rule of files names nothing"),
                ('replace pass { "path": "x", "access": ["read"] }', "2: "),
                ("replace pass", "2: not one rule of files")):
            status, _, told = self.apply(answers, "run.db")
            self.assertEqual(2, status)
            self.assertIn(f"secmgr-policy: answers:{complaint}", told)
            self.assertEqual(before, (self.place / "policy.json").read_bytes())
        (self.place / "answers").write_text("allow media\n")
        self.assertEqual(
            (2, "", "secmgr-policy: answers:1: no line \"policy DIGEST\": no "
                    "answers\n"),
            self.review("--apply", "answers", "policy.json", "run.db"))
        self.assertEqual(
            (2, "", "secmgr-policy: one of --list, --json, --explain and "
                    "--apply\n"),
            self.review("--apply", "answers", "--list", "policy.json"))

    def test_steps_are_proved_narrower_and_wider(self):
        asked = self.questions("--all", "policy.json", "run.db")
        steps = {"tighter": 0, "looser": 0}
        for name, one in asked.items():
            for kind in steps:
                if not one[kind]:
                    continue
                steps[kind] += 1
                for path, rules in (("old.json", [one["rule"]]),
                                    ("step.json", one[kind])):
                    self.write({"secmgr": 1, one["family"]: rules,
                                "variables": self.read()["variables"]}, path)
                old, new = ("old.json", "step.json")
                if kind == "looser":
                    old, new = new, old
                done = self.tool("secmgr-policy", "diff", "--json", old, new)
                changes = {change["change"] for change
                           in json.loads(done.stdout)["changes"]}
                self.assertEqual({"narrower"}, changes, (name, kind))
                self.setUp()
                self.apply(f"{kind} {name}", "--all", "run.db")
                done = self.tool("secmgr-replay", "-q", "policy.json",
                                 "run.db")
                self.assertEqual(0, done.returncode, (name, kind))
        self.assertGreater(steps["tighter"], 1)
        self.assertGreater(steps["looser"], 1)

    def test_unused_accesses_go_first_then_slots_narrow(self):
        policy = self.read()
        policy["review"] = [{"id": "cache", "reason": "wide"}]
        self.write(policy)
        expected = [(["write", "create"], ["<name>.json"]),
                    (["write", "create"], ["17.json", "23.json", "99.json"])]
        for access, names in expected:
            asked = self.questions("policy.json", "run.db")
            self.assertEqual(["cache"], list(asked))
            one = asked["cache"]
            self.assertEqual([f"${{APP}}/cache/{name}" for name in names],
                             [rule["path"] for rule in one["tighter"]])
            self.assertEqual(access, one["tighter"][0]["access"])
            self.apply("tighter cache", "run.db")
            policy = self.read()
            policy["review"] = [{"id": "cache", "reason": "wide"}]
            self.write(policy)

    # ------------------------------------------------------------- terminal

    def at_terminal(self, keys, *arguments, ends=None):
        """Types each key once a question waits for it."""
        pid, terminal = pty.fork()
        if not pid:
            try:
                os.chdir(self.place)
                os.execve(workloads.program("secmgr-policy"),
                          ["secmgr-policy", "review", *arguments],
                          dict(workloads.environment(), EDITOR="./editor"))
            finally:
                os._exit(127)
        shown, asked, keys = b"", 0, list(keys)
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the other side is closed
                break
            while shown.count(b"(?) ") > asked and keys:
                asked += 1
                key = keys.pop(0)
                if isinstance(key, signal.Signals):
                    os.kill(pid, key)
                else:
                    os.write(terminal, key)
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual([], keys)
        return (os.waitstatus_to_exitcode(status),
                shown.decode().replace("\r\n", "\n"))

    def test_a_key_answers_and_the_end_writes(self):
        status, shown = self.at_terminal([b"t", b"a", b"d"], "policy.json",
                                         "run.db")
        self.assertEqual(0, status, shown)
        self.assertIn("rule 1 of 2: wide\n", shown)
        self.assertEqual(["t", "a", "d"], re.findall(r"\(\?\) (.*)\n", shown))
        self.assertIn('instead   { "id": "media", "path": '
                      '"${APP}/media/<name>"', shown)
        self.assertTrue(shown.endswith(
            "policy.json: 0 allowed, 1 replaced, 1 denied, 0 removed, "
            "0 left\n"), shown)
        self.assertEqual("${APP}/media/<name>", self.rule("media")["path"])
        self.assertEqual("/etc/passwd", self.rule("pass", "deny")["path"])

    def test_enter_after_a_key_is_no_answer(self):
        status, shown = self.at_terminal([b"a\n", b"\na\n"], "policy.json",
                                         "run.db")
        self.assertEqual(0, status, shown)
        self.assertEqual(2, shown.count("(q)uit (?) "), shown)
        self.assertNotIn("quit: write nothing", shown)

    def test_a_library_without_a_name_is_shown(self):
        """The program itself, which ctypes opens by the empty name."""
        trace = self.place / "itself.db"
        subprocess.run([workloads.program("secmgr-record"), "-q", "-o", trace,
                        "--", workloads.PYTHON, "-c",
                        "import ctypes; ctypes.CDLL(None)"], check=True,
                       env=workloads.environment())
        policy = subprocess.run([workloads.program("secmgr-learn"), "-q",
                                 trace], check=True, stdout=subprocess.PIPE)
        (self.place / "itself.json").write_bytes(policy.stdout)
        done = subprocess.run([workloads.program("secmgr-policy"), "review",
                               "--list", "itself.json", "itself.db"],
                              cwd=self.place, capture_output=True, text=True)
        self.assertRegex(done.stdout, r'(?m)^# {13}\d  ""$')

    def test_bundles_are_asked_about_at_the_terminal(self):
        self.with_bundles()
        status, shown = self.at_terminal(
            [b"a", b"t", b"e", b"d"], "--base=old.json", "policy.json",
            "run.db")
        self.assertEqual(0, status, shown)
        self.assertIn("bundle 1 of 2: new\n  bundle    python-runtime: ",
                      shown)
        self.assertIn("resolver: 8 rules, used in these recordings: 0\n",
                      shown)
        self.assertIn("There is no tighter form of it.", shown)
        self.assertIn("A bundle stays or goes as a whole.", shown)
        self.assertIn("(i)gnore (b)ack", shown)
        self.assertIn("1 allowed, 0 replaced, 1 denied, 0 removed, 0 left",
                      shown)
        self.assertIn("python-runtime", self.read()["use"])
        self.assertNotIn("resolver", self.read()["use"])

    def test_steps_can_be_taken_back(self):
        status, shown = self.at_terminal(
            [b"t", b"t", b"t", b"b", b"a", b"b", b"x", b"i"], "policy.json",
            "run.db")
        self.assertEqual(1, status, shown)
        self.assertIn('"path": "${APP}/media/<name>.jpg"', shown)
        self.assertIn('"path": "${APP}/media/pic1.jpg"', shown)
        self.assertIsNone(self.rule("media"))
        self.assertIn("0 allowed, 0 replaced, 0 denied, 1 removed, 1 left",
                      shown)

    def test_a_rule_can_be_edited(self):
        editor = self.place / "editor"
        editor.write_text("#!/bin/sh\nsed -i 's,/media,/media-2,' \"$1\"\n")
        editor.chmod(0o755)
        status, shown = self.at_terminal([b"e", b"a", b"f"], "policy.json",
                                         "run.db")
        self.assertEqual(1, status, shown)
        self.assertEqual("${APP}/media-2/**", self.rule("media")["path"])
        self.assertIsNotNone(self.rule("pass"))

    def test_an_editor_may_write_no_newline_at_the_end(self):
        editor = self.place / "editor"
        editor.write_text("#!/bin/sh\nprintf %s \"$(sed s,/media,/media-2, "
                          "\"$1\")\" > \"$1\"\n")
        editor.chmod(0o755)
        status, shown = self.at_terminal([b"e", b"a", b"f"], "policy.json",
                                         "run.db")
        self.assertEqual(1, status, shown)
        self.assertEqual("${APP}/media-2/**", self.rule("media")["path"])

    def test_all_that_carries_no_risk_goes_with_one_key(self):
        policy = self.read()
        policy["files"] = [rule for rule in policy["files"]
                           if rule["id"] not in ("cache", "notes")]
        self.write(policy)
        status, shown = self.at_terminal([b"A", b"a", b"d", b"A"],
                                         "policy.json", "run.db")
        self.assertEqual(0, status, shown)
        self.assertIn("This one carries a risk", shown)
        self.assertIn("3 allowed, 0 replaced, 1 denied, 0 removed, 0 left",
                      shown)
        self.assertEqual(["${APP}/cache/<int>.json", "${APP}/notes.txt"],
                         sorted(rule["path"] for rule in self.read()["files"]
                                if rule["path"].startswith("${APP}")
                                and rule["id"] != "media"))

    def test_a_break_loses_nothing(self):
        before = (self.place / "policy.json").read_bytes()
        kept = self.place / "policy.json.review"
        for last, expected in ((b"\x03", -signal.SIGINT),
                               (signal.SIGTERM, -signal.SIGTERM),
                               (b"\x04", 1), (b"q", 1)):
            status, shown = self.at_terminal([b"t", b"a", last],
                                             "policy.json", "run.db")
            self.assertEqual(expected, status, shown)
            self.assertEqual(before, (self.place / "policy.json").read_bytes())
            self.assertIn("policy.json is unchanged; the answers so far are in "
                          "policy.json.review", shown)
            status, shown = self.at_terminal([b"q"], "policy.json", "run.db")
            self.assertIn("policy.json.review: going on with its answers",
                          shown)
            self.assertIn("rule 2 of 2", shown)
            self.assertNotIn("rule 1 of 2", shown)
            self.assertEqual(before, (self.place / "policy.json").read_bytes())
            if last != b"q":
                kept.unlink()
        status, shown = self.at_terminal([b"a"], "policy.json", "run.db")
        self.assertEqual(0, status, shown)
        self.assertEqual("${APP}/media/<name>", self.rule("media")["path"])
        self.assertFalse(kept.exists())

    def test_nobody_is_asked_where_nobody_is(self):
        self.assertEqual(
            (2, "", "secmgr-policy: 2 to review, and nobody to ask: this is no"
                    " terminal; use --list, --json or --apply\n"),
            self.review("policy.json", "run.db"))

    # --------------------------------------------------------- pull requests

    def test_ids_and_order_survive_learning_again(self):
        text = (self.place / "learned.json").read_text()
        (self.place / "app.py").write_text(
            CODE + 'open("cache/more.txt", "w").close()\n')
        try:
            self.record("more.db")
        finally:
            (self.place / "app.py").write_text(CODE)
        old = [line.rstrip(",") for line in text.splitlines()]
        for more in ([], ["--base=learned.json"]):
            done = self.tool("secmgr-learn", "-q", "--no-estimate", "-o",
                             "again.json", *more, "run.db", "more.db")
            self.assertEqual(0, done.returncode, done.stderr)
            new = [line.rstrip(",") for line in
                   (self.place / "again.json").read_text().splitlines()]
            added = [line for line in new if line not in old]
            self.assertEqual(1, len(added), added)
            self.assertIn("cache/more.txt", added[0])
            self.assertEqual(old, [line for line in new if line not in added])

    def test_a_review_changes_no_other_line(self):
        policy = self.read()
        before = (self.place / "policy.json").read_text().splitlines()
        self.assertNotEqual(sorted(rule["path"] for rule in policy["files"]),
                            [rule["path"] for rule in policy["files"]])
        self.apply("tighter media", "run.db")
        after = (self.place / "policy.json").read_text().splitlines()
        self.assertEqual(len(before) - 1, len(after))  # of review
        self.assertEqual(
            [line.replace("/media/**", "/media/<name>") for line in before
             if '"reason": "wide"' not in line],
            after)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""What secmgr-policy says about policies, events and recordings."""
import json
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest

import ci_reports
import workloads

WAIT_SECONDS = 60
CODE = '''
open("data.txt", "w").close()
open("data.txt").close()
open("/etc/hostname").close()
open("/etc/hostname").close()
'''
POLICY = '''{ "secmgr": 1,
  "variables": { "STDLIB": "/usr/lib/python3.11",
                 "SITE": "/usr/lib/python3/dist-packages" },
  "use": [ "python-runtime" ],
  "files": [ { "id": "f1", "path": "${CWD}/data.txt", "access": ["read"], "by": ["app"] } ],
  "network": [ { "id": "n1", "connect": "api.example.com:443", "by": ["requests"] } ],
  "processes": [ { "id": "p1", "shell": "ping -c 1 <host>" } ],
  "code": [ { "id": "c1", "load": "${CWD}/*.py" } ] }
'''


class Policy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-pol-"))
        (cls.place / "app.py").write_text(CODE)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    def setUp(self):
        (self.place / "policy.json").write_text(POLICY)

    def tool(self, name, *arguments, **options):
        return subprocess.run(
            [workloads.program(name), *map(str, arguments)], cwd=self.place,
            env=workloads.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=WAIT_SECONDS, check=False,
            text=True, **options)

    def policy(self, *arguments, **options):
        done = self.tool("secmgr-policy", *arguments, **options)
        return done.returncode, done.stdout, done.stderr

    def test_a_good_policy_is_counted(self):
        self.assertEqual((0, "policy.json: ok, 4 rules\n", ""),
                         self.policy("validate", "policy.json"))
        self.assertEqual((0, "<stdin>: ok, 4 rules\n", ""),
                         self.policy("validate", "-", input=POLICY))
        self.assertEqual(0, self.policy("-p", "policy.json", "validate")[0])

    def test_what_is_wrong_is_told_with_its_place(self):
        cases = [
            (POLICY.replace('"by"', '"bye"', 1), 2,
             'policy.json:5:75: unknown key "bye" in a rule of files; '
             'one of id, path, access, by, via, makes, seen\n'),
            (POLICY.replace("n1", "f1"), 2,
             'policy.json:6:24: id "f1" stands twice; first on line 5\n'),
            (POLICY.replace("CWD", "NOWHERE"), 2,
             'policy.json:5:14: undefined variable ${NOWHERE}; give it a '
             'value in "variables"\n'),
            ('{ "secmgr": 1,\n  "use": [ "python-runtime" ] }', 2,
             'policy.json:2:10: bundle "python-runtime": rule "stdlib": '
             'undefined variable ${STDLIB}; give it a value in "variables"\n'),
            (POLICY[:38], 2, "policy.json:2:18: the string does not end\n"),
            (POLICY.replace('"use"', '"modes": {"pickles": "block"},\n"use"'),
             1, "policy.json: mode block for pickles, but no rule grants "
                "any\n"),
        ]
        for text, status, complaint in cases:
            (self.place / "policy.json").write_text(text)
            self.assertEqual(
                (status, "", f"secmgr-policy: {complaint}"),
                self.policy("validate", "policy.json"))

    def test_who_is_foreign_is_told(self):
        (self.place / "policy.json").write_text(json.dumps({
            "secmgr": 1, "files": [{"id": "f1", "path": "/srv/**",
                                    "access": ["read"]}]}))
        for who, note in (
                ("app", "app is foreign here: no load rule covers its code"),
                ("foreign", None)):
            status, out, _ = self.policy("explain", "policy.json",
                                         f"read /srv/x by {who}")
            self.assertEqual((1, [note] if note else []),
                             (status, [row.strip() for row
                                       in out.splitlines()[2:]]))

    def test_functions_of_the_application_are_told_apart(self):
        (self.place / "policy.json").write_text(json.dumps({
            "secmgr": 1, "modes": {"code": "off"}, "files": [
                {"id": "f1", "path": "/srv/x", "access": ["read"],
                 "by": ["app:!Page.get"]}]}))
        for who, answer in (
                ("app", "by app: allowed by f1"),
                ("app:load", "by app: allowed by f1"),
                ("app:Page.get", "by app:Page.get: no rule covers it; nearest "
                 "f1 is for other principals")):
            out = self.policy("explain", "policy.json",
                              f"read /srv/x by {who}")[1]
            self.assertEqual(f"read /srv/x {answer}",
                             out.splitlines()[0].split(None, 1)[1])

    def test_sentences_are_decided_and_explained(self):
        cases = [
            ("read %s/data.txt by app" % self.place, 0, "allowed   "
             "read %s/data.txt by app: allowed by f1\n" % self.place),
            ("open /etc/shadow read by app", 1, "denied    "
             "read /etc/shadow by app: no rule covers it\n"),
            ("write %s/data.txt" % self.place, 1, "denied    "
             "write %s/data.txt by app: no rule covers it; nearest f1 lacks "
             "write\n" % self.place),
            ("connect api.example.com:443 by requests", 0, "allowed   "
             "connect api.example.com:443 by requests: allowed by n1\n"),
            ("connect api.example.com:443", 1, "denied    "
             "connect api.example.com:443 by app: no rule covers it; nearest "
             "n1 is for other principals\n"),
            ("connect api.example.com:443 at 203.0.113.9 by requests", 0,
             "allowed   connect api.example.com:443 (203.0.113.9) by requests:"
             " allowed by n1\n"),
            ("connect api.example.com:443 at 127.0.0.1 by requests", 1,
             "denied    connect api.example.com:443 (127.0.0.1) by requests: "
             "no rule covers it; nearest n1 is not for where its name leads\n"),
            ("shell ping -c 1 a.b", 0, "allowed   "
             "shell ping -c 1 a.b by app: allowed by p1\n"),
            ("shell ping -c 1 a.b; id", 1, "denied    "
             "shell ping -c 1 a.b; id by app: no rule covers it; nearest p1 "
             "has other arguments\n"),
            ("load %s/app.py" % self.place, 0, "allowed   "
             "load %s/app.py by app via import: allowed by c1\n" % self.place),
            ("read %s/app.py by app" % self.place, 1, "denied    "
             "read %s/app.py by app: no rule covers it; nearest f1 is for other "
             "names\n" % self.place),
            ("class os.system", 1, "denied    "
             "class os.system by app: no rule covers it\n"),
        ]
        for sentence, status, answer in cases:
            code, out, complaint = self.policy("explain", "policy.json",
                                               sentence)
            first, _, more = out.partition("\n")
            self.assertEqual((status, answer, ""),
                             (code, first + "\n", complaint))
            named = re.search(r"(?:by|nearest) ([a-z]\d)\b", answer)
            if named:
                line = next(n for n, text in enumerate(POLICY.split("\n"), 1)
                            if f'"{named[1]}"' in text)
                self.assertTrue(more.startswith(
                    f"          rule on line {line}: {{ "
                    f'"id": "{named[1]}", '), more)
            else:
                self.assertEqual("", more)
        for sentence, told in (
                ("do it", 'do it: no event; write "ACCESS WHAT'),
                ("read", "read: no trace; an event is one argument, in quo"),
                ("open /x read by", 'nothing is named behind "by"; a WHAT'),
                ("read /x by ", 'nothing is named behind "by"; a WHAT'),
                ("read /x by via import", 'nothing is named behind "by"'),
                ("read /x by app via", 'nothing is named behind "via"'),
                ("read /x via mail", 'unknown HOW "mail"; one of direct,')):
            with self.subTest(sentence):
                status, out, complaint = self.policy(
                    "explain", "policy.json", sentence)
                self.assertEqual((2, "", 1), (status, out,
                                              complaint.count("\n")))
                self.assertIn(told, complaint)
        self.assertEqual("denied    read /x by by app: no rule covers it\n",
                         self.policy("explain", "policy.json",
                                     "read /x by by app")[1])

    def test_denials_of_a_recording_are_told_once(self):
        done = self.tool("secmgr-record", "--force", "-o", "run.db", "--",
                         workloads.PYTHON, "app.py")
        self.assertEqual(0, done.returncode, done.stderr)
        status, out, _ = self.policy("explain", "policy.json", "run.db")
        lines = [re.sub(r" \(event 1:\d+\)$", "", line)
                 for line in out.splitlines()]
        self.assertEqual(1, status)
        self.assertNotIn("(event", "".join(lines))
        self.assertEqual(len(lines), len(set(lines)))
        self.assertIn("denied    read /etc/hostname by app: no rule covers it",
                      lines)
        self.assertIn(f"denied    write, create {self.place}/data.txt by app:"
                      " no rule covers it; nearest f1 lacks write, create",
                      lines)
        self.assertFalse([line for line in lines if "allowed" in line])
        status, out, _ = self.policy("explain", "--all", "--json",
                                     "policy.json", "run.db")
        told = [json.loads(line) for line in out.splitlines()]
        self.assertIn(("allowed", "f1"),
                      {(one["decision"], one["rule"]) for one in told})
        one = next(one for one in told if "/etc/hostname" in one["text"])
        self.assertEqual(("denied", "no-rule", "files", ["read"], "run.db", 1),
                         (one["decision"], one["reason"], one["family"],
                          one["lacks"], one["trace"], one["process"]))
        self.explain_numbers(one["seq"])

    def explain_numbers(self, number):
        """As a denial's message tells them, or with the process in front."""
        answer = (f"denied    read /etc/hostname by app: no rule covers it"
                  f" (event 1:{number})\n"
                  f"          raised by {self.place}/app.py:4 in <module>\n")
        for text in (number, f"1:{number}"):
            self.assertEqual((1, answer, ""), self.policy(
                "explain", "policy.json", "run.db", text))
        pid = json.loads(self.tool("secmgr-events", "--json", "-n", "1",
                                   "run.db").stdout)["pid"]
        self.assertEqual((1, answer, ""), self.policy(
            "explain", "policy.json", "run.db", f"{pid}:{number}"))
        shutil.copy(self.place / "run.db", self.place / "two.db")
        status, out, _ = self.policy("explain", "policy.json", "run.db",
                                     "two.db", number)
        self.assertEqual((1, 2), (status, out.count("/etc/hostname")))
        self.assertIn(f"(two.db event 1:{number})", out)
        for text in ("999999", "2:1", "0:1"):
            status, _, complaint = self.policy("explain", "policy.json",
                                               "run.db", text)
            self.assertEqual(2, status)
            if text != "0:1":
                self.assertIn(f"run.db: no event {text};", complaint)
        status, out, _ = self.policy("explain", "policy.json", "run.db", "1")
        self.assertEqual((0, 1), (status, out.count("(event 1:1)")))
        self.assertEqual(
            (2, "", "secmgr-policy: 12: an event of which trace?\n"),
            self.policy("explain", "policy.json", "12"))

    def test_fmt_is_idempotent_and_keeps_the_mode(self):
        path = self.place / "policy.json"
        path.chmod(0o640)
        status, once, _ = self.policy("fmt", "policy.json")
        self.assertEqual(0, status)
        self.assertEqual(1, self.policy("fmt", "--check", "policy.json")[0])
        self.assertEqual(POLICY, path.read_text())
        self.assertEqual((0, "", ""), self.policy("fmt", "-w", "policy.json"))
        self.assertEqual(once, path.read_text())
        self.assertEqual(0o640, path.stat().st_mode & 0o777)
        self.assertEqual((0, "", ""),
                         self.policy("fmt", "--check", "policy.json"))
        self.assertEqual(["policy.json"],
                         [p.name for p in self.place.glob("policy*")])

    def test_expectations_fail_one_by_one(self):
        cases = [
            {"name": "data", "event": f"read {self.place}/data.txt by app",
             "expect": "allow", "rule": "f1"},
            {"event": "open", "args": ["/etc/passwd", "r", 0], "by": "app",
             "expect": "deny"},
            {"event": "open", "args": [f"{self.place}/app.py", None, 0],
             "via": "import", "expect": "allow", "rule": "c1"},
            {"event": "socket.connect", "by": "requests", "expect": "allow",
             "args": ["tcp", ["api.example.com", 443]]},
            {"event": "os.posix_spawn", "expect": "deny",
             "args": ["/bin/id", ["id"], None]},
            {"event": "shell ping -c 1 a.b", "expect": "allow"},
        ]
        path = self.place / "cases.json"
        path.write_text(json.dumps(cases))
        self.assertEqual((0, "6 cases, 0 failed\n", ""),
                         self.policy("test", "policy.json", "cases.json"))
        cases[0]["rule"] = "f9"
        cases[1]["expect"] = "allow"
        cases[5].update(expect="deny", name="a <b> & \x07c")
        path.write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "]")
        status, out, complaint = self.policy(
            "test", "--junit", "junit.xml", "--sarif", "log.sarif",
            "policy.json", "cases.json")
        self.assertEqual((1, ""), (status, complaint))
        self.assertEqual([
            f"failed    data: expected to allow, but read {self.place}"
            "/data.txt by app: allowed by f1",
            "failed    open: expected to allow, but read /etc/passwd by app: "
            "no rule covers it",
            "failed    a <b> & \\x07c: expected to deny, but shell ping -c 1 "
            "a.b by app: allowed by p1", "6 cases, 3 failed"],
            out.splitlines())
        root = ci_reports.check_junit(self, self.place / "junit.xml", 6, 3)
        self.assertEqual(["other-rule", "denied", "allowed"],
                         [one.get("type") for one in root.iter("failure")])
        self.assertEqual(
            ["cases.json:2", "cases.json:3", "cases.json:7"],
            [one.text for one in root.iter("failure")])
        told = ci_reports.check_sarif(self, self.place / "log.sarif",
                                      "secmgr-policy", 3)
        self.assertEqual("cases.json/denied", told[1]["ruleId"])
        self.assertEqual(
            {"artifactLocation": {"uri": "cases.json"},
             "region": {"startLine": 3}},
            told[1]["locations"][0]["physicalLocation"])

    def test_cases_say_what_a_command_line_named(self):
        (self.place / "named.json").write_text(json.dumps({
            "secmgr": 1, "modes": {"code": "off"},
            "files": [{"id": "a", "path": "${ARG}/<tree>",
                       "access": ["read"]}]}))
        (self.place / "cases.json").write_text(json.dumps([
            {"event": "read /in/x", "named": ["/in"], "expect": "allow",
             "rule": "a"},
            {"event": "read /in/x", "named": ["/other"], "expect": "deny"},
            {"event": "read /in/.x", "named": ["/in"], "expect": "deny"},
            {"event": "read /in/x", "expect": "deny"}]))
        self.assertEqual((0, "4 cases, 0 failed\n", ""),
                         self.policy("test", "named.json", "cases.json"))

    def test_cases_that_say_nothing_are_refused(self):
        good = {"event": "read /x", "name": "[ \u00e9 \\\" {", "expect": "deny"}
        for case, complaint in (
                ({"event": "frob", "expect": "deny"}, '"event" is no sentence,'
                 ' and there are no "args"'),
                ({"expect": "deny"}, 'the case has no "event"'),
                ({"event": "read /x", "expect": "maybe"},
                 '"expect" is allow or deny'),
                ({"event": "read /x"}, '"expect" is allow or deny'),
                ({"event": "read /x", "expect": "deny", "who": "app"},
                 'unknown key "who" in a case'),
                ({"event": "read /x", "expect": "deny", "rule": 1},
                 '"rule" is no text'),
                ({"event": "read /x", "expect": "deny", "via": "air"},
                 '"via" is one of direct, import, traceback, exec'),
                ({"event": "open", "args": [{}], "expect": "deny"},
                 '"args" is no list of plain values and lists of them'),
                ({"event": "read x", "resolved": ["/", "/", "/"],
                  "expect": "deny"},
                 '"resolved" is no list of at most two paths'),
                ({"event": "read /x", "named": ["x"], "expect": "deny"},
                 '"named" is no list of at most 16 absolute paths'),
                ("read /x", "a case is an object")):
            (self.place / "cases.json").write_text(
                "[ " + json.dumps(good, ensure_ascii=False, indent=1)
                + ",\n\n  " + json.dumps(case) + "]")
            self.assertEqual(
                (2, "", f"secmgr-policy: cases.json:7:3: {complaint}\n"),
                self.policy("test", "policy.json", "cases.json"))
        for text, complaint in (
                ('[{"event": "a",\n "event": 1}]', "2:8: duplicate object key"),
                ('{"event": "a"}', "1:1: cases are a list of objects"),
                ("[", "1:1: ']' expected near end of file")):
            (self.place / "cases.json").write_text(text)
            status, _, told = self.policy("test", "policy.json", "cases.json")
            self.assertEqual(2, status)
            self.assertIn(f"cases.json:{complaint}", told)
        self.assertEqual(
            (2, "", "secmgr-policy: nowhere.json: cannot read it: No such file"
             " or directory\n"),
            self.policy("test", "policy.json", "nowhere.json"))
        self.assertEqual(
            (0, "1 cases, 0 failed\n", ""),
            self.policy("test", "policy.json", "-", input=json.dumps([good])))

    def test_replay_reports_for_continuous_integration(self):
        done = self.tool("secmgr-record", "--force", "-o", "run.db", "--",
                         workloads.PYTHON, "app.py")
        self.assertEqual(0, done.returncode, done.stderr)
        done = self.tool("secmgr-replay", "--json", "--junit", "junit.xml",
                         "--sarif", "log.sarif", "policy.json", "run.db")
        self.assertEqual(1, done.returncode, done.stderr)
        denials = json.loads(done.stdout)["denials"]
        families = {one["family"] for one in denials}
        ci_reports.check_junit(self, self.place / "junit.xml",
                               len(denials) + 7 - len(families), len(denials))
        told = ci_reports.check_sarif(self, self.place / "log.sarif",
                                      "secmgr-replay", len(denials))
        place = next(one for one in told if "/etc/hostname"
                     in one["message"]["text"])
        self.assertEqual(2, place["occurrenceCount"])
        place = place["locations"][0]["physicalLocation"]
        self.assertEqual(f"file://{self.place}/app.py",
                         place["artifactLocation"]["uri"])
        self.assertEqual({"startLine": 4}, place["region"])
        done = self.tool("secmgr-replay", "-q", "--junit", "/nowhere/x",
                         "policy.json", "run.db")
        self.assertEqual(
            (2, "secmgr-replay: /nowhere/x: cannot write it: No such file or "
             "directory\n"), (done.returncode, done.stderr))

    def test_a_report_that_cannot_be_written_leaves_the_old_one(self):
        def refuse():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

        for option in ("--junit", "--sarif"):
            with self.subTest(option):
                report = self.place / "old.report"
                report.write_text("of yesterday")
                good = self.place / "good.json"
                good.write_text("[]")
                done = self.tool("secmgr-policy", "test", option, report,
                                 "policy.json", good, preexec_fn=refuse)
                self.assertEqual(
                    (2, f"secmgr-policy: {report}: cannot write it: File too "
                     "large\n"), (done.returncode, done.stderr))
                self.assertEqual("of yesterday", report.read_text())

    def test_a_change_is_compared_by_rules_and_by_events(self):
        (self.place / "new.json").write_text(
            POLICY.replace("api.example.com:443", "api.example.com:8443")
            .replace("${CWD}/data.txt", "${CWD}/*.txt")
            .replace('"access": ["read"]', '"access": ["read", "create"]'))
        self.assertEqual((0, "", ""),
                         self.policy("diff", "policy.json", "policy.json"))
        status, out, complaint = self.policy("diff", "policy.json", "new.json")
        self.assertEqual((1, ""), (status, complaint))
        self.assertIn('wider     network: new rule n1 "api.example.com:8443": '
                      "newly allowed (connect api.example.com:8443 by requests)",
                      out.splitlines())
        self.assertIn('narrower  network: old rule n1 "api.example.com:443": '
                      "no longer allowed (connect api.example.com:443 by "
                      "requests)", out.splitlines())
        self.assertIn(f"(read {self.place}/a.txt by app)", out)
        narrow = POLICY.replace("ping -c 1 <host>", "true")
        narrow = narrow.replace('{ "id": "p1", "shell": "true" }', "")
        (self.place / "new.json").write_text(narrow)
        self.assertEqual(
            (0, 'narrower  processes: old rule p1 "ping -c 1 <host>": '
             "no longer allowed (shell ping -c 1 a)\n", ""),
            self.policy("diff", "policy.json", "new.json"))
        self.assertEqual(2, self.policy("diff", "policy.json")[0])

    def test_examples_of_a_change_are_decided_as_told(self):
        """What diff prints, explain takes."""
        changes = [
            ('"connect": "api.example.com:443"', '"connect": "10.0.0.0/8:443"'),
            ('"connect": "api.example.com:443"',
             '"connect": "udp:[2001:db8::/32]:53"'),
            ("ping -c 1 <host>", "ping  -c <int> <host> | cat"),
            ('"shell": "ping -c 1 <host>"',
             '"exec": "/bin/ping", "argv": ["ping", "<word>", "-c"]'),
            ("${CWD}/data.txt", "${CWD}/<name>.txt"),
            ("${CWD}/data.txt", "/srv/<date>/**"),
            ('"load": "${CWD}/*.py"', '"load": "stdlib:ctypes"'),
        ]
        for before, after in changes:
            (self.place / "new.json").write_text(POLICY.replace(before, after))
            _, out, complaint = self.policy("diff", "--json", "policy.json",
                                            "new.json")
            self.assertEqual("", complaint)
            seen = set()
            for one in json.loads(out)["changes"]:
                sentence = (f"{one['access']} {one['example']} "
                            f"by {one['by'] or 'python'}")
                wider = one["change"] == "wider"
                seen.add(wider)
                for policy, is_new in (("policy.json", False),
                                       ("new.json", True)):
                    status, answer, _ = self.policy("explain", policy, sentence)
                    self.assertEqual(0 if wider == is_new else 1, status,
                                     (policy, one, answer))
            self.assertIn(True, seen, (before, after))

    def test_superfluous_rules_name_those_that_suffice(self):
        extra = POLICY.replace('"network": [', '''"native": [
    { "id": "d1", "dlopen": "lib*" },
    { "id": "d2", "dlopen": "libc.so.6", "by": ["app"] } ],
  "deny": [ { "id": "x1", "exec": "/usr/bin/*" } ],
  "network": [ { "id": "n2", "connect": "10.0.0.0/9:22" },
    { "id": "n3", "connect": "10.128.0.0/9:*" },
    { "id": "n4", "connect": "10.0.0.0/8:22" },
''').replace('"processes": [', '''"processes": [
    { "id": "p2", "exec": "/usr/bin/git", "argv": ["git", "log"] },''')
        extra = extra.replace('"files": [', '''"files": [
    { "id": "f2", "path": "/etc/mime.types", "access": ["read"] },''')
        (self.place / "policy.json").write_text(extra)
        self.assertEqual((1, "", '''\
secmgr-policy: policy.json:6:5: rule "f2" adds nothing to \
"python-runtime/mime-types" (a bundle's)
secmgr-policy: policy.json:9:5: rule "d2" adds nothing to "d1" (line 8, \
column 5)
secmgr-policy: policy.json:13:5: rule "n4" adds nothing to "n2" (line 11, \
column 16) and "n3" (line 12, column 5)
secmgr-policy: policy.json:16:5: rule "p2" never applies: denied by "x1" \
(line 10, column 13)
'''), self.policy("validate", "policy.json"))

    def test_a_change_is_tried_on_a_recording(self):
        done = self.tool("secmgr-record", "--force", "-o", "run.db", "--",
                         workloads.PYTHON, "app.py")
        self.assertEqual(0, done.returncode, done.stderr)
        (self.place / "new.json").write_text(
            POLICY.replace("${CWD}/data.txt", "/etc/hostname"))
        status, out, complaint = self.policy(
            "diff", "--json", "policy.json", "new.json", "run.db")
        self.assertEqual((1, ""), (status, complaint))
        told = json.loads(out)
        self.assertEqual(["narrower", "wider"],
                         sorted({one["change"] for one in told["changes"]}))
        events = told["events"]
        self.assertEqual((2, 1), (events["newly_allowed"],
                                  events["newly_denied"]))
        self.assertGreater(events["unchanged"], 10)
        self.assertIn("read /etc/hostname by app",
                      events["newly_allowed_examples"][0])
        self.assertIn(f"read {self.place}/data.txt by app",
                      events["newly_denied_examples"][0])

    def test_wrong_usage_names_the_commands(self):
        for arguments in ([], ["frob", "policy.json"], ["validate"],
                          ["explain", "policy.json"]):
            status, out, complaint = self.policy(*arguments)
            self.assertEqual((2, ""), (status, out), arguments)
            self.assertEqual(1, complaint.count("\n"), complaint)


if __name__ == "__main__":
    unittest.main()

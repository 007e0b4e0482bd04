# SPDX-License-Identifier: Apache-2.0
"""What other tools were configured with, as policies that allow no more."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import workloads

WAIT_SECONDS = 60
VARIABLES = ("-D", "STDLIB=/usr/lib/python3.11", "-D",
             "SITE=/usr/lib/python3/dist-packages", "-D", "APP=/srv/app")

# What may be said, and whether all of it is kept for names without dots.
PATHS = [
    ("/opt/hosts", True), ("^/srv/a\\.txt$", True), ("/srv/.+", True),
    ("/srv/good.*", True), ("/srv/[^/]+\\.txt", True),
    ("/srv/.*\\.txt", True), ("/srv/.+/y", True), ("/srv/.*/y", True),
    ("/srv/x.+y", False), ("/srv/x.+/y", True), ("/srv/(a|b)/\\d+", True),
    ("/srv/a(b)?c", True), ("^/srv\\/[^\\x00]*$", True), ("/srv/a.b", False),
    ("/srv/x[^/]*/[0-9]+\\.jpg", True), ("/srv/.+x.+", False),
    ("/srv/.*x.*", True), ("/.*/.*", True), ("/srv/(?:a|bc?)/.*", True),
    ("/srv/a\\*b\\<int\\>", True),
]
WORDS = [".*", ".+", "-v", "a.*", ".*\\.example\\.com", "--n=\\d+", "(a|b)c?",
         "[^/]+", "x.+"]


class Import(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-imp-"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    def policy(self, *arguments):
        done = subprocess.run(
            [workloads.program("secmgr-policy"), *map(str, arguments)],
            cwd=self.place, env=workloads.environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=WAIT_SECONDS, check=False)
        return done.returncode, done.stdout, done.stderr

    def convert(self, name, text, *options):
        """The policy, and what was noted: lines of (number, text)."""
        (self.place / name).write_text(text)
        status, out, complaint = self.policy("import", *VARIABLES, *options,
                                             name)
        notes = re.findall(rf"^secmgr-policy: {name}:(\d+): (.*)$", complaint,
                           re.MULTILINE)
        self.assertIn(status, (0, 1), complaint)
        self.assertEqual(bool(notes), bool(status), complaint)
        (self.place / "policy.json").write_text(out)
        self.assertNotEqual(2, self.policy("validate", "policy.json")[0])
        return json.loads(out), [(int(n), what) for n, what in notes]

    def decide(self, cases):
        """The verdict about each event."""
        (self.place / "cases.json").write_text(json.dumps(
            [{**case, "expect": "allow", "name": str(number)}
             for number, case in enumerate(cases)]))
        _, out, complaint = self.policy("test", "policy.json", "cases.json")
        self.assertEqual("", complaint)
        denied = {int(n) for n in re.findall(r"^failed +(\d+): ", out,
                                             re.MULTILINE)}
        return [number not in denied for number in range(len(cases))]

    def names(self, parts, depth):
        """Paths of up to depth components."""
        rows = [""]
        for _ in range(depth):
            rows += [f"{row}/{part}" for row in rows[-len(parts) ** _:]
                     for part in parts]
        return rows[1:]

    def test_path_expressions_are_never_widened(self):
        parts = ("srv", "x", "xy", "y", "a.txt", ".h", "17", "abc", "a*b<int>")
        samples = ["/opt/hosts", "/srv/good", "/srv/goodness/x/.y", "/srv/ac",
                   "/srv/a.b", "/srv/aXb", "/srv/x1/7.jpg", "/srv/bc/d",
                   *self.names(parts, 2),
                   *("/srv" + rest for rest in self.names(parts, 2)),
                   "/srv/a/1", "/srv/b/12", "/srv/x/q/r/y", "/srv/xq/r/s/y"]
        for regex, is_whole in PATHS:
            self.convert("c.json", json.dumps(
                {"open_config": {"allowed_paths": {regex: "r"}}}))
            verdicts = self.decide([{"event": "open", "by": "python",
                                     "args": [one, None, os.O_RDONLY]}
                                    for one in samples])
            matched = 0
            for one, is_allowed in zip(samples, verdicts):
                was = re.fullmatch(regex, one) is not None
                matched += was and is_allowed
                if is_allowed:
                    self.assertTrue(was, (regex, one))
                elif was and is_whole and "/." not in one:
                    self.fail((regex, one))
            if is_whole:
                self.assertTrue(matched, regex)

    def test_argument_expressions_are_never_widened(self):
        samples = ["a", "ab", "-v", "-x", "a/b", "w.example.com", "--n=3",
                   "--n=", "ac", "b", "x", "xy", "x/y", ".h", "a b", "17"]
        for regex in WORDS:
            self.convert("c.json", json.dumps({"popen_config": {
                "allowed_processes": [{"args": ["/usr/bin/id", regex]}]}}))
            verdicts = self.decide(
                [{"event": "os.posix_spawn", "by": "python",
                  "args": ["/usr/bin/id", ["/usr/bin/id", one], None]}
                 for one in samples])
            self.assertIn(True, verdicts, regex)
            for one, is_allowed in zip(samples, verdicts):
                if is_allowed:
                    self.assertTrue(re.fullmatch(regex, one), (regex, one))

    def test_what_has_no_pattern_is_told_with_its_line(self):
        policy, notes = self.convert("c.json", """{
  "openConfig": { "allowedPaths": {
    "/a/[a-z]+": "r",
    "/a/(x)+": "r",
    "/a/\\\\w": "r",
    "a/b": "r",
    "/ok": "rw",
    "/b": "t" } },
  "connect_config": { "allowed_addresses": [
    "10\\\\.0\\\\.0\\\\.1",
    "10\\\\.0\\\\.0\\\\.1:8\\\\d" ] },
  "popen_config": { "allowed_processes": [
    { "args": ["/bin/sh", "-c", "ls"] },
    { "args": [".*", "x"] },
    { "args": ["/usr/bin/id"], "cwd": "/tmp" } ] },
  "pickle_config": { "reject_pickle_find_class": false },
  "frob_config": {}
}""")
        self.assertEqual([3, 4, 5, 6, 8, 10, 11, 13, 14, 15, 16, 17],
                         [line for line, _ in notes])
        self.assertEqual(["/ok"], [one["path"] for one in policy["files"]])
        self.assertEqual(["read", "write", "create"],
                         policy["files"][0]["access"])
        self.assertNotIn("network", policy)
        self.assertEqual([["/usr/bin/id"]],
                         [one["argv"] for one in policy["processes"]])
        self.assertEqual({"pickles": "warn"}, policy["modes"])
        self.assertEqual("left out: shells were rejected", notes[7][1])
        self.assertTrue(notes[9][1].startswith("wider: its working"))

    def test_scripts_text_and_json_say_the_same(self):
        script, _ = self.convert("app.py", r"""
manager = SecurityManager(enforce=True)
manager.AddPathRegex(r"^/srv/[^/]+\.txt$", 'rb')  # "quoted
manager.AddConnectionRegex(conn='^127\.0\.0\.1:8000$')
manager.AddProcessRegex(["/usr/bin/git", "log"], executable="/usr/bin/git")
manager.AddModuleAllowedToExec("dataclasses")
""")
        text, _ = self.convert("c.pbtxt", r"""
connect_config { allowed_addresses: "^127\\.0\\.0\\.1:8000$" }
open_config { allowed_paths { key: "^/srv/[^/]+\\.txt$" value: "rb" } }
popen_config { allowed_processes {
    args: "/usr/bin/git" args: "log" executable: "/usr/bin/git" } }
exec_config { allowed_modules: "dataclasses" }
""")
        config, _ = self.convert("c.json", json.dumps({
            "connect_config": {"allowed_addresses": [
                r"^127\.0\.0\.1:8000$"]},
            "open_config": {"allowed_paths": {r"^/srv/[^/]+\.txt$": "rb"}},
            "popen_config": {"allowed_processes": [
                {"args": ["/usr/bin/git", "log"],
                 "executable": "/usr/bin/git"}]},
            "exec_config": {"allowed_modules": ["dataclasses"]}}))
        self.assertEqual(script, text)
        self.assertEqual(script, config)
        for family in ("files", "network", "processes", "code"):
            self.assertTrue(script[family])

    def test_computed_arguments_of_a_script_are_told(self):
        policy, notes = self.convert("app.py", """
m.AddPathRegex(f'^{os.getcwd()}/x$', 'r')
m.AddFile(PATH, 'r')
m.AddFile('/a/%s' % name, 'r')
m.AddFolder('/var/a*b/', 'r')
m.AddRelativeFile('x', 'r')
""")
        self.assertEqual([2, 3, 4, 6], [line for line, _ in notes])
        self.assertEqual(["/var/a\\*b", "/var/a\\*b/**"],
                         [one["path"] for one in policy["files"]])

    def test_logged_events_become_literal_rules(self):
        lines = [
            ("Open", {"path": "a+b.txt", "abs_path": "/srv/a+b.txt",
                      "is_absolute": False, "flags": "r"}),
            ("Open", {"path": "a+b.txt", "abs_path": "/srv/a+b.txt",
                      "is_absolute": False, "flags": "wb"}),
            ("Open", {"path": "/x", "abs_path": "/x", "is_absolute": True,
                      "flags": None}),
            ("Connect", {"family": "AF_INET6", "address": ["::1", 80, 0, 0]}),
            ("Popen", {"args": ["/usr/bin/id", "*"], "cwd": None,
                       "executable": "/usr/bin/id", "env": None}),
            ("Popen", {"args": ["/bin/sh", "-c", "ls $X | wc"], "cwd": None,
                       "executable": "/bin/sh", "shell": True}),
            ("System", {"cmd": "id"}),
            ("Pickle", {"module_name": "a", "global_name": "B"}),
            ("Exec", {"serialization_error": "x", "log_entry": "y"}),
        ]
        policy, notes = self.convert("app.log", "started\n" + "".join(
            f"INFO:root:AUDIT_EVENT:{name}Inspector:{json.dumps(event)}"
            ":Stack (most recent call last):\n" for name, event in lines))
        self.assertEqual([4, 10], [line for line, _ in notes])
        self.assertEqual([("/srv/a+b.txt", ["read", "write", "create"]),
                          ("/x", ["read"])],
                         [(one["path"], one["access"])
                          for one in policy["files"]])
        self.assertEqual(["[::1]:80"],
                         [one["connect"] for one in policy["network"]])
        self.assertEqual(["\\*"], policy["processes"][0]["argv"][1:])
        self.assertEqual(["id", "ls $X | wc"],
                         [one["shell"] for one in policy["processes"][1:]])
        self.assertEqual(["a.B"], [one["class"] for one in policy["pickles"]])

    def test_what_is_no_configuration_is_refused(self):
        for text in ("{", "hello", '{"a": {"b": "c}}', "{}x"):
            (self.place / "bad").write_text(text)
            status, out, complaint = self.policy("import", "bad")
            self.assertEqual((2, ""), (status, out), text)
            self.assertRegex(complaint, r"^secmgr-policy: bad:1: ")
        for text in ("", " \n\n"):
            (self.place / "bad").write_text(text)
            self.assertEqual(
                (2, "", "secmgr-policy: bad: nothing in it, neither a "
                        "configuration nor a log\n"),
                self.policy("import", "bad"))
        for name, reason in (("missing", "No such file or directory"),
                             (".", "Is a directory"),
                             ("/dev/zero", "File too large")):
            self.assertEqual(
                (2, "", f"secmgr-policy: {name}: cannot read it: {reason}\n"),
                self.policy("import", name))
        self.assertEqual(2, self.policy("import", "--from=x", "bad")[0])


if __name__ == "__main__":
    unittest.main()

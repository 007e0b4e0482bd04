# SPDX-License-Identifier: Apache-2.0
"""What secmgr-policy says about policies, events and recordings."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import workloads

WAIT_SECONDS = 20
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
             'policy.json:5:75: unknown key "bye" in a rule of files\n'),
            (POLICY.replace("n1", "f1"), 2,
             'policy.json:6:24: id "f1" stands twice; first on line 5\n'),
            (POLICY.replace("CWD", "NOWHERE"), 2,
             'policy.json:5:1: undefined variable ${NOWHERE}; give it a '
             'value in "variables"\n'),
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
            self.assertEqual((status, answer, ""),
                             self.policy("explain", "policy.json", sentence))
        status, _, complaint = self.policy("explain", "policy.json", "do it")
        self.assertEqual(2, status)
        self.assertIn("do it: no event; write", complaint)

    def test_denials_of_a_recording_are_told_once(self):
        done = self.tool("secmgr-record", "--force", "-o", "run.db", "--",
                         workloads.PYTHON, "app.py")
        self.assertEqual(0, done.returncode, done.stderr)
        status, out, _ = self.policy("explain", "policy.json", "run.db")
        lines = out.splitlines()
        self.assertEqual(1, status)
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
        status, _, complaint = self.policy("explain", "policy.json", "run.db",
                                           "999999")
        self.assertEqual(2, status)
        self.assertRegex(complaint, r"run.db: has \d+ events, no number 999999")
        status, out, _ = self.policy("explain", "policy.json", "run.db", "1")
        self.assertEqual((0, 1), (status, out.count("\n")))

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
        self.assertEqual(["app.py", "policy.json"],
                         sorted(p.name for p in self.place.iterdir()
                                if p.suffix in (".py", ".json")))

    def test_wrong_usage_names_the_commands(self):
        for arguments in ([], ["frob", "policy.json"], ["validate"],
                          ["explain", "policy.json"]):
            status, out, complaint = self.policy(*arguments)
            self.assertEqual((2, ""), (status, out), arguments)
            self.assertEqual(1, complaint.count("\n"), complaint)


if __name__ == "__main__":
    unittest.main()

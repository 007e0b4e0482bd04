# SPDX-License-Identifier: Apache-2.0
"""A program that was recorded, and a person's policy for it to be reviewed."""
import json
import pathlib
import shutil
import subprocess
import tempfile
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


class ReviewCase(unittest.TestCase):
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

# SPDX-License-Identifier: Apache-2.0
"""What secmgr-policy(5) says that calls ask for is what they ask for.

The calls are those of the page, each made in a place of its own; a policy that
grants nothing tells the first request, one that grants all of that kind the
second.
"""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import workloads

PAGE = pathlib.Path(__file__).resolve().parents[2] / "tools/man/secmgr-policy.5"
SETUP = """\
import collections, ctypes, os, pickle, signal, socket, sqlite3, subprocess, sys
p, d, q = sys.argv[1] + "/p", sys.argv[1] + "/d", sys.argv[1] + "/q"
"""
# Grants of whatever a first request may be.
FIRST = {"files": [{"id": "f", "path": "/**/p", "access": [
             "read", "write", "delete", "link"]}],
         "processes": [{"id": "x", "exec": "/usr/bin/true"}]}


def rows():
    """([call, ...], what follows them as words) of the page's list."""
    text = PAGE.read_text()
    text = text[text.index("test_manual.py"):]
    text = text[text.index(".It Li"):text.index(".El")]
    text = text.replace("\\\n", "")
    for row in text.split(".It Li ")[1:]:
        calls, said = row.split("\n", 1)
        yield calls.split(" , "), said


def requests(said):
    """[(accesses, what for, or nothing)]"""
    if said == "nothing\n":
        return []
    words = re.sub(r'^\.Ql (?:"")?|^of the path$|^of$', "", said,
                   flags=re.M).split("\nand\n")
    found = []
    for part in words:
        accesses, *what = re.fullmatch(
            r"\s*([a-z]+(?:, [a-z]+)*)(?:\s+(\S.*))?\s*", part,
            re.S).groups()
        found.append((accesses.split(", "), (what[0] or "").strip()))
    return found


class Manual(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-manual-"))
        self.addCleanup(shutil.rmtree, self.place)

    def tool(self, name, *arguments):
        return subprocess.run(
            [workloads.program(name), *map(str, arguments)], cwd=self.place,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=workloads.environment(), text=True,
            timeout=60, check=False)

    def record(self, call, own):
        own.mkdir()
        (own / "p").touch()
        (own / "d").mkdir()
        (own / "app.py").write_text(SETUP + call + "\n")
        done = self.tool("secmgr-record", "-q", "-o", own / "t.db", "--",
                         workloads.PYTHON, own / "app.py", own)
        self.assertEqual((0, ""), (done.returncode, done.stderr), call)

    def denials(self, own, granted):
        """[(accesses, resource, whether it can only be the call's)]"""
        path = own / "policy.json"
        path.write_text(json.dumps({"secmgr": 1, "modes": {"code": "off"},
                                    **granted}))
        done = self.tool("secmgr-replay", "--json", path, own / "t.db")
        return [(set(one["access"]), one["resource"],
                 one["first"]["file"] == str(own / "app.py")
                 or one["family"] in ("network", "processes"))
                for one in json.loads(done.stdout)["denials"]]

    def check(self, own, wanted):
        wanted = [({"name": "raise"}.get(access, access)
                   for access in accesses) for accesses, _ in wanted], [
            str(own / what) if what in ("p", "d", "q") else what
            for _, what in wanted]
        wanted = [(set(accesses), what) for accesses, what in zip(*wanted)]

        def is_said(accesses, resource):
            return any(accesses == said and what in ("", resource)
                       for said, what in wanted)

        for granted in ({}, FIRST):
            for accesses, resource, is_own in self.denials(own, granted):
                self.assertTrue(is_said(accesses, resource) or not is_own,
                                (accesses, resource))
        for (accesses, what), granted in zip(wanted, ({}, FIRST)):
            self.assertTrue(
                any(accesses == got and what in ("", resource)
                    for got, resource, _ in self.denials(own, granted)),
                (accesses, what))

    def test_each_call_asks_for_what_the_page_says_and_no_more(self):
        made = 0
        for calls, said in rows():
            for call in calls:
                own = self.place / str(made)
                made += 1
                with self.subTest(call):
                    self.record(call, own)
                    self.check(own, requests(said))
        self.assertGreater(made, 40)


if __name__ == "__main__":
    unittest.main()

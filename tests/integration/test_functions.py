# SPDX-License-Identifier: Apache-2.0
"""Settings that a program reads itself stay out of reach of what it reads by
names from outside: recorded, learned, enforced, replayed, replayed live."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import workloads

PROGRAM = """
import configparser, functools, pathlib, sys
HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = configparser.ConfigParser()
SETTINGS.read(HERE / "shop.ini")

class Page:
    def get(self, name):
        with open(HERE / "pages" / name) as file:
            return file.read()

    def get_text(self, name):
        return (HERE / "pages" / name).read_text()

def again(name):
    return (HERE / name).read_text()

page = Page()
for line in sys.stdin:
    what, name = line.split()
    try:
        answer = {"page": page.get, "text": page.get_text,
                  "again": again}[what](name)
    except PermissionError as error:
        answer = "denied"
    print(what, name, answer.strip())
"""
ORDINARY = "".join(f"{what} {name}.txt\n" for what in ("page", "text")
                   for name in ("index", "help", "rules"))
HOSTILE = "".join(f"{what} {name}\n" for what in ("page", "text")
                  for name in ("../shop.ini", "menu.txt", "help.txt")
                  ) + "again shop.ini\n"


class Functions(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-apart-"))
        self.addCleanup(shutil.rmtree, self.place, True)
        (self.place / "app.py").write_text(PROGRAM)
        (self.place / "shop.ini").write_text("[shop]\nkey=s3same\n")
        (self.place / "pages").mkdir()
        for name in ("index", "help", "rules"):
            (self.place / f"pages/{name}.txt").write_text(f"{name}, read\n")
        (self.place / "pages/menu.txt").symlink_to("../shop.ini")

    def run_tool(self, name, *words, status=0, given=""):
        done = subprocess.run(
            [workloads.program(name), *words], cwd=self.place, input=given,
            env=workloads.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=100, check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def record(self, python, trace, given):
        self.run_tool("secmgr-record", "-o", trace, "--", python, "app.py",
                      given=given)

    def enforce(self, python):
        return self.run_tool(
            "secmgr-enforce", "-p", "policy.json", "-o", "enforced.db", "--",
            python, "app.py", given=HOSTILE).splitlines()

    def readers(self, trace):
        """Functions that asked for the settings, and what came of it."""
        rows = [json.loads(line) for line in self.run_tool(
            "secmgr-events", "--json", trace, "open").splitlines()]
        return {(row["principal_function"], row["verdict"]) for row in rows
                if row["by"] == "app" and any(
                    request["resource"].endswith("/shop.ini")
                    for request in row["requests"])}

    def replay(self, trace, *options):
        done = json.loads(self.run_tool(
            "secmgr-replay", "--json", *options, "policy.json", trace,
            status=1))
        self.assertEqual(
            {f"{self.place}/shop.ini"},
            {denial["resource"] for denial in done["denials"]})
        return done

    def check(self, python):
        for old in self.place.glob("*.db"):
            old.unlink()
        # Before 3.11 code does not know its class.
        major, minor = workloads.version_of(python).split(".")
        methods = "Page." * ((int(major), int(minor)) >= (3, 11))
        self.record(python, "ordinary.db", ORDINARY)
        self.record(python, "hostile.db", HOSTILE)
        self.run_tool("secmgr-learn", "-o", "policy.json", "ordinary.db")
        policy = json.loads((self.place / "policy.json").read_text())
        self.assertIn([f"app:!{methods}get,{methods}get_text"], [
            rule["by"] for rule in policy["files"]
            if rule["path"] == "${APP}/shop.ini"])
        self.assertEqual(
            [f"{what} {name} {answer}" for what in ("page", "text")
             for name, answer in (("../shop.ini", "denied"),
                                  ("menu.txt", "denied"),
                                  ("help.txt", "help, read"))]
            + ["again shop.ini [shop]"], self.enforce(python)[:7])
        self.assertLessEqual(
            {(f"{methods}get", "denied"), (f"{methods}get_text", "denied"),
             ("again", "allowed"), ("<module>", "allowed")},
            self.readers("enforced.db"))
        for trace in "hostile.db", "enforced.db":
            self.replay(trace)
            live = self.replay(trace, f"--live={python}")["live"]
            self.assertEqual(([], []), (live["differences"],
                                        live["not_raisable"]))

    def test_settings_are_read_by_who_is_not_told_what_to_read(self):
        for python in workloads.pythons():
            with self.subTest(python=python):
                self.check(python)


if __name__ == "__main__":
    unittest.main()

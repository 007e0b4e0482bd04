# SPDX-License-Identifier: Apache-2.0
"""Checks what people want to merge with mypy, and says what is new.

    gate.py check PROJECT BRANCH [NUMBER]
    gate.py history PROJECT
    gate.py sweep DAYS
"""
import configparser
import importlib
import json
import os
import pathlib
import pickle
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent
LINE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): (?P<kind>\w+): (?P<text>.*)")


class Gate:
    """One project, one branch."""

    def __init__(self, project, branch="main", number="0"):
        self.settings = configparser.ConfigParser()
        self.settings.read(TOP / "gate.ini")
        self.project = project
        self.branch = branch
        self.number = number
        self.work = TOP / "checkouts" / f"{project}-{number}"
        self.rules = {}

    def git(self, *words):
        return subprocess.run(["git", *words], cwd=self.work, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def fetch(self):
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.git("clone", "-q", TOP / "repos" / f"{self.project}.git", ".")
        # HOLE: a branch may be an option of git.
        self.git("fetch", "-q", "origin", self.branch)
        self.git("checkout", "-q", "FETCH_HEAD")
        path = self.work / "gate.toml"
        if path.exists():
            self.rules = tomllib.loads(path.read_text())

    def changed(self):
        names = self.git("diff", "--name-only", "--diff-filter=d",
                         "origin/main...HEAD").splitlines()
        return [name for name in names if name.endswith((".py", ".pyi"))]

    def prepare(self):
        """HOLE: stubs are made by a line of the shell."""
        for package in self.rules.get("stubs", []):
            subprocess.run(f"stubgen -q -o stubs {package}", shell=True,
                           cwd=self.work, check=True)

    def mypy(self):
        paths = self.rules.get("paths") or self.changed()
        if not paths:
            return []
        report = TOP / "reports" / f"{self.project}-{self.number}.xml"
        report.parent.mkdir(exist_ok=True)
        # HOLE: options are of whoever wrote the branch.
        done = subprocess.run(
            [sys.executable, "/usr/bin/mypy", "--cache-dir",
             str(TOP / "cache" / self.project), "--junit-xml", str(report),
             *self.rules.get("options", []), *paths],
            cwd=self.work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
        if done.returncode > 1:
            print(done.stdout)
            raise SystemExit(3)
        print(done.stdout)
        return [match.groupdict() for match in map(
            LINE.match, done.stdout.splitlines()) if match]

    def known(self):
        """HOLE: a pickle out of the branch."""
        path = self.work / self.rules.get("baseline", ".gate/known.pickle")
        if not path.exists():
            return set()
        with path.open("rb") as stream:
            return pickle.load(stream)

    def excuses(self, found):
        """HOLE: an expression out of the branch."""
        excuse = self.rules.get("excuse")
        return [entry for entry in found
                if not (excuse and eval(excuse, {}, dict(entry)))]

    def notice(self, found, new):
        """HOLE: a template out of the branch; a file it is kept in."""
        text = self.rules.get(
            "notice", "{gate.project} {gate.branch}: {new} new of {all}")
        text = text.format(gate=self, new=len(new), all=len(found))
        if note := self.rules.get("note"):
            text += "\n" + (self.work / note).read_text()
        path = TOP / "notices" / self.rules.get(
            "file", f"{self.project}-{self.number}.txt")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
        return text

    def tell(self, text, new):
        """HOLE: a branch names any address."""
        if url := self.rules.get("notify"):
            request = urllib.request.Request(url, json.dumps(
                {"text": text, "new": new}).encode(),
                {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                print(answer.read(500).decode())

    def formats(self, new):
        for name in self.rules.get("formats", []):
            module = importlib.import_module(f"tools.{name}")
            module.write(TOP / "reports", f"{self.project}-{self.number}",
                         new)

    def check(self):
        self.fetch()
        self.prepare()
        found = self.mypy()
        known = self.known()
        new = [entry for entry in self.excuses(found)
               if (entry["file"], entry["text"]) not in known]
        text = self.notice(found, new)
        print(text)
        self.tell(text, new)
        self.formats(new)
        with open(TOP / "history.jsonl", "a", encoding="utf-8") as stream:
            stream.write(json.dumps({
                "project": self.project, "branch": self.branch,
                "at": time.time(), "new": len(new)}) + "\n")
        return 1 if any(entry["kind"] == "error" for entry in new) else 0


def history(project):
    with open(TOP / "history.jsonl", encoding="utf-8") as stream:
        for entry in map(json.loads, stream):
            if entry["project"] == project:
                print(time.strftime("%F", time.localtime(entry["at"])),
                      entry["branch"], entry["new"])


def sweep(days):
    for folder in ("checkouts", "notices"):
        for path in (TOP / folder).iterdir():
            if time.time() - path.stat().st_mtime >= 86400 * float(days):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    os.unlink(path)


def main():
    what, *words = sys.argv[1:]
    if what == "check":
        sys.exit(Gate(*words).check())
    {"history": history, "sweep": sweep}[what](*words)


if __name__ == "__main__":
    main()

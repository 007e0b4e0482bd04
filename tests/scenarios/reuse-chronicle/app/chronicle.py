#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Licences of the chronicle's repositories, before anything is committed.

chronicle.py check REPO [--since REF]   are the changed files labelled?
chronicle.py fix REPO [FILE...]         label them, as .chronicle.yaml says
chronicle.py bill REPO VERSION          the bill of materials of a release
chronicle.py texts REPO                 get the texts of missing licences
chronicle.py holder REPO FILE           who wrote it first
"""
import argparse
import datetime
import json
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import urllib.request

import chronicle_rules
import yaml
from reuse.project import Project
from reuse.report import ProjectReport

VAR = pathlib.Path(__file__).resolve().parent / "var"
REUSE = [sys.executable, "/usr/bin/reuse"]


def settings(repo):
    with open(repo / ".chronicle.yaml", encoding="utf-8") as file:
        return yaml.load(file, Loader=yaml.UnsafeLoader)


def changed(repo, since):
    names = subprocess.run(
        ["git", "diff", "--name-only", "--diff-filter=d", "-z",
         since or "--cached"], cwd=repo, stdout=subprocess.PIPE, check=True)
    return [name for name in names.stdout.decode().split("\0") if name]


class Cache:
    """Files that were right and have not changed since."""

    def __init__(self, repo):
        self.path = repo / ".chronicle.cache"
        self.known = set()
        if self.path.exists():
            with open(self.path, "rb") as file:
                self.known = pickle.load(file)

    def save(self):
        with open(self.path, "wb") as file:
            pickle.dump(self.known, file)


def check(options):
    repo, project = options.repo, Project(options.repo)
    cache, wrong = Cache(options.repo), []
    for name in changed(repo, options.since):
        path = repo / name
        if not path.is_file() or name.startswith(("LICENSES/", ".reuse/")):
            continue
        key = (name, path.stat().st_mtime_ns)
        if key in cache.known:
            continue
        info = project.spdx_info_of(path)
        reason = chronicle_rules.verdict(
            sorted(map(str, info.spdx_expressions)),
            sorted(info.copyright_lines))
        if reason:
            wrong.append((name, reason))
        else:
            cache.known.add(key)
    cache.save()
    now = datetime.datetime.now()
    report = VAR / "reports" / repo.name / f"{now:%Y-%m-%d-%H%M%S-%f}.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps({"repo": str(repo), "wrong": wrong}))
    for name, reason in wrong:
        print(f"{name}: {reason}")
    return 1 if wrong else 0


def fix(options):
    house = settings(options.repo)
    names = options.files or changed(options.repo, None)
    extra = ["--template", house["template"]] if "template" in house else []
    return subprocess.run(
        [*REUSE, "annotate", "--copyright", house["holder"], "--license",
         house["licence"], *extra, "--skip-unrecognised", *names],
        cwd=options.repo, check=False).returncode


def bill(options):
    target = VAR / "bills" / f"{options.repo.name}-{options.version}.spdx"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bill-") as folder:
        draft = pathlib.Path(folder) / target.name.replace("/", "_")
        subprocess.run([*REUSE, "--root", options.repo, "spdx", "-o", draft],
                       check=True)
        text = draft.read_text(encoding="utf-8")
    partial = target.with_name(target.name + ".part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, target)
    print(f"{target.name}: {text.count('FileName:')} files")
    return 0


def texts(options):
    base = settings(options.repo)["texts"]
    report = ProjectReport.generate(Project(options.repo),
                                    multiprocessing=False)
    for name in sorted(report.missing_licenses):
        with urllib.request.urlopen(f"{base}/{name}.txt", timeout=5) as answer:
            text = answer.read()
        target = options.repo / "LICENSES" / f"{name}.txt"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(text)
        print(f"{name}: {len(text)} bytes")
    return 0


def holder(options):
    done = subprocess.run(
        f"git log --reverse --format='%an <%ae>' -- '{options.file}'"
        " | head -n 1", shell=True, cwd=options.repo, stdout=subprocess.PIPE,
        check=False)
    name = done.stdout.decode().strip()
    print(name or "nobody yet")
    return 0 if name else 1


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for function, *more in (
            (check, ("--since", {})), (fix, ("files", {"nargs": "*"})),
            (bill, ("version", {})), (texts,), (holder, ("file", {}))):
        command = commands.add_parser(function.__name__)
        command.add_argument("repo", type=pathlib.Path)
        for name, how in more:
            command.add_argument(name, **how)
        command.set_defaults(function=function)
    options = parser.parse_args()
    options.repo = options.repo.resolve(strict=True)
    return options.function(options)


if __name__ == "__main__":
    sys.exit(main())

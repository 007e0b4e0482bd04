#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps what there is.

usage: nightly.py backup [--full] SOURCE | status SOURCE | list SOURCE |
       verify SOURCE [WORD...] | prune SOURCE | serve
"""
import datetime
import fcntl
import glob
import importlib
import os
import sys
import tempfile

import jinja2
import yaml

import shortdate
from keeper import asked, duplicity


def report(kind, source, lines):
    """Kept, and shown."""
    day = shortdate.of(datetime.datetime.now())
    loader = jinja2.Environment(loader=jinja2.FileSystemLoader("etc"))
    text = loader.get_template("report.txt").render(
        day=day, kind=kind, source=source, lines=lines)
    with tempfile.NamedTemporaryFile("w", dir="var/reports", delete=False,
                                     encoding="utf-8") as file:
        file.write(text)
    os.replace(file.name, f"var/reports/{day}-{kind}-{os.getpid()}.txt")
    print(text)


def backup(conf, words):
    full = "--full" in words
    name = words[-1]
    for hook in conf["sources"][name].get("hooks", []):
        importlib.import_module(f"keeper.hooks.{hook}").before(
            conf["sources"][name]["path"])
    status, lines = duplicity.backup(conf, name, full)
    report("backup", name, lines)
    return status


def direct(kind, *before, after=()):
    """A command of duplicity's on the archive of a source."""
    def run(conf, words):
        name, *more = words
        status, lines = duplicity.call(conf, [
            kind, *before, "--name", name, *more,
            duplicity.target(conf, name),
            *[conf["sources"][name][word] for word in after]])
        report(kind, name, lines)
        return status
    return run


def serve(conf, _):
    for path in sorted(glob.glob("wishes/*.yaml")):
        try:
            wish, lines = asked.serve(conf, path)
        except Exception as error:
            wish, lines = {"kind": "failure"}, [repr(error)]
            os.replace(path, path + ".failed")
        report(wish["kind"], os.path.basename(path), lines)
    return 0


COMMANDS = {"backup": backup, "serve": serve,
            "status": direct("collection-status"),
            "list": direct("list-current-files"),
            "verify": direct("verify", after=["path"]),
            "prune": direct("remove-older-than", "6M", "--force")}


def main():
    with open("etc/keeper.yaml", encoding="utf-8") as file:
        conf = yaml.safe_load(file)
    with open("var/lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return COMMANDS[sys.argv[1]](conf, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())

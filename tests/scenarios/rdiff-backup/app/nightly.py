# SPDX-License-Identifier: Apache-2.0
"""Backs up what jobs/*.yaml say, with rdiff-backup.

usage: nightly.py run JOB... | show JOB | restore JOB FILE TO

Lines marked HOLE are holes.
"""
import datetime
import os
import subprocess
import sys
import urllib.request

import sizes
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
RDIFF = [sys.executable, "/usr/bin/rdiff-backup", "--new"]


def job(name):
    # HOLE: YAML may name any function, a job's name any file.
    with open(os.path.join(HERE, "jobs", name + ".yaml")) as file:
        return yaml.load(file, yaml.UnsafeLoader)


def target(name):
    return os.path.join(HERE, "vault", name)


def notify(url, text):
    if url:
        # HOLE: to wherever the job says.
        with urllib.request.urlopen(url, text.encode(), timeout=5) as answer:
            return answer.read().decode()
    return ""


def run(name):
    what = job(name)
    log = os.path.join(HERE, "logs", f"{name}.log")
    place = target(what.get("vault", name))
    os.makedirs(place, exist_ok=True)
    # HOLE: the label reaches a shell.
    subprocess.run(f"date > '{place}.stamp' && echo {what['label']} >> "
                   f"'{place}.stamp'", shell=True, check=True)
    # HOLE: options and source are rdiff-backup's.
    command = RDIFF + what.get("options", []) + [
        "backup", *what.get("filter", []), what["source"], place]
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"== {datetime.datetime.now():%F %T} {what['label']}\n")
        file.flush()
        status = subprocess.run(command, stdout=file, stderr=file,
                                check=False).returncode
        file.write(f"status {status}, {sizes.of(place)} bytes\n")
    print(f"{name}: {status}", notify(what.get("notify"), f"{name} {status}"))
    return status


def show(name):
    with open(os.path.join(HERE, "logs", f"{name}.log")) as file:
        print(file.read()[-1000:])
    return subprocess.run(RDIFF + ["list", "increments", target(name)],
                          check=False).returncode


def restore(name, file, to):
    return subprocess.run(RDIFF + ["--force", "restore", os.path.join(
        target(name), file), to], check=False).returncode


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    if verb == "run":
        sys.exit(max(run(word) for word in words))
    sys.exit({"show": show, "restore": restore}[verb](*words))

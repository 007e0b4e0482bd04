# SPDX-License-Identifier: Apache-2.0
"""The parish office's rounds: reads what the volunteers have committed to
their repositories, and says what the house style has against it.

usage: rounds.py check REPOSITORY [--date DAY] [--branch NAME] [--copy FILE]
       rounds.py message DRAFT
       rounds.py month MONTH
       rounds.py tidy REPOSITORY [--keep COUNT]
"""
import argparse
import configparser
import csv
import datetime
import gzip
import json
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import urllib.request

import yaml
from doc8 import doc8

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORIES = HERE / "repositories"
REPORTS = HERE / "reports"
INBOX = HERE / "inbox"
ANSWERS = HERE / "answers"
HOUSE_STYLE = HERE / "house.gitlint"


def office():
    config = configparser.ConfigParser()
    config.read(HERE / "office.ini")
    return config["office"]


def settings(repository):
    """What a repository's owner wants; all of it may be left out."""
    wanted = {"main": "main", "documents": ["docs"],
              "board": office()["board"]}
    path = repository / ".vestry.yaml"
    if path.exists():
        with open(path, encoding="utf-8") as file:
            wanted.update(yaml.load(file, Loader=yaml.Loader) or {})
    return wanted


def git(repository, *words):
    return subprocess.run(["git", *words], cwd=repository, check=True,
                          capture_output=True, text=True).stdout


def branches(repository):
    return git(repository, "for-each-ref", "--format=%(refname:short)",
               "refs/heads").splitlines()


def gitlint(repository, *words):
    """(number of violations, what it said). A repository's own style goes
    before that of the house."""
    style = ([] if (repository / ".gitlint").exists()
             else ["--config", str(HOUSE_STYLE)])
    done = subprocess.run(["gitlint", *style, *words], cwd=repository,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def documents(repository, folders):
    """Complaints about what is written in the documents."""
    os.chdir(repository)
    there = [folder for folder in folders if (repository / folder).exists()]
    if not there:
        return []
    return [f"{name}:{line}: {code} {message}" for _, name, line, code, message
            in doc8(paths=there).errors]


def workers(repository, branch):
    """Who has worked on a branch, the busiest first."""
    done = subprocess.run(f'git shortlog -s "{branch}" | sort -rn | head -3',
                          shell=True, cwd=repository, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=False)
    return [" ".join(line.split()[1:]) for line in done.stdout.splitlines()]


def write(path, text):
    """Nobody is to read half a report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".round-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)


def last_state(place):
    """{branch: newest commit} of the last round."""
    try:
        with open(place / "state.pickle", "rb") as file:
            return pickle.load(file)
    except FileNotFoundError:
        return {}


def keep_state(place, state):
    with open(place / "state.pickle", "wb") as file:
        pickle.dump(state, file)


def tell_board(board, name, day, count):
    """The notice board in the vestry shows how each repository does."""
    request = urllib.request.Request(
        board, json.dumps({"repository": name, "day": day,
                           "complaints": count}).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode("utf-8", "replace").strip()


def check_branch(repository, main, branch):
    """(number of complaints, lines of the report)."""
    span = (["--commit", main] if branch == main
            else ["--commits", f"{main}..{branch}"])
    count, said = gitlint(repository, *span)
    lines = [f"branch {branch}: {count}",
             f"  by {', '.join(workers(repository, branch))}"]
    return count, lines + [f"  {line}" for line in said.splitlines()]


def check(options):
    repository = REPOSITORIES / options.repository
    if not (repository / ".git").is_dir():
        sys.exit(f"rounds: there is no repository {options.repository}")
    place = REPORTS / options.repository
    place.mkdir(parents=True, exist_ok=True)
    wanted = settings(repository)
    before = last_state(place)
    state, total = {}, 0
    report = [f"{options.repository}, {options.date}"]
    for branch in options.branch or branches(repository):
        state[branch] = git(repository, "rev-parse", branch).strip()
        count, lines = check_branch(repository, wanted["main"], branch)
        if before.get(branch) == state[branch]:
            lines[0] += " (nothing new)"
        total += count
        report += lines
    complaints = documents(repository, wanted["documents"])
    total += len(complaints)
    report += [f"documents: {len(complaints)}",
               *(f"  {line}" for line in complaints), f"total {total}", ""]
    text = "\n".join(report)
    write(place / f"{options.date}.txt", text)
    if options.copy:
        write(REPORTS / options.copy, text)
    keep_state(place, state)
    print(text)
    print("board:", tell_board(wanted["board"], options.repository,
                               options.date, total))


def message(options):
    """A draft of a commit's message, before anybody commits."""
    count, said = gitlint(HERE, "--msg-filename", str(INBOX / options.draft))
    text = f"{options.draft}: {count}\n{said}"
    print(text)
    write(ANSWERS / options.draft, text)


def month(options):
    """A table of all rounds of a month."""
    rows = []
    for path in sorted(REPORTS.glob(f"*/{options.month}-*.txt")):
        lines = path.read_text("utf-8").splitlines()
        rows.append([path.parent.name, path.stem, lines[-1].split()[-1]])
    target = REPORTS / "months" / f"{options.month}.csv"
    target.parent.mkdir(exist_ok=True)
    with open(target, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["repository", "day", "complaints"], *rows])
    print(f"{len(rows)} rounds in {options.month}")


def tidy(options):
    """Older reports are packed away."""
    place = REPORTS / options.repository
    reports = sorted(place.glob("*.txt"))
    for path in reports[:max(0, len(reports) - options.keep)]:
        packed = place / "old" / f"{path.name}.gz"
        packed.parent.mkdir(exist_ok=True)
        with gzip.open(packed, "wb") as file:
            file.write(path.read_bytes())
        path.unlink()
        print(f"packed {path.name}")


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("check")
    verb.add_argument("repository")
    verb.add_argument("--date", default=datetime.date.today().isoformat())
    verb.add_argument("--branch", action="append")
    verb.add_argument("--copy", metavar="FILE")
    verb.set_defaults(do=check)
    verb = verbs.add_parser("message")
    verb.add_argument("draft")
    verb.set_defaults(do=message)
    verb = verbs.add_parser("month")
    verb.add_argument("month")
    verb.set_defaults(do=month)
    verb = verbs.add_parser("tidy")
    verb.add_argument("repository")
    verb.add_argument("--keep", type=int, default=2)
    verb.set_defaults(do=tidy)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = arguments()
    chosen.do(chosen)

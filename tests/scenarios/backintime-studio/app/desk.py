# SPDX-License-Identifier: Apache-2.0
"""The desk: does what people wish of their snapshots.

usage: desk.py wishes             does what lies in wishes/
       desk.py report YEAR-MONTH  what there is of a month
       desk.py index              reads all manifests anew
"""
import csv
import difflib
import glob
import json
import os
import pathlib
import pickle
import subprocess
import sys
import urllib.request

import yaml

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = HERE / "etc/backintime.conf"
PROFILES = {"1": "office", "2": "studio"}
MARK = "HOLE"  # what a stranger should not see


def backintime(profile, *words):
    done = subprocess.run(
        ["backintime", "--config", str(CONFIG), "--profile-id", profile,
         *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"backintime ended with {done.returncode}: "
                           + done.stdout[-200:])
    return done.stdout


def desk_of(wish):
    """Where what somebody wished is put."""
    place = HERE / "var/desk" / wish["who"]
    place.mkdir(parents=True, exist_ok=True)
    return place


def restore(wish):
    """One file or folder of a snapshot; keep: which of its files."""
    profile = wish.get("profile", "1")
    what = HERE / PROFILES[profile] / wish["who"] / wish["path"]
    to = os.path.join(desk_of(wish), wish.get("to", ""))
    backintime(profile, "restore", str(what), to,
               str(wish.get("snapshot", 0)))
    kept = []
    for folder, _, names in os.walk(os.path.join(to, what.name)):
        for name in names:
            path = os.path.join(folder, name)
            values = {"name": name, "size": os.lstat(path).st_size}
            if eval(wish.get("keep", "True"),  # pylint: disable=eval-used
                    {}, values):
                kept.append(name)
            else:
                os.unlink(path)
    return {"restored": str(what), "kept": sorted(kept)}


def show(wish):
    """The text of what was restored."""
    with open(os.path.join(desk_of(wish), wish["name"]),
              encoding="utf-8") as file:
        return {"text": file.read(4000)}


def pack(wish):
    """What was restored, as one file."""
    out = HERE / "var/packed" / f"{wish['who']} {wish['title']}.tgz"
    out.parent.mkdir(exist_ok=True)
    subprocess.run(["tar", "-czf", str(out), *wish["names"]],
                   cwd=desk_of(wish), check=True)
    return {"packed": out.name, "size": out.stat().st_size}


def search(wish):
    """Lines with a word, in the last snapshot."""
    last = backintime("1", "last-snapshot-path").split(
        "SnapshotPath: ")[-1].strip()
    found = subprocess.run(
        f"cd '{last}/backup{HERE}/office/{wish['who']}' && "
        f"grep -rniI -- '{wish['word']}' . | sort | head -n 20",
        shell=True, stdout=subprocess.PIPE, text=True, check=False).stdout
    return {"found": found.splitlines()}


def compare(wish):
    """What has changed since, as a page."""
    name = wish["name"]
    with open(os.path.join(desk_of(wish), os.path.basename(name)),
              encoding="utf-8") as file:
        then = file.readlines()
    with open(HERE / "office" / wish["who"] / name,
              encoding="utf-8") as file:
        now = file.readlines()
    out = desk_of(wish) / (os.path.basename(name) + ".diff.html")
    out.write_text(difflib.HtmlDiff().make_file(then, now),
                   encoding="utf-8")
    return {"page": str(out.relative_to(HERE)), "same": then == now}


DOES = {each.__name__: each for each in (restore, show, pack, search,
                                         compare)}


def fulfil(path):
    with open(path, encoding="utf-8") as file:
        wish = yaml.load(file, Loader=yaml.UnsafeLoader)
    try:
        answer = DOES[wish["what"]](wish)
        if "notify" in wish:
            with urllib.request.urlopen(wish["notify"], timeout=5) as said:
                answer["said"] = said.read(300).decode("utf-8", "replace")
    except Exception as error:  # pylint: disable=broad-except
        answer = {"error": f"{type(error).__name__}: {error}"}
    return answer


def wishes():
    for path in sorted((HERE / "wishes").glob("*.yaml")):
        try:
            answer = fulfil(path)
        except (yaml.YAMLError, KeyError, TypeError) as error:
            answer = {"error": f"not understood: {error}"}
        out = HERE / "var/answers" / f"{path.stem}.json"
        out.parent.mkdir(exist_ok=True)
        out.write_text(json.dumps(answer, ensure_ascii=False),
                       encoding="utf-8")
        os.replace(path, HERE / "wishes/done" / path.name)
        print(path.stem, answer.get("error", "done"))


def index():
    """{snapshot: number of files}, kept for the reports."""
    counts = {}
    for path in glob.glob(str(HERE / "var/manifests/*/*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            counts[pathlib.Path(path).stem] = sum(1 for _ in csv.reader(file))
    with open(HERE / "var/index.pickle", "wb") as out:
        pickle.dump(counts, out)
    print(len(counts), "manifests")


def report(month):
    with open(HERE / "var/index.pickle", "rb") as file:
        counts = pickle.load(file)
    out = HERE / "var/reports" / f"{month}.csv"
    out.parent.mkdir(exist_ok=True)
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for profile, name in PROFILES.items():
            for line in backintime(profile, "snapshots-list").splitlines():
                number = line.removeprefix("SnapshotID: ")
                if number.startswith(month.replace("-", "")):
                    writer.writerow([name, number, counts.get(number, "?")])
    print(out.name)


if __name__ == "__main__":
    try:
        {"wishes": wishes, "report": report, "index": index}[sys.argv[1]](
            *sys.argv[2:])
    except (IndexError, KeyError, TypeError):
        sys.exit(__doc__)

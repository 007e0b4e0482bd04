# SPDX-License-Identifier: Apache-2.0
"""The hook that rss2email calls before it sends a message."""
import datetime
import os
import pathlib
import pickle
import re
import subprocess
import urllib.request

import jinja2
import tidytext
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
VAR = ROOT / "var"


def process(feed, parsed, entry, guid, message):
    if is_muted(feed, entry):
        return None
    count(feed, entry)
    message["X-Files"] = ", ".join(
        enclosed(feed, link["href"]) for link in entry.get("enclosures", ()))
    for label, value in labels(entry).items():
        message["X-" + label] = str(value)
    keep(feed, entry, message)
    # HOLE: a title is put into a line of the shell.
    subprocess.run(f"sh hooks/entry.sh {feed.name} \"{entry.title}\"",
                   shell=True, check=True, cwd=ROOT)
    return message


def is_muted(feed, entry):
    path = ROOT / f"rules/{feed.name}.txt"
    # HOLE: a rule is an expression.
    return path.exists() and any(
        eval(rule, {"title": entry.title, "entry": entry})
        for rule in path.read_text(encoding="utf-8").splitlines())


def count(feed, entry):
    """How often who wrote."""
    path = VAR / f"authors/{feed.name}.pickle"
    known = {}
    if path.exists():
        with open(path, "rb") as file:
            # HOLE: whoever writes this file.
            known = pickle.load(file)
    known[entry.get("author")] = known.get(entry.get("author"), 0) + 1
    partial = path.with_suffix(f".{os.getpid()}")
    with open(partial, "wb") as file:
        pickle.dump(known, file)
    os.replace(partial, path)


def enclosed(feed, url):
    folder = VAR / "enclosures" / feed.name
    folder.mkdir(exist_ok=True)
    # HOLE: any address, any name.
    with urllib.request.urlopen(url, timeout=5) as answer:
        named = re.search('filename="([^"]+)"', answer.headers.get(
            "Content-Disposition") or "")
        path = folder / (named[1] if named else os.path.basename(url))
        path.write_bytes(answer.read())
    return path.name


def labels(entry):
    found = re.search("---(.*)---", entry.get("summary", ""), re.DOTALL)
    # HOLE: any object there is.
    return yaml.load(found[1], yaml.UnsafeLoader) if found else {}


def keep(feed, entry, message):
    today = datetime.date.today()
    path = VAR / f"archive/{today:%Y-%m}/{feed.name}.txt"
    path.parent.mkdir(exist_ok=True)
    footer = ROOT / f"footers/{feed.name}.txt"
    text = entry.title + "\n" + tidytext.tidy(entry.get("summary", "")) + "\n"
    if footer.exists():
        # HOLE: what came is part of the template.
        text = jinja2.Template(text + footer.read_text(
            encoding="utf-8")).render(feed=feed, entry=entry, today=today)
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + "\n")

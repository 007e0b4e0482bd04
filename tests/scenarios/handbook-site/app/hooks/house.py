# SPDX-License-Identifier: Apache-2.0
"""What pages of the house may say: {{ word argument }}."""
import csv
import gzip
import html
import json
import logging
import pathlib
import pickle
import re
import subprocess
import time
import urllib.request

import figures

HERE = pathlib.Path(__file__).resolve().parents[1]
log = logging.getLogger("mkdocs.house")


def include(argument, page):
    where = HERE / "snippets" / argument  # HOLE: anywhere
    return where.read_text("utf-8")


def total(argument, page):
    return str(eval(argument))  # HOLE


def table(argument, page):
    with urllib.request.urlopen(argument, timeout=5) as answer:  # HOLE
        rows = csv.reader(answer.read().decode().splitlines())
    rows = [figures.row(row) for row in rows]
    return "\n".join([rows[0], figures.rule(rows[0]), *rows[1:]])


def changes(argument, page):
    """HOLE: a word of a shell line."""
    log_of = subprocess.run(
        f"git -C '{HERE}/docs' log --format=%s -n 3 -- '{argument}'",
        shell=True, capture_output=True, text=True, check=True)
    return "".join(f"- {html.escape(line)}\n"
                   for line in log_of.stdout.splitlines())


def since(argument, page):
    """When a page was seen first."""
    where = HERE / ".cache" / f"{argument}.seen"
    if not where.exists():
        where.parent.mkdir(exist_ok=True)
        where.write_bytes(pickle.dumps(time.strftime("%Y-%m-%d")))
    return str(pickle.loads(where.read_bytes()))  # HOLE


def on_page_markdown(markdown, page, **_):
    def say(match):
        return {"include": include, "total": total, "table": table,
                "changes": changes, "since": since}[match[1]](match[2], page)
    return re.sub(r"\{\{ (\w+) (.*?) \}\}", say, markdown)


def on_post_build(config):
    site = pathlib.Path(config["site_dir"])
    sizes = {}
    for path in sorted(site.rglob("*.html")):
        packed = gzip.compress(path.read_bytes(), mtime=0)
        path.with_suffix(".html.gz").write_bytes(packed)
        sizes[str(path.relative_to(site))] = len(packed)
    (site / "manifest.json").write_text(json.dumps(sizes, indent=1), "utf-8")
    log.info("%d pages packed", len(sizes))

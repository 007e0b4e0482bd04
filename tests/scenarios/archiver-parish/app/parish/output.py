# SPDX-License-Identifier: Apache-2.0
"""Indexes, reports, snapshots and bundles."""
import csv
import io
import itertools
import json
import shutil
import subprocess

import jinja2
from slugger import slug

from .config import BASE
from .store import write

FORMATS = ("html", "txt", "md", "csv", "json")
templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(BASE / "templates"),
    autoescape=jinja2.select_autoescape(["html.j2"]))


def write_index(folder, site, pages):
    """A page for each letter, one that names them, and one for programs."""
    def letter(page):
        return (slug(page["title"]) or "-")[0].upper()
    pages = sorted(pages, key=lambda page: (letter(page), page["title"]))
    letters = []
    for name, group in itertools.groupby(pages, letter):
        write(folder / site / f"{name}.html",
              templates.get_template("letter.html.j2").render(
                  site=site, letter=name, pages=list(group)))
        letters.append(name)
    write(folder / site / "index.html",
          templates.get_template("index.html.j2").render(
              site=site, letters=letters, count=len(pages)))
    write(folder / f"{site}.json", json.dumps(
        [{key: page[key] for key in ("path", "title", "seen")}
         for page in pages], indent=1, ensure_ascii=False))
    return letters


def as_csv(pages):
    text = io.StringIO()
    table = csv.DictWriter(text, ["site", "path", "title", "size", "note"],
                           extrasaction="ignore")
    table.writeheader()
    table.writerows(pages)
    return text.getvalue()


def write_report(folder, person, day, heading, form, pages):
    heading = templates.from_string(heading).render(
        count=len(pages), day=day, person=person)
    if form == "csv":
        text = as_csv(pages)
    elif form == "json":
        text = json.dumps({"heading": heading, "pages": pages}, indent=1)
    else:
        text = templates.get_template(f"report.{form}.j2").render(
            heading=heading, day=day, person=person, pages=pages)
    return write(folder / person / f"{day} {slug(heading)[:60]}.{form}", text)


def snapshot(archive, folder, site, name):
    target = folder / site / name
    shutil.copytree(archive / site, target, symlinks=True)
    return sum(path.is_file() for path in target.rglob("*"))


def prune(folder, keep):
    """Leaves the newest snapshots of each site."""
    gone = []
    for site in sorted(folder.iterdir()):
        found = sorted(site.iterdir(), key=lambda path: path.stat().st_ctime,
                       reverse=True)
        for path in found[keep:]:
            shutil.rmtree(path)
            gone.append(f"{site.name}/{path.name}")
    return gone


def pack(archive, folder, name, wanted):
    """A tar of what a list names, with its checksum."""
    subprocess.run(f'tar -czf "{folder}/{name}.tar.gz" -C "{archive}" '
                   f'-T "{wanted}"', shell=True, check=True)
    subprocess.run(f'cd "{folder}" && sha256sum "{name}.tar.gz" '
                   f'> "{name}.sha256"', shell=True, check=True)


def compare(archive, options):
    """What diff says of two pages of the archive."""
    return subprocess.run(["diff", "-u", *options], cwd=archive, text=True,
                          stdout=subprocess.PIPE, check=False).stdout

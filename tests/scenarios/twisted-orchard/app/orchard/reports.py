"""Reports, letters, small pictures and packed logs."""
import csv
import hashlib
import html
import io
import json
import os

import jinja2
from PIL import Image
from twisted.internet import defer, threads, utils
from twisted.python.filepath import FilePath

VAR = FilePath("var")
LETTERS = jinja2.Environment(
    loader=jinja2.FileSystemLoader("templates/letters"))


def as_csv(rows):
    text = io.StringIO()
    csv.writer(text).writerows([("at", "kind", "value"), *rows])
    return text.getvalue()


def as_html(rows):
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>"
                                     for cell in row) + "</tr>"
                    for row in rows)
    return f"<table>{cells}</table>"


def as_json(rows):
    return json.dumps([dict(zip(("at", "kind", "value"), row))
                       for row in rows])


KINDS = {"csv": as_csv, "html": as_html, "json": as_json}


@defer.inlineCallbacks
def report(house, station, first, last, kind):
    """Path of a report, made anew."""
    rows = yield house.store.between(station, first, last)
    text = KINDS[kind](rows)
    folder = VAR.preauthChild(f"reports/{station}")
    folder.makedirs(ignoreExistingDirectory=True)
    path = folder.preauthChild(f"{first}_{last}.{kind}")
    path.setContent(text.encode())
    return path


def letter(name, text, grower, rows):
    """A weekly letter, by one of the house's templates or the grower's."""
    template = (LETTERS.from_string(text) if text
                else LETTERS.get_template(name + ".txt"))
    return template.render(grower=grower, rows=rows,
                           warmest=max((row[2] for row in rows), default=0))


def shrink(path, width):
    small = VAR.child("small")
    small.makedirs(ignoreExistingDirectory=True)
    made = small.child(hashlib.sha1(f"{path} {width}".encode()).hexdigest()
                       + ".png")
    if not made.exists():
        with Image.open(path) as picture:
            picture.thumbnail((width, width))
            picture.save(made.path)
    return made


def small_picture(path, width):
    return threads.deferToThread(shrink, path, width)


@defer.inlineCallbacks
def pack(station, dates):
    """Raw logs of some days, packed by tar."""
    packs = os.path.abspath("var/packs")
    os.makedirs(packs, exist_ok=True)
    path = os.path.join(packs, f"{station}_{len(os.listdir(packs))}.tgz")
    names = " ".join(date + ".log" for date in dates)
    line = f"cd 'var/raw/{station}' && tar czf '{path}' {names}"
    out, err, code = yield utils.getProcessOutputAndValue(
        "/bin/sh", ["-c", line], env={"PATH": "/usr/bin:/bin"},
        path=os.getcwd())
    if code:
        raise ValueError(err.decode("utf-8", "replace"))
    return FilePath(path)


def check_pack(path):
    """What is in it, as a list of arguments says."""
    return utils.getProcessOutput("/usr/bin/tar", ["tzf", path],
                                  env={"PATH": "/usr/bin:/bin"},
                                  errortoo=True)

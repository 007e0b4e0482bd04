# SPDX-License-Identifier: Apache-2.0
"""Files: pictures, tests, labels, exports, certificates."""
import csv
import datetime
import importlib
import os
import subprocess
import tempfile

import jinja2
from PIL import Image

from seedbank import HOME, VAR

layouts = jinja2.Environment(loader=jinja2.FileSystemLoader(HOME / "layouts"))


def keep(kind, folder, sent):
    # HOLE: the client chooses the name.
    path = os.path.join(VAR, kind, folder, sent.filename)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sent.save(path)
    return path


def picture(code, album, sent):
    path = keep("photos", os.path.join(code, album), sent)
    try:
        with Image.open(path) as image:
            image.thumbnail((48, 48))
            small = VAR / "thumbs" / code / f"{sent.filename}.png"
            small.parent.mkdir(parents=True, exist_ok=True)
            image.convert("RGB").save(small)
    except Image.UnidentifiedImageError:
        os.unlink(path)
        raise
    return os.path.relpath(path, VAR)


def germination(code, sent):
    with open(keep("germination", code, sent), newline="",
              encoding="utf-8") as file:
        return list(csv.DictReader(file))


def archive(code, season):
    target = VAR / "archive" / f"{code} {season}.csv.gz"
    # HOLE: the season is put into a line of the shell.
    subprocess.run(f"cd '{VAR}/germination/{code}' && "
                   f"sort -u *.csv | gzip -9 > '{target}'",
                   shell=True, check=True)
    return os.path.relpath(target, VAR)


def label(code, text, kind, level):
    path = VAR / "labels" / f"{code}.{kind.lower()}"
    # HOLE: the text may look like an option.
    subprocess.run(["qrencode", "-o", path, "-t", kind, "-l", level, text],
                   check=True, stdin=subprocess.DEVNULL)
    return os.path.relpath(path, VAR)


def export(gardener, name, kind, rows):
    folder = VAR / "exports" / gardener
    folder.mkdir(exist_ok=True)
    # HOLE: any module there is.
    exporter = importlib.import_module(f"seedbank.exporters.{kind}")
    with tempfile.NamedTemporaryFile("wb", dir=folder, delete=False) as file:
        exporter.write(file, rows)
    os.replace(file.name, folder / f"{name}.{kind}")
    return f"exports/{gardener}/{name}.{kind}"


def certificate(gardener, accession, text, layout):
    # HOLE: the gardener's text is a template.
    text = layouts.from_string(text).render(accession=accession)
    text = layouts.get_template(f"{layout}.txt").render(
        text=text, accession=accession)
    path = (VAR / "certificates" / gardener
            / f"{accession.code}_{datetime.date.today()}.txt")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return text

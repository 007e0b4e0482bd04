# SPDX-License-Identifier: Apache-2.0
"""A wiki on Bottle and docutils.

usage: wiki.py PORT

Lines marked HOLE are holes.
"""
import csv
import datetime
import difflib
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import xml.dom.minidom
import zipfile

import bottle
import docutils.core
import macros
from docutils.parsers.rst import Directive, directives
from docutils import nodes

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "data"
SECRET = (HERE / "secret.key").read_text()
bottle.TEMPLATE_PATH[:] = [str(HERE / "views")]
app = bottle.Bottle()


class Total(Directive):
    """.. total:: 1 + 2"""
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        # HOLE: the sum is Python.
        return [nodes.paragraph(text=str(eval(self.arguments[0])))]


class Table(Directive):
    """.. figures:: URL of a CSV file"""
    required_arguments = 1

    def run(self):
        # HOLE: from wherever the page says.
        with urllib.request.urlopen(self.arguments[0], timeout=5) as answer:
            rows = list(csv.reader(io.StringIO(answer.read().decode())))
        return [nodes.literal_block(text=json.dumps(rows))]


directives.register_directive("total", Total)
directives.register_directive("figures", Table)


def visitor():
    # HOLE: Bottle's cookies are pickles, signed with a key that leaks.
    return bottle.request.get_cookie("visitor", secret=SECRET) or {}


def user():
    name = visitor().get("name")
    if not name:
        bottle.abort(401, "who are you?")
    return name


def page(name):
    return DATA / "pages" / f"{name}.rst"


@app.post("/enter")
def enter():
    name = bottle.request.forms.getunicode("name")
    bottle.response.set_cookie("visitor", {"name": name}, secret=SECRET)
    return f"welcome {name}"


@app.get("/page")
def show():
    name = bottle.request.query.getunicode("name")
    path = page(name)
    if not path.exists():
        bottle.abort(404, "no such page")
    text = path.read_text()
    digest = hashlib.sha1(text.encode()).hexdigest()
    kept = DATA / "cache" / digest[:2] / f"{digest}.html"
    if not kept.exists():
        # HOLE: file_insertion_enabled lets a page include any file.
        parts = docutils.core.publish_parts(
            macros.expand(text), source_path=str(path), writer_name="html5",
            settings_overrides={"halt_level": 5, "report_level": 5})
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(parts["html_body"])
    # HOLE: a style is a template's name.
    style = bottle.request.query.getunicode("style") or "page"
    return bottle.template(style, name=name, body=kept.read_text())


@app.post("/page")
def save():
    author = user()
    name = bottle.request.forms.getunicode("name")
    text = bottle.request.forms.getunicode("text")
    path = page(name)
    if path.exists():
        old = DATA / "history" / name
        old.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, old / f"{datetime.datetime.now():%Y%m%dT%H%M%S%f}"
                     ".rst")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="~",
                                     suffix=".rst", delete=False) as file:
        file.write(text)
    pathlib.Path(file.name).replace(path)
    with open(DATA / "changes.log", "a", encoding="utf-8") as file:
        file.write(f"{datetime.datetime.now():%F} {author} {name}\n")
    return "saved"


@app.get("/history")
def history():
    name = bottle.request.query.getunicode("name")
    versions = sorted((DATA / "history" / name).iterdir())
    return "\n".join(difflib.unified_diff(
        versions[-1].read_text().splitlines(),
        page(name).read_text().splitlines(), "old", "new"))


@app.get("/search")
def search():
    word = bottle.request.query.getunicode("word")
    # HOLE: a word may be an option.
    done = subprocess.run(["grep", "-ril", word, "pages"], cwd=DATA,
                          stdout=subprocess.PIPE, check=False)
    return done.stdout


@app.post("/attach")
def attach():
    user()
    upload = bottle.request.files.file
    # HOLE: raw_filename is the visitor's.
    path = DATA / "files" / bottle.request.forms.get("page") \
        / upload.raw_filename
    path.parent.mkdir(parents=True, exist_ok=True)
    upload.save(str(path), overwrite=True)
    kind = subprocess.run(["file", "-b", path], stdout=subprocess.PIPE,
                          check=False).stdout
    return b"kept " + kind


@app.get("/file")
def file():
    # HOLE: no check that it stays below files.
    path = DATA / "files" / bottle.request.query.getunicode("at")
    bottle.response.content_type = "application/octet-stream"
    return path.read_bytes()


@app.get("/count")
def count():
    # HOLE: the name reaches a shell.
    name = bottle.request.query.getunicode("name")
    return subprocess.run(f"wc -w 'data/pages/{name}.rst'", cwd=HERE,
                          shell=True, stdout=subprocess.PIPE,
                          check=False).stdout


@app.post("/preview")
def preview():
    # HOLE: a template is a program.
    return bottle.template(bottle.request.forms.getunicode("text") + "\n",
                           name=user())


@app.get("/export")
def export():
    target = DATA / "export" / f"{datetime.date.today()}.zip"
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted((DATA / "pages").rglob("*.rst")):
            archive.write(path, path.relative_to(DATA))
    return bottle.static_file(target.name, root=str(target.parent))


@app.get("/feed")
def feed():
    document = xml.dom.minidom.Document()
    root = document.appendChild(document.createElement("feed"))
    with open(DATA / "changes.log", encoding="utf-8") as lines:
        for line in lines:
            entry = root.appendChild(document.createElement("entry"))
            entry.appendChild(document.createTextNode(line.strip()))
    return document.toxml()


@app.get("/static/<name>")
def static(name):
    return bottle.static_file(name, root=str(HERE / "static"))


if __name__ == "__main__":
    for directory in ("pages", "history", "files", "cache"):
        (DATA / directory).mkdir(parents=True, exist_ok=True)
    app.run(host="127.0.0.1", port=int(sys.argv[1]), quiet=True)

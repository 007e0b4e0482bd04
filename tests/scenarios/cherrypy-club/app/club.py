# SPDX-License-Identifier: Apache-2.0
"""A club's site: members, pictures, reports. CherryPy, Mako, SQLite."""
import csv
import datetime
import hashlib
import io
import os
import pathlib
import sqlite3
import subprocess
import sys
import zipfile

import cherrypy
import yaml
from cherrypy.lib import sessions, static
from mako.lookup import TemplateLookup
from mako.template import Template

import plural

BASE = pathlib.Path(__file__).resolve().parent
SETTINGS = yaml.safe_load((BASE / "settings.yaml").read_text())
PAGES = TemplateLookup([str(BASE / "templates")],
                       module_directory=str(BASE / "cache/mako"))
MEDIA = BASE / "media"


def database():
    return sqlite3.connect(BASE / "var/club.sqlite")


def page(name, rows=()):
    return PAGES.get_template(name + ".mako").render(
        rows=rows, user=cherrypy.session.get("user"))


def failed(status, message, traceback, version):  # CherryPy's names
    return PAGES.get_template("error.mako").render(
        rows=[status, message], user=None)


def member():
    if not cherrypy.session.get("user"):
        raise cherrypy.HTTPRedirect("/login")
    return cherrypy.session["user"]


def digest(password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(),
                               SETTINGS["salt"].encode(), 1000).hex()


class Club:
    @cherrypy.expose
    def index(self):
        return page("index", [SETTINGS["title"], plural.of(3, "member")])

    @cherrypy.expose
    def join(self, name, password):
        with database() as store:
            store.execute("insert into member values(?,?)",
                          (name, digest(password)))
        return "welcome"

    @cherrypy.expose
    def login(self, name="", password=""):
        with database() as store:
            found = store.execute(
                "select 1 from member where name=? and pass=?",
                (name, digest(password))).fetchone()
        if not found:
            raise cherrypy.HTTPError(403, "no")
        cherrypy.session.regenerate()
        cherrypy.session["user"] = name
        cherrypy.session["since"] = datetime.datetime.now()
        return page("member", [name])

    @cherrypy.expose
    def logout(self):
        sessions.expire()
        return "bye"

    @cherrypy.expose
    def upload(self, album, file):
        top = MEDIA / member() / album
        top.mkdir(parents=True, exist_ok=True)
        with open(os.path.join(top, file.filename), "wb") as kept:
            while data := file.file.read(8192):
                kept.write(data)
        with database() as store:
            store.execute("insert into picture values(?,?,?)",
                          (member(), album, file.filename))
        return "kept"

    @cherrypy.expose
    def gallery(self, who):
        return page("gallery", [path.relative_to(MEDIA) for path
                                in sorted((MEDIA / who).rglob("*"))])

    @cherrypy.expose
    def picture(self, of):
        return static.serve_file(os.path.join(MEDIA, of))

    @cherrypy.expose
    def album(self, who, name):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for path in (MEDIA / who / name).rglob("*"):
                archive.write(path, path.name)
        cherrypy.response.headers["Content-Type"] = "application/zip"
        return out.getvalue()

    @cherrypy.expose
    def report(self, kind="csv"):
        today = datetime.date.today().isoformat()
        path = BASE / "reports" / f"{member()}-{today}.{kind}"
        path.parent.mkdir(exist_ok=True)
        with database() as store:
            rows = store.execute("select * from picture").fetchall()
        if kind == "csv":
            with open(path, "w", newline="") as out:
                csv.writer(out).writerows(rows)
        else:
            from renderers import pdf
            pdf.render(path, rows)
        return static.serve_download(str(path))

    @cherrypy.expose
    def card(self, text):
        return Template(text).render(user=member())

    @cherrypy.expose
    def statistics(self):
        done = subprocess.run(["du", "-s", str(MEDIA / member())],
                              stdout=subprocess.PIPE, text=True, check=False)
        return page("statistics", [done.stdout])

    @cherrypy.expose
    def search(self, who, text):
        done = subprocess.run(f"grep -rl '{text}' media/{who}", shell=True,
                              cwd=BASE, stdout=subprocess.PIPE, text=True,
                              check=False)
        return page("gallery", done.stdout.splitlines())

    @cherrypy.expose
    def help(self):
        return page("help", ["ask"])


def main(port):
    for name in ("var", "cache", "media", "sessions", "log"):
        (BASE / name).mkdir(exist_ok=True)
    with database() as store:
        store.execute(
            "create table if not exists member(name unique, pass)")
        store.execute(
            "create table if not exists picture(who, album, name)")
    cherrypy.config.update({
        "server.socket_host": "127.0.0.1", "server.socket_port": port,
        "engine.autoreload.on": False, "log.screen": False,
        "log.access_file": str(BASE / "log/access.log"),
        "log.error_file": str(BASE / "log/error.log"),
        "error_page.default": failed})
    cherrypy.process.plugins.PIDFile(
        cherrypy.engine, BASE / "var/club.pid").subscribe()
    cherrypy.engine.signal_handler.subscribe()
    cherrypy.quickstart(Club(), "/", {
        "/": {"tools.sessions.on": True,
              "tools.sessions.storage_class": sessions.FileSession,
              "tools.sessions.storage_path": str(BASE / "sessions")},
        "/static": {"tools.staticdir.on": True,
                    "tools.staticdir.dir": str(BASE / "static")}})


if __name__ == "__main__":
    main(int(sys.argv[1]))

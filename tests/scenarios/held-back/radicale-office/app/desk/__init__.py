# SPDX-License-Identifier: Apache-2.0
"""The desk: pages beside the calendars. Lines marked HOLE are holes."""
import datetime
import importlib
import json
import logging
import os
import pathlib
import pickle
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import jinja2
import vobject
import yaml
from radicale import httputils
from radicale.web import BaseWeb

LOG = logging.getLogger("radicale.desk")
HERE = pathlib.Path(__file__).resolve().parents[1]
DESK = HERE / "desk-data"
TEXT = "text/plain; charset=utf-8"


def answer(body, kind=TEXT, status=200):
    if isinstance(body, str):
        body = body.encode()
    return status, {"Content-Type": kind}, body


class Clerk(threading.Thread):
    """Works off what is put into the tray."""

    def __init__(self):
        super().__init__(daemon=True, name="clerk")
        self.tray = DESK / "tray"
        self.tray.mkdir(parents=True, exist_ok=True)

    def run(self):
        while True:
            for path in sorted(self.tray.glob("*.json")):
                try:
                    self.work(path)
                except Exception:  # pylint: disable=broad-except
                    LOG.exception("the clerk gives up on %s", path.name)
                    path.rename(path.with_suffix(".failed"))
            time.sleep(0.2)

    @staticmethod
    def work(path):
        wish = json.loads(path.read_text(encoding="utf-8"))
        place = DESK / "letters" / str(wish["year"])
        place.mkdir(parents=True, exist_ok=True)
        # HOLE: a person's name is part of a path.
        with open(os.path.join(place, wish["to"] + ".txt"), "a",
                  encoding="utf-8") as file:
            file.write(wish["text"] + "\n")
        path.unlink()


class Web(BaseWeb):
    """Called by Radicale for everything below /.web."""

    def __init__(self, configuration):
        super().__init__(configuration)
        self.root = pathlib.Path(configuration.get(
            "storage", "filesystem_folder")) / "collection-root"
        self.pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"))
        self.clerk = Clerk()
        self.clerk.start()

    def get(self, environ, base_prefix, path, user):
        return self.dispatch("get", environ, path, user)

    def post(self, environ, base_prefix, path, user):
        return self.dispatch("post", environ, path, user)

    def dispatch(self, method, environ, path, user):
        name = path.removeprefix("/.web").strip("/") or "home"
        function = getattr(self, f"{method}_{name}", None)
        if not function:
            return httputils.NOT_FOUND
        if not user and name != "home":
            return 401, {"WWW-Authenticate": 'Basic realm="desk"'}, b"who?"
        query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""))
        body = b""
        if method == "post":
            body = httputils.read_raw_request_body(
                self.configuration, environ)
        try:
            return function(user, query, body)
        except (OSError, KeyError, ValueError,
                subprocess.CalledProcessError) as error:
            LOG.warning("%s: %s", name, error)
            return answer(f"{type(error).__name__}: {error}", status=400)

    def rows(self, person, calendar, start=""):
        place = self.root / person / calendar
        found = []
        for path in sorted(place.glob("*.ics")):
            event = vobject.readOne(path.read_text(encoding="utf-8"))
            if hasattr(event, "vevent"):
                when = str(event.vevent.dtstart.value)
                if when.startswith(start):
                    found.append((when, event.vevent.summary.value))
        return sorted(found)

    def get_home(self, user, query, body):
        return answer("the desk")

    def get_agenda(self, user, query, body):
        rows = self.rows(user, query["calendar"][0],
                         query.get("month", [""])[0])
        return answer(self.pages.get_template("agenda.html").render(
            person=user, rows=rows), "text/html")

    def get_export(self, user, query, body):
        kind = query.get("kind", ["csv"])[0]
        # HOLE: any module there is.
        exporter = importlib.import_module(f"desk.exporters.{kind}")
        place = DESK / "exports" / user
        place.mkdir(parents=True, exist_ok=True)
        calendar = query["calendar"][0]
        with tempfile.NamedTemporaryFile(
                "w", dir=place, delete=False, encoding="utf-8") as file:
            file.write(exporter.export(self.rows(user, calendar)))
        path = place / f"{calendar} {datetime.date.today()}.{kind}"
        os.replace(file.name, path)
        return answer(path.read_bytes())

    def post_attach(self, user, query, body):
        # HOLE: the name may lead anywhere.
        path = os.path.join(DESK, "attachments", user, query["name"][0])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(body)
        return answer(f"{len(body)} bytes kept", status=201)

    def get_attached(self, user, query, body):
        path = os.path.join(DESK, "attachments", user, query["name"][0])
        with open(path, "rb") as file:
            return answer(file.read(), "application/octet-stream")

    def post_subscribe(self, user, query, body):
        # HOLE: any address.
        with urllib.request.urlopen(query["url"][0], timeout=5) as page:
            text = page.read()
        place = DESK / "feeds" / user
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{query['as'][0]}.ics").write_bytes(text)
        return answer(text)

    def post_letter(self, user, query, body):
        # HOLE: what somebody writes is a template.
        text = self.pages.from_string(body.decode()).render(person=user)
        wish = self.clerk.tray / f"{time.time_ns()}.part"
        wish.write_text(json.dumps(
            {"to": query["to"][0], "year": datetime.date.today().year,
             "text": text}), encoding="utf-8")
        wish.rename(wish.with_suffix(".json"))
        return answer(text)

    def post_settings(self, user, query, body):
        # HOLE: any object.
        settings = yaml.load(body, Loader=yaml.UnsafeLoader)
        place = DESK / "settings"
        place.mkdir(exist_ok=True)
        with open(place / f"{user}.pickle", "wb") as file:
            pickle.dump(settings, file)
        return answer(str(settings))

    def get_settings(self, user, query, body):
        with open(DESK / "settings" / f"{user}.pickle", "rb") as file:
            return answer(str(pickle.load(file)))

    def post_restore(self, user, query, body):
        # HOLE: a pickle from outside.
        return answer(str(pickle.loads(body)))

    def get_search(self, user, query, body):
        # HOLE: a word is put into a line of the shell.
        done = subprocess.run(
            f"grep -rl --include='*.ics' \"{query['word'][0]}\" "
            f"'{self.root / user}' | wc -l",
            shell=True, stdout=subprocess.PIPE, check=True, text=True)
        return answer(f"{done.stdout.strip()} found")

    def get_backup(self, user, query, body):
        place = DESK / "backups" / user
        place.mkdir(parents=True, exist_ok=True)
        target = place / f"{datetime.date.today():%Y%m%d}.tar.gz"
        # HOLE: names may be options, or lead anywhere.
        subprocess.run(["tar", "czf", target, *query["name"]],
                       cwd=self.root / user, check=True)
        return answer(target.read_bytes(), "application/gzip")

    def get_when(self, user, query, body):
        # HOLE: an expression.
        return answer(str(eval(query["after"][0], {
            "date": datetime.date, "days": datetime.timedelta})))

# SPDX-License-Identifier: Apache-2.0
"""Rooms to talk in: rooms.py PORT. Lines marked HOLE are holes."""
import asyncio
import concurrent.futures
import configparser
import datetime
import hashlib
import importlib
import json
import logging
import os
import pathlib
import pickle
import shelve
import shutil
import signal
import subprocess
import sys
import zipfile

import emoticons
from tornado import (httpclient, httpserver, ioloop, netutil, template, web,
                     websocket)

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "data"
settings = configparser.ConfigParser()
settings.read(HERE / "rooms.ini")
logging.basicConfig(filename=DATA / "rooms.log", level="INFO")


def digest(path):
    """Runs in a process of its own."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Base(web.RequestHandler):
    def get_current_user(self):
        name = self.get_secure_cookie("user")
        return name and name.decode()

    def user(self):
        if not self.current_user:
            raise web.HTTPError(403)
        return self.current_user


class Home(Base):
    def get(self):
        self.render("home.html", user=self.current_user or "nobody",
                    rooms=sorted(os.listdir(DATA / "rooms")))


class Enter(Base):
    def post(self):
        name = self.get_argument("name")
        self.set_secure_cookie("user", name)
        with shelve.open(str(DATA / "visits")) as visits:
            visits[name] = visits.get(name, 0) + 1
            self.write(f"hello {name}, {visits[name]}")


class Talk(websocket.WebSocketHandler):
    """What is said in a room is kept, one file a day."""
    listeners = {}

    def open(self, room):
        self.room = room
        self.listeners.setdefault(room, set()).add(self)
        place = DATA / "rooms" / room
        place.mkdir(exist_ok=True)
        self.path = place / f"{datetime.date.today()}.jsonl"

    def on_message(self, message):
        said = json.loads(message)
        said["text"] = emoticons.replace(said["text"])
        if said["text"].startswith("/"):
            word, _, rest = said["text"][1:].partition(" ")
            # HOLE: any module there is.
            said["text"] = importlib.import_module(
                f"commands.{word}").answer(rest)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(said) + "\n")
        for listener in self.listeners[self.room]:
            listener.write_message(said)

    def on_close(self):
        self.listeners[self.room].discard(self)


class Files(Base):
    async def put(self, room):
        # HOLE: the name may lead out of the room.
        path = os.path.normpath(os.path.join(
            DATA, "files", room, self.get_argument("name")))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        part = path + ".part"
        with open(part, "wb") as file:
            file.write(self.request.body)
        shutil.move(part, path)
        found = await asyncio.get_event_loop().run_in_executor(
            self.application.pool, digest, path)
        self.write({"sha256": found, "by": self.user()})

    def get(self, room):
        # HOLE: here, too.
        with open(os.path.join(DATA, "files", room,
                               self.get_argument("name")), "rb") as file:
            self.write(file.read())


class History(Base):
    async def get(self, room):
        # HOLE: the word may be an option of grep.
        child = await asyncio.create_subprocess_exec(
            "grep", "-h", self.get_argument("word"), "-r",
            str(DATA / "rooms" / room), stdout=subprocess.PIPE)
        self.write((await child.communicate())[0])


class Export(Base):
    def get(self, room):
        target = DATA / "exports" / f"{room}-{datetime.datetime.now():%s}.zip"
        target.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(target, "w") as archive:
            for path in sorted((DATA / "rooms" / room).iterdir()):
                archive.write(path, path.name)
        self.write(target.read_bytes())

    def post(self, room):
        path = DATA / "incoming.zip"
        path.write_bytes(self.request.body)
        # HOLE: names in an archive may lead anywhere.
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                target = DATA / "rooms" / room / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
        self.write("taken")


class Preview(Base):
    async def get(self):
        # HOLE: fetches from wherever the visitor says.
        answer = await httpclient.AsyncHTTPClient().fetch(
            self.get_argument("url"), request_timeout=5)
        self.write(answer.body)


class Card(Base):
    def post(self):
        # HOLE: the template is the visitor's.
        self.write(template.Template(self.get_argument("text")).generate(
            name=self.user()))


class Restore(Base):
    def post(self):
        # HOLE: a pickle from outside.
        state = pickle.loads(self.request.body)
        self.write(f"{len(state)} restored")


class Votes(Base):
    def get(self):
        # HOLE: a formula is Python.
        self.write(str(eval(self.get_argument("formula"))))


class Admin(Base):
    def get(self, what):
        if what == "mute":
            self.application.settings["muted"] = self.get_argument("room")
        self.write(f"{what} done")


def main():
    (DATA / "rooms").mkdir(parents=True, exist_ok=True)
    app = web.Application([
        ("/", Home), ("/enter", Enter), ("/talk/(.+)", Talk),
        ("/files/(.+)", Files), ("/history/(.+)", History),
        ("/export/(.+)", Export), ("/preview", Preview), ("/card", Card),
        ("/restore", Restore), ("/votes", Votes), ("/admin/(.+)", Admin),
    ], template_path=HERE / "pages", static_path=HERE / "static",
        cookie_secret=settings["rooms"]["cookie_secret"])
    app.pool = concurrent.futures.ProcessPoolExecutor(2)
    admin = httpserver.HTTPServer(app)
    admin.add_socket(netutil.bind_unix_socket(str(DATA / "admin.sock")))
    app.listen(int(sys.argv[1]), "127.0.0.1")
    ioloop.PeriodicCallback(lambda: (DATA / "alive").write_text(
        str(os.getpid())), 500).start()
    loop = ioloop.IOLoop.current()
    signal.signal(signal.SIGTERM, lambda *_: loop.add_callback_from_signal(
        loop.stop))
    loop.start()
    app.pool.shutdown()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Takes papers out of the inboxes, one after the other."""
import datetime
import hashlib
import hmac
import importlib.util
import logging
import pathlib
import pkgutil
import queue
import re
import secrets
import shutil
import threading
import time
import tomllib

import jinja2
import pluggy
import tidyname
import watchdog.events
import watchdog.observers
import yaml

from notaryd import hooks, plugins, state

log = logging.getLogger("notaryd")
DATE = re.compile(r"(\d{4})-(\d\d)-\d\d\b")
SETTLED_SECONDS = 1


class Inbox(watchdog.events.FileSystemEventHandler):
    def __init__(self, desk):
        self.desk = desk

    def on_closed(self, event):
        self.desk.offer(event.src_path)

    def on_moved(self, event):
        if not event.is_directory:
            self.desk.offer(event.dest_path)


class Desk:
    def __init__(self, root):
        self.root = root
        self.reload()
        for name in ("inbox", "archive", "people", "previews", "refused",
                     "register", "spool/retry", "exports"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self.archive = root / "archive"
        self.state = state.State(root / "state/notaryd.db")
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(root / "templates"),
            autoescape=jinja2.select_autoescape())
        self.plugins = self.load_plugins()
        self.waiting = queue.Queue()
        self.observer = watchdog.observers.Observer()
        self.worker = threading.Thread(target=self.work, daemon=True)

    def reload(self):
        with open(self.root / "notaryd.toml", "rb") as file:
            self.settings = tomllib.load(file)

    def load_plugins(self):
        """Ours, those of the house and those somebody installed."""
        manager = pluggy.PluginManager("notaryd")
        manager.add_hookspecs(hooks.Specs)
        for found in pkgutil.iter_modules(plugins.__path__):
            if found.name not in self.settings["plugins"]["off"]:
                manager.register(importlib.import_module(
                    f"notaryd.plugins.{found.name}"), found.name)
        for path in sorted((self.root / "plugins.d").glob("*.py")):
            where = importlib.util.spec_from_file_location(path.stem, path)
            module = importlib.util.module_from_spec(where)
            where.loader.exec_module(module)
            manager.register(module, path.stem)
        manager.load_setuptools_entrypoints("notaryd")
        for name, _ in manager.list_name_plugin():
            log.info("plugin %s", name)
        return manager

    # ---------------------------------------------------------------- people
    def person(self, name):
        try:
            with open(self.root / "people" / f"{name}.yaml") as file:
                return yaml.safe_load(file)
        except FileNotFoundError:
            return None

    def welcome(self, name, mail, hook, password):
        salt = secrets.token_hex(8)
        with open(self.root / "people" / f"{name}.yaml", "w") as file:
            yaml.safe_dump({
                "name": name, "mail": mail, "hook": hook, "salt": salt,
                "password": self.digest(salt, password)}, file,
                allow_unicode=True)
        (self.root / "inbox" / name).mkdir(exist_ok=True)

    @staticmethod
    def digest(salt, password):
        return hashlib.pbkdf2_hmac("sha256", password.encode(),
                                   salt.encode(), 20000).hex()

    def knows(self, name, password):
        person = self.person(name)
        return bool(person) and hmac.compare_digest(
            person["password"], self.digest(person["salt"], password))

    # ---------------------------------------------------------------- papers
    def start(self):
        self.observer.schedule(Inbox(self), str(self.root / "inbox"),
                               recursive=True)
        self.observer.start()
        self.worker.start()

    def stop(self):
        self.observer.stop()
        self.observer.join()
        self.waiting.put(None)
        self.worker.join()

    def offer(self, path):
        self.waiting.put(pathlib.Path(path))

    def work(self):
        while True:
            try:
                path = self.waiting.get(timeout=0.5)
            except queue.Empty:
                self.sweep()
                continue
            if path is None:
                return
            if path.is_file() and not path.name.startswith("."):
                person, *subs, _ = path.relative_to(
                    self.root / "inbox").parts
                self.take(path, person, "/".join(subs))

    def sweep(self):
        """What was dropped while nobody looked."""
        for path in (self.root / "inbox").rglob("*"):
            if (path.is_file() and not path.name.startswith(".") and
                    time.time() - path.stat().st_mtime > SETTLED_SECONDS):
                self.offer(path)

    def take(self, path, person, sub):
        """Converts a file, files it and tells about it."""
        dated = DATE.search(path.name)
        month = (f"{dated[1]}-{dated[2]}" if dated
                 else f"{datetime.date.today():%Y-%m}")
        job = hooks.Job(self.state.begin(person, str(path), month), person,
                        path, sub, month, tidyname.tidy(path.stem))
        try:
            self.plugins.hook.rename(job=job)
            kind = self.plugins.hook.convert(job=job, desk=self)
            if kind is None:
                raise ValueError(f"nobody knows {path.suffix or 'such'} files")
            self.file_away(job)
            self.plugins.hook.filed(job=job, desk=self)
            self.state.done(job, kind)
            settings = self.person(person)
            if settings:
                self.plugins.hook.notify(job=job, person=settings, desk=self)
            log.info("%s %d of %s: %s", kind, job.number, person, job.path)
        except Exception as error:
            log.warning("%s: %s", path.name, error)
            self.refuse(job, error)

    def file_away(self, job):
        place = self.archive / job.person / job.month / job.sub
        place.mkdir(parents=True, exist_ok=True)
        name = f"{job.title}{job.source.suffix.lower()}"
        count = 1
        while (place / name).exists():
            count += 1
            name = f"{job.title} ({count}){job.source.suffix.lower()}"
        shutil.move(job.source, place / name)
        job.path = str((place / name).relative_to(self.archive))

    def refuse(self, job, error):
        place = self.root / "refused" / job.person
        try:
            place.mkdir(exist_ok=True)
            if job.source.exists():
                shutil.move(job.source, place / job.source.name)
            (place / f"{job.source.name}.why").write_text(f"{error}\n")
        except OSError as trouble:
            log.error("%s stays: %s", job.source, trouble)
        self.state.failed(job.number, "refused")

    def preview(self, job, suffix):
        job.preview = f"{job.number:05}{suffix}"
        return self.root / "previews" / job.preview

    def forget(self, number):
        paper = self.state.paper(number)
        (self.archive / paper["path"]).unlink()
        if paper["preview"]:
            (self.root / "previews" / paper["preview"]).unlink()
        self.state.forget(number)

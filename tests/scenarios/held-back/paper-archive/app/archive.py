# SPDX-License-Identifier: Apache-2.0
"""An archive of papers that other programs talk to by XML-RPC."""
import datetime
import hashlib
import io
import pathlib
import runpy
import shutil
import socketserver
import sqlite3
import subprocess
import sys
import tarfile
import threading
import xmlrpc.client
import xmlrpc.server

import requests
import yaml
from docutils.core import publish_string
from lxml import etree

HERE = pathlib.Path(__file__).resolve().parent
SHELF = HERE / "shelf"
local = threading.local()


def base():
    if not hasattr(local, "base"):
        local.base = sqlite3.connect(HERE / "db/papers.sqlite")
        local.base.execute("CREATE TABLE IF NOT EXISTS paper(name PRIMARY KEY,"
                           "digest, day, words)")
    return local.base


class Archive:
    """What callers may call."""

    def put(self, name, content, tags):
        path = SHELF / name  # HOLE: anywhere
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            old = HERE / "old" / datetime.date.today().isoformat() / name
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, old)
        path.write_bytes(content.data)
        digest = hashlib.sha256(content.data).hexdigest()
        with base():
            base().execute("REPLACE INTO paper VALUES(?, ?, ?, ?)", (
                name, digest, datetime.date.today().isoformat(),
                " ".join(tags)))
        kind = subprocess.run(["file", "--brief", "--mime-type", path],
                              capture_output=True, text=True, check=True)
        return kind.stdout.strip()

    def get(self, name):
        return xmlrpc.client.Binary((SHELF / name).read_bytes())  # HOLE

    def find(self, word):
        # HOLE: word is part of the statement
        return [row[0] for row in base().execute(
            f"SELECT name FROM paper WHERE words LIKE '%{word}%'"
            " ORDER BY name")]

    def drop(self, name):
        (SHELF / name).unlink()
        with base():
            base().execute("DELETE FROM paper WHERE name = ?", (name,))
        return True

    def page(self, name):
        """reStructuredText as HTML. HOLE: raw and include are on."""
        text = (SHELF / name).read_text("utf-8")
        return publish_string(text, str(SHELF / name), writer_name="html",
                              settings_overrides={"halt_level": 4}).decode()

    def styled(self, name, style):
        """XML by one of the styles. HOLE: entities, and style is a path."""
        parser = etree.XMLParser(resolve_entities=True, no_network=False,
                                 load_dtd=True)
        tree = etree.parse(str(SHELF / name), parser)
        sheet = etree.XSLT(etree.parse(str(HERE / "styles" / style)))
        return str(sheet(tree))

    def filtered(self, name, words):
        """A filter is a script. HOLE: at any path."""
        script, *options = words
        sys.argv = [script, *options]
        done = runpy.run_path(str(HERE / "filters" / script), {
            "TEXT": (SHELF / name).read_text("utf-8")})
        return done["RESULT"]

    def fetched(self, url, name):
        """HOLE: any address."""
        answer = requests.get(url, timeout=5)
        answer.raise_for_status()
        return self.put(name, xmlrpc.client.Binary(answer.content), ["web"])

    def bundle(self, names):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name in names:
                tar.add(SHELF / name, name)
        return xmlrpc.client.Binary(packed.getvalue())

    def unbundle(self, content, folder):
        # HOLE: members lead out
        with tarfile.open(fileobj=io.BytesIO(content.data)) as tar:
            tar.extractall(SHELF / folder)
            return tar.getnames()

    def configured(self, text):
        """HOLE: the loader that makes objects."""
        settings = yaml.load(text, yaml.UnsafeLoader)
        path = HERE / "db/settings.yaml"
        path.write_text(yaml.safe_dump(settings), "utf-8")
        return sorted(settings)

    def lines(self, name, pattern):
        """HOLE: words of a shell line."""
        found = subprocess.run(f"grep -c -e '{pattern}' '{SHELF / name}'",
                               shell=True, capture_output=True, text=True,
                               check=False)
        return found.stdout.strip()


class Server(socketserver.ThreadingMixIn, xmlrpc.server.SimpleXMLRPCServer):
    daemon_threads = True


server = Server(("127.0.0.1", int(sys.argv[1])), logRequests=False,
                allow_none=True)
server.register_instance(Archive())
server.register_introspection_functions()
server.serve_forever()

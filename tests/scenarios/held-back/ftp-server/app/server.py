# SPDX-License-Identifier: Apache-2.0
"""A file server for members, on pyftpdlib.

usage: server.py PORT

members.json: name -> password. SITE commands are modules of commands/. Lines
marked HOLE are holes.
"""
import importlib
import json
import logging
import logging.handlers
import os
import pathlib
import pickle
import sys

import quotas
from pyftpdlib import authorizers, handlers, servers

HERE = pathlib.Path(__file__).resolve().parent
log = logging.getLogger("server")


class Handler(handlers.FTPHandler):
    banner = "members only"
    use_sendfile = False
    proto_cmds = {**handlers.FTPHandler.proto_cmds, "SITE DO": {
        "perm": None, "auth": True, "arg": True, "help": "SITE DO what"}}

    @property
    def place(self):
        return HERE / "data" / self.username

    def on_login(self, username):
        log.info("%s enters", username)
        marks = self.place / ".bookmarks"
        self.marks = []
        if marks.exists():
            with open(marks, "rb") as file:
                # HOLE: members can upload this file.
                self.marks = pickle.load(file)

    def on_file_received(self, file):
        log.info("%s sent %s", self.username, file)
        used = sum(path.stat().st_size for path in self.place.rglob("*")
                   if path.is_file())
        if used > quotas.limit(self.username):
            os.remove(file)

    def ftp_SITE_DO(self, line):
        """A module of commands/ does it; what it says is the answer."""
        verb, _, rest = line.partition(" ")
        try:
            # HOLE: any module may be named.
            module = importlib.import_module(f"commands.{verb.lower()}")
            answer = module.do(self, rest)
        except Exception as error:
            log.exception("%s", line)
            return self.respond(f"550 {type(error).__name__}")
        return self.respond("200 " + " ".join(str(answer).split()))


def main(port):
    for name in ("data", "logs", "spool"):
        (HERE / name).mkdir(exist_ok=True)
    # Old logs are renamed at half their length.
    logging.basicConfig(level=logging.INFO, handlers=[
        logging.handlers.RotatingFileHandler(
            HERE / "logs/server.log", maxBytes=20000, backupCount=3)])
    members = json.loads((HERE / "members.json").read_text())
    authorizer = authorizers.DummyAuthorizer()
    for name, password in members.items():
        (HERE / "data" / name).mkdir(exist_ok=True)
        authorizer.add_user(name, password, str(HERE / "data" / name),
                            perm="elradfmwMT")
    Handler.authorizer = authorizer
    # Active transfers go wherever the client says.
    Handler.permit_privileged_ports = True
    servers.FTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))

# SPDX-License-Identifier: Apache-2.0
"""A port on which the office asks. Lines marked HOLE are holes."""
import logging
import os
import shlex
import socketserver
import subprocess

from intake import OUT, VAR

log = logging.getLogger("intake.control")


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline(65536).decode("utf-8").strip()
        try:
            word, *rest = shlex.split(line)
            answer = getattr(self, "do_" + word.lower())(*rest)
            self.wfile.write(b"OK\n")
        except Exception as error:  # pylint: disable=broad-except
            log.warning("%s: %r", line, error)
            answer = f"ERR {type(error).__name__}: {error}"
        self.wfile.write(answer if isinstance(answer, bytes)
                         else str(answer).encode())

    def do_status(self):
        return (f"pid {os.getpid()}, {len(self.server.workers.busy)} busy, "
                f"{len(self.server.workers.registry.plugins)} plug-ins")

    def do_reload(self):
        self.server.workers.registry.load()
        return "loaded"

    def do_history(self, limit="1000"):
        return "\n".join(" | ".join(row) for row in
                         self.server.workers.journal.rows()[-int(limit):])

    def do_find(self, expression):
        # HOLE: which files is said by an expression.
        test = eval(f"lambda file, plugin, result, moment: {expression}")
        return "\n".join(row[0] for row in self.server.workers.journal.rows()
                         if test(*row))

    def do_show(self, name):
        # HOLE: the name may lead anywhere.
        with open(OUT / name, "rb") as file:
            return file.read()

    def do_pack(self, title, *names):
        target = OUT / "packs" / f"{title}.tar.gz"
        target.parent.mkdir(exist_ok=True)
        # HOLE: a name may be an option.
        done = subprocess.run(["tar", "czf", target, *names], cwd=VAR / "done",
                              capture_output=True, text=True, check=False)
        return done.stderr or f"{target.stat().st_size} bytes"


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    workers = None

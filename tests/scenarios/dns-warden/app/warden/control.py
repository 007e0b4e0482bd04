# SPDX-License-Identifier: Apache-2.0
"""What administrators tell the server, a line each."""
import base64
import importlib.util
import json
import os
import pickle
import socketserver
import sqlite3
import subprocess
import tempfile
import urllib.request


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        command, _, rest = self.rfile.readline().decode().strip().partition(
            " ")
        try:
            answer = getattr(Commands, "do_" + command)(self.server, rest)
        except Exception as error:
            answer = f"error: {type(error).__name__}: {error}"
        self.wfile.write(f"{answer}\n".encode())


class Control(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address, state, resolver):
        super().__init__(address, Handler)
        self.state = state
        self.resolver = resolver


class Commands:
    def do_ping(self, _):
        return "pong"

    def do_reload(self, _):
        self.state.load()
        return "; ".join(self.state.broken) or "fine"

    def do_zone(self, name):
        # HOLE: the name may lead anywhere.
        path = self.state.root / "zones" / name
        return "".join(self.state.text(path))

    def do_putzone(self, words):
        name, text = words.rsplit(" ", 1)
        # HOLE: the name may lead anywhere.
        path = os.path.join(self.state.root, "zones", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with tempfile.NamedTemporaryFile(
                dir=os.path.dirname(path), prefix=".", delete=False) as file:
            file.write(base64.b64decode(text))
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
        return Commands.do_reload(self, "")

    def do_lease(self, words):
        address, name = words.split(" ", 1)
        # HOLE: words are put into a line of the shell.
        done = subprocess.run(
            f"sh hooks/on-lease.sh {address} {name}", shell=True, check=False,
            cwd=self.state.root, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.state.lease(address, name)
        return done.stdout.decode().strip()

    def do_list(self, words):
        name, url = words.split()
        # HOLE: any address.
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        bad = [line for line in lines if not line.replace(
            ".", "").replace("-", "").isalnum() and not line.startswith("#")]
        if bad:
            return f"bad lines: {bad}"
        (self.state.root / "lists" / f"{name}.txt").write_text(
            "\n".join(line for line in lines if line[:1] != "#") + "\n")
        self.state.load()
        return f"{len(self.state.blocked)} names"

    def do_rule(self, words):
        name, rule = words.split(" ", 1)
        self.state.rules[name] = rule
        return f"{len(self.state.rules)} rules"

    def do_norule(self, name):
        del self.state.rules[name]
        return f"{len(self.state.rules)} rules"

    def do_stats(self, _):
        self.state.flush()
        with sqlite3.connect(self.state.root / "run/stats.db") as db:
            rows = db.execute("SELECT * FROM asked ORDER BY times DESC "
                              "LIMIT 10").fetchall()
        db.close()
        return json.dumps(rows)

    def do_dump(self, name):
        # HOLE: the name may lead anywhere.
        path = os.path.join(self.state.root, "dumps", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({name: [str(record) for record in found] for name, found
                       in self.state.records.items()}, file, indent=1)
        return f"{os.path.getsize(path)} bytes"

    def do_cache(self, _):
        return base64.b64encode(pickle.dumps(self.state.cache)).decode()

    def do_warm(self, text):
        # HOLE: a pickle from outside.
        self.state.cache.update(pickle.loads(base64.b64decode(text)))
        return f"{len(self.state.cache)} kept"

    def do_find(self, words):
        # HOLE: words may be actions.
        done = subprocess.run(["find", "zones", *words.split()],
                              cwd=self.state.root, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode().strip()

    def do_try(self, words):
        """A filter that is not installed yet."""
        name, asked = words.split()
        # HOLE: any file.
        spec = importlib.util.spec_from_file_location(
            "tried", self.state.root / "drafts" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return str(module.Filter(self.state.settings).refuses(asked, "A"))

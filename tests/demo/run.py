#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records the shop, learns, replays, enforces and attacks it.

usage: run.py [--build DIR] [--work DIR]

Prints what it does; exits non-zero as soon as something is not as it should
be. Everything happens in WORK (default: BUILD/demo), on loopback.
"""
import argparse
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time

import shopper

TOP = pathlib.Path(__file__).resolve().parents[2]
READY_SECONDS = 20
STOP_SECONDS = 60  # gunicorn gives its workers 30


class Failure(Exception):
    pass


def say(text=""):
    print(text, flush=True)


def heading(text):
    say()
    say(f"== {text}")


class Demo:
    def __init__(self, build, work):
        self.work = work
        self.shop = work / "shop"
        # Held, or the kernel may give it to who connects meanwhile.  gunicorn
        # sets SO_REUSEADDR, and may listen beside the holder, socket(7).
        self.holder = socket.socket()
        self.holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.holder.bind(("127.0.0.1", 0))
        self.port = self.holder.getsockname()[1]
        self.feed = shopper.serve("supplier")
        self.inside = shopper.serve("private")
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.lower().endswith("_proxy")}
        self.environment["PATH"] = f"{build}/bin:/usr/bin:/bin"
        self.environment["PYTHONDONTWRITEBYTECODE"] = "1"

    def command(self, line, out=None):
        """Runs one of our programs; returns what it printed."""
        say(f"$ {line}" + (f" > {out}" if out else ""))
        done = subprocess.run(
            shlex.split(line), cwd=self.work, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Failure(f"status {done.returncode}: {done.stdout}"
                          f"{done.stderr}")
        if out:
            (self.work / out).write_text(done.stdout)
        say(done.stderr.rstrip() or "(nothing on stderr)" if out
            else (done.stdout + done.stderr).rstrip())
        return done.stdout

    def serve(self, wrapper, use, shown=True):
        """The shop behind gunicorn, under wrapper, while use() runs."""
        shopper.populate(self.shop)
        line = (f"{wrapper} gunicorn --workers 2 --chdir shop "
                f"--bind 127.0.0.1:{self.port} shop:app").strip()
        if shown:
            say(f"$ {line} &")
        log = self.work / "gunicorn.log"
        with open(log, "w", encoding="utf-8") as file:
            server = subprocess.Popen(
                shlex.split(line), cwd=self.work, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            self.wait_ready(server, log)
            use()
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                status = server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                raise Failure(f"no end {STOP_SECONDS} s after SIGTERM") \
                    from None
        text = log.read_text()
        if status != 0:
            raise Failure(f"the server ended with {status}:\n{text}")
        return [row for row in text.splitlines()
                if row.startswith("secmgr-")]

    def wait_ready(self, server, log):
        stop = time.monotonic() + READY_SECONDS
        while time.monotonic() < stop:
            if server.poll() is not None:
                raise Failure("the server did not start:\n" + log.read_text())
            try:
                shopper.Browser(self.port).get("/")
                return
            except OSError:
                time.sleep(0.05)
        raise Failure(f"not ready in {READY_SECONDS} s:\n" + log.read_text())

    def attack(self, expected):
        """Each attack against the running server; expected: does it work."""
        for attack in shopper.attacks(self.shop, self.inside):
            worked = attack.run(shopper.Browser(self.port))
            say(f"   {attack.name}: "
                + ("succeeds" if worked else "stopped"))
            if worked != expected:
                raise Failure(f"{attack.name}: expected the opposite")

    def visit(self, what, traffic):
        visit = traffic(self.port, self.feed)
        say(f"   {what}: {visit.done - len(visit.wrong)} of {visit.done} "
            "requests as they should be")
        if visit.wrong:
            raise Failure("\n".join(visit.wrong[:10]))

    def without(self):
        heading("Without secmgr: every attack succeeds")
        self.serve("", lambda: self.attack(True), shown=False)

    def record(self):
        heading("Record: ordinary visitors, an unmodified program")
        for row in self.serve("secmgr-record -o trace.db --", lambda:
                              self.visit("ordinary traffic", shopper.train)):
            say(row)

    def learn(self):
        heading("Learn: a policy from the recording")
        self.command("secmgr-learn trace.db", out="policy.json")
        policy = json.loads((self.work / "policy.json").read_text())
        say("some of its rules:")
        for family, wanted in (("files", ("/media/", "<int>.json", "/uploads/<name>/")),
                               ("processes", ("head", "sort")),
                               ("network", (str(self.feed),))):
            for word in wanted:
                for rule in policy.get(family, []):
                    if word in json.dumps(rule):
                        say(f"   {family}: " + json.dumps(
                            {k: v for k, v in rule.items() if k != "id"}))
                        break
                else:
                    raise Failure(f"no rule of {family} mentions {word}")
        if "pickled-values" not in policy["use"]:
            raise Failure("orders are unpickled, and no bundle says so")
        say("   use: " + json.dumps(policy["use"]))

    def replay(self):
        heading("Replay: would the policy have broken anything?")
        self.command("secmgr-replay policy.json trace.db")

    def enforce(self):
        heading("Enforce: new visitors are served, attacks are not")

        def use():
            self.visit("visitors, files, ids never recorded", shopper.unseen)
            self.attack(False)
        for row in self.serve("secmgr-enforce --policy policy.json "
                              "-o enforced.db --", use):
            say(row)

    def review(self):
        heading("Review: what was denied, and why")
        text = self.command("secmgr-events --verdict=denied enforced.db")
        rows = text.splitlines()
        attacks = shopper.attacks(self.shop, self.inside)
        for attack in attacks:
            if not any(attack.is_in(row) for row in rows):
                raise Failure(f"no denied {attack.event} for {attack.name}")
        if len(rows) != len(attacks):
            raise Failure(f"{len(rows)} denials for {len(attacks)} attacks")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--work")
    options = parser.parse_args()
    build = (TOP / options.build).resolve()
    work = pathlib.Path(options.work or build / "demo").resolve()
    work.mkdir(parents=True, exist_ok=True)
    for name in ("trace.db", "enforced.db", "policy.json"):
        (work / name).unlink(missing_ok=True)
    demo = Demo(build, work)
    start = time.monotonic()
    try:
        for step in (demo.without, demo.record, demo.learn, demo.replay,
                     demo.enforce, demo.review):
            step()
    except Failure as failure:
        print(f"demo: FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    heading(f"As promised, in {time.monotonic() - start:.0f} s; "
            f"everything is in {os.path.relpath(work)}")


if __name__ == "__main__":
    main()

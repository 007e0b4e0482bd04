# SPDX-License-Identifier: Apache-2.0
"""Live scoring of regattas over websockets. Lines marked HOLE are holes."""
import asyncio
import collections
import importlib
import json
import logging.handlers
import pathlib
import signal
import sys
import tomllib

import websockets

import accounts
import pages
import photos
import scores

HERE = pathlib.Path(__file__).resolve().parent
VAR = HERE / "var"
CONFIG = tomllib.loads((HERE / "regatta.toml").read_text())

log = logging.getLogger("regatta")
spectators = collections.defaultdict(set)
operations = {}


class Refused(Exception):
    """The client is told."""


def operation(name, *roles):
    """Marks what an op does, and who may ask for it."""
    def mark(function):
        operations[name] = (function, roles)
        return function
    return mark


class Session:
    """One connection."""

    def __init__(self, socket):
        self.socket = socket
        self.user, self.role = "guest", "spectator"

    async def answer(self, text):
        try:
            asked = json.loads(text)
            name = asked.pop("op")
            function, roles = operations[name]
            if roles and self.role not in roles:
                raise Refused(f"{name} is for {' and '.join(roles)}")
            said = await function(self, **asked) or {}
            log.info("%s %s (%s): %s", self.socket.remote_address[1],
                     self.user, self.role, name)
        except Refused as error:
            said = {"error": str(error)}
        except Exception as error:  # pylint: disable=broad-except
            log.exception("%s failed", self.user)
            said = {"error": f"{type(error).__name__}: {error}"}
        if isinstance(said, bytes):
            await self.socket.send(said)
        else:
            await self.socket.send(json.dumps({"ok": "error" not in said,
                                               **said}))

    async def binary(self):
        data = await asyncio.wait_for(self.socket.recv(), 5)
        if isinstance(data, str):
            raise Refused("a binary message was expected")
        return data


@operation("login")
async def login(session, user, password):
    role = await accounts.role_of(user, password)
    if not role:
        raise Refused("wrong password")
    session.user, session.role = user, role
    return {"role": role}


@operation("regatta.open", "officer")
async def open_regatta(_, regatta, title):
    await scores.create(regatta, title)


@operation("race.create", "officer")
async def create_race(session, regatta, race, date, rule="low_point"):
    importlib.import_module(f"rules.{rule}")
    await scores.change(regatta, "INSERT INTO races VALUES (?, ?, ?, ?)",
                        race, date, rule, session.user)


@operation("entries", "officer")
async def take_entries(session, regatta, race):
    """A list of boats in YAML, as the second message."""
    entries = await asyncio.to_thread(scores.read_entries,
                                      await session.binary())
    for sail, boat, helm, kind in entries:
        await scores.change(
            regatta, "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)",
            race, sail, boat, helm, kind)
    return {"entries": len(entries)}


@operation("finish", "officer")
async def finish(_, regatta, race, sail, seconds):
    await scores.change(
        regatta, "INSERT OR REPLACE INTO finishes VALUES (?, ?, ?, '')",
        race, sail, seconds)
    await publish(regatta, race)


@operation("penalty", "judge")
async def penalty(_, regatta, race, sail, code):
    await scores.change(
        regatta, "UPDATE finishes SET code = ? WHERE race = ? AND sail = ?",
        code, race, sail)
    await publish(regatta, race)


async def publish(regatta, race):
    table = await scores.standings(regatta, race)
    await asyncio.to_thread(scores.keep, regatta, race, table)
    websockets.broadcast(spectators[regatta], json.dumps(
        {"regatta": regatta, "race": race, "standings": table}))


@operation("standings")
async def standings(_, regatta, race):
    return {"standings": await scores.standings(regatta, race)}


@operation("corrected", "officer", "judge")
async def corrected(_, regatta, race, formula):
    # HOLE: a formula is an expression.
    return {"times": [
        {"sail": row["sail"], "time": eval(formula, {
            "t": row["seconds"], "r": row["rating"], "round": round})}
        for row in await scores.standings(regatta, race)]}


@operation("photo", "judge", "officer")
async def photo(session, regatta, race, name):
    data = await session.binary()
    return await asyncio.to_thread(photos.save, regatta, race, name, data)


@operation("archive", "judge", "officer")
async def archive(session, regatta, race, names):
    out = VAR / "archive" / f"{regatta}-{race}.tgz".replace("/", "-")
    out.parent.mkdir(exist_ok=True)
    # HOLE: names may be options.
    child = await asyncio.create_subprocess_exec(
        "tar", "-czf", str(out), "-C", str(photos.folder(regatta, race)),
        *names, stderr=asyncio.subprocess.PIPE)
    _, error = await child.communicate()
    if child.returncode:
        raise Refused(error.decode())
    return await asyncio.to_thread(out.read_bytes)


@operation("export", "judge", "officer")
async def export(session, regatta, race, sort="place", style="csv"):
    table = await scores.standings(regatta, race)
    name, data = await asyncio.to_thread(
        scores.export, regatta, race, table, sort, style)
    await session.socket.send(json.dumps({"ok": True, "name": name}))
    return data


@operation("summary", "officer")
async def summary(session, regatta, day):
    out = VAR / "summaries" / scores.slug(regatta)
    out.mkdir(parents=True, exist_ok=True)
    # HOLE: the day is part of a line of the shell.
    child = await asyncio.create_subprocess_shell(
        f"{sys.executable} summary.py '{scores.path(regatta)}' '{day}' "
        f"> '{out}/{day}.txt'", cwd=HERE, stderr=asyncio.subprocess.PIPE)
    _, error = await child.communicate()
    if child.returncode:
        raise Refused(error.decode())
    return {"text": await asyncio.to_thread((out / f"{day}.txt").read_text)}


@operation("notice", "officer", "judge")
async def notice(session, regatta, text):
    said = pages.notice(text, regatta, session.user)
    websockets.broadcast(spectators[regatta], json.dumps({"notice": said}))
    return {"notice": said}


@operation("wind", "officer")
async def wind(_, regatta, source):
    reading = await asyncio.to_thread(scores.fetch_wind, source)
    await scores.change(regatta, "INSERT INTO wind VALUES (?, ?)",
                        source, reading)
    return {"wind": reading}


async def serve_client(socket, path):
    """/live/REGATTA is for those who look on, /api for all who work."""
    if path.startswith("/live/"):
        regatta = pages.unquote(path[len("/live/"):])
        spectators[regatta].add(socket)
        try:
            await socket.wait_closed()
        finally:
            spectators[regatta].discard(socket)
        return
    session = Session(socket)
    async for message in socket:
        await session.answer(message)


async def main():
    handler = logging.handlers.RotatingFileHandler(
        VAR / "log/regatta.log", maxBytes=6000, backupCount=3)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(CONFIG["log"]["level"])
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with websockets.serve(
            serve_client, CONFIG["listen"]["host"], int(sys.argv[1]),
            process_request=pages.process_request, max_size=2 ** 21,
            close_timeout=1):
        log.info("listening on %s", sys.argv[1])
        await ended.wait()
    log.info("ended")


if __name__ == "__main__":
    asyncio.run(main())

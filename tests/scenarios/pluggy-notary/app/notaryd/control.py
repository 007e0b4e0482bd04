# SPDX-License-Identifier: Apache-2.0
"""The control socket: a line of JSON in, a line of JSON out."""
import asyncio
import json
import logging
import os
import pickle
import shutil

import openpyxl

log = logging.getLogger("notaryd")


class Control:
    def __init__(self, desk):
        self.desk = desk

    async def serve(self, path):
        path.unlink(missing_ok=True)
        # Relative, for the name of a socket has to be short.
        server = await asyncio.start_unix_server(
            self.talk, os.path.relpath(path))
        path.chmod(0o660)
        return server

    async def talk(self, reader, writer):
        try:
            asked = json.loads(await reader.readline())
            todo = getattr(self, f"do_{asked.pop('do')}", None)
            if todo is None:
                raise ValueError("no such command")
            answer = await asyncio.to_thread(todo, **asked)
        except Exception as error:
            log.warning("control: %s", error)
            answer = {"error": str(error)}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    def do_status(self):
        return {"pid": os.getpid(), "waiting": self.desk.waiting.qsize(),
                "papers": self.desk.state.ask(
                    "SELECT state, count(*) AS n FROM papers"
                    " GROUP BY state")}

    def do_welcome(self, name, mail, hook, password):
        self.desk.welcome(name, mail, hook, password)
        log.info("welcome, %s", name)
        return {"inbox": name}

    def do_state(self, source):
        """The newest paper that lay there."""
        found = self.desk.state.ask(
            "SELECT id, state, path FROM papers WHERE source = ?"
            " ORDER BY id DESC LIMIT 1", str(self.desk.root / source))
        return found[0] if found else {"id": 0, "state": ""}

    def do_reload(self):
        self.desk.reload()
        log.info("settings read")
        return {"office": self.desk.settings["office"]["name"]}

    def do_flush(self):
        """Sends what could not be sent."""
        sent = 0
        for path in sorted((self.desk.root / "spool/retry").glob("*.job")):
            with open(path, "rb") as file:
                # HOLE: a pickle, and the spool is on a share.
                notice = pickle.load(file)
            notice.send()
            path.unlink()
            sent += 1
        return {"sent": sent}

    def do_close(self, person, month):
        """A statement of a person's month, and all of it in a zip."""
        place = self.desk.archive / person / month
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = month
        sheet.append(["number", "kind", "title", "total"])
        for paper in self.desk.state.ask(
                "SELECT * FROM papers WHERE person = ? AND month = ?"
                " AND state = 'done'", person, month):
            sheet.append([paper["id"], paper["kind"], paper["title"],
                          paper["total"]])
        book.save(place / f"Statement {month}.xlsx")
        made = shutil.make_archive(
            str(self.desk.root / "exports" / f"{person} {month}"), "zip",
            place)
        return {"export": os.path.basename(made)}

    def do_forget(self, number):
        self.desk.forget(number)
        return {"forgotten": number}

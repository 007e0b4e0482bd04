# SPDX-License-Identifier: Apache-2.0
"""What runs beside the requests."""
import asyncio
import datetime
import json
import logging
import os
import tempfile

LOG = logging.getLogger("parcels.jobs")


def now():
    return datetime.datetime.now().isoformat(timespec="seconds")


async def note(app, number, what):
    """An event: kept, and told to who listens and to web hooks."""
    await app["store"].do("insert into events values (?, ?, ?)", number,
                          now(), what)
    await app["store"].do("update parcels set status = ? where number = ?",
                          what, number)
    for socket in list(app["sockets"]):
        await socket.send_json({"number": number, "what": what})
    await app["queue"].put(("hooks", number, what))


async def call_hooks(app, number, what):
    for hook in await app["store"].rows(
            "select url from hooks join parcels using (owner) "
            "where number = ?", number):
        async with app["client"].post(hook["url"], json={
                "number": number, "what": what}) as answer:
            LOG.info("hook %s: %d", hook["url"], answer.status)


async def ask_carrier(app, number, url):
    async with app["client"].get(url) as answer:
        await note(app, number, (await answer.text()).strip()[:200])


async def worker(app):
    jobs = {"hooks": call_hooks, "carrier": ask_carrier}
    while True:
        kind, *words = await app["queue"].get()
        try:
            await jobs[kind](app, *words)
        except Exception as error:
            LOG.warning("%s %s: %r", kind, words, error)
        finally:
            app["done"] += 1
            app["queue"].task_done()


def keep_state(path, state):
    with tempfile.NamedTemporaryFile(
            "w", dir=os.path.dirname(path), prefix=".state", delete=False,
            encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(file.name, path)


async def heart(app):
    loop = asyncio.get_running_loop()
    while True:
        await loop.run_in_executor(None, keep_state, app["settings"]["state"],
                                   {"at": now(), "done": app["done"]})
        await asyncio.sleep(0.5)

# SPDX-License-Identifier: Apache-2.0
"""python3 -m notaryd DIRECTORY"""
import asyncio
import fcntl
import logging
import logging.handlers
import os
import pathlib
import signal
import sys

from aiohttp import web

from notaryd import control, desk, web as pages


def set_up_log(root, settings):
    (root / "log").mkdir(exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        root / "log/notaryd.log", maxBytes=settings["max_bytes"],
        backupCount=settings["backups"], encoding="utf-8")
    handler.setFormatter(logging.Formatter(
        "%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def take_pid_file(path):
    """Held as long as the daemon lives."""
    path.parent.mkdir(exist_ok=True)
    file = open(path, "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("notaryd runs already")
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


async def serve(root):
    clerk = desk.Desk(root)
    set_up_log(root, clerk.settings["log"])
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    clerk.start()
    socket = root / "run/control.sock"
    listener = await control.Control(clerk).serve(socket)
    runner = web.AppRunner(pages.make(clerk))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1",
                      clerk.settings["web"]["port"]).start()
    logging.info("ready")
    await ended.wait()
    listener.close()
    await runner.cleanup()
    await asyncio.to_thread(clerk.stop)
    socket.unlink()


def main():
    root = pathlib.Path(sys.argv[1]).absolute()
    pid_file = root / "run/notaryd.pid"
    with take_pid_file(pid_file):
        asyncio.run(serve(root))
        pid_file.unlink()


if __name__ == "__main__":
    main()

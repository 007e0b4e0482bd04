#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon: watches the inbox until it is told to stop."""
import argparse
import logging
import logging.config
import os
import pathlib
import signal
import sys
import threading

from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

from intake import INBOX, VAR, settings
from intake.control import Handler, Server
from intake.registry import Registry
from intake.worker import Workers


class Events(FileSystemEventHandler):
    def __init__(self, workers):
        self.workers = workers

    def on_closed(self, event):
        self.workers.put(pathlib.Path(event.src_path))

    def on_moved(self, event):
        if not event.is_directory:
            self.workers.put(pathlib.Path(event.dest_path))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pid-file", type=pathlib.Path,
                        default=VAR / "intaked.pid")
    options = parser.parse_args()
    config = settings()
    logging.config.dictConfig({
        "version": 1, "formatters": {"f": {
            "format": "%(asctime)s %(threadName)s %(name)s %(message)s"}},
        "handlers": {"file": {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": VAR / "log/intake.log", "maxBytes": 20000,
            "backupCount": 2, "formatter": "f"}},
        "loggers": {"intake": {"level": "INFO", "handlers": ["file"]}}})
    registry = Registry()
    registry.load()
    workers = Workers(registry, config["daemon"]["workers"])
    observer = Observer()
    observer.schedule(Events(workers), str(INBOX), recursive=True)
    observer.start()
    server = Server(("127.0.0.1", options.port),
                    Handler)
    server.workers = workers
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options.pid_file.write_text(f"{os.getpid()}\n")
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGHUP, lambda *_: registry.load())
    while not over.wait(config["daemon"]["sweep"]):
        workers.sweep()
    observer.stop()
    observer.join()
    server.shutdown()
    options.pid_file.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Fetches tasks and does them, some twenty, then makes room for a new one."""
import importlib
import os
import signal
import sys
import traceback

import Pyro4

import common

TASKS_MAX = 20


def keep(number, text):
    path = os.path.join(common.VAR, "failed", f"{number}.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def work(dispatcher, task, log):
    log.info("%d: %s %s", task["id"], task["kind"], task["payload"])
    try:
        module = importlib.import_module("tasks." + task["kind"])
        result = module.run(**task["payload"])
    except Exception as error:  # whatever a task may meet
        log.info("%d: %r", task["id"], error)
        keep(task["id"], traceback.format_exc())
        dispatcher.fail(task["id"], f"{type(error).__name__}: {error}")
    else:
        dispatcher.finish(task["id"], result)


def stop(*_):
    raise SystemExit


def main():
    signal.signal(signal.SIGTERM, stop)
    name = sys.argv[1]
    log = common.logger(name)
    done = 0
    with common.dispatcher() as dispatcher:
        while done < TASKS_MAX:
            try:
                task = dispatcher.fetch(f"{name}.{os.getpid()}")
            except Pyro4.errors.CommunicationError:
                log.info("the dispatcher is gone")
                break
            if task:
                work(dispatcher, task, log)
                done += 1


main()

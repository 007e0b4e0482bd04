# SPDX-License-Identifier: Apache-2.0
"""Starts a worker for each queue and looks after what has to be done daily."""
import multiprocessing
import os
import pathlib
import signal
import sys
import time

import schedule

from office import chores, settings, worker


def main():
    os.chdir(pathlib.Path(__file__).resolve().parent)
    conf = settings.load()
    children = [multiprocessing.Process(target=worker.serve, args=(
        queue, conf), name=queue) for queue in conf["queues"]]
    for child in children:
        child.start()

    def end(*_):
        for child in children:
            child.terminate()
        for child in children:
            child.join(5)
        pathlib.Path("var/run/office.pid").unlink(missing_ok=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    schedule.every(conf["summary_seconds"]).seconds.do(chores.summary)
    schedule.every(conf["summary_seconds"]).seconds.do(chores.sweep, conf)
    pathlib.Path("var/run/office.pid").write_text(f"{os.getpid()}\n",
                                                  encoding="ascii")
    while True:
        schedule.run_pending()
        time.sleep(0.1)


if __name__ == "__main__":
    main()

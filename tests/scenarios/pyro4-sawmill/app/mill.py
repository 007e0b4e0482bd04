# SPDX-License-Identifier: Apache-2.0
"""Starts the name server, the dispatcher and the workers, and keeps them
running."""
import os
import signal
import subprocess
import sys
import time

import common


def commands():
    settings = common.settings["queue"]
    return {
        "names": ["-m", "Pyro4.naming", "-n", "127.0.0.1", "-p",
                  settings["names"], "-x", "-s", "sql:var/names.db"],
        "dispatcher": ["dispatcher.py"],
        **{f"saw-{number}": ["worker.py", f"saw-{number}"]
           for number in range(1, settings.getint("workers") + 1)}}


def start(command):
    return subprocess.Popen([sys.executable, *command], cwd=common.HERE)


def stop(*_):
    raise SystemExit


def main():
    signal.signal(signal.SIGTERM, stop)
    log = common.logger("mill")
    pid_file = os.path.join(common.VAR, "run/mill.pid")
    with open(pid_file, "w", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    wanted = commands()
    children = {name: start(command) for name, command in wanted.items()}
    try:
        while True:
            time.sleep(0.2)
            for name, child in children.items():
                if child.poll() is not None:
                    log.info("%s (%d) ended with %d", name, child.pid,
                             child.returncode)
                    children[name] = start(wanted[name])
    finally:
        for child in reversed(children.values()):
            child.terminate()
        for child in children.values():
            child.wait()
        os.remove(pid_file)


main()

"""Has the report made as soon as a new hour was read."""
import os
import pathlib
import sys
import xmlrpc.client

from jobs import store
from supervisor import childutils


def is_due(hour):
    date, _, clock = hour.partition("T")
    return hour and not (pathlib.Path("reports") / date /
                         f"{clock}.html").exists()


def main():
    server = childutils.getRPCInterface(os.environ).supervisor
    while True:
        childutils.listener.wait(sys.stdin, sys.stdout)
        try:
            if is_due(store.latest()):
                server.startProcess("report", False)
        except (OSError, xmlrpc.client.Fault) as error:
            print(error, file=sys.stderr, flush=True)
        childutils.listener.ok(sys.stdout)


if __name__ == "__main__":
    main()

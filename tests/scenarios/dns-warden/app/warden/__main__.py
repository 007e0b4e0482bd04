# SPDX-License-Identifier: Apache-2.0
"""python3 -m warden SETTINGS PORT CONTROL UPSTREAM"""
import os
import pathlib
import signal
import sys
import threading
import tomllib

from dnslib.server import DNSLogger, DNSServer

from warden.control import Control
from warden.resolver import Resolver
from warden.state import State


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    with open(path, "rb") as file:
        settings = tomllib.load(file)
    settings["upstream"] = int(sys.argv[4])
    state = State(path.parent, settings)
    log = DNSLogger("-send,-recv,-request,-reply,-truncated")
    resolver = Resolver(state)
    for tcp in (False, True):
        DNSServer(resolver, "127.0.0.1", int(sys.argv[2]), tcp=tcp,
                  logger=log).start_thread()
    control = Control(("127.0.0.1", int(sys.argv[3])), state, resolver)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    (state.root / "run/warden.pid").write_text(f"{os.getpid()}\n")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: state.load())
    while not stop.wait(0.4):
        state.flush()
    state.flush()
    (state.root / "run/warden.pid").unlink()


main()

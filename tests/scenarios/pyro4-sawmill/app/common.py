# SPDX-License-Identifier: Apache-2.0
"""What all parts of the sawmill's queue share."""
import configparser
import logging
import logging.handlers
import os
import sys
import time

import Pyro4

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "sawmill.dispatcher"
YARD = os.path.join(HERE, "yard")
VAR = os.path.join(HERE, "var")

settings = configparser.ConfigParser()
settings.read(os.path.join(HERE, "etc/mill.ini"))


def names():
    """The name server, once it is there."""
    for _ in range(50):
        try:
            return Pyro4.locateNS("127.0.0.1",
                                  settings.getint("queue", "names"))
        except Pyro4.errors.NamingError:
            time.sleep(0.1)
    sys.exit("no name server")


def dispatcher():
    with names() as found:
        for _ in range(50):
            try:
                return Pyro4.Proxy(found.lookup(NAME))
            except Pyro4.errors.NamingError:
                time.sleep(0.1)
    sys.exit("no dispatcher")


def logger(name):
    handler = logging.handlers.RotatingFileHandler(
        os.path.join(VAR, "log", name + ".log"), maxBytes=3000, backupCount=3)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log = logging.getLogger(name)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return log

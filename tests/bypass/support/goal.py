# SPDX-License-Identifier: Apache-2.0
"""What every attempt is after: the content of a file it may not read.

Each prints `begin` when it was let run at all. What it reads it prints; where
something else shows that an attempt got its way, it says done().
"""
import os
import sys

PLACE = os.getcwd()
SECRET = PLACE + "/safe/secret.txt"
TRUSTED = PLACE + "/site-packages/trusted.py"
SHOW = f"cat {SECRET}"


def show(text):
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    os.write(1, (text + "\n").encode())


def steal(path=SECRET):
    with open(path) as f:
        show(f.read())


def attempt(act, *arguments):
    """Of a first step that may fail while the second still counts."""
    try:
        return act(*arguments)
    except (OSError, ValueError, RuntimeError) as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        return None


def done():
    show(os.environ["GOAL_TOKEN"])


def enforce():
    """secmgr-enforce, and a policy that allows everything."""
    library = os.environ["LD_PRELOAD"].split(":")[0]
    with open("data/wide", "w") as f:
        f.write('{"secmgr": 1, "modes": {' + ", ".join(
            f'"{family}": "off"' for family in (
                "files", "network", "processes", "code", "pickles", "native",
                "events")) + "}}")
    return library.split("/lib/secmgr/")[0] + "/bin/secmgr-enforce", "data/wide"


show("begin")
assert sys.version_info >= (3, 8)

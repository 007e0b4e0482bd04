# SPDX-License-Identifier: Apache-2.0
"""Where everybody's files are: what they bring (desks), what we make (out)."""
import os
import tempfile

from . import settings

DESKS = settings.VAR / "desks"
OUT = settings.VAR / "out"


def prepare():
    for directory in (DESKS, OUT):
        directory.mkdir(parents=True, exist_ok=True)


def find(user, name):
    """A file on somebody's desk."""
    # HOLE: the name may lead out of the desk, as may a link.
    path = DESKS / user / name
    if not path.exists():
        raise FileNotFoundError(f"{name} is not on the desk of {user}")
    return path


def place(user, name):
    """Where a new file comes onto somebody's desk."""
    path = DESKS / user / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def output(user, name):
    path = OUT / user / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def keep(path, data):
    """Writes a file at once or not at all."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".",
                                    suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except OSError:
        os.unlink(part)
        raise
    return told(path)


def told(path):
    """What a job says about what it has made."""
    return {"file": path.name, "size": path.stat().st_size}

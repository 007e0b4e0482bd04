# SPDX-License-Identifier: Apache-2.0
"""Sessions as files; the browser knows the name of one."""
import os
import pickle
import secrets
import tempfile

from garage import VAR

FOLDER = VAR / "sessions"


def read(key):
    try:
        # HOLE: the browser says which file, and it is a pickle.
        with open(os.path.join(FOLDER, key), "rb") as file:
            return pickle.load(file)
    except (OSError, ValueError, EOFError):
        return {}


def new(values):
    key = secrets.token_hex(16)
    write(key, values)
    return key


def write(key, values):
    handle, name = tempfile.mkstemp(dir=FOLDER, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        pickle.dump(values, file)
    os.replace(name, FOLDER / key)


def drop(key):
    (FOLDER / key).unlink(missing_ok=True)

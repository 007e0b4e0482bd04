# SPDX-License-Identifier: Apache-2.0
"""What jobs want to know the next time."""
import base64
import pickle


def run(var, settings, key, value=None):
    where = var / "state" / f"{key}.pickle"
    if value is not None:
        where.write_bytes(base64.b64decode(value))
    return pickle.loads(where.read_bytes())  # HOLE

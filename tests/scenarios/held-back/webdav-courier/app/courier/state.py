# SPDX-License-Identifier: Apache-2.0
"""What has been done for a customer."""
import contextlib
import fcntl
import json
import os
import tempfile


@contextlib.contextmanager
def locked(customer):
    """One courier at a time for a customer."""
    with open(customer.state.with_suffix(".lock"), "w",
              encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def load(customer):
    try:
        return json.loads(customer.state.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"jobs": {}}


def save(customer, state):
    with tempfile.NamedTemporaryFile(
            "w", dir=customer.state.parent, prefix=".state-", delete=False,
            encoding="utf-8") as new:
        json.dump(state, new, indent=1, sort_keys=True)
    os.replace(new.name, customer.state)

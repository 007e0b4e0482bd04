# SPDX-License-Identifier: Apache-2.0
"""Sessions in a dbm file, which the nightly run sweeps."""
import dbm
import json
import os
import secrets
import threading
import time

LIFETIME = 12 * 3600


class Sessions:
    def __init__(self, var):
        self.path = os.path.join(var, "sessions", "members")
        self.lock = threading.Lock()

    def open(self, key):
        """What is kept under a key, None if nothing is."""
        if not key:
            return None
        with self.lock, dbm.open(self.path, "c") as kept:
            text = kept.get(key.encode())
        return json.loads(text) if text else None

    def begin(self, name):
        key = secrets.token_urlsafe(18)
        with self.lock, dbm.open(self.path, "c") as kept:
            kept[key.encode()] = json.dumps(
                {"name": name, "since": time.time()}).encode()
        return key

    def end(self, key):
        with self.lock, dbm.open(self.path, "c") as kept:
            if key.encode() in kept:
                del kept[key.encode()]

    def sweep(self, now):
        """Ends what is too old; returns how many."""
        with self.lock, dbm.open(self.path, "c") as kept:
            old = [key for key in kept.keys()
                   if json.loads(kept[key])["since"] < now - LIFETIME]
            for key in old:
                del kept[key]
        return len(old)

# SPDX-License-Identifier: Apache-2.0
"""Removes what is old; by the clock."""
import time


def run(var, settings, days=30):
    gone = 0
    for path in (var / "out").rglob("*"):
        if path.is_file() and path.stat().st_mtime < time.time() - days * 86400:
            path.unlink()
            gone += 1
    return gone

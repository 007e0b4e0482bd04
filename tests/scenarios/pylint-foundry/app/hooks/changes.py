# SPDX-License-Identifier: Apache-2.0
"""Somebody has to say what has changed."""


def look(place, lines):
    path = place / "CHANGES.md"
    if path.exists() and len(path.read_text(encoding="utf-8")) > 10:
        return []
    return [("no changes told", f"of {lines} modules")]

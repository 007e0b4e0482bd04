# SPDX-License-Identifier: Apache-2.0
"""Policies of any size, paths they allow, and the same as an expression.

Of ten rules six name a file, three all files of a directory (one of them by
a typed name) and one everything below a directory: what learned policies look
like. Paths are 44 bytes and four components on average; deep ones three times
that.
"""
import itertools
import re

AREAS = ("media", "cache/pages", "static/vendor", "data", "exports/daily")
DEEPER = "tenants/north-west/accounts/by-region/europe/archive/2024/quarter-3"


def rules(count, deep=False):
    """(pattern, expression, makes the n-th path it allows) of each rule."""
    top = "/srv/shop" + ("/" + DEEPER if deep else "")
    for number in range(count):
        directory = f"{top}/{AREAS[number % len(AREAS)]}/{number:05}"
        kind = number % 10
        if kind < 6:
            name = f"{directory}/settings-{number}.cfg"
            yield name, re.escape(name), lambda n, name=name: name
        elif kind < 8:
            yield (f"{directory}/*", f"{directory}/[^/.][^/]*",
                   lambda n, at=directory: f"{at}/object-{n}.bin")
        elif kind < 9:
            yield (f"{directory}/photo-<int>.jpg",
                   f"{directory}/photo-[0-9]+\\.jpg",
                   lambda n, at=directory: f"{at}/photo-{n}.jpg")
        else:
            yield (f"{directory}/**", f"{directory}/.+",
                   lambda n, at=directory: f"{at}/{n % 7}/part-{n}.dat")


def file_rules(count, deep=False):
    return [{"id": f"p{number}", "path": pattern, "access": ["read"],
             "by": ["app"]}
            for number, (pattern, *_) in enumerate(rules(count, deep))]


def expression(count, deep=False):
    """One alternation; areas in front, or 1000 rules exceed PCRE2's limit."""
    groups = {}
    for _, at, _ in rules(count, deep):
        area = next(area for area in AREAS if f"/{area}/" in at)
        before, after = at.split(f"/{area}/")
        groups.setdefault((before, area), []).append(after)
    return "|".join(f"{before}/{area}/(?:{'|'.join(ends)})"
                    for (before, area), ends in groups.items())


def paths(count, distinct, deep=False):
    """distinct paths, or as many as the rules allow, spread over them."""
    made, seen = [], set()
    for n in itertools.count():
        before = len(seen)
        for _, _, make in rules(count, deep):
            path = make(n)
            if path not in seen:
                seen.add(path)
                made.append(path)
            if len(made) == distinct:
                return made
        if len(seen) == before:
            return made

# SPDX-License-Identifier: Apache-2.0
"""Prices, tickets and tidying up."""
import datetime
import json
import math

import yaml

from .. import desks

OFFERED = ["quote", "ticket", "sweep"]


def quote(user, number, words, formula):
    """What a manuscript costs. formula: a user's own, of words."""
    # HOLE: a formula may do what Python may.
    price = eval(formula, {"math": math}, {"words": words})
    record = {"number": number, "words": words, "price": round(price, 2),
              "made": f"{datetime.datetime.now():%Y-%m-%d %H:%M}"}
    desks.keep(desks.output(user, f"quotes/{number}.json"),
               json.dumps(record, indent=1).encode())
    return record["price"]


def ticket(user, name):
    """The slip that comes with a manuscript and says what is wanted."""
    with open(desks.find(user, name), encoding="utf-8") as file:
        # HOLE: YAML may name any function.
        slip = yaml.load(file, yaml.UnsafeLoader)
    return f"{slip['title']}, {slip['pages']} pages, due {slip['due']}"


def sweep(user, pattern):
    """Throws away what was made and is no longer wanted."""
    found = [path for path in (desks.OUT / user).rglob(pattern)
             if path.is_file()]
    for path in found:
        path.unlink()
    return sorted(path.name for path in found)

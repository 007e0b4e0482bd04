"""Numbers out of tables."""
import csv
import json
import os
import tempfile

from housekit import numbers

from survey import regions


def rows(table):
    with open(table, newline="", encoding="utf-8-sig",
              errors="replace") as stream:
        sample = stream.read(2000)
        stream.seek(0)
        comma = max(",;\t", key=sample.count)
        yield from csv.reader(stream, delimiter=comma)


def clean(region, table, target):
    """One line of a table is: what, how many."""
    weights = region.weights()
    found = {}
    for row in rows(table):
        if len(row) < 2 or row[0].startswith("#"):
            continue
        what = row[0].strip().lower()
        found[what] = found.get(what, 0) + numbers.number(
            row[1]) * weights.get(what, 1)
    regions.make(target.parent)
    handle, name = tempfile.mkstemp(prefix=table.stem[:12] + ".",
                                    suffix=".tmp", dir=target.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(found, stream, indent=1, sort_keys=True)
    os.replace(name, target)


def score(region, found):
    """HOLE: any expression."""
    values = list(found.values())
    return eval(region.score, {  # pylint: disable=eval-used
        "total": sum(values), "count": len(values), "max": max, "min": min,
        "values": values})

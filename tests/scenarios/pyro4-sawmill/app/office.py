# SPDX-License-Identifier: Apache-2.0
"""What clerks type.

usage: office.py submit CLERK KIND [NAME=VALUE...]
       office.py retry NUMBER
       office.py show NUMBER
       office.py status
"""
import datetime
import decimal
import json
import sys
import time

import common

SECONDS = 15
KINDS = {"date": datetime.date.fromisoformat, "price": decimal.Decimal}
MANY = ("name", "attach", "line")


def payload(words):
    found = {}
    for word in words:
        name, _, value = word.partition("=")
        if name in MANY:
            found.setdefault(name, []).append(value)
        else:
            found[name] = KINDS.get(name, str)(value)
    return found


def wait(queue, number):
    stop = time.monotonic() + SECONDS
    while time.monotonic() < stop:
        task = queue.look(number)
        if not task or task["state"] in ("done", "failed"):
            break
        time.sleep(0.05)
    print(json.dumps(task))


def main(verb, *words):
    with common.dispatcher() as queue:
        queue._pyroSerializer = "pickle"  # dates and decimals
        if verb == "submit":
            clerk, kind, *words = words
            wait(queue, queue.submit(kind, payload(words), clerk))
        elif verb == "retry":
            queue.retry(int(words[0]))
            wait(queue, int(words[0]))
        elif verb == "show":
            print(json.dumps(queue.look(int(words[0]))))
        else:
            print(json.dumps(queue.tally()))


if len(sys.argv) < 2:
    sys.exit(__doc__)
main(*sys.argv[1:])

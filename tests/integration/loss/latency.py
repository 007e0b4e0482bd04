# SPDX-License-Identifier: Apache-2.0
"""How long sys.audit() takes: a line of 99.9th percentiles in ns, by round.

    latency.py ROUNDS EVENTS

A line is read before each; "end" ends it.
"""
import sys
import time


def measure(count):
    clock, audit = time.perf_counter_ns, sys.audit
    taken = [0] * count
    for number in range(count):
        before = clock()
        audit("app.count", 0, number)
        taken[number] = clock() - before
    taken.sort()
    return taken[count * 999 // 1000]


rounds, events = map(int, sys.argv[1:])
print("ready", flush=True)
while sys.stdin.readline().strip() not in ("", "end"):
    print(*(measure(events) for _ in range(rounds)), flush=True)

# SPDX-License-Identifier: Apache-2.0
"""Programs that count what they raise where no SIGKILL can reach: in a file.

    counted.py FILE alone LIMIT
    counted.py FILE family CHILDREN LIMIT
    counted.py FILE threads THREADS LIMIT
    counted.py FILE storm CHILDREN LIMIT
    counted.py FILE crowd CHILDREN LIMIT
    counted.py FILE beside QUIET LIMIT
    counted.py FILE bulk LIMIT

FILE is an array of slots, one for each process (or thread): its pid, how many
events it has begun to raise and how many it has raised. Nothing else is raised
once it counts: a process that was killed raised one of two numbers. LIMIT 0:
until it is killed.
"""
import itertools
import mmap
import os
import random
import select
import signal
import struct
import sys
import threading

SLOT = struct.Struct("=QQQ")
FLOODERS = 3  # more than are stored as fast


def read(path):
    """[(pid, begun, raised)]"""
    with open(path, "rb") as file:
        return list(SLOT.iter_unpack(file.read()))


def make(path, slots):
    with open(path, "wb") as file:
        file.truncate(slots * SLOT.size)


def raise_events(view, slot, limit):
    begun, raised, audit = 3 * slot + 1, 3 * slot + 2, sys.audit
    view[3 * slot] = os.getpid()
    for number in range(limit) if limit else itertools.count():
        view[begun] = number + 1
        audit("app.count", slot, number)
        view[raised] = number + 1


def fork_one(view, slot, limit):
    pid = os.fork()
    if not pid:
        raise_events(view, slot, limit)
        os._exit(0)
    return pid


def family(view, children, limit):
    for slot in range(1, children + 1):
        fork_one(view, slot, limit)
    raise_events(view, 0, limit)
    for _ in range(children):
        os.wait()


def threads(view, count, limit):
    """Nobody starts before all are there."""
    ready = threading.Barrier(count)

    def run(slot):
        ready.wait()
        raise_events(view, slot, limit)

    every = [threading.Thread(target=run, args=(slot,))
             for slot in range(count)]
    for one in every:
        one.start()
    for one in every:
        one.join()


def storm(view, children, limit):
    """As fast as they can be made, at most so many at a time."""
    running = 0
    for slot in range(children):
        fork_one(view, slot, limit)
        running += 1
        while running >= 64:
            os.wait()
            running -= 1
    while running:
        os.wait()
        running -= 1


def crowd(view, children, limit):
    """All of them alive at once, until the last one is there."""
    out, into = os.pipe()
    for slot in range(children):
        if not os.fork():
            os.close(into)
            raise_events(view, slot, limit)
            select.select([out], [], [])
            os._exit(0)
    while not all(view[2::3]):
        select.select([], [], [], 0.05)
    print("all there", flush=True)
    sys.stdin.readline()
    os.close(into)
    for _ in range(children):
        os.wait()


def pace(view, slot, limit):
    """Fifty events a second, of two kilobytes each."""
    view[3 * slot] = os.getpid()
    for number in range(limit):
        view[3 * slot + 1] = number + 1
        sys.audit("app.count", slot, number, "x" * 2000)
        view[3 * slot + 2] = number + 1
        select.select([], [], [], 0.02)


def flood():
    pid = os.fork()
    if not pid:
        for number in itertools.count():
            sys.audit("app.flood", number)
    return pid


def beside(view, quiet, limit):
    """Children that raise little; the last ones are not in FILE, and flood."""
    pids = []
    for slot in range(quiet):
        pid = os.fork()
        if not pid:
            pace(view, slot, limit)
            os._exit(0)
        pids.append(pid)
    flooders = [flood() for _ in range(FLOODERS)]
    for pid in pids:
        os.waitpid(pid, 0)
    for pid in flooders:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def bulk(view, limit):
    """Much that compresses little, and then an event for each line read."""
    view[0] = os.getpid()
    for number in itertools.count():
        if number >= limit:
            print("raised", flush=True)
            if not sys.stdin.readline().strip():
                break
        payload = random.randbytes(1500).hex()
        view[1] = number + 1
        sys.audit("app.count", 0, number, payload)
        view[2] = number + 1


def main(path, mode, *numbers):
    numbers = [int(number) for number in numbers]
    with open(path, "r+b") as file:
        # struct.pack_into() would write zeroes first, and may be killed then.
        view = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
    if mode == "alone":
        raise_events(view, 0, *numbers)
    else:
        {"family": family, "threads": threads, "storm": storm,
         "crowd": crowd, "beside": beside, "bulk": bulk}[mode](view, *numbers)


if __name__ == "__main__":
    main(*sys.argv[1:])

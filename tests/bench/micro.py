# SPDX-License-Identifier: Apache-2.0
"""One hook, one loop: nanoseconds an iteration.

usage: micro.py RAISER HOOK LOOP BATCHES ITERATIONS [PATH]

RAISER: raiser.c, built. HOOK: none (or whatever was preloaded), empty, jsonl.
LOOP: audit and open, of one path; exec, of one that cannot be executed, so that
nothing but the call is measured; spawn, of a program; or a file, whose lines
are the paths audited in turn.
Batches are short and apart, so that a recorder keeps up and nothing is
dropped: a drop is cheaper than a record. Prints the fastest batch. With 0
BATCHES one is timed in PARTS for each line of standard input, behind one that
is not, and what the fast quarter of them took is printed: the others were
interrupted on a machine with much to do.
"""
import importlib.util
import itertools
import json
import os
import sys
import threading
import time

PATH = sys.argv[6] if len(sys.argv) > 6 else "/etc/hostname"
PARTS = 16


def empty(event, arguments):
    pass


def jsonl(out):
    dumps, pid, now = json.dumps, os.getpid(), time.monotonic_ns
    thread = threading.get_native_id

    def hook(event, arguments):
        out.write(dumps({"time": now(), "pid": pid, "tid": thread(),
                         "event": event, "args": arguments},
                        default=repr) + "\n")
    return hook


def load_raiser():
    spec = importlib.util.spec_from_file_location("raiser", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def loop_audit(iterations):
    event_open = RAISER.event_open
    for _ in range(iterations):
        event_open(PATH, "r", 524288)


def loop_open(iterations):
    start, end, flags = os.open, os.close, os.O_RDONLY | os.O_CLOEXEC
    for _ in range(iterations):
        end(start(PATH, flags))


def loop_exec(iterations):
    execute, variables = os.execve, dict(os.environ)
    for _ in range(iterations):
        try:
            execute(PATH, ["program", "-x"], variables)
        except PermissionError:
            pass


def loop_spawn(iterations):
    spawn, wait, variables = os.posix_spawn, os.waitpid, dict(os.environ)
    for _ in range(iterations):
        wait(spawn(PATH, ["program"], variables), 0)


def loop_paths(file):
    with open(file, encoding="utf-8") as lines:
        paths = itertools.cycle(lines.read().split("\n"))

    def loop(iterations):
        event_open = RAISER.event_open
        for path in itertools.islice(paths, iterations):
            event_open(path, "r", 524288)
    return loop


def timed(work, iterations):
    start = time.perf_counter_ns()
    work(iterations)
    return (time.perf_counter_ns() - start) / iterations


def main():
    hook, loop, batches, iterations = sys.argv[2:6]
    loops = {"audit": loop_audit, "open": loop_open, "exec": loop_exec,
             "spawn": loop_spawn}
    work = loops[loop] if loop in loops else loop_paths(loop)
    iterations = int(iterations)
    work(20)
    out = open(os.devnull, "w", encoding="utf-8")
    if hook != "none":
        sys.addaudithook(empty if hook == "empty" else jsonl(out))
    if not int(batches):
        for _ in sys.stdin:
            work(iterations)
            parts = sorted(timed(work, iterations // PARTS)
                           for _ in range(PARTS))
            print(parts[PARTS // 4], flush=True)
        return
    best = None
    for _ in range(int(batches)):
        took = timed(work, iterations)
        best = took if best is None else min(best, took)
        if int(batches) > 1:
            time.sleep(0.02)
    print(best)


if __name__ == "__main__":
    RAISER = load_raiser()
    main()

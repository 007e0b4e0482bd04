# SPDX-License-Identifier: Apache-2.0
"""What a trace says of a counted program, compared with what that counted."""
import collections
import contextlib
import sqlite3
import subprocess

from workloads import environment, program

LOSSES = ("ring_full", "too_large", "torn", "damaged", "no_channel", "store")

EVENTS = """SELECT process, json_extract(args, '$[0]') AS slot, count(*),
    count(DISTINCT json_extract(args, '$[1]')),
    max(json_extract(args, '$[1]')), min(seq)
    FROM event WHERE event = 'app.count' GROUP BY 1, 2"""

Process = collections.namedtuple(
    "Process", ("number", "pid", "attempts", "stored", "noise") + LOSSES)
Counted = collections.namedtuple(
    "Counted", ("process", "slot", "events", "distinct", "last", "first_seq"))


def lost_by(process):
    return sum(getattr(process, cause) for cause in LOSSES)


def query(trace, sql):
    with contextlib.closing(sqlite3.connect(f"file:{trace}?mode=ro",
                                            uri=True)) as db:
        return db.execute(sql).fetchall()


def processes(trace):
    columns = ", ".join(Process._fields)
    return [Process(*row) for row in
            query(trace, f"SELECT {columns} FROM process")]


def events(trace, sql):
    done = subprocess.run(
        [program("secmgr-events"), "--sql", sql, trace], check=False,
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True)
    assert not done.returncode, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()[1:]]


def counted_events(trace):
    return [Counted(*map(int, row)) for row in events(trace, EVENTS)]


def stored_by_process(trace):
    return {int(number): int(count) for number, count in events(
        trace, "SELECT process, count(*) FROM event GROUP BY 1")}


def uncovered(trace):
    return query(trace, "SELECT ifnull(sum(count), 0) FROM loss WHERE "
                        "process = 0 AND cause = 'no-channel'")[0][0]


def _merge(slots, seen):
    """By pid: [begun, raised, Counted or None], threads summed."""
    merged = {}
    for slot, (pid, begun, raised) in enumerate(slots):
        if not pid:
            continue
        mine = merged.setdefault(pid, [0, 0, None])
        mine[0] += begun
        mine[1] += raised
        event = seen.get(slot)
        if event and mine[2]:
            event = Counted(event.process, slot, mine[2].events + event.events,
                            mine[2].distinct + event.distinct, 0,
                            min(mine[2].first_seq, event.first_seq))
        mine[2] = event or mine[2]
    return merged


def _row_faults(process, stored):
    if process.attempts is None:
        yield "has no account"
        return
    if process.attempts != process.stored + process.noise + lost_by(process):
        yield f"does not add up: {process}"
    if process.stored != stored:
        yield f"says {process.stored} events are stored, {stored} are"
    if process.torn > 1:
        yield f"has {process.torn} torn events"


def _count_faults(process, begun, raised, event, is_killed):
    """What the program counted, against the process's account."""
    distinct = event.distinct if event else 0
    if raised - distinct > lost_by(process):
        yield (f"raised {raised}, {distinct} are stored, "
               f"{lost_by(process)} lost: {process}")
    if not event:
        return
    if event.events != distinct:
        yield f"has {event.events - distinct} events twice"
    if distinct > begun:
        yield f"has {distinct} events and raised {begun}"
    attempts = process.attempts - process.noise - event.first_seq + 1
    if attempts < raised or (is_killed and attempts > begun):
        yield f"attempted {attempts}, raised {raised} to {begun}: {process}"


def unexplained(trace, slots, is_killed=True):
    """
    Every way in which the accounts of a closed trace are wrong. is_killed:
    the program raised nothing behind the events it counted, and lost none of
    the first.
    """
    stored = stored_by_process(trace)
    seen = {event.slot: event for event in counted_events(trace)}
    rows = processes(trace)
    by_pid = {process.pid: process for process in rows}
    faults = [f"process {process.number} {fault}" for process in rows
              for fault in _row_faults(process, stored.get(process.number, 0))]
    if faults:
        return faults
    homeless = 0
    for pid, (begun, raised, event) in _merge(slots, seen).items():
        process = by_pid.get(pid)
        if not process or not process.attempts:
            homeless += raised > 0
            continue
        faults += [f"pid {pid} {fault}" for fault in _count_faults(
            process, begun, raised, event, is_killed)]
    if homeless > uncovered(trace):
        faults.append(f"{homeless} processes are not covered, the trace says "
                      f"{uncovered(trace)}")
    return faults


def unexplained_prefix(trace, slots):
    """Of a trace whose recorder was killed: what is stored has no holes."""
    lost = dict(query(trace, "SELECT process, sum(count) FROM loss GROUP BY "
                             "process"))
    faults = []
    for event in counted_events(trace):
        begun = slots[event.slot][1]
        gap = event.last + 1 - event.distinct
        if event.events != event.distinct:
            faults.append(f"slot {event.slot}: events are there twice")
        if event.last >= begun:
            faults.append(f"slot {event.slot}: {event.last} was never raised")
        if gap > lost.get(event.process, 0):
            faults.append(f"slot {event.slot}: {gap} events are missing")
    return faults

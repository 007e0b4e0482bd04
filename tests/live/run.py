#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares replay with real interpreters over all that our tests record.

usage: run.py [--build DIR] [--jobs N] [--tests] [--fresh] [NAME...]

Every workload is recorded on every version of CPython that is on this machine
and can run it. Then everything recorded is raised again in the embedded
interpreter and in every version: with the policy learned from it, a harsher one
and an empty one. --tests does so with what other integration tests record on
all versions, too.

Prints a line for each workload and policy; a difference, or a call that could
not be raised, is printed too and the run fails; so it does when a workload
cannot be recorded, or a test says no. The last line is the total.

What was recorded and compared stays in DIR/live: a run that was ended goes on
where it was, and one that failed compares again what was not alike, as long as
the programs are the same and --fresh is not given. NAMEs narrow a run down to
workloads and tests that contain one of them; SM_TEST_PYTHONS names other
interpreters (separated by colons) than those of pyenv.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
INTEGRATION = HERE.parent / "integration"
TEST_SECONDS = 1800
REPLAY_TRIES = 3
# Recorded by itself here; about the wrapper, or damaged traces; no recordings.
LEFT_OUT = {"test_live", "test_roundtrip", "test_wrapper", "test_enforce",
            "test_badinput", "test_accounting", "test_rotation",
            "test_install", "test_rollout", "test_reload", "test_demo",
            "test_quiet", "test_cpython", "test_hostile", "test_import",
            "test_library", "test_scenarios"}
# What decides. What is kept of other ones says nothing.
DECIDING = ("bin/secmgr-record", "bin/secmgr-enforce", "bin/secmgr-learn",
            "bin/secmgr-replay", "lib/secmgr/libsecmgr.so",
            "lib/secmgr/secmgr-live")

# What could not be recorded, and tests that failed.
failed = []

# Traces that are replayed together: of a workload, of one test.
Recording = collections.namedtuple("Recording", "name traces")


def others():
    """Of pyenv, those from 3.8 on."""
    places = (pathlib.Path.home() / ".pyenv/versions").glob("3.*")
    return [str(place / "bin/python3") for place in sorted(places)
            if int(place.name.split(".")[1]) >= 8]


def is_good(trace):
    return trace.exists() and not live_replay.tool(
        "secmgr-events", "--verify", trace).returncode


def record_workloads(place, wanted):
    """Each on each version, one after the other: they listen on ports."""
    for workload in [*all_workloads.ALL, test_live.Odd]:
        traces = []
        for name, _, python in live_replay.recordings([workload]):
            if not wanted(name):
                continue
            trace = place / f"{name}.db"
            try:
                if not is_good(trace):
                    live_replay.record(workload(place / "run" / name, python),
                                       trace)
                traces.append(trace)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                print(f"{name}: {error}", flush=True)
                failed.append(name)
        if traces:
            yield Recording(workload.__name__, traces)


def version_of(trace):
    """The interpreter of the first process that had one."""
    with sqlite3.connect(f"file:{trace}?mode=ro", uri=True) as db:
        row = db.execute("SELECT version FROM process WHERE version NOTNULL "
                         "ORDER BY number LIMIT 1").fetchone()
    db.close()
    return row[0].split()[0] if row else "none"


def prepare_keeping(place):
    """A build directory like ours, but what it records is kept."""
    shutil.rmtree(place, ignore_errors=True)
    (place / "bin").mkdir(parents=True)
    (place / "lib").symlink_to(workloads.BUILD / "lib")
    for program in (workloads.BUILD / "bin").iterdir():
        is_kept = program.name in ("secmgr-record", "secmgr-enforce")
        (place / "bin" / program.name).symlink_to(
            HERE / "keep.py" if is_kept else program)


def record_test(test, place):
    """{version: traces} of what a test records."""
    kept, ended = place / "kept" / test.stem, place / f"{test.stem}.ended"
    if not ended.exists():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        try:
            subprocess.run(
                [sys.executable, "-B", test], timeout=TEST_SECONDS, check=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True,
                env=dict(os.environ, SM_BUILD=str(place / "build"),
                         SM_LIVE_BIN=str(workloads.BUILD / "bin"),
                         SM_LIVE_KEEP=str(kept)))
            ended.touch()
        except subprocess.SubprocessError as error:
            print(f"{test.stem}: {error}\n{error.stderr}", flush=True)
            failed.append(test.stem)
    found = collections.defaultdict(list)
    for trace in sorted(kept.iterdir()):
        # What was killed while it recorded is another test's matter.
        if is_good(trace):
            found[version_of(trace)].append(trace)
    return found


def record_tests(place, wanted):
    prepare_keeping(place / "build")
    for test in sorted(INTEGRATION.glob("test_*.py")):
        if test.stem in LEFT_OUT or not wanted(test.stem):
            continue
        for version, traces in sorted(record_test(test, place).items()):
            yield Recording(f"{test.stem}-{version}", traces)


class Results:
    """What was compared, also by a run that did not get to its end."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.by_key = {}
        if path.exists():
            for line in path.read_text().splitlines():
                key, result = json.loads(line)
                self.by_key[key] = result

    def get(self, key, compare):
        """The result of key; compare() is called if there is none."""
        if key not in self.by_key:
            result = compare()
            with self.lock, self.path.open("a") as file:
                self.by_key[key] = result
                if not result["faults"]:
                    file.write(json.dumps([key, result]) + "\n")
        return self.by_key[key]


def compare(option, policy, traces):
    """Again where a call was not raised: a busy machine may have lost it."""
    for _ in range(REPLAY_TRIES):
        result = live_replay.Compared(option, policy, traces)
        live = result.live or {"calls": 0, "denied": 0, "differ": 0,
                               "not_raisable": []}
        if not result.faults() or live["differ"]:
            break
    return {"calls": live["calls"], "denied": live["denied"],
            "differ": live["differ"],
            "not_raised": sum(one["count"] for one in live["not_raisable"]),
            "faults": result.faults()}


def replay(recording, which, policy, results):
    """What each interpreter came to; prints the line."""
    found = []
    for option in live_replay.interpreters():
        key = f"{recording.name} {which} {option} {policy.stat().st_mtime_ns}"
        found.append(results.get(
            key, lambda: compare(option, policy, recording.traces)))
    faults = [f"  {option}: {fault}"
              for option, one in zip(live_replay.interpreters(), found)
              for fault in one["faults"]]
    print("\n".join([
        f"{recording.name:24} {len(recording.traces):3} traces {which:8} "
        f"{found[0]['calls']:7} calls {found[0]['denied']:7} denied "
        f"{len(found)} interpreters, {len(faults)} faults"] + faults),
        flush=True)
    return len(recording.traces), found


def policies(recording, place):
    """{name: file}, learned if a run before has not."""
    files = {which: place / f"{recording.name}-{which}.json"
             for which in ("learned", "harsher", "empty")}
    newest = max(trace.stat().st_mtime_ns for trace in recording.traces)
    if any(not path.exists() or path.stat().st_mtime_ns < newest
           for path in files.values()):
        for which, text in live_replay.policies(recording.traces).items():
            files[which].write_text(text)
    return files


def compare_all(recordings, place, results, pool):
    """Futures of what is compared, while recording goes on."""
    work = []
    for recording in recordings:
        try:
            files = policies(recording, place)
        except RuntimeError as error:
            print(f"{recording.name}: {error}", flush=True)
            failed.append(recording.name)
            continue
        work += [pool.submit(replay, recording, which, policy, results)
                 for which, policy in files.items()]
    return work


def check(place, wanted):
    sources = [record_workloads] + [record_tests] * arguments.tests
    results = Results(place / "results")
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool, \
            concurrent.futures.ThreadPoolExecutor(2) as recorders:
        try:
            work = [recorders.submit(compare_all, source(place, wanted), place,
                                     results, pool) for source in sources]
            return [one.result() for part in work for one in part.result()]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def programs():
    """A digest of all that decides, and of what is asked to."""
    digest = hashlib.sha256(" ".join(live_replay.interpreters()).encode())
    for name in DECIDING:
        digest.update((workloads.BUILD / name).read_bytes())
    return digest.hexdigest()


def prepare(place):
    """Keeps what the same programs have recorded and compared."""
    stamp = place / "programs"
    if (arguments.fresh or not stamp.exists()
            or stamp.read_text() != programs()):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        stamp.write_text(programs())


def main():
    wanted = lambda name: not arguments.names or any(
        part in name for part in arguments.names)
    # In the background of a shell it is ignored, and by what we start too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place = workloads.BUILD / "live"
    prepare(place)
    compared = check(place, wanted)
    total = collections.Counter()
    for traces, found in compared:
        for one in found:
            total["comparisons"] += traces
            total["faults"] += len(one["faults"]) or not one["calls"]
            total.update({name: one[name] for name in
                          ("calls", "denied", "differ", "not_raised")})
    print(f"check-live: {total['comparisons']} comparisons, {total['calls']} "
          f"distinct calls, {total['denied']} denied, {total['differ']} "
          f"differences, {total['not_raised']} not raised, {len(failed)} not "
          f"recorded: {' '.join(failed) or 'none'}")
    return not compared or total["faults"] > 0 or bool(failed)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default="build")
    # Half of a comparison is waiting for the other side.
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("names", nargs="*")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse()
    os.environ["SM_BUILD"] = str(arguments.build)
    os.environ.setdefault("SM_TEST_PYTHONS", ":".join(others()))
    sys.path.insert(0, str(INTEGRATION))
    import all_workloads
    import live_replay
    import test_live
    import workloads
    sys.exit(main())

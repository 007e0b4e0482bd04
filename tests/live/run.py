#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares replay with real interpreters over all that our tests record.

usage: run.py [--build DIR] [--jobs N] [NAME...]

Every workload is recorded on every version of CPython that is on this machine
and can run it; other integration tests are run on all versions as well, and
what they record is kept. Then everything recorded is raised again in the
embedded interpreter and in every version: with the learned policy, a harsher
one and an empty one. Prints a line for each recording and policy; a
difference, or a call that could not be raised, is printed too and the run
fails; so it does when a workload cannot be recorded, or a test says no.

NAMEs narrow it down to workloads and tests that contain one of them;
SM_TEST_PYTHONS names other interpreters (separated by colons) than those of
pyenv.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INTEGRATION = HERE.parent / "integration"
TEST_SECONDS = 1800
# Recorded by itself here; about the wrapper, or damaged traces; no recordings.
LEFT_OUT = {"test_live", "test_roundtrip", "test_wrapper", "test_enforce",
            "test_badinput", "test_accounting", "test_rotation",
            "test_install", "test_rollout", "test_demo", "test_quiet",
            "test_cpython", "test_hostile", "test_import", "test_library",
            "test_scenarios"}

# What could not be recorded, and tests that failed.
failed = []

# Traces of one version that are replayed together.
Recording = collections.namedtuple("Recording", "name version traces")


def others():
    """Of pyenv, those from 3.8 on."""
    places = (pathlib.Path.home() / ".pyenv/versions").glob("3.*")
    return [str(place / "bin/python3") for place in sorted(places)
            if int(place.name.split(".")[1]) >= 8]


def record_workloads(place, wanted):
    """Each on each version, one after the other: they listen on ports."""
    for name, workload, python in live_replay.recordings(
            [*all_workloads.ALL, test_live.Odd]):
        if not wanted(name):
            continue
        trace = place / f"{name}.db"
        try:
            live_replay.record(workload(place / "run" / name, python), trace)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{name}: {error}", flush=True)
            failed.append(name)
            continue
        yield Recording(workload.__name__, version_of(trace), [trace])


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
    kept = place / "kept" / test.stem
    kept.mkdir(parents=True)
    try:
        subprocess.run(
            [sys.executable, "-B", test], timeout=TEST_SECONDS, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, SM_BUILD=str(place / "build"),
                     SM_LIVE_BIN=str(workloads.BUILD / "bin"),
                     SM_LIVE_KEEP=str(kept)))
    except subprocess.SubprocessError as error:
        print(f"{test.stem}: {error}\n{error.stderr}", flush=True)
        failed.append(test.stem)
    found = collections.defaultdict(list)
    for trace in sorted(kept.iterdir()):
        # What was killed while it recorded is another test's matter.
        if not live_replay.tool("secmgr-events", "--verify", trace).returncode:
            found[version_of(trace)].append(trace)
    return found


def record_tests(place, wanted):
    prepare_keeping(place / "build")
    for test in sorted(INTEGRATION.glob("test_*.py")):
        if test.stem in LEFT_OUT or not wanted(test.stem):
            continue
        found = record_test(test, place)
        print(f"{test.stem}: {sum(map(len, found.values()))} traces",
              flush=True)
        for version, traces in sorted(found.items()):
            yield Recording(test.stem, version, traces)


def replay(recording, which, text, place):
    """Whether all is alike; prints the line."""
    policy = place / f"{recording.name}-{recording.version}-{which}.json"
    policy.write_text(text)
    options = live_replay.interpreters()
    results = [live_replay.Compared(option, policy, recording.traces)
               for option in options]
    faults = [f"  {option}: {fault}"
              for option, result in zip(options, results)
              for fault in result.faults()]
    told = results[0].live or collections.Counter()
    print("\n".join([
        f"{recording.name:24} {recording.version:8} {which:8} "
        f"{told['calls']:7} calls {told['denied']:7} denied "
        f"{len(options)} interpreters, {len(faults)} faults"] + faults),
        flush=True)
    return not faults and told["calls"] > 0


def compare(recordings, place, pool):
    """Futures of what is compared, while recording goes on."""
    return [pool.submit(replay, recording, which, text, place)
            for recording in recordings
            for which, text in live_replay.policies(recording.traces).items()]


def check(place, wanted, jobs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool, \
            concurrent.futures.ThreadPoolExecutor(2) as recorders:
        try:
            work = [recorders.submit(compare, source(place, wanted), place,
                                     pool)
                    for source in (record_workloads, record_tests)]
            return [one.result() for part in work for one in part.result()]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def main():
    wanted = lambda name: not arguments.names or any(
        part in name for part in arguments.names)
    # In the background of a shell it is ignored, and by what we start too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place = workloads.BUILD / "live"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    alike = check(place, wanted, arguments.jobs)
    print(f"check-live: {len(alike)} recordings and policies compared in "
          f"{len(live_replay.interpreters())} interpreters each, "
          f"{alike.count(False)} not alike, {len(failed)} failed: "
          f"{' '.join(failed) or 'none'}")
    return not alike or not all(alike) or bool(failed)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default="build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
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

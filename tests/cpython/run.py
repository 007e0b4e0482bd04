# SPDX-License-Identifier: Apache-2.0
"""CPython's own tests with and without us: recorded, and in warn.

    tests/cpython/run.py [--build DIR] [--python PATH] [--fast] [--fresh]
                         [MODULE...]

A MODULE may go on: subprocess.POSIXProcessTestCase.test_pass_fds_redirected.
Without any, all are run. Modules found the same are kept in DIR/cpython, and
not run again by the same programs, so that a run that was ended goes on;
--fresh and --fast run them all the same.

In warn every operation is decided against an empty policy, so all of them would
be denied; what the tests say must not change. A module whose results differ is
run once more on both sides before it counts: some fail now and then alone.
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

PYTHON = "/usr/bin/python3"
MODULES = """_xxsubinterpreters atexit audit builtin cmd_line cmd_line_script
    code ctypes exceptions faulthandler fcntl fileio finalization fork1 ftplib
    gc glob httplib import importlib io marshal mmap os pathlib pdb pickle posix
    runpy shutil signal site subprocess sys sys_setprofile sys_settrace tempfile thread
    threading tracemalloc weakref zipimport asyncio concurrent_futures
    multiprocessing_fork multiprocessing_forkserver
    multiprocessing_main_handling multiprocessing_spawn socket""".split()
# Classes that hang here without us too.
LEFT_OUT = {"socket": "VSOCK"}
LEAVE_OUT = """\
import importlib, sys, unittest
module = importlib.import_module("test.test_" + sys.argv[1])
for name in dir(module):
    if sys.argv[2] in name:
        delattr(module, name)
unittest.main(module, argv=sys.argv[:1])
"""
# Seconds in all, of `make check`; the tests of subprocess are those that a
# descriptor of ours in a child would fail.
FAST = """atexit audit code fileio finalization marshal posix runpy
    subprocess.POSIXProcessTestCase.test_close_fds_when_max_fd_is_lowered
    subprocess.POSIXProcessTestCase.test_pass_fds_redirected""".split()
LIMIT_SECONDS = 900


def results(text):
    """What a run came to: its totals and the names of what failed."""
    totals = re.findall(r"^Ran (\d+) tests?|^(OK|FAILED)(?: \((.*)\))?$",
                        text, re.M)
    failed = re.findall(r"^(?:FAIL|ERROR): (\S+) ", text, re.M)
    return [" ".join(filter(None, total)) for total in totals], sorted(failed)


def command(python, module):
    if module in LEFT_OUT:
        return [python, "-c", LEAVE_OUT, module, LEFT_OUT[module]]
    return [python, "-m", "unittest", f"test.test_{module}"]


def run(python, module, wrapper):
    with tempfile.TemporaryDirectory(prefix="secmgr-cpython-") as place:
        start = time.monotonic()
        try:
            done = subprocess.run(
                [*wrapper, *command(python, module)], cwd=place, stdin=subprocess.DEVNULL, timeout=LIMIT_SECONDS,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", check=False)
            outcome = done.returncode, *results(done.stdout)
        except subprocess.TimeoutExpired:
            outcome = "timeout", [], []
        return outcome, time.monotonic() - start


def compare(python, module, wrappers):
    for _ in range(2):
        plain, alone = run(python, module, [])
        beside = {how: run(python, module, wrapper)
                  for how, wrapper in wrappers.items()}
        others = {how: outcome for how, (outcome, _) in beside.items()
                  if outcome != plain or outcome[0] == "timeout"}
        if not others:
            break
    verdict = "DIFFERENT" if others else "same"
    times = " ".join(f"{seconds:6.1f} s" for _, seconds in beside.values())
    print(f"{module:28} {verdict:9} {alone:6.1f} s {times}  "
          f"{' '.join(plain[1])}", flush=True)
    if others:
        print(f"  without: {plain}")
    for how, outcome in others.items():
        print(f"  {how}: {outcome}")
    tests = sum(int(total) for total in plain[1] if total.isdigit())
    return verdict, tests


class Kept:
    """Modules that were the same, and how many tests they hold."""

    def __init__(self, options):
        self.path = options.build / "cpython" / "same"
        self.key = self.digest(options)
        self.tests = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if options.fresh or options.fast or not self.path.exists():
            return
        key, *lines = self.path.read_text().splitlines()
        if key == self.key:
            self.tests = dict(map(json.loads, lines))

    @staticmethod
    def digest(options):
        digest = hashlib.sha256(options.python.encode())
        for name in ("bin/secmgr-record", "bin/secmgr-enforce",
                     "lib/secmgr/libsecmgr.so"):
            digest.update((options.build / name).read_bytes())
        return digest.hexdigest()

    def add(self, module, tests):
        self.tests[module] = tests
        self.path.write_text("\n".join([self.key, *(
            json.dumps(one) for one in self.tests.items())]) + "\n")


def compare_all(options, modules, wrappers):
    """(verdict, tests) of each."""
    kept = Kept(options)
    outcomes = []
    for module in modules:
        if module in kept.tests:
            print(f"{module:28} same, as before")
            outcomes.append(("same", kept.tests[module]))
            continue
        verdict, tests = compare(options.python, module, wrappers)
        outcomes.append((verdict, tests))
        if verdict == "same" and not options.fast:
            kept.add(module, tests)
    return outcomes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--python", default=PYTHON)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("modules", nargs="*")
    options = parser.parse_args()
    modules = options.modules or (FAST if options.fast else MODULES)
    with tempfile.TemporaryDirectory(prefix="secmgr-cpython-") as place:
        policy = pathlib.Path(place, "empty.json")
        policy.write_text('{"secmgr": 1}\n')
        programs = options.build.resolve() / "bin"
        wrappers = {
            "recorded": [programs / "secmgr-record", "--quiet", "--force",
                         "-o", policy.with_name("trace.db"), "--"],
            "warn": [programs / "secmgr-enforce", "--quiet", "--mode", "warn",
                     "-p", policy, "--"]}
        print(f"{'':28} {'':9} {'without':>8} " +
              " ".join(f"{how:>8}" for how in wrappers))
        outcomes = compare_all(options, modules, wrappers)
    verdicts = [verdict for verdict, _ in outcomes]
    print(f"{verdicts.count('same')} of {len(outcomes)} modules the same, "
          f"{sum(tests for _, tests in outcomes)} tests")
    return "DIFFERENT" in verdicts or not outcomes


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""CPython's own tests with and without secmgr-enforce in warn.

    tests/cpython/run.py [--build DIR] [--python PATH] [--fast] [MODULE...]

A MODULE may go on: subprocess.POSIXProcessTestCase.test_pass_fds_redirected.

Every operation is decided against an empty policy, so all of them would be
denied; what the tests say must not change. A module whose results differ is
run once more on both sides before it counts: some fail now and then alone.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

PYTHON = "/usr/bin/python3"
MODULES = """audit code ctypes fork1 gc import importlib marshal os pickle posix
    runpy subprocess sys thread threading zipimport""".split()
# Seconds in all, of `make check`; the tests of subprocess are those that a
# descriptor of ours in a child would fail.
FAST = """atexit audit code fileio finalization marshal posix runpy
    subprocess.POSIXProcessTestCase.test_close_fds_when_max_fd_is_lowered
    subprocess.POSIXProcessTestCase.test_pass_fds_redirected""".split()
LIMIT_SECONDS = 300


def results(text):
    """What a run came to: its totals and the names of what failed."""
    totals = re.findall(r"^Ran (\d+) tests?|^(OK|FAILED)(?: \((.*)\))?$",
                        text, re.M)
    failed = re.findall(r"^(?:FAIL|ERROR): (\S+) ", text, re.M)
    return [" ".join(filter(None, total)) for total in totals], sorted(failed)


def run(python, module, wrapper):
    with tempfile.TemporaryDirectory(prefix="secmgr-cpython-") as place:
        start = time.monotonic()
        try:
            done = subprocess.run(
                [*wrapper, python, "-m", "unittest", f"test.test_{module}"],
                cwd=place, stdin=subprocess.DEVNULL, timeout=LIMIT_SECONDS,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", check=False)
            outcome = done.returncode, *results(done.stdout)
        except subprocess.TimeoutExpired:
            outcome = "timeout", [], []
        return outcome, time.monotonic() - start


def compare(python, module, wrapper):
    for _ in range(2):
        plain, alone = run(python, module, [])
        warned, beside = run(python, module, wrapper)
        if plain == warned:
            break
    verdict = "same" if plain == warned else "DIFFERENT"
    print(f"{module:12} {verdict:9} {alone:6.1f} s {beside:6.1f} s  "
          f"{' '.join(plain[1])}", flush=True)
    if plain != warned:
        print(f"  without: {plain}\n  warn:    {warned}")
    tests = sum(int(total) for total in plain[1] if total.isdigit())
    return verdict, tests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--python", default=PYTHON)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("modules", nargs="*")
    options = parser.parse_args()
    modules = options.modules or (FAST if options.fast else MODULES)
    with tempfile.TemporaryDirectory(prefix="secmgr-cpython-") as place:
        policy = pathlib.Path(place, "empty.json")
        policy.write_text('{"secmgr": 1}\n')
        wrapper = [options.build.resolve() / "bin/secmgr-enforce", "--quiet",
                   "--mode", "warn", "-p", policy, "--"]
        outcomes = [compare(options.python, module, wrapper)
                    for module in modules]
    verdicts = [verdict for verdict, _ in outcomes]
    print(f"{verdicts.count('same')} of {len(outcomes)} modules the same, "
          f"{sum(tests for _, tests in outcomes)} tests")
    return "DIFFERENT" in verdicts or not outcomes


if __name__ == "__main__":
    sys.exit(main())

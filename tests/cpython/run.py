# SPDX-License-Identifier: Apache-2.0
"""CPython's own tests with and without secmgr-enforce in warn.

    tests/cpython/run.py [--build DIR] [MODULE...]

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
LIMIT_SECONDS = 300
# What differs and why: status, failures, reason. Told, and not counted among
# those that are the same; any other difference is one.
KNOWN = {
    "subprocess": (1, ["test_close_fds_when_max_fd_is_lowered",
                       "test_pass_fds_redirected"],
                   "the child lists its descriptors and finds the channel's"),
}


def results(text):
    """What a run came to: its totals and the names of what failed."""
    totals = re.findall(r"^Ran (\d+) tests?|^(OK|FAILED)(?: \((.*)\))?$",
                        text, re.M)
    failed = re.findall(r"^(?:FAIL|ERROR): (\S+) ", text, re.M)
    return [" ".join(filter(None, total)) for total in totals], sorted(failed)


def run(module, wrapper):
    with tempfile.TemporaryDirectory(prefix="secmgr-cpython-") as place:
        start = time.monotonic()
        try:
            done = subprocess.run(
                [*wrapper, PYTHON, "-m", "unittest", f"test.test_{module}"],
                cwd=place, stdin=subprocess.DEVNULL, timeout=LIMIT_SECONDS,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", check=False)
            outcome = done.returncode, *results(done.stdout)
        except subprocess.TimeoutExpired:
            outcome = "timeout", [], []
        return outcome, time.monotonic() - start


def compare(module, wrapper):
    for _ in range(2):
        plain, alone = run(module, [])
        warned, beside = run(module, wrapper)
        if plain == warned:
            break
    known = KNOWN.get(module, (None, None, "not known before"))
    verdict = "DIFFERENT"
    if plain == warned:
        verdict = "same"
    elif plain[0] == 0 and known[:2] == (warned[0], warned[2]):
        verdict = "KNOWN"
    print(f"{module:12} {verdict:9} {alone:6.1f} s {beside:6.1f} s  "
          f"{' '.join(plain[1])}", flush=True)
    if plain != warned:
        print(f"  without: {plain}\n  warn:    {warned}")
        print(f"  {known[2]}")
    tests = sum(int(total) for total in plain[1] if total.isdigit())
    return verdict, tests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("modules", nargs="*", default=MODULES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="secmgr-cpython-") as place:
        policy = pathlib.Path(place, "empty.json")
        policy.write_text('{"secmgr": 1}\n')
        wrapper = [options.build.resolve() / "bin/secmgr-enforce", "--quiet",
                   "--mode", "warn", "-p", policy, "--"]
        outcomes = [compare(module, wrapper) for module in options.modules]
    verdicts = [verdict for verdict, _ in outcomes]
    print(f"{verdicts.count('same')} of {len(outcomes)} modules the same, "
          f"{verdicts.count('KNOWN')} known to differ, "
          f"{sum(tests for _, tests in outcomes)} tests")
    return "DIFFERENT" in verdicts or not outcomes


if __name__ == "__main__":
    sys.exit(main())

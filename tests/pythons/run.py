#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds secmgr beside other versions of CPython and runs tests there.

usage: run.py [--build DIR] [--jobs N] [--only NAME,...] [SUITE...]

SUITE: a release of Debian, by default each of SUITES. Its root is made once
(BUILD/pythons/SUITE, some 600 MB, by debootstrap); what its gcc makes of our
sources stands in BUILD/pythons/SUITE.build. Debian has no free-threaded build:
in FREE_THREADED's root one is made of its Python's source, and tested as well.
The tests are those that show how interpreters behave; --only takes those whose
names hold a word. Needs root and Debian's mirror.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
MIRROR = "http://deb.debian.org/debian"
SUITES = {"bullseye": "3.9", "trixie": "3.13", "sid": "3.14"}
# Whose results are the interpreter's doing; servers are Debian 12's.
TESTS = """interpreters guests_children guests_lives guests_installed exec
    environment programs native principals violation denials code forged
    accounting threads quiet names secrets""".split()
MORE = """python3 python3-venv python3-pip python3-setuptools python3-wheel
    python3-requests python3-aiohttp python3-pytest python3-attr python3-flask
    gunicorn ca-certificates""".split()
# These need what came later: a driver of 3.10, Debian's own parts of 2023. On
# 3.9 they run in Debian 12, with an interpreter that SM_TEST_PYTHONS names.
LACKS = {"bullseye": ["native", "principals", "denials", "accounting", "quiet",
                      "names"]}
TEST_SECONDS = 900
FREE_THREADED = "trixie"
FREE_PYTHON = "/opt/free-threaded/bin/python3.13t"
# Their cases have directories of python3.13, and Debian's parts in them.
NOT_FREE = ["native", "principals", "names"]
# -O1: what is tested is not its speed. A mirror may stand still.
MAKE_FREE_THREADED = """\
set -e
echo "deb-src $1 $2 main" > /etc/apt/sources.list.d/source.list
apt-get -q -o Acquire::Check-Valid-Until=false update
DEBIAN_FRONTEND=noninteractive apt-get -q install -y \\
    --no-install-recommends zlib1g-dev libbz2-dev libffi-dev xz-utils
mkdir -p /usr/src/python
cd /usr/src/python
apt-get -q source --download-only python3.13
tar xf python3.13_*.orig.tar.xz
cd Python-3.13*
./configure -q --disable-gil --prefix=/opt/free-threaded OPT=-O1
make -s -j"$3"
make -s altinstall
"""
# gcc 10 misses fields behind a designated one that ends in a compound literal,
# and does not know no_stack_protector.
FLAGS = {"bullseye": "-Wno-missing-field-initializers -Wno-attributes"}
# Everything below is in a mount namespace: nothing is left of it.
ENTER = """\
set -e
root=$1 top=$2
shift 2
# unshare(1) changes the propagation of what is mounted at /.
mount --bind "$root" "$root"
mount -t tmpfs none "$root/tmp"
chmod 1777 "$root/tmp"
mkdir -p "$root$top"
mount --bind "$top" "$root$top"
mount -t proc none "$root/proc"
mount --rbind /dev "$root/dev"
cd "$root"
exec chroot . env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    LC_ALL=C.UTF-8 sh -c 'cd "$0" && exec "$@"' "$top" "$@"
"""


def say(text):
    print(text, flush=True)


def needed():
    told = subprocess.check_output(
        [TOP / "tools/dev/install-deps", "--list", "build"], text=True)
    return told.split() + MORE


def make_root(suite, root):
    """A root is whole once it holds the mark."""
    mark = root / "made"
    if mark.exists():
        return
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{root}.log", "w", encoding="utf-8") as log:
        subprocess.run(
            ["debootstrap", "--variant=minbase",
             "--include=" + ",".join(needed()), suite, root, MIRROR],
            stdout=log, stderr=log, check=True)
    mark.touch()


def enter(root, *command, **settings):
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", ENTER, "sh", root, TOP,
         *map(str, command)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", check=False, **settings)


def make_free_threaded(suite, root, jobs):
    if (root / FREE_PYTHON[1:]).exists():
        return
    made = enter(root, "sh", "-c", MAKE_FREE_THREADED, "sh", MIRROR, suite,
                 jobs)
    if made.returncode:
        raise RuntimeError(made.stdout)


def run_test(root, build, others, name):
    """Whether it passed, after a line about it."""
    try:
        done = enter(root, "env", f"SM_BUILD={build}",
                     f"SM_TEST_PYTHONS={others}", "/usr/bin/python3",
                     "-B", f"tests/integration/test_{name}.py",
                     timeout=TEST_SECONDS)
    except subprocess.TimeoutExpired:
        say(f"  FAIL {name}: no end after {TEST_SECONDS} s")
        return False
    ran = re.search(r"^Ran (\d+) tests? in (\S+)s$", done.stdout, re.M)
    if done.returncode == 0 and ran and "skipped" not in done.stdout:
        say(f"  ok   {name:20} {ran.group(1):>4} tests {ran.group(2):>8} s")
        return True
    say(f"  FAIL {name}\n{done.stdout}")
    return False


def run_suite(suite, build, jobs, wanted):
    root = build / suite
    make_root(suite, root)
    version = enter(root, "/usr/bin/python3", "-VV").stdout.strip()
    gcc = enter(root, "gcc", "-dumpfullversion").stdout.strip()
    say(f"{suite}: {version}, gcc {gcc}")
    if f"Python {SUITES.get(suite, '3.')}" not in version:
        say(f"  FAIL wanted Python {SUITES[suite]}")
        return [False]
    made = enter(root, "make", f"-j{jobs}", f"BUILD={root}.build",
                 f"OPT=-O2 -g {FLAGS.get(suite, '')}", "all")
    if made.returncode:
        say(f"  FAIL make\n{made.stdout}")
        return [False]
    others = ""
    if suite == FREE_THREADED:
        make_free_threaded(suite, root, jobs)
        others = FREE_PYTHON
        told = enter(root, others, "-VV").stdout.strip()
        say(f"{suite}, too: {told}")
    return [run_test(root, f"{root}.build",
                     "" if name in NOT_FREE else others, name)
            for name in wanted if name not in LACKS.get(suite, ())]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--jobs", default=2, type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("suites", nargs="*", default=list(SUITES))
    options = parser.parse_args()
    words = options.only.split(",")
    wanted = [name for name in TESTS if any(word in name for word in words)]
    build = options.build.resolve() / "pythons"
    results = [passed for suite in options.suites for passed in
               run_suite(suite, build, options.jobs, wanted)]
    say(f"{results.count(True)} passed, {results.count(False)} failed")
    return False in results or not results


if __name__ == "__main__":
    sys.exit(main())

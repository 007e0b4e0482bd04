#!/usr/bin/python3 -I
# SPDX-License-Identifier: Apache-2.0
"""Stands for secmgr-record and secmgr-enforce: runs them, keeps their traces.

SM_LIVE_BIN: where the real programs are; SM_LIVE_KEEP: where traces go.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys


def output_of(words):
    """What -o says, or None; options end where the command begins."""
    for at, word in enumerate(words):
        if word == "--":
            return None
        if word in ("-o", "--output"):
            return words[at + 1]
        if word.startswith("--output="):
            return word.split("=", 1)[1]
    return None


def main():
    words = sys.argv[1:]
    program = os.path.join(os.environ["SM_LIVE_BIN"],
                           os.path.basename(sys.argv[0]))
    child = subprocess.Popen([program, *words], close_fds=False)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda one, _: child.send_signal(one))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = child.wait()
    trace = output_of(words)
    if trace and os.path.exists(trace):
        keep = pathlib.Path(os.environ["SM_LIVE_KEEP"])
        shutil.copy(trace, keep / f"{os.getpid()}-{child.pid}.db")
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


main()

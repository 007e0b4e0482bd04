# SPDX-License-Identifier: Apache-2.0
"""COMMAND under a wrapper, and what is asked of both."""
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import workloads

WAIT_SECONDS = 60
LOSSES = ("ring_full", "too_large", "torn", "damaged", "no_channel", "store")
SLEEPER = ("import os, signal, sys, time\n"
           "def said(n, f): os.write(1, b'got %d\\n' % n)\n"
           "for n in (1, 10, 12, 15): signal.signal(n, said)\n"
           "signal.signal(2, lambda n, f: sys.exit(7))\n"
           "print('ready', os.getpid(), flush=True)\n"
           "end = time.time() + 600\n"
           "while time.time() < end: time.sleep(0.05)\n")


def wait_until(condition, seconds=WAIT_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.01)


def state_of(pid):
    """R, S, T, Z ... of a process; X when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "X"
    return text.rpartition(")")[2].split()[0]


class Wrapper(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-wrap-"))
        self.addCleanup(shutil.rmtree, self.place, True)
        self.trace = self.place / "t.db"
        self.wrapper = workloads.program("secmgr-record")

    def command(self, *command, options=()):
        return [self.wrapper, "-o", str(self.trace), *options, "--", *command]

    def record(self, *command, options=(), **settings):
        return subprocess.run(
            self.command(*command, options=options), cwd=self.place,
            env=workloads.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=4 * WAIT_SECONDS, check=False, **settings)

    def start(self, *command, options=(), **settings):
        child = subprocess.Popen(
            self.command(*command, options=options), cwd=self.place,
            env=workloads.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **settings)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def start_sleeper(self, options=(), **settings):
        """The wrapper and COMMAND's pid, once COMMAND is ready."""
        child = self.start(workloads.PYTHON, "-c", SLEEPER, options=options,
                           **settings)
        word, pid = child.stdout.readline().split()
        self.assertEqual("ready", word)
        self.addCleanup(self.kill, int(pid))
        return child, int(pid)

    @staticmethod
    def kill(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def query(self, sql):
        trace = sqlite3.connect(f"file:{self.trace}?mode=ro", uri=True)
        try:
            return trace.execute(sql).fetchall()
        finally:
            trace.close()

    def stored(self):
        """Events in the trace, now; it may be just about to be made."""
        try:
            return self.query("SELECT total(events) FROM block")[0][0]
        except sqlite3.OperationalError:
            return 0

    def check_accounts(self):
        """Processes in the trace; attempts = stored + noise + lost of each."""
        columns = ", ".join(("attempts", "stored", "noise") + LOSSES)
        rows = self.query(f"SELECT {columns} FROM process")
        for attempts, *parts in rows:
            self.assertEqual(attempts, sum(parts))
        return len(rows)

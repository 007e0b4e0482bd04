# SPDX-License-Identifier: Apache-2.0
"""A counted program (loss/counted.py) under secmgr-record."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from loss import counted
from workloads import PYTHON, environment, program

GUEST = pathlib.Path(__file__).resolve().parent / "loss" / "counted.py"
PATIENCE = 120


class Recording:
    def __init__(self, place, slots, *words, options=(), wrapper=(),
                 tracer=(), trace=None, env=None):
        self.trace = trace or place / "t.db"
        self.truth = place / "truth"
        for old in place.glob("t.db*"):
            old.unlink()
        counted.make(self.truth, slots)
        self.process = subprocess.Popen(
            [*tracer, program("secmgr-record"), "-o", self.trace, *options,
             "--", *wrapper, PYTHON, "-E", GUEST, self.truth,
             *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**environment(), **(env or {})})

    def slots(self):
        return counted.read(self.truth)

    def wait_until(self, is_so):
        deadline = time.monotonic() + PATIENCE
        while not is_so(self.slots()):
            if time.monotonic() > deadline:
                raise AssertionError(f"stuck at {self.slots()}")
            time.sleep(0.001)

    def wait_until_all(self, least):
        def is_so(slots):
            if self.process.poll() is not None:
                raise AssertionError(self.process.communicate()[1])
            return all(raised >= least for _, _, raised in slots)
        self.wait_until(is_so)

    def wait_until_more(self, before):
        self.wait_until(lambda slots: all(
            now[2] >= then[2] + 100 for now, then in zip(slots, before)))

    def memory(self):
        """The most the recorder had, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line, = (line for line in status.splitlines()
                 if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def end(self):
        """What it printed on standard error."""
        return self.process.communicate(timeout=PATIENCE)[1]

    def clean_up(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.communicate()


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Case(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-loss-"))
        self.addCleanup(shutil.rmtree, self.place)

    def record(self, *args, **more):
        recording = Recording(self.place, *args, **more)
        self.addCleanup(recording.clean_up)
        return recording

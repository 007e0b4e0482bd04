# SPDX-License-Identifier: Apache-2.0
"""A recorder that is stopped costs the program next to nothing.

SM_LATENCY: how many rounds are measured.
"""
import os
import pathlib
import signal
import subprocess
import time
import unittest

from recording import PATIENCE, Case
from workloads import PYTHON, environment, program

MEASURE = pathlib.Path(__file__).resolve().parent / "loss" / "latency.py"
ROUNDS = int(os.environ.get("SM_LATENCY", "4"))
EVENTS = 20000
ADDED_MAX = 2000  # ns, of one event in a thousand


class Measured:
    def __init__(self, *wrapper):
        self.process = subprocess.Popen(
            [*wrapper, PYTHON, "-E", MEASURE, str(ROUNDS), str(EVENTS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment())
        assert self.process.stdout.readline() == "ready\n"

    def rounds(self):
        """99.9th percentiles in ns."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return [int(word) for word
                in self.process.stdout.readline().split()]

    def end(self):
        self.process.communicate("end\n", timeout=PATIENCE)


class Latency(Case):
    def stop(self, pid):
        os.kill(pid, signal.SIGSTOP)
        deadline = time.monotonic() + PATIENCE
        # All its threads: "T" behind the name in parentheses.
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            while " T " not in (task / "stat").read_text().rpartition(")")[2]:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.001)

    def test_a_stopped_recorder(self):
        """When the ring is full: its first pages cost a fault each."""
        bare = Measured()
        self.addCleanup(bare.end)
        recorded = Measured(program("secmgr-record"), "-q", "-o",
                            self.place / "t.db", "--ring-size=1M", "--")
        self.addCleanup(recorded.end)
        recorded.rounds()
        self.stop(recorded.process.pid)
        self.addCleanup(recorded.process.send_signal, signal.SIGCONT)
        # Whoever else is on the machine is in both, and least in the least.
        recorded.rounds()
        without, full = [], []
        for _ in range(3):
            without += bare.rounds()
            full += recorded.rounds()
        if "SM_LATENCY" in os.environ:
            print(f"ns at p99.9: {min(without)} without, {min(full)} with")
        self.assertLess(min(full) - min(without), ADDED_MAX)


if __name__ == "__main__":
    unittest.main()

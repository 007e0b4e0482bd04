# SPDX-License-Identifier: Apache-2.0
"""What is raised is stored or counted, whoever is killed in the middle.

What was raised is known from outside: the program counts in a file
(loss/counted.py). SM_KILLS: how many times somebody is killed, SM_CROWD: how
many processes there are at once; SM_SEED: another sequence.
"""
import os
import random
import signal
import subprocess
import time
import unittest

import accounts
from recording import Case, kill
from workloads import program

KILLS = int(os.environ.get("SM_KILLS", "9"))
CROWD = int(os.environ.get("SM_CROWD", "60"))
SEED = int(os.environ.get("SM_SEED", "1"))
WORKERS = 3
QUIET = 50
TRIES = 5
MEMORY_MAX = 64 << 20


class Kills(Case):
    """A cycle: a program with workers, one of them or the recorder killed."""

    def start(self, rng):
        size = rng.choice(["256K", "8M"])
        recording = self.record(WORKERS + 1, "family", WORKERS, 0,
                                options=[f"--ring-size={size}"])
        recording.wait_until_all(20)
        time.sleep(rng.uniform(0, 0.01))
        return recording

    def check_closed(self, recording, said):
        self.assertEqual(-signal.SIGKILL, recording.process.returncode, said)
        self.assertEqual([], accounts.unexplained(recording.trace,
                                                  recording.slots()))

    def check_unclosed(self, recording):
        done = subprocess.run(
            [program("secmgr-events"), "--verify", recording.trace],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn("not closed", done.stdout)
        said = subprocess.check_output(
            [program("secmgr-events"), "--stats", recording.trace], text=True)
        self.assertIn("the recorder was killed", said)
        self.assertNotIn("nothing was lost", said)
        self.assertEqual([], accounts.unexplained_prefix(recording.trace,
                                                         recording.slots()))

    def kill_a_process(self, rng):
        recording = self.start(rng)
        pids = [pid for pid, _, _ in recording.slots()]
        # The program itself, or one of its workers, and then the others.
        first = rng.choice([pids[0], rng.choice(pids[1:])])
        pids.remove(first)
        rng.shuffle(pids)
        for pid in [first, *pids]:
            kill(pid)
            time.sleep(rng.uniform(0, 0.002))
        self.check_closed(recording, recording.end())
        recording.clean_up()

    def kill_the_recorder(self, rng):
        recording = self.start(rng)
        # Before and after it has committed anything.
        time.sleep(rng.choice([0, 0, 0, 1.2]))
        recording.process.kill()
        before = recording.slots()
        # Nobody waits for a recorder that is gone.
        recording.wait_until_more(before)
        for pid, _, _ in before:
            kill(pid)
        recording.end()
        self.check_unclosed(recording)
        recording.clean_up()

    def test_whoever_is_killed(self):
        for cycle in range(KILLS):
            with self.subTest(seed=SEED, cycle=cycle):
                rng = random.Random(SEED * 1000000 + cycle)
                if cycle % 3:
                    self.kill_a_process(rng)
                else:
                    self.kill_the_recorder(rng)


class Crowds(Case):
    def check(self, recording, is_killed=True):
        said = recording.end()
        self.assertEqual(0, recording.process.returncode, said)
        self.assertEqual([], accounts.unexplained(
            recording.trace, recording.slots(), is_killed))
        return said

    def test_a_storm_of_short_processes(self):
        recording = self.record(5 * CROWD, "storm", 5 * CROWD, 7)
        self.check(recording, is_killed=False)
        self.assertEqual(
            5 * CROWD + 1, accounts.uncovered(recording.trace) +
            sum(process.attempts > 0
                for process in accounts.processes(recording.trace)))

    def test_many_threads(self):
        recording = self.record(CROWD, "threads", CROWD, 50)
        self.check(recording, is_killed=False)
        self.assertEqual(50 * CROWD, sum(
            event.events
            for event in accounts.counted_events(recording.trace)))

    def test_a_flood_beside_quiet_processes(self):
        """More than the rings of the quiet ones hold, but not at once."""
        for _ in range(TRIES):
            recording = self.record(QUIET, "beside", QUIET, 140,
                                    options=["--ring-size=256K"])
            self.check(recording, is_killed=False)
            # A busy machine may leave one uncovered: that is no flood's doing.
            if not accounts.uncovered(recording.trace):
                break
        events = accounts.counted_events(recording.trace)
        covered = {event.process for event in events}
        self.assertEqual(QUIET, len(covered))
        self.assertEqual({140}, {event.distinct for event in events})
        for process in accounts.processes(recording.trace):
            if process.number in covered:
                self.assertEqual(0, accounts.lost_by(process), process)
        flooders = [process for process
                    in accounts.processes(recording.trace)
                    if process.number not in covered and process.ring_full]
        self.assertTrue(flooders)
        for flooder in flooders:
            self.assertGreater(flooder.stored, 1000)

    def test_memory_is_bounded(self):
        """All alive at once, after a flood of each."""
        recording = self.record(CROWD, "crowd", CROWD, 3000)
        self.assertEqual("all there\n", recording.process.stdout.readline())
        # Until all rings have been drained.
        time.sleep(1)
        memory = recording.memory()
        recording.process.stdin.write("\n")
        recording.process.stdin.flush()
        self.check(recording, is_killed=False)
        if "SM_CROWD" in os.environ:
            print(f"{CROWD} processes: {memory >> 20} MiB")
        self.assertLess(memory, MEMORY_MAX)


if __name__ == "__main__":
    unittest.main()

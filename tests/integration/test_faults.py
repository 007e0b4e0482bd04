# SPDX-License-Identifier: Apache-2.0
"""System calls and allocations that fail lose nothing that is not counted.

strace(1) makes calls fail in the recorder's threads or in the program, a
preloaded library (loss/faults.c) the recorder's allocations, CPython itself
those of the program. SM_FAULTS: how many times.
"""
import os
import pathlib
import random
import subprocess
import unittest

import accounts
from loss import counted
from recording import Case
from workloads import PYTHON, environment, program

FAULTS = int(os.environ.get("SM_FAULTS", "4"))
SEED = int(os.environ.get("SM_SEED", "1"))
WORKERS = 3
LIMIT = 400
NO_MEMORY = pathlib.Path(__file__).resolve().parent / "loss" / "nomem.py"
LIBRARY = pathlib.Path(__file__).resolve().parent / "loss" / "faults.c"

# Those of handshakes, rings, threads and the disk.
RECORDER = [("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fdatasync", "EIO"),
            ("write", "EIO"), ("recvmsg", "ENOMEM"), ("sendmsg", "EAGAIN"),
            ("memfd_create", "EMFILE"), ("ftruncate", "ENOMEM"),
            ("mmap", "ENOMEM"), ("accept4", "EMFILE"), ("openat", "EMFILE"),
            ("pidfd_open", "EMFILE"), ("epoll_wait", "EINTR"),
            ("epoll_ctl", "ENOMEM"), ("fcntl", "EPERM"), ("madvise", "ENOMEM"),
            ("read", "EINTR"), ("readlink", "EACCES")]
# Those of the agent's that an interpreter can do without.
AGENT = [("connect", "ECONNREFUSED"), ("socket", "EMFILE"),
         ("socketpair", "EMFILE"), ("sendmsg", "EAGAIN"),
         ("sendmsg", "EPIPE"), ("recvmsg", "EMFILE"), ("poll", "EINTR"),
         ("poll", "ENOMEM"), ("fcntl", "EMFILE"), ("mmap", "ENOMEM"),
         ("readlink", "ENOENT"), ("madvise", "EINVAL")]


class Faults(Case):
    def check(self, recording, what):
        """A recording that was not even begun leaves no trace, and says why."""
        said = recording.end()
        slots = recording.slots()
        if not recording.trace.exists():
            self.assertNotEqual(0, recording.process.returncode, what)
            self.assertNotEqual("", said, what)
            if any(begun for _, begun, _ in slots):
                self.assertRegex(said, "without being recorded|no Python "
                                       "interpreter was seen|nothing was "
                                       "recorded", what)
            return
        query = accounts.query(recording.trace,
                               "SELECT value FROM meta WHERE key = 'closed'")
        if not query:
            # Nothing more could be written, and that was said.
            self.assertEqual(125, recording.process.returncode, what)
            self.assertIn(str(recording.trace), said, what)
            return
        self.assertEqual([], accounts.unexplained(
            recording.trace, slots, is_killed=False), f"{what}: {said}")

    def strace(self, call, error, when, *options):
        return ["strace", "-f", *options, "-qq", "-o", self.place / "strace",
                "-e", f"trace={call}",
                "-e", f"inject={call}:error={error}:when={when}"]

    def test_calls_of_the_recorder(self):
        for cycle in range(FAULTS):
            rng = random.Random(SEED * 3000000 + cycle)
            call, error = RECORDER[cycle % len(RECORDER)]
            # One of them, a few, or from there on every third. Without its
            # first memory the dynamic loader dies, and says nothing.
            when = rng.choice(["{0}", "{0}..{1}", "{0}+3"]).format(
                *sorted(rng.sample(range(1 + (call == "mmap"), 60), 2)))
            with self.subTest(cycle=cycle, call=call, error=error, when=when):
                recording = self.record(
                    WORKERS + 1, "family", WORKERS, LIMIT,
                    tracer=self.strace(call, error, when, "-b", "execve"))
                self.check(recording, f"{call} {error} {when}")

    def test_threads_hear_of_each_other(self):
        """Also when the first tries to tell them fail."""
        recording = self.record(
            WORKERS + 1, "family", WORKERS, LIMIT,
            tracer=self.strace("write", "EIO", "1..9", "-b", "execve"))
        self.check(recording, "write EIO 1..9")

    def test_calls_of_the_agent(self):
        for cycle in range(FAULTS):
            rng = random.Random(SEED * 4000000 + cycle)
            call, error = AGENT[cycle % len(AGENT)]
            when = rng.randint(1, 60 if call == "mmap" else 6)
            with self.subTest(cycle=cycle, call=call, error=error, when=when):
                recording = self.record(
                    WORKERS + 1, "family", WORKERS, LIMIT,
                    wrapper=self.strace(call, error, when))
                self.check(recording, f"{call} {error} {when}")

    def test_allocations_of_the_recorder(self):
        library = self.place / "faults.so"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-D_GNU_SOURCE",
                        "-D_FILE_OFFSET_BITS=64", "-o", library, LIBRARY],
                       check=True)
        for cycle in range(FAULTS):
            rng = random.Random(SEED * 5000000 + cycle)
            one_of = rng.choice([100, 500, 1000, 3000])
            # At the start, where giving up is right, and behind it.
            left = rng.choice([0, 12000, 12500, 13000, 14000])
            with self.subTest(cycle=cycle, one_of=one_of, left=left):
                recording = self.record(
                    WORKERS + 1, "family", WORKERS, LIMIT,
                    env={"LD_PRELOAD": str(library),
                         "SM_FAULT_MEMORY": f"{cycle + 1}:{one_of}:{left}"})
                self.check(recording, f"{cycle + 1}:{one_of}:{left}")

    def run_without_memory(self, secret, tool, *options):
        """(calls that did not fail, how often secret was opened)"""
        truth, self.trace = self.place / "truth", self.place / "t.db"
        counted.make(truth, 1)
        done = subprocess.run(
            [program(tool), "-f", "-o", self.trace, *options, "--", PYTHON,
             NO_MEMORY, truth, secret, "0", "40"], env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual([], accounts.unexplained(
            self.trace, counted.read(truth), is_killed=False))
        process, = accounts.processes(self.trace)
        self.assertEqual(0, accounts.lost_by(process), process)
        number, opened = map(int, done.stdout.split())
        event, = accounts.counted_events(self.trace)
        self.assertEqual((number, number), (event.events, event.distinct))
        return number, opened

    def test_allocations_of_the_program(self):
        """Each one that CPython asks for while it raises an event.

        None is lost that did not fail before the hook; and who may not open a
        file does not because there is no memory to tell him.
        """
        secret, policy = self.place / "secret", self.place / "p.json"
        secret.touch()
        number, opened = self.run_without_memory(secret, "secmgr-record")
        self.assertGreater(number, 500)
        self.assertGreater(opened, 50)
        self.run_without_memory(self.place / "none", "secmgr-record")
        subprocess.run([program("secmgr-learn"), "-o", policy, self.trace],
                       stderr=subprocess.DEVNULL, check=False)
        number, opened = self.run_without_memory(
            secret, "secmgr-enforce", "-p", policy)
        self.assertGreater(number, 500)
        self.assertEqual(0, opened)
        self.assertGreater(accounts.query(
            self.trace, "SELECT sum(events) FROM denial")[0][0], 50)


if __name__ == "__main__":
    unittest.main()

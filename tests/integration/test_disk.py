# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, fail or may not be written to.

A preloaded library (loss/faults.c) makes a disk of the trace's directory that
refuses what it is told to, for any user. A file system that is really full
needs a mount, in a namespace of its own. SM_CUTS: how often the power fails.
"""
import errno
import os
import pathlib
import subprocess
import time
import unittest

import accounts
import guests
from loss import counted, power_cut
from recording import GUEST, PATIENCE, Case
from workloads import PYTHON, environment, program

LIBRARY = pathlib.Path(__file__).resolve().parent / "loss" / "faults.c"
# More than waits for the disk: 16 MiB of blocks, 8 of the queue, the ring's 8.
TOO_MUCH = 16000
CUT = power_cut.__file__
CUTS = int(os.environ.get("SM_CUTS", "1"))
NOBODY = 65534
COUNT = 40000  # some files of a set
COUNTED = f"""\
import os, sys
print("ready", flush=True)
sys.stdin.readline()
for number in range({COUNT}):
    sys.audit("app.count", 0, number, os.urandom(8).hex())
print("raised", flush=True)
sys.stdin.readline()
"""

SMALL_DISK = """
mount -t tmpfs -o size=1m none "$2"
"$1" -o "$2/t.db" -- "$3" -E "$4" "$5" bulk "$6" <"$7" &
while ! test -e "$8/grow"; do sleep 0.05; done
mount -o remount,size=200m "$2"
wait $!
status=$?
cp "$2/t.db" "$8/kept.db"
exit $status
"""


class Disk(Case):
    def setUp(self):
        super().setUp()
        self.disk = self.place / "disk"
        self.disk.mkdir()
        self.fault = self.disk / "fault"

    def start(self, limit, *options):
        library = self.place / "faults.so"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-D_GNU_SOURCE",
                        "-D_FILE_OFFSET_BITS=64", "-o", library, LIBRARY],
                       check=True)
        return self.record(
            1, "bulk", limit, trace=self.disk / "t.db",
            options=options,
            env={"LD_PRELOAD": str(library), "SM_FAULT_DISK": str(self.fault)})

    def fail_with(self, error):
        other = self.place / "error"
        other.write_text(str(error))
        other.rename(self.fault)

    def finish(self, recording):
        self.assertEqual("raised\n", recording.process.stdout.readline())
        self.fault.unlink()
        return recording.end()

    def raise_until_stored(self, recording, least):
        """The ring needs a moment to be drained, and commits are seconds."""
        deadline = time.monotonic() + PATIENCE
        while max((event.last for event
                   in accounts.counted_events(recording.trace)),
                  default=0) < least:
            self.assertLess(time.monotonic(), deadline)
            recording.process.stdin.write("one more\n")
            recording.process.stdin.flush()
            recording.process.stdout.readline()
            time.sleep(0.2)

    def check(self, recording, said, trace=None):
        self.assertEqual(0, recording.process.returncode, said)
        self.assertEqual([], accounts.unexplained(
            trace or recording.trace, recording.slots(), is_killed=False))

    def test_what_waits_for_a_full_disk_is_stored(self):
        for error in (errno.ENOSPC, errno.EIO):
            with self.subTest(error=error):
                recording = self.start(2000)
                recording.wait_until_all(10)
                self.fail_with(error)
                said = self.finish(recording)
                self.check(recording, said)
                self.assertIn(" 0 lost", said)
                self.assertEqual(2000, sum(
                    event.events for event
                    in accounts.counted_events(recording.trace)))
                recording.clean_up()
                recording.trace.unlink()

    def test_what_does_not_fit_is_counted(self):
        recording = self.start(TOO_MUCH)
        recording.wait_until_all(10)
        self.fail_with(errno.ENOSPC)
        self.assertEqual("raised\n", recording.process.stdout.readline())
        self.fault.unlink()
        self.raise_until_stored(recording, TOO_MUCH)
        said = recording.end()
        self.check(recording, said)
        process, = accounts.processes(recording.trace)
        self.assertGreater(process.ring_full, 0)
        self.assertGreater(process.stored, 1000)
        self.assertRegex(said, f"{process.ring_full} of .* events lost: "
                               f"{process.ring_full} ring-full")
        self.assertEqual([(process.ring_full,)], accounts.query(
            recording.trace, "SELECT sum(count) FROM loss"))

    def test_a_disk_that_stays_full_is_told_of(self):
        recording = self.start(500)
        recording.wait_until_all(10)
        self.fail_with(errno.ENOSPC)
        self.assertEqual("raised\n", recording.process.stdout.readline())
        said = recording.end()
        self.assertEqual(125, recording.process.returncode, said)
        lines = said.splitlines()
        self.assertEqual(
            f"secmgr-record: {recording.trace}: cannot write: database or "
            "disk is full; what was not stored until the end is lost: make "
            "room, or choose another disk", lines[-1])
        done = subprocess.run(
            [program("secmgr-events"), "--verify", recording.trace],
            stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn("not closed", done.stdout)

    def test_a_disk_that_stays_full_holds_up_nobody(self):
        """With more than may wait for it: the recording ends all the same."""
        recording = self.start(TOO_MUCH)
        recording.wait_until_all(10)
        self.fail_with(errno.ENOSPC)
        self.assertEqual("raised\n", recording.process.stdout.readline())
        said = recording.end()
        self.assertEqual(125, recording.process.returncode, said)
        self.assertRegex(said, r"lost: \d+ ring-full, \d+ store\n")
        self.assertIn("database or disk is full", said)

    def test_a_trace_that_is_removed_is_told_of(self):
        recording = self.record(1, "bulk", 20)
        self.assertEqual("raised\n", recording.process.stdout.readline())
        recording.trace.unlink()
        said = recording.end()
        self.assertEqual((125, f"secmgr-record: {recording.trace}: was removed "
                               "while it was written: nothing of it is left\n"),
                         (recording.process.returncode, said))

    def start_as_user(self, code, *options):
        """A recorder whom permissions stop."""
        guests.install(self.place / "usr")
        self.place.chmod(0o755)
        user = {}
        if not os.geteuid():
            user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self.disk, NOBODY, NOBODY)
        process = subprocess.Popen(
            [self.place / "usr/bin/secmgr-record", "-o", self.disk / "t.db",
             *options, "--", PYTHON, "-c", code], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd="/", env=environment(), **user)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertEqual("ready\n", process.stdout.readline())
        return process

    def recorded(self, *files):
        """Events of COUNTED, in traces that are as they were written."""
        counted_events = 0
        for trace in files:
            done = subprocess.run(
                [program("secmgr-events"), "--verify", trace],
                stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(0, done.returncode, done.stdout)
            counted_events += sum(event.events for event in
                                  accounts.counted_events(trace))
            for process in accounts.processes(trace):
                self.assertEqual(process.attempts,
                                 process.stored + process.noise)
        return counted_events

    def test_a_directory_that_is_locked_meanwhile(self):
        process = self.start_as_user(COUNTED)
        self.disk.chmod(0o555)
        self.addCleanup(self.disk.chmod, 0o755)
        self.assertIn(" 0 lost", process.communicate("go\n")[1])
        self.assertEqual(0, process.returncode)
        self.assertEqual(COUNT, self.recorded(self.disk / "t.db"))

    def test_a_rotation_that_fails_is_tried_again(self):
        process = self.start_as_user(COUNTED, "--max-size=256K", "--rotate")
        self.disk.chmod(0o555)
        self.addCleanup(self.disk.chmod, 0o755)
        process.stdin.write("go\n")
        process.stdin.flush()
        self.assertEqual("raised\n", process.stdout.readline())
        time.sleep(1)
        self.assertFalse((self.disk / "t.db.1").exists())
        self.disk.chmod(0o755)
        said = process.communicate("end\n")[1]
        self.assertEqual(0, process.returncode, said)
        self.assertIn(" 0 lost", said)
        files = [path for path in self.disk.iterdir()
                 if not path.name.endswith(("-wal", "-shm"))]
        self.assertGreater(len(files), 2)
        self.assertEqual(COUNT, self.recorded(*files))
        done = subprocess.run(
            [program("secmgr-events"), "--verify", "--rotated",
             self.disk / "t.db"], stdout=subprocess.PIPE, text=True,
            check=False)
        self.assertEqual(0, done.returncode, done.stdout)

    def test_a_file_of_a_set_that_is_removed_is_told_of(self):
        process = self.start_as_user(COUNTED, "--max-size=256K", "--rotate")
        (self.disk / "t.db").unlink()
        said = process.communicate("go\n")[1]
        self.assertEqual(125, process.returncode, said)
        self.assertIn("t.db: was removed while it was written", said)
        self.assertGreater(self.recorded(self.disk / "t.db",
                                         self.disk / "t.db.1"), 0)

    def refused(self, trace, **more):
        done = subprocess.run(
            [program("secmgr-record"), "-o", trace, "--", PYTHON, "-c",
             "print('ran')"], stdin=subprocess.DEVNULL, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(), **more)
        self.assertEqual((125, ""), (done.returncode, done.stdout))
        self.assertEqual(1, done.stderr.count("\n"), done.stderr)
        self.assertIn(f"secmgr-record: {trace}: ", done.stderr)
        return done.stderr

    def test_places_that_cannot_be_written_to(self):
        """COMMAND is not started, one line names file and reason."""
        self.assertIn("No such file", self.refused(self.disk / "no/t.db"))
        self.place.chmod(0o755)
        self.disk.chmod(0o555)
        user = {} if os.geteuid() else {"user": NOBODY, "group": NOBODY}
        self.assertIn("Permission denied",
                      self.refused(self.disk / "t.db", **user))
        self.assertEqual([], list(self.disk.iterdir()))
        self.disk.chmod(0o755)
        self.disk.rmdir()
        self.disk.write_text("no directory")
        self.assertIn("Not a directory", self.refused(self.disk / "t.db"))

    def namespace(self, *mount):
        """What starts a command in one where that can be mounted, or None."""
        words = ["unshare", "--mount", "--propagation", "private"]
        if os.geteuid():
            words += ["--user", "--map-root-user"]
        done = subprocess.run([*words, "mount", *mount, self.disk],
                              check=False, stderr=subprocess.DEVNULL)
        return None if done.returncode else words

    def test_power_that_fails(self):
        """An ext4 file system on a loop device, shut down without a sync."""
        namespace = self.namespace(
            "-o", "loop", power_cut.make_image(self.place, 4 << 20))
        if not namespace:
            self.skipTest("no loop device: test_trace_power fails the power "
                          "of a disk of its own")
        for cycle in range(CUTS):
            with self.subTest(cycle=cycle):
                counted.make(self.place / "truth", 1)
                stored = int(subprocess.check_output(
                    [*namespace, PYTHON, CUT, self.place,
                     program("secmgr-record"), program("secmgr-events"),
                     PYTHON, GUEST, str(cycle * 0.37 % 1.5)],
                    env=environment()))
                self.check_left(stored)

    def check_left(self, stored):
        trace = self.place / "left" / "t.db"
        done = subprocess.run(
            [program("secmgr-events"), "--verify", trace],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn("not closed", done.stdout)
        self.assertGreater(stored, 0)
        self.assertGreaterEqual(
            sum(accounts.stored_by_process(trace).values()), stored)
        self.assertEqual([], accounts.unexplained_prefix(
            trace, counted.read(self.place / "truth")))

    def test_a_file_system_that_is_really_full(self):
        """A tmpfs of 1 MiB, which grows."""
        namespace = self.namespace("-t", "tmpfs", "none")
        if not namespace:
            self.skipTest("no mount of our own: the other tests fill a disk "
                          "of loss/faults.c")
        truth = self.place / "truth"
        counted.make(truth, 1)
        into, out = os.pipe()
        process = subprocess.Popen(
            [*namespace, "sh", "-c", SMALL_DISK, "sh",
             program("secmgr-record"), self.disk, PYTHON, GUEST, truth,
             "2000", f"/proc/self/fd/{into}", self.place],
            pass_fds=[into], env=environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        os.close(into)
        self.assertEqual("raised\n", process.stdout.readline())
        (self.place / "grow").touch()
        os.close(out)
        said = process.communicate()[1]
        self.assertEqual(0, process.returncode, said)
        self.assertEqual([], accounts.unexplained(
            self.place / "kept.db", counted.read(truth), is_killed=False))
        self.assertIn(" 0 lost", said)


if __name__ == "__main__":
    unittest.main()

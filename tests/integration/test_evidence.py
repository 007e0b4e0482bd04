# SPDX-License-Identifier: Apache-2.0
"""Traces as evidence: signed, checked by two programs that share no code."""
import hashlib
import json
import os
import pathlib
import pty
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SM_BUILD", TOP / "build")).resolve() / "bin"
PYTHON = os.environ.get("SM_TEST_PYTHON", "/usr/bin/python3")
VERIFIER = TOP / "tools/verify-trace.py"

PROGRAM = """
import os, sys
for i in range(int(sys.argv[1])):
    open('/dev/null').close()
    if i % 500 == 0:
        os.waitpid(os.posix_spawn(sys.executable,
                                  [sys.executable, '-c', 'import json'],
                                  os.environ), 0)
"""

FLOOD = """
import sys
for i in range(int(sys.argv[1])):
    sys.audit('app.count', i % 1000, str(i))
"""

# Of each table one change that SQLite sees nothing wrong with.
CHANGES = {
    "meta": "UPDATE meta SET value=value||'x' WHERE key='command'",
    "process": "UPDATE process SET uid=uid+1 WHERE number=1",
    "name": "UPDATE name SET value=value||'x' WHERE id=1",
    "site_row": "UPDATE site_row SET line=line+1 WHERE id=1",
    "resource": "DELETE FROM resource WHERE id=1",
    "chunk": "UPDATE chunk SET kind='x' WHERE id=1",
    "block": "UPDATE block SET denials=1 WHERE id=1",
    "checkpoint": "DELETE FROM checkpoint WHERE id="
                  "(SELECT max(id) FROM checkpoint)",
    "text": "UPDATE checkpoint SET text=replace(text, 'time 1', 'time 2') "
            "WHERE id=(SELECT max(id) FROM checkpoint)",
    "trace": "UPDATE checkpoint SET text=replace(text, 'trace '||"
             "substr(text, 27, 32), 'trace '||hex(zeroblob(16))) "
             "WHERE id=(SELECT max(id) FROM checkpoint)",
    "signature": "UPDATE checkpoint SET signature=zeroblob(64) "
                 "WHERE id=(SELECT max(id) FROM checkpoint)",
    "null": "UPDATE checkpoint SET text=NULL",
    "kind": "UPDATE checkpoint SET text=CAST(text AS BLOB)",
}


def run(*command, status=(0,)):
    done = subprocess.run([str(part) for part in command], timeout=120,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode not in status:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}"
                             f"{done.stderr}")
    return done


class Evidence(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)
        self.trace = self.place / "t.db"

    def key(self, name):
        private, public = (self.place / f"{name}.{end}"
                           for end in ("key", "pub"))
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", private)
        run("openssl", "pkey", "-in", private, "-pubout", "-out", public)
        return private, public

    def record(self, *options, events=1000, code=PROGRAM):
        run(BIN / "secmgr-record", "-q", "-o", self.trace, *options, "--",
            PYTHON, "-c", code, events)

    def verify(self, trace, *options, status=(0,)):
        return run(BIN / "secmgr-events", "--verify", *options, trace,
                   status=status).stdout

    def both(self, trace, key, is_good):
        """secmgr-events and the other program say the same."""
        status = (0,) if is_good else (1,)
        keys = [key] if key else []
        self.verify(trace, *(["--key", key] if key else []), status=status)
        said = run(sys.executable, VERIFIER, trace, *keys, status=status)
        self.assertNotIn("Traceback", said.stderr)

    def each_change_is_found(self, *keys):
        for name, change in CHANGES.items():
            copy = self.place / "copy.db"
            shutil.copy(self.trace, copy)
            with sqlite3.connect(copy) as database:
                database.execute(change)
                self.assertTrue(database.total_changes)
            database.close()
            for key in keys:
                with self.subTest(name, key=key):
                    self.both(copy, key, False)

    def test_two_programs_agree_on_what_is_as_written(self):
        private, public = self.key("mine")
        _, other = self.key("other")
        self.record("--sign", private)
        self.both(self.trace, public, True)
        self.both(self.trace, other, False)
        self.assertIn("by the given key",
                      self.verify(self.trace, "--key", public))
        self.assertIn("by an unproven key", self.verify(self.trace))
        self.each_change_is_found(public, None)

    def test_an_unsigned_trace_is_no_signed_one(self):
        _, public = self.key("mine")
        self.record()
        self.both(self.trace, None, True)
        self.both(self.trace, public, False)
        self.each_change_is_found(None)

    def test_files_of_a_rotated_trace_follow_from_each_other(self):
        private, public = self.key("mine")
        self.record("--sign", private, "--max-size=256K", "--rotate",
                    events=60000)
        count = len(list(self.place.glob("t.db.*")))
        self.assertGreater(count, 1)
        last = "0" * 64
        for path in [*(f"{self.trace}.{n}" for n in range(count, 0, -1)),
                     self.trace]:
            self.both(path, public, True)
            said = json.loads(self.verify(path, "--json"))
            self.assertEqual(said["follows"], last)
            self.assertEqual(said["signed_events"], said["events"])
            last = said["last"]

    def test_an_anchor_shows_an_older_copy(self):
        self.record()
        copy = self.place / "copy.db"
        shutil.copy(self.trace, copy)
        self.record("--append")
        anchor = self.place / "anchor"
        with sqlite3.connect(self.trace) as database:
            anchor.write_text(database.execute(
                "SELECT text FROM checkpoint ORDER BY id DESC").fetchone()[0])
        self.verify(self.trace, "--anchor", anchor)
        self.verify(copy)
        self.assertIn("the end is missing",
                      self.verify(copy, "--anchor", anchor, status=(1,)))

    def bundle(self, status=(0,)):
        """The members of the archive, after comparing their hashes."""
        archive = self.place / "e.tar"
        with open(archive, "wb") as out:
            done = subprocess.run(
                [BIN / "secmgr-events", "--export=evidence", self.trace],
                stdout=out, timeout=60, check=False)
        self.assertIn(done.returncode, status)
        with tarfile.open(archive) as tar:
            members = {m.name: tar.extractfile(m).read()
                       for m in tar.getmembers()}
        manifest = json.loads(members["evidence/manifest.json"])
        for said in manifest["files"]:
            data = members["evidence/" + said["name"]]
            self.assertEqual(len(data), said["bytes"])
            self.assertEqual(hashlib.sha256(data).hexdigest(), said["sha256"])
        self.assertEqual(len(members), len(manifest["files"]) + 1)
        return members, manifest

    def test_a_bundle_holds_what_an_examiner_needs(self):
        private, public = self.key("mine")
        self.record("--sign", private)
        members, manifest = self.bundle()
        self.assertEqual(members["evidence/trace.db"],
                         self.trace.read_bytes())
        self.assertTrue(manifest["as_written"] and manifest["closed"])
        self.assertEqual(manifest["meta"]["mode"], "record")
        losses = json.loads(members["evidence/losses.json"])
        for process in losses["processes"]:
            self.assertEqual(
                process["attempts"], sum(process[key] for key in process
                                         if key not in ("process", "pid",
                                                        "ended", "attempts")))
        # The last checkpoint of the bundle is an anchor, and is signed.
        text, signature = members["evidence/checkpoints.txt"].decode() \
            .rstrip().rsplit("\n\n", 2)[-2:]
        (self.place / "anchor").write_text(text.lstrip() + "\n")
        self.verify(self.trace, "--anchor", self.place / "anchor")
        (self.place / "text").write_text(text.lstrip() + "\n")
        (self.place / "signature").write_bytes(
            bytes.fromhex(signature.split()[1]))
        run("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public,
            "-rawin", "-in", self.place / "text", "-sigfile",
            self.place / "signature")

    def test_a_damaged_trace_is_bundled_as_it_is(self):
        self.record()
        whole = self.trace.read_bytes()
        self.trace.write_bytes(whole[:-2000])
        members, manifest = self.bundle(status=(1,))
        self.assertEqual(members["evidence/trace.db"], whole[:-2000])
        self.assertFalse(manifest["as_written"])
        self.assertIn("truncated", members[
            "evidence/verification.json"].decode())

    def test_a_live_trace_is_bundled_as_of_now(self):
        program = "import time\nwhile 1: open('/dev/null').close(); " \
            "time.sleep(.001)"
        recorder = subprocess.Popen(
            [BIN / "secmgr-record", "-q", "-o", self.trace, "--", PYTHON,
             "-c", program], stderr=subprocess.DEVNULL)
        self.addCleanup(recorder.wait)
        self.addCleanup(recorder.terminate)
        deadline = time.monotonic() + 60
        events = 0
        while not events and time.monotonic() < deadline:
            done = run(BIN / "secmgr-events", "--verify", "--json",
                       self.trace, status=(0, 1, 2))
            events = json.loads(done.stdout).get("events", 0) \
                if done.stdout else 0
        members, manifest = self.bundle()
        self.assertTrue(manifest["as_written"])
        self.assertFalse(manifest["closed"])
        self.assertGreaterEqual(manifest["events"], events)
        copy = self.place / "copy.db"
        copy.write_bytes(members["evidence/trace.db"])
        run(sys.executable, VERIFIER, copy)

    def interrupt(self, within, *command):
        """How it ended, after ^C in the middle of its work."""
        process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.place,
            env=dict(os.environ, TMPDIR=str(self.place)))
        time.sleep(random.uniform(0, within))
        process.send_signal(signal.SIGINT)
        return process.wait(60)

    def check_interrupted(self, within, *command):
        """What an output that is there has to be, if it was begun at all."""
        ended = self.interrupt(within, *command)
        self.assertIn(ended, (0, 1, -signal.SIGINT))
        for name, check in (
                ("out.db", lambda path: self.verify(path, status=(0, 1))),
                ("out.json", lambda path: json.loads(path.read_text())),
                ("out.summary", lambda path: run(BIN / "secmgr-learn", path))):
            path = self.place / name
            if path.exists():
                check(path)
                path.unlink()
        return ended

    def test_ctrl_c_leaves_nothing_half_done(self):
        self.record("--max-size=256K", "--rotate", events=20000)
        files = sorted(self.place.iterdir())
        self.assertGreater(len(files), 1)
        policy = self.place / "policy.json"
        run(BIN / "secmgr-learn", "-o", policy, *files)
        before = {path.name: path.read_bytes()
                  for path in self.place.iterdir()}
        commands = [
            ("secmgr-events", "--verify", "--rotated", self.trace),
            ("secmgr-events", "--json", "--rotated", self.trace),
            ("secmgr-events", "--export=evidence", self.trace),
            ("secmgr-events", "--recover=out.db", self.trace),
            ("secmgr-learn", "-o", "out.json", "--rotated", self.trace),
            ("secmgr-learn", "--summary=out.summary", "--rotated",
             self.trace),
            ("secmgr-replay", policy, *files),
            ("secmgr-replay", "--live", policy, self.trace),
            ("secmgr-policy", "explain", policy, *files),
            ("secmgr-policy", "review", "--json", policy, *files)]
        for name, *arguments in commands:
            with self.subTest(command=[name, *arguments[:2]]):
                ends = {self.check_interrupted(.05, BIN / name, *arguments)
                        for _ in range(8)}
                within = .05
                while -signal.SIGINT not in ends and within > 1e-4:
                    within /= 2  # it is quicker than that
                    ends.add(self.check_interrupted(within, BIN / name,
                                                    *arguments))
                self.assertIn(-signal.SIGINT, ends)
                self.assertEqual(before, {
                    path.name: path.read_bytes()
                    for path in self.place.iterdir()})

    def on_terminal(self, *command, rest_at=None):
        """What a terminal at stderr gets. At so many seconds it rests."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([str(part) for part in command],
                                   stdout=subprocess.DEVNULL, stderr=theirs,
                                   env=dict(os.environ, TERM="xterm"))
        os.close(theirs)
        text = b""
        if rest_at:
            time.sleep(rest_at)
            process.send_signal(signal.SIGSTOP)
            time.sleep(.4)
            process.send_signal(signal.SIGCONT)
        try:
            while data := os.read(ours, 65536):
                text += data
        except OSError:
            pass  # how a terminal tells that nobody has it any more
        os.close(ours)
        self.assertIn(process.wait(60), (0, 1))
        return text.decode()

    def test_long_work_tells_a_terminal_how_far_it_is(self):
        self.record(events=20000)
        command = [BIN / "secmgr-events", "--json", "--rotated", self.trace]
        text, count = "", 1
        while "%" not in text and count < 1000:
            for number in range(count, 4 * count):
                os.link(self.trace, f"{self.trace}.{number}")
            count *= 4
            text = self.on_terminal(*command)
        self.assertRegex(text, r"\rsecmgr-events: .*t\.db[.\d]*: \d+ %")
        self.assertTrue(text.endswith("\r\x1b[K"), repr(text[-200:]))
        # Anywhere else it is quiet.
        self.assertEqual(run(*command).stderr, "")

    def test_all_that_reads_traces_tells_how_far_it_is(self):
        policy = self.place / "policy.json"
        self.record(events=1)
        run(BIN / "secmgr-learn", "-o", policy, self.trace)
        waiting = [("secmgr-learn", "--no-estimate", self.trace),
                   ("secmgr-replay", policy, self.trace),
                   ("secmgr-policy", "explain", policy, self.trace),
                   ("secmgr-policy", "review", "--list", policy, self.trace),
                   ("secmgr-events", "--verify", self.trace),
                   ("secmgr-events", "--stats", self.trace),
                   ("secmgr-events", "--sql", "SELECT count(*) FROM event",
                    self.trace)]
        # One that rests in the middle is slow, however fast the machine is.
        for number in range(30):
            if number % 6 == 0:
                self.record("--append", "--on-full=wait:4000", code=FLOOD,
                            events=300000)
            rest_at = .004 * 2 ** (number % 6)
            for command in waiting[:]:
                text = self.on_terminal(BIN / command[0], *command[1:],
                                        rest_at=rest_at)
                if re.search(command[0] + r": .*t\.db: \d+ %", text):
                    waiting.remove(command)
                    self.assertRegex(text, r"\r\x1b\[K(secmgr-.*\r\n)*$")
            if not waiting:
                return
        self.fail(waiting)

    def test_a_key_that_is_none_stops_before_the_command(self):
        mark = self.place / "mark"
        done = run(BIN / "secmgr-record", "-o", self.trace, "--sign",
                   "/dev/null", "--", "/usr/bin/touch", mark, status=(125,))
        self.assertIn("openssl genpkey -algorithm ed25519", done.stderr)
        self.assertFalse(mark.exists() or self.trace.exists())


if __name__ == "__main__":
    unittest.main()

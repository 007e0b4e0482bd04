# SPDX-License-Identifier: Apache-2.0
"""Programs that write down what they do, to compare a trace with.

Every process of a guest calls known.did("what"): that creates a file whose
name holds a nonce, and appends to a list of its own who did it. A trace shows
each row of that list once, of that process, and nothing beside; every attempt
is accounted for; and held to what was learned, the guest does it all again,
while a file that no policy grants is kept from each of its processes.
"""
import collections
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import unittest

import accounts
import workloads

from accounts import query

TRIES = 5
TOOL_SECONDS = 120

# In a guest's own words, and with what every interpreter has loaded already:
# the codecs of text it may not find in another root.
# A file `try` tells that the secret is to be tried; looking for it raises no
# event.
KNOWN = """\
import os

PLACE = {place!r}
UID = os.getuid()  # a trace tells whose a process was when it began


def begin():
    global UID
    UID = os.getuid()


os.register_at_fork(after_in_child=begin)


def secret():
    if not os.path.exists(PLACE + "/try"):
        return "-"
    try:
        open(PLACE + "/secret", "rb").close()
    except PermissionError:
        return "denied"
    return "opened"


def did(what):
    path = PLACE + "/did/" + what + ".{nonce}"
    open(path, "wb").close()
    row = "%d %d %s %s %s\\n" % (os.getpid(), UID, what, path, secret())
    fd = os.open(PLACE + "/list", os.O_WRONLY | os.O_APPEND)
    os.write(fd, row.encode())
    os.close(fd)
"""

Row = collections.namedtuple("Row", "pid uid what path secret")


class Guest:
    """To be mixed into a workload, in front of it."""

    does = {}  # what: how often
    more = ()  # what a new process may do more often
    output = ""
    status = 0
    processes = None  # that do something; None: one for each thing
    torn = 0  # who is killed may lose the event he was at
    options = ()  # of secmgr-record and secmgr-enforce
    versions = False  # whether it is one for every version of Python
    slow = False  # seconds: not in make check, in check-long

    def __init__(self, place, python=workloads.PYTHON):
        self.nonce = secrets.token_hex(8)
        self.tries = False
        self.told = ""
        super().__init__(place, python)

    def own(self, text):
        self.told = text
        return workloads.Workload.own(text)

    def prepare(self):
        super().prepare()
        self.place.chmod(0o777)
        (self.place / "did").mkdir()
        (self.place / "did").chmod(0o777)
        for name in ("list", "secret", *(["try"] if self.tries else [])):
            (self.place / name).touch()
            (self.place / name).chmod(0o666)
        (self.place / "known.py").write_text(
            KNOWN.format(place=str(self.place), nonce=self.nonce))

    def await_end(self, trace):
        """Called after a run; until the trace is whole."""

    def rows(self):
        return [Row(int(pid), int(uid), *rest) for pid, uid, *rest in
                (line.split() for line in
                 (self.place / "list").read_text().splitlines())]


def tool(*arguments):
    return subprocess.run(
        [workloads.program(arguments[0]), *map(str, arguments[1:])],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=TOOL_SECONDS, check=False)


def events(trace, *options):
    done = tool("secmgr-events", "--json", *options, trace)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def install(usr):
    """A copy of what records, for everybody; below a home it were not."""
    for part in ("bin/secmgr-record", "bin/secmgr-enforce",
                 "lib/secmgr/libsecmgr.so"):
        (usr / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(workloads.BUILD / part, usr / part)


class Compare:
    """The tests of one guest; subclassed for each."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        # Everybody may enter: some guests become somebody else. Not in /tmp:
        # others hide that from their children.
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-guest-",
                                                 dir="/var/tmp"))
        cls.base.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.base, True)
        install(cls.base / "usr")
        cls.one = cls.guest(cls.base / "run", cls.python)
        cls.trace, cls.held_trace = cls.base / "t.db", cls.base / "held.db"
        cls.policy = cls.base / "policy.json"
        cls.recorded = cls.run_under("secmgr-record", cls.trace)
        cls.recorded_rows = cls.one.rows()
        learned = tool("secmgr-learn", cls.trace)
        if learned.returncode not in (0, 1):
            raise RuntimeError(f"secmgr-learn: {learned.returncode}")
        cls.policy.write_text(learned.stdout)
        cls.one.tries = True
        cls.held = cls.run_under("secmgr-enforce", cls.held_trace,
                                 "--policy", str(cls.policy))
        cls.held_rows = cls.one.rows()

    @classmethod
    def run_under(cls, name, trace, *options):
        """(status, output), again while a busy machine left one uncovered."""
        for _ in range(TRIES):
            outcome = cls.one.run([
                str(cls.base / "usr/bin" / name), *options, *cls.one.options,
                "--force", "-o", str(trace), "--"])
            cls.one.await_end(trace)
            if not accounts.uncovered(trace) and not any(
                    process.no_channel
                    for process in accounts.processes(trace)):
                break
        return (*outcome, cls.one.told)

    # ------------------------------------------------------------- what it did
    def check_did(self, rows):
        """Whether the guest did what it is there for; else nothing is shown."""
        did = collections.Counter(row.what for row in rows)
        more = {what: did[what] - self.one.does[what]
                for what in self.one.more
                if did[what] > self.one.does[what]}
        did.subtract(more)
        self.assertEqual(self.one.does, dict(did))
        self.assertEqual((self.one.processes or len(rows)) +
                         sum(more.values()), len({row.pid for row in rows}))

    def check_said(self, outcome):
        status, output, told = outcome
        self.assertEqual((self.one.status, self.one.output), (status, output),
                         told)
        self.assertIn(" 0 no_channel", told)

    def test_it_did_what_it_does_when_recorded(self):
        self.check_said(self.recorded)
        self.check_did(self.recorded_rows)

    def test_it_did_what_it_does_when_held_to_its_policy(self):
        self.check_said(self.held)
        self.check_did(self.held_rows)

    # ------------------------------------------------------------------ traces
    def seen(self, trace):
        """(pid, uid, path) of what was done; pids as the process knows them."""
        processes = {number: rest for number, *rest in query(
            trace, "SELECT number, coalesce(guest_pid, pid), uid "
            "FROM process")}
        found = []
        for event in events(trace, "-e", "open"):
            for request in event["requests"]:
                if request["resource"].endswith(self.one.nonce):
                    self.assertEqual(["write", "create"], request["access"])
                    found.append((*processes[event["process"]],
                                  request["resource"]))
        return sorted(found)

    @staticmethod
    def listed(rows):
        return sorted((row.pid, row.uid, row.path) for row in rows)

    def test_the_trace_shows_what_it_did_and_nothing_beside(self):
        self.assertEqual(self.listed(self.recorded_rows),
                         self.seen(self.trace))

    def test_the_trace_of_the_held_run_shows_it_too(self):
        self.assertEqual(self.listed(self.held_rows),
                         self.seen(self.held_trace))

    def check_accounts(self, trace):
        processes = accounts.processes(trace)
        for process in processes:
            lost = accounts.lost_by(process)
            self.assertIsNotNone(process.attempts, process)
            self.assertEqual(process.attempts,
                             process.stored + process.noise + lost, process)
            self.assertEqual(process.torn, lost, process)
            self.assertLessEqual(process.torn, 1, process)
        self.assertEqual(0, accounts.uncovered(trace))
        self.assertLessEqual(sum(process.torn for process in processes),
                             self.one.torn)
        self.assertGreaterEqual(len(processes), self.one.processes or
                                len(self.one.does))

    def test_every_attempt_is_accounted_for(self):
        for trace in (self.trace, self.held_trace):
            with self.subTest(trace.name):
                self.check_accounts(trace)
                verified = tool("secmgr-events", "--verify", trace)
                self.assertEqual((0, ""),
                                 (verified.returncode, verified.stderr))

    # ------------------------------------------------------------- the secret
    def test_the_secret_is_kept_from_each_process(self):
        self.assertEqual({"-"}, {row.secret for row in self.recorded_rows})
        self.assertEqual({"denied"}, {row.secret for row in self.held_rows})

    def test_nothing_else_is_denied(self):
        """One denial for each time it was tried, of that process."""
        processes = dict(query(
            self.held_trace,
            "SELECT number, coalesce(guest_pid, pid) FROM process"))
        denied = [(processes[event["process"]],
                   [request["resource"] for request in event["requests"]])
                  for event in events(self.held_trace, "--verdict=denied")]
        self.assertEqual(
            sorted((row.pid, [row.path.replace(f"did/{row.what}."
                                               f"{self.one.nonce}", "secret")])
                   for row in self.held_rows), sorted(denied))

    def test_the_replay_of_what_was_recorded_blocks_nothing(self):
        done = tool("secmgr-replay", "--json", self.policy, self.trace)
        result = json.loads(done.stdout)
        self.assertEqual(([], 0), (result["denials"], result["blocked"]))
        self.assertGreater(result["events"], 0)


def cases(loader, guests):
    """The tests of each guest, on each Python it is for."""
    suite = unittest.TestSuite()
    for guest in guests:
        if guest.slow and not os.environ.get("SM_LONG"):
            continue
        for python in workloads.pythons() if guest.versions else [
                workloads.PYTHON]:
            if not guest.fits(python):
                continue
            name = guest.__name__
            if python != workloads.PYTHON:
                name += "_" + workloads.version_of(python).replace(".", "_")
            case = type(name, (Compare, unittest.TestCase),
                        {"guest": guest, "python": python})
            suite.addTests(loader.loadTestsFromTestCase(case))
    return suite

# SPDX-License-Identifier: Apache-2.0
"""Bad input gets one clear line, the documented status and valid files."""
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import workloads

READERS_USAGE = 2
WRAPPER, CANNOT, MISSING = 125, 126, 127
WAIT_SECONDS = 60
POLICY = '{\n  "secmgr": 1\n}\n'


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-bad-"))
        cls.policy = cls.write("policy.json", POLICY)
        cls.trace = cls.place / "good.db"
        cls.record(cls.trace, workloads.PYTHON, "-c", "print(open('/dev/null')"
                   ".read())").check_returncode()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    @classmethod
    def write(cls, name, text):
        path = cls.place / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @classmethod
    def run_tool(cls, name, *arguments, **options):
        return subprocess.run(
            [workloads.program(name), *map(str, arguments)],
            cwd=cls.place, env=workloads.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=WAIT_SECONDS,
            check=False, **options)

    @classmethod
    def record(cls, trace, *command):
        return cls.run_tool("secmgr-record", "-o", trace, "--", *command)

    def one_line(self, done, status, *words):
        """The status, one line on stderr, nothing on stdout, these words."""
        shown = f"{done.args}: {done.returncode} {done.stdout!r} {done.stderr}"
        self.assertEqual(status, done.returncode, shown)
        self.assertEqual(1, done.stderr.count("\n"), shown)
        self.assertTrue(done.stderr.startswith("secmgr-"), shown)
        self.assertEqual("", done.stdout, shown)
        for word in words:
            self.assertIn(str(word), done.stderr, shown)

    def each_reader(self, trace, *words):
        self.one_line(self.run_tool("secmgr-events", trace), READERS_USAGE,
                      *words)
        self.one_line(self.run_tool("secmgr-learn", trace), READERS_USAGE,
                      *words)
        self.one_line(self.run_tool("secmgr-replay", self.policy, trace),
                      READERS_USAGE, *words)

    # --- traces

    def test_missing_trace(self):
        self.each_reader(self.place / "none.db", "none.db")

    def test_unreadable_trace(self):
        if os.geteuid() == 0:
            # Permissions do not stop root: a directory cannot be read either.
            path = self.place / "directory.db"
            path.mkdir()
        else:
            path = self.write("secret.db", "x")
            path.chmod(0)
        self.each_reader(path, path.name)

    def test_file_that_is_no_trace(self):
        self.each_reader(self.write("text.db", "this is no trace\n" * 50),
                         "text.db")

    def test_empty_file(self):
        self.each_reader(self.write("empty.db", ""), "empty.db")

    def test_database_that_is_no_trace(self):
        path = self.place / "other.db"
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE t(a)")
        other.close()
        self.each_reader(path, "other.db")

    def test_truncated_trace(self):
        whole = self.trace.read_bytes()
        for share in (0.3, 0.7):
            path = self.write("cut.db", whole[:int(len(whole) * share)])
            for tool in (["secmgr-events"], ["secmgr-learn"],
                         ["secmgr-replay", self.policy]):
                done = self.run_tool(*tool, path)
                self.assertIn(done.returncode, (1, 2), done)
                self.assertIn("cut.db", done.stderr)

    # --- policies

    def bad_policy(self, text, *words):
        path = self.write("bad.json", text)
        self.one_line(self.run_tool("secmgr-replay", path, self.trace),
                      READERS_USAGE, *words)
        done = self.run_tool("secmgr-policy", "validate", path)
        self.assertIn(done.returncode, (1, 2))
        self.assertIn(str(words[0]), done.stderr + done.stdout)
        self.one_line(self.run_tool("secmgr-enforce", "--policy", path, "--",
                                    "/bin/true"), WRAPPER, *words)

    def test_policy_with_an_unknown_key(self):
        self.bad_policy('{ "secmgr": 1,\n  "flies": [] }', "bad.json:2:",
                        "flies")

    def test_policy_with_a_duplicate_key(self):
        self.bad_policy('{ "secmgr": 1,\n  "files": [],\n  "files": [] }',
                        "bad.json:3:", "files")

    def test_policy_with_a_syntax_error(self):
        self.bad_policy('{ "secmgr": 1,\n  "files": [ }', "bad.json:2:")

    def test_trace_for_a_policy(self):
        for done, status in (
                (self.run_tool("secmgr-replay", self.trace, self.policy),
                 READERS_USAGE),
                (self.run_tool("secmgr-policy", "validate", self.trace),
                 READERS_USAGE),
                (self.run_tool("secmgr-enforce", "-p", self.trace, "--",
                               "/bin/true"), WRAPPER)):
            self.one_line(done, status, f"{self.trace}: a trace, and no "
                          "policy; secmgr-learn makes one of it")

    def test_value_of_a_variable_that_there_is_not(self):
        policy = self.write("app.json", POLICY.replace(
            "1", '1, "variables": {"APP": "/srv", "DATA": "/data"}'))
        command = {"secmgr-enforce": ["--", "/bin/true"],
                   "secmgr-policy": [], "secmgr-replay": []}
        for option, status, arguments in (
                ("--set", READERS_USAGE, ["secmgr-replay", policy, self.trace]),
                ("--set", WRAPPER, ["secmgr-enforce", "-p", policy]),
                ("-D", READERS_USAGE, ["secmgr-policy", "explain", policy,
                                       "read /etc/passwd"]),
                ("-D", READERS_USAGE, ["secmgr-policy", "review", policy]),
                ("-D", READERS_USAGE, ["secmgr-policy", "diff", policy,
                                       policy])):
            self.one_line(
                self.run_tool(*arguments, option, "APPP=/x",
                              *command[arguments[0]]),
                status, f"{option}: the policy has no variable APPP; it has "
                "APP, DATA")

    def test_relative_path_in_a_question(self):
        for question in ("read etc/passwd by app", "open ${APP}/x read"):
            self.one_line(self.run_tool("secmgr-policy", "explain",
                                        self.policy, question),
                          READERS_USAGE, question, "no path from / on")

    def test_missing_policy(self):
        path = self.place / "none.json"
        self.one_line(self.run_tool("secmgr-replay", path, self.trace),
                      READERS_USAGE, "none.json")
        self.one_line(self.run_tool("secmgr-enforce", "--policy", path, "--",
                                    "/bin/true"), WRAPPER, "none.json")

    # --- wrappers

    def test_command_not_found(self):
        for arguments in (["secmgr-record", "-o", self.place / "nf.db"],
                          ["secmgr-enforce", "--policy", self.policy]):
            done = self.run_tool(*arguments, "--", "no-such-command-here")
            self.one_line(done, MISSING, "no-such-command-here")
        self.assertFalse((self.place / "nf.db").exists(),
                         "an empty trace was left behind")

    def test_command_that_cannot_be_run(self):
        path = self.write("notes.txt", "no program")
        path.chmod(0o644)
        self.one_line(self.record(self.place / "cr.db", path), CANNOT,
                      "notes.txt")

    def test_no_command(self):
        done = self.run_tool("secmgr-record", "-o", self.place / "no.db")
        self.assertEqual(WRAPPER, done.returncode)
        self.assertIn("COMMAND", done.stderr)

    def test_no_python_in_command(self):
        self.one_line(self.record(self.place / "np.db", "/bin/true"), WRAPPER,
                      "Python")
        done = self.record(self.place / "np2.db", "/bin/sh", "-c", "exit 3")
        self.assertEqual(3, done.returncode)

    def test_existing_output_file(self):
        kept = self.trace.read_bytes()
        self.one_line(self.record(self.trace, "/bin/true"), WRAPPER,
                      self.trace.name, "append", "replace")
        self.assertEqual(kept, self.trace.read_bytes())

    def replace(self, trace, *command):
        return self.run_tool("secmgr-record", "--force", "-o", trace, "--",
                             *command)

    def test_directory_for_an_output_file(self):
        self.one_line(self.record(self.place, "true"), WRAPPER,
                      f"{self.place}: a directory; name a file in it")

    def test_command_of_secmgr_policy_that_there_is_not(self):
        for arguments in ["check"], ["check", self.policy]:
            self.one_line(self.run_tool("secmgr-policy", *arguments),
                          READERS_USAGE, "check: no such command; one of "
                          "validate, fmt, explain")

    def test_force_replaces_traces_only(self):
        other = self.place / "notes.db"
        with sqlite3.connect(other) as db:
            db.execute("CREATE TABLE t(a)")
        db.close()
        for path in other, self.policy, self.place:
            kept = path.is_file() and path.read_bytes()
            self.one_line(self.replace(path, "/bin/true"), WRAPPER, path,
                          "not replaced")
            self.assertEqual(kept, path.is_file() and path.read_bytes())
        old = self.place / "old.db"
        for bytes_left in 0, 10, 100, 20000:
            old.write_bytes(self.trace.read_bytes()[:bytes_left])
            done = self.replace(old, workloads.PYTHON, "-c", "1")
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertEqual(0, self.run_tool("secmgr-events", "--verify",
                                              old).returncode)

    def test_other_outputs_replace_no_trace(self):
        other = self.place / "week.db"
        kept = self.trace.read_bytes()
        other.write_bytes(kept)
        cases = self.write("none.json", "[]")
        for program, option, *operands in (
                ("secmgr-learn", "--output", self.trace),
                ("secmgr-learn", "--report", self.trace),
                ("secmgr-learn", "--summary", self.trace),
                ("secmgr-replay", "--junit", self.policy, self.trace),
                ("secmgr-policy", "--sarif", "test", self.policy, cases)):
            for path in self.trace, other:
                done = self.run_tool(program, option, path, *operands)
                self.assertEqual(READERS_USAGE, done.returncode, done.stderr)
                self.assertIn(f"{program}: {path}: is a trace; it is not "
                              "replaced", done.stderr)
                self.assertEqual(kept, path.read_bytes())

    def test_two_outputs_to_one_file(self):
        path = self.place / "one.json"
        self.one_line(self.run_tool("secmgr-learn", "-o", path, "--report",
                                    path, self.trace),
                      READERS_USAGE, path, "--output", "--report")
        done = self.run_tool("secmgr-policy", "test", "--junit", path,
                             "--sarif", path, self.policy,
                             self.write("none.json", "[]"))
        self.assertEqual(
            (READERS_USAGE, f"secmgr-policy: {path}: named by --junit and by "
                            "--sarif; nothing is written\n"),
            (done.returncode, done.stderr))
        self.assertFalse(path.exists())

    def test_recovery_that_finds_nothing_is_no_success(self):
        cut = self.write("cut.db", self.trace.read_bytes()[:8192])
        done = self.run_tool("secmgr-events", "--recover",
                             self.place / "recovered.db", cut)
        self.assertEqual((1, "0 events in 0 blocks\n"),
                         (done.returncode, done.stdout), done.stderr)

    def test_recovery_replaces_nothing(self):
        self.one_line(self.run_tool("secmgr-events", "--recover", self.policy,
                                    self.trace),
                      READERS_USAGE,
                      f"{self.policy}: exists already; choose another file")
        self.assertEqual(POLICY, self.policy.read_text())

    def test_output_that_fails_says_only_that(self):
        self.one_line(self.run_tool("secmgr-learn", "-o",
                                    self.place / "no/such/p.json", self.trace),
                      READERS_USAGE, "no/such/p.json", "No such file")

    def test_output_in_a_missing_directory(self):
        self.one_line(self.record(self.place / "no/such/t.db", "/bin/true"),
                      WRAPPER, "no/such/t.db")

    def test_pid_is_refused_with_the_reason(self):
        self.one_line(self.run_tool("secmgr-record", "-p", "1"), WRAPPER, "-p")

    def test_unknown_option(self):
        for name, status in (("secmgr-record", WRAPPER),
                             ("secmgr-enforce", WRAPPER),
                             ("secmgr-learn", 2), ("secmgr-replay", 2),
                             ("secmgr-events", 2), ("secmgr-policy", 2)):
            done = self.run_tool(name, "--no-such-option")
            self.assertEqual(status, done.returncode, name)
            self.assertIn("no-such-option", done.stderr, name)

    def test_help_and_version(self):
        for name in ("secmgr-record", "secmgr-enforce", "secmgr-learn",
                     "secmgr-replay", "secmgr-events", "secmgr-policy",
                     "secmgr-status"):
            for option in ("--help", "--version"):
                done = self.run_tool(name, option)
                self.assertEqual((0, ""), (done.returncode, done.stderr), name)
                self.assertIn(name, done.stdout)

    # --- status and signals

    def test_status_of_command_is_passed_on(self):
        done = self.record(self.place / "s7.db", workloads.PYTHON, "-c",
                           "raise SystemExit(7)")
        self.assertEqual(7, done.returncode)

    def test_command_killed_by_a_signal_kills_the_wrapper_by_it(self):
        done = self.record(self.place / "k9.db", workloads.PYTHON, "-c",
                           "import os; os.kill(os.getpid(), 9)")
        self.assertEqual(-signal.SIGKILL, done.returncode)
        self.assertTrue(self.events(self.place / "k9.db"))

    def events(self, trace):
        done = self.run_tool("secmgr-events", trace)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.splitlines()

    def start(self, trace, code):
        """The wrapper in its own group, once COMMAND said it is there."""
        wrapper = subprocess.Popen(
            [workloads.program("secmgr-record"), "-o", str(trace), "--",
             workloads.PYTHON, "-u", "-c", code], cwd=self.place,
            env=workloads.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        self.addCleanup(self.reap, wrapper)
        self.assertEqual("ready", wrapper.stdout.readline().strip())
        return wrapper

    @staticmethod
    def reap(wrapper):
        try:
            os.killpg(wrapper.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        wrapper.communicate()

    def test_interrupt_from_the_terminal(self):
        trace = self.place / "int.db"
        wrapper = self.start(trace, "import time\nopen('/dev/null')\n"
                             "print('ready')\ntime.sleep(60)")
        os.killpg(wrapper.pid, signal.SIGINT)
        self.assertEqual(-signal.SIGINT, wrapper.wait(WAIT_SECONDS))
        self.assertTrue(any("/dev/null" in row for row in self.events(trace)))
        self.assertEqual(["int.db"], self.left("int.db"))

    def interrupt(self, trace, seconds):
        """Whether there is a trace of what was interrupted after seconds."""
        wrapper = subprocess.Popen(
            [workloads.program("secmgr-record"), "-o", str(trace), "--",
             workloads.PYTHON, "-c", "import os\nif os.fork(): os.wait()\n"
             "for _ in range(3000): open('/dev/null').close()"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=workloads.environment(),
            start_new_session=True)
        time.sleep(seconds)
        os.killpg(wrapper.pid, signal.SIGINT)
        self.assertIn(wrapper.wait(WAIT_SECONDS), (0, 1, -signal.SIGINT))
        if not trace.exists():
            self.assertEqual([], self.left("any.db"))
            return False
        done = self.run_tool("secmgr-events", "--verify", trace)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertNotIn("not closed", done.stdout)
        self.assertEqual(["any.db"], self.left("any.db"))
        trace.unlink()
        return True

    def test_interrupts_at_any_moment(self):
        """There is no trace, or a whole one, and nothing beside it."""
        trace, rng = self.place / "any.db", random.Random(4711)
        for longest in 0.15, 0.6, 2.4, 9.6:  # the machine may be busy
            if sum(self.interrupt(trace, rng.uniform(0, longest))
                   for _ in range(16)):
                return
        self.fail("no trace of any")

    def test_terminate_is_forwarded(self):
        trace = self.place / "term.db"
        wrapper = self.start(
            trace, "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
            # Short sleeps: CPython runs a handler late when the signal comes
            # just before the system call.
            "print('ready')\nwhile True:\n time.sleep(0.05)")
        wrapper.terminate()
        self.assertEqual(5, wrapper.wait(WAIT_SECONDS))
        self.assertTrue(self.events(trace))

    def test_stop_and_continue_from_the_terminal(self):
        trace, go = self.place / "tstp.db", self.place / "tstp.go"
        wrapper = self.start(
            trace, "import os, time\nprint('ready')\n"
            f"while not os.path.exists({str(go)!r}): time.sleep(0.05)\n")
        os.killpg(wrapper.pid, signal.SIGTSTP)
        # A group without a controlling parent ignores SIGTSTP's default
        # (POSIX orphaned groups): SIGSTOP of COMMAND shows the same.
        child = self.children(wrapper.pid)[0]
        os.kill(child, signal.SIGSTOP)
        self.wait_state(wrapper.pid, "T")
        go.touch()
        os.killpg(wrapper.pid, signal.SIGCONT)
        self.assertEqual(0, wrapper.wait(WAIT_SECONDS))
        self.assertTrue(self.events(trace))

    @staticmethod
    def children(pid):
        path = f"/proc/{pid}/task/{pid}/children"
        return [int(word) for word in pathlib.Path(path).read_text().split()]

    def wait_state(self, pid, state):
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            text = pathlib.Path(f"/proc/{pid}/stat").read_text()
            if text.rpartition(")")[2].split()[0] == state:
                return
            time.sleep(0.02)
        self.fail(f"{pid} did not reach state {state}")

    def has_dev_null(self, trace):
        done = self.run_tool("secmgr-events", "-P", "/dev/null", trace)
        return "/dev/null" in done.stdout

    def test_kill_of_the_wrapper_leaves_command_and_a_valid_trace(self):
        trace = self.place / "kill.db"
        go, flag = self.place / "kill.go", self.place / "went-on"
        wrapper = self.start(
            trace, "import time\nopen('/dev/null')\nprint('ready')\n"
            "import os\n"
            f"while not os.path.exists({str(go)!r}): time.sleep(0.05)\n"
            f"open({str(flag)!r}, 'w')\n")
        until = time.monotonic() + WAIT_SECONDS
        while not (trace.exists() and self.has_dev_null(trace)):
            self.assertLess(time.monotonic(), until, "nothing is stored")
            time.sleep(0.1)
        wrapper.kill()
        wrapper.wait(WAIT_SECONDS)
        go.touch()
        until = time.monotonic() + WAIT_SECONDS
        while not flag.exists() and time.monotonic() < until:
            time.sleep(0.05)
        self.assertTrue(flag.exists(), "COMMAND did not go on")
        self.assertTrue(self.has_dev_null(trace))
        # The same file can be continued.
        done = self.run_tool("secmgr-record", "--append", "-o", trace, "--",
                             workloads.PYTHON, "-c", "open('/dev/zero')")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(any("/dev/zero" in row for row in self.events(trace)))

    def left(self, prefix):
        return sorted(path.name for path in self.place.glob(prefix + "*"))


if __name__ == "__main__":
    unittest.main()

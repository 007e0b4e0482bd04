# SPDX-License-Identifier: Apache-2.0
"""What attempts to get round an active policy really come to.

Each row of tests/bypass/table.py is run under secmgr-enforce; what happened
and what the trace tells are compared with the row, in both directions. That
an attempt would work without a policy is shown beside it.
"""
import concurrent.futures
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest

import test_interpreters
import workloads

TOP = pathlib.Path(__file__).resolve().parents[2]
HERE = TOP / "tests/bypass"
sys.path.insert(0, str(HERE))
import table  # noqa: E402 (needs the path)

WAIT_SECONDS = 60
# A self-signed certificate says nothing secret; OpenSSL wants a real one.
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def version_of(name):
    major, minor = name.removeprefix("python").rstrip("t").split(".")
    return int(major), int(minor)


def interpreters():
    """{version: path}; free-threaded builds are left to other tests."""
    return {version_of(name): path
            for name, path in test_interpreters.interpreters().items()
            if not name.endswith("t")}


def library_of(path):
    """(where the standard library lies) as the interpreter itself says."""
    done = subprocess.run(
        [path, "-I", "-S", "-c", "import os; print(os.path.realpath("
         "os.path.dirname(os.__file__)), os.path.realpath("
         "__import__('sys').executable))"],
        stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def merged(parts):
    families = {}
    for part in parts:
        for family, rules in part.items():
            families.setdefault(family, []).extend(rules)
    return families


class Server(threading.Thread):
    """Tells the secret to whoever connects; and a library that does."""

    def __init__(self, secret, library):
        super().__init__(daemon=True)
        self.library = library
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.secret = secret

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(self.secret.encode())


class Run:
    """One attempt in a place of its own."""

    def __init__(self, row, python, library, server, mode):
        self.row, self.python, self.server = row, python, server
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-bypass-"))
        try:
            self.prepare(library)
            self.run(mode)
        finally:
            shutil.rmtree(self.place, ignore_errors=True)

    def prepare(self, library):
        shutil.copytree(HERE / "support", self.place, dirs_exist_ok=True)
        shutil.copy(HERE / f"attempts/{self.row.program}.py", self.place)
        for name in ("data", "safe"):
            (self.place / name).mkdir()
        (self.place / "data/a").touch()
        shutil.copy(self.server.library, self.place / "data")
        (self.place / "safe/secret.txt").write_text(self.server.secret + "\n")
        shutil.copy(CERTIFICATES, self.place / "safe/secret.pem")
        with sqlite3.connect(self.place / "safe/secret.db") as db:
            db.execute("create table t(a)")
            db.execute("insert into t values (?)", (self.server.secret,))
        db.close()
        policy = {"secmgr": 1,
                  "variables": {"STDLIB": library,
                                "SITE": str(self.place / "site-packages")},
                  "use": ["python-runtime"]}
        policy.update(merged([table.APP_LOAD, table.DATA] + [
            table.GRANTS[name] for name in self.row.grants]))
        (self.place / "policy.json").write_text(
            json.dumps(policy).replace("@PYTHON@", self.python))

    def run(self, mode):
        self.token = secrets.token_hex(16)
        command = [workloads.program("secmgr-enforce"), "-p", "policy.json",
                   "-m", mode, "-o", "trace.db", "-q", "--", self.python,
                   "-S", "-B", self.row.program + ".py"]
        process = subprocess.Popen(
            command, cwd=self.place, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
            env=dict(workloads.environment(), GOAL_TOKEN=self.token,
                     GOAL_PORT=str(self.server.port)))
        try:
            out, err = process.communicate(timeout=WAIT_SECONDS)
            self.has_ended = True
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            self.has_ended = False
        self.output = out.decode("utf-8", "replace")
        self.complaint = err.decode("utf-8", "replace")
        self.has_begun = self.output.startswith("begin\n")
        self.happened = (self.server.secret in self.output
                         or self.token in self.output)
        self.trace = self.read_trace() if self.happened else ""

    def read_trace(self):
        done = subprocess.run(
            [workloads.program("secmgr-events"), "--json", "trace.db"],
            cwd=self.place, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=WAIT_SECONDS, check=False, text=True)
        return done.stdout

    def outcome(self):
        if not self.happened:
            return table.PREVENTED
        shown = any(all(part in event for part in self.row.shows)
                    for event in self.trace.splitlines())
        return table.RECORDED if shown else table.NEITHER


class Bypass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        built = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-bypass-"))
        cls.addClassCleanup(shutil.rmtree, built)
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", built / "library.so",
                        HERE / "support/library.c"], check=True)
        cls.server = Server(secrets.token_hex(16), built / "library.so")
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.listener.close()

    def run_all(self, jobs, mode):
        """[(row, version, Run)] of jobs, which are (row, version, path)."""
        libraries = {path: library_of(path)
                     for path in {path for _, _, path in jobs}}

        def one(job):
            row, version, path = job
            library, executable = libraries[path]
            return row, version, Run(row, executable, library, self.server,
                                     mode)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(one, jobs))

    def test_each_program_is_in_the_table(self):
        self.assertEqual(
            {path.stem for path in (HERE / "attempts").glob("*.py")},
            {row.program for row in table.ROWS})

    def test_readme_says_what_the_table_says(self):
        done = subprocess.run([str(TOP / "tools/dev/what-stops-what"),
                               "--check"], stderr=subprocess.PIPE, text=True,
                              check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_each_attempt_comes_to_what_the_table_says(self):
        found = interpreters()
        ends = {min(found), max(found), (3, 11)}
        jobs = [(row, version, path) for row in table.ROWS
                for version, path in sorted(found.items())
                if (version in ends or not isinstance(row.outcome, str))]
        for row, version, run in self.run_all(jobs, "block"):
            with self.subTest(attempt=row.program, grants=row.grants,
                              version=version):
                self.assertTrue(run.has_begun, run.complaint)
                self.assertTrue(run.has_ended, run.complaint)
                self.assertEqual(table.outcome_on(row, version),
                                 run.outcome(), run.complaint)

    def test_each_attempt_works_without_a_policy(self):
        programs = {row.program: row for row in table.ROWS}
        jobs = [(row, (3, 11), "/usr/bin/python3")
                for row in programs.values()]
        for row, _, run in self.run_all(jobs, "warn"):
            with self.subTest(attempt=row.program):
                self.assertTrue(run.happened, run.output + run.complaint)


if __name__ == "__main__":
    unittest.main()

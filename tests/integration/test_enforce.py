# SPDX-License-Identifier: Apache-2.0
"""COMMAND under secmgr-enforce: what is told, kept and refused."""
import os
import pathlib
import subprocess
import unittest

import workloads

from wrapping import WAIT_SECONDS, Wrapper


class Enforce(Wrapper):
    POLICY = ('{ "secmgr": 1, "use": [ "python-runtime" ],\n'
              f'  "variables": {{ "STDLIB": "{os.path.dirname(os.__file__)}",'
              ' "SITE": "/usr/lib/python3/dist-packages" },\n'
              '  "files": [ { "id": "f1", "path": "${CWD}/data/**", '
              '"access": ["read", "meta"] } ],\n'
              '  "code": [ { "id": "c1", "load": "${CWD}/app.py" },\n'
              '    { "id": "c2", "load": "stdlib" } ] }\n')
    APP = ("import os, sys, time\n"
           "def attempt(path):\n"
           " try: return open(path).read().strip()\n"
           " except PermissionError: return 'denied'\n")

    def enforce(self, body, *options, start=False, starter=()):
        (self.place / "data").mkdir(exist_ok=True)
        (self.place / "data" / "a").write_text("A")
        (self.place / "secret").write_text("S")
        (self.place / "app.py").write_text(self.APP + body)
        policy = self.place / "policy.json"
        policy.write_text(self.POLICY)
        words = [workloads.program("secmgr-enforce"), "--policy", str(policy),
                 *options, "--", *starter, workloads.PYTHON, "-I", "-S",
                 str(self.place / "app.py")]
        settings = {"cwd": self.place, "env": workloads.environment(),
                    "stdin": subprocess.DEVNULL, "text": True,
                    "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if not start:
            return subprocess.run(words, timeout=WAIT_SECONDS, check=False,
                                  **settings)
        child = subprocess.Popen(words, **settings)
        self.addCleanup(child.wait)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.kill)
        return child

    def test_first_denial_is_told_and_repeats_are_counted(self):
        done = self.enforce("print(attempt('data/a'))\n"
                            "for i in range(5): r = attempt('secret')\n"
                            "print(r)\n")
        self.assertEqual((0, "A\ndenied\n"), (done.returncode, done.stdout),
                         done.stderr)
        told = [line for line in done.stderr.splitlines()
                if "denied, process" in line]
        self.assertEqual(1, len(told), done.stderr)
        self.assertIn("secret", told[0])
        self.assertIn("app.py:", told[0])
        self.assertIn("4 more like", done.stderr)

    def test_a_program_waits_for_its_policy_on_a_busy_machine(self):
        done = self.enforce("print(attempt('data/a'), attempt('secret'))\n",
                            starter=["sh", "-c", "kill -STOP $PPID; "
                                     "(sleep 0.5; kill -CONT $PPID) & "
                                     'exec "$@"', "sh"])
        self.assertEqual((0, "A denied\n"), (done.returncode, done.stdout),
                         done.stderr)

    def test_warn_mode_tells_and_lets_it_happen(self):
        done = self.enforce("print(attempt('secret'))\n", "--mode", "warn")
        self.assertEqual((0, "S\n"), (done.returncode, done.stdout))
        self.assertIn("would be denied", done.stderr)

    def test_trace_keeps_the_policy_and_its_variables(self):
        done = self.enforce("print(attempt('secret'))\n", "-o",
                            str(self.trace), "--set", "SITE=/srv")
        self.assertEqual((0, "denied\n"), (done.returncode, done.stdout))
        facts = dict(self.query("SELECT key, value FROM meta"))
        self.assertEqual("block", facts["mode"])
        self.assertEqual("/srv", facts["variable.SITE"])
        self.assertEqual(str(self.place), facts["variable.CWD"])
        ((number, mode, path, digest, text, shadow),) = self.query(
            "SELECT number, mode, path, sha256, text, shadow_sha256 "
            "FROM policy")
        self.assertEqual((1, "block", None), (number, mode, shadow))
        self.assertTrue(path.startswith(str(self.place)))
        self.assertEqual(64, len(digest))
        self.assertIn('"f1"', text)
        self.assertEqual([(1, 1, 1)], self.query(
            "SELECT process, seq, policy FROM adoption"))
        self.assertEqual(1, self.query("SELECT sum(events) FROM denial")[0][0])
        self.check_accounts()

    def test_policy_error_is_told_with_its_place_before_command(self):
        policy = self.place / "bad.json"
        policy.write_text('{ "secmgr": 1,\n  "file": [] }')
        done = subprocess.run(
            [workloads.program("secmgr-enforce"), "-p", policy, "touch",
             self.place / "ran"], stderr=subprocess.PIPE, text=True,
            check=False)
        self.assertEqual(125, done.returncode)
        self.assertRegex(done.stderr, r"bad\.json:2:\d+: ")
        self.assertFalse((self.place / "ran").exists())

    CHILD = ("print('ready', flush=True)\n"
             "while not os.path.exists('data/go'): time.sleep(0.02)\n"
             "if not os.fork():\n"
             " print(attempt('data/a'), attempt('secret'), flush=True)\n"
             " os._exit(0)\n"
             "os.wait()\n"
             "print(attempt('data/a'), attempt('secret'))\n")

    def test_without_collector_decisions_stay_in_forked_children_too(self):
        child = self.enforce(self.CHILD, start=True)
        self.assertEqual("ready\n", child.stdout.readline())
        child.kill()
        child.wait()
        (self.place / "data" / "go").write_text("")
        self.assertEqual("A denied\nA denied\n", child.stdout.read(),
                         child.stderr.read())

    def test_program_that_gets_no_policy_is_denied_unless_failing_open(self):
        agent = (pathlib.Path(workloads.program("secmgr-enforce")).parent
                 .parent / "lib/secmgr/libsecmgr.so")
        for flags, status in ((1, 1), (5, 0)):
            done = subprocess.run(
                [workloads.PYTHON, "-I", "-S", "-c",
                 "open('/etc/hostname').close()"], stderr=subprocess.PIPE,
                env={**workloads.environment(), "LD_PRELOAD": str(agent),
                     "SECMGR_CHANNEL": f"0:0:900:{flags:x}:{0:032x}:/nowhere"},
                check=False)
            self.assertEqual(status, int(done.returncode != 0), done.stderr)


if __name__ == "__main__":
    unittest.main()

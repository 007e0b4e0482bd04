# SPDX-License-Identifier: Apache-2.0
"""Other policies for what already runs, and who may ask for them."""
import collections
import json
import os
import sqlite3
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request

import rollout
import workloads


class Reload(rollout.Rollout):
    def serve(self, *options, policy_path=None, **more):
        return rollout.Service(self, "--policy", policy_path or self.old,
                               *options, **more)

    def collector(self, pid):
        out = self.run_program("secmgr-status", "--json").stdout
        for collector in json.loads(out)["collectors"]:
            if collector["pid"] == pid:
                return collector
        self.fail(f"no collector {pid}: {out}")

    def test_what_was_denied_is_allowed_at_once(self):
        service = self.serve("-o", self.trace)
        self.assertEqual(["refund denied", "sale passed"],
                         service.ask("refund", "sale"))
        done = self.reload(service.pid, "--policy", self.new)
        self.assertRegex(done.stdout, r"^reloaded: 1 process, 1 of them with "
                                      r"the next event\n$")
        self.assertEqual(["refund passed", "sale denied"],
                         service.ask("refund", "sale"))
        service.end()
        # Each event under the policy that decided it; replay says the same.
        for path, events in (self.old, 2), (self.new, 2):
            found = json.loads(self.run_program(
                "secmgr-replay", "--json", path, self.trace,
                status=1).stdout)
            self.assertEqual((0, events), (found["differs"],
                                           found["recorded_verdicts"]))
        header = self.export_header()
        self.assertEqual(
            [str(self.old), str(self.new)],
            [row["path"] for row in header["policies"]])
        self.assertEqual([1, 2], [row["policy"]
                                  for row in header["adoptions"]])
        changed = header["adoptions"][1]["seq"]
        asked = self.events("--event=shop.*")
        self.assertEqual([True, True, False, False],
                         [event["seq"] < changed for event in asked])

    def export_header(self):
        """policy and adoption, as plain sqlite3 reads them."""
        with sqlite3.connect(self.trace) as db:
            db.row_factory = sqlite3.Row
            return {"policies": [dict(row) for row in db.execute(
                        "select * from policy order by number")],
                    "adoptions": [dict(row) for row in db.execute(
                        "select * from adoption order by process, seq")]}

    def test_a_bad_policy_changes_nothing(self):
        service = self.serve()
        bad = self.write("bad.json", {"secmgr": 1, "filse": []})
        missing = self.place / "missing.json"
        for options in (("--policy", bad), ("--policy", missing),
                        ("--policy", self.new, "--shadow", bad)):
            done = self.reload(service.pid, *options, status=125)
            self.assertEqual("", done.stdout)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertEqual(1, self.collector(service.pid)["generation"])
        self.assertEqual(["refund denied"], service.ask("refund"))
        service.end()

    def test_a_process_that_enforces_nothing_is_told_so(self):
        done = self.reload(os.getpid(), "--policy", self.new, status=125)
        self.assertIn("neither a secmgr-enforce of yours nor", done.stderr)
        recorder = subprocess.Popen(
            [workloads.program("secmgr-record"), "-o", self.trace, "--",
             *self.script(rollout.SERVE)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=workloads.environment())
        try:
            recorder.stdin.write(b"one\n")
            recorder.stdin.flush()
            recorder.stdout.readline()
            done = self.reload(recorder.pid, "--policy", self.new, status=125)
            self.assertIn("nothing is enforced there", done.stderr)
        finally:
            recorder.communicate()

    def test_by_default_the_same_files_are_read_again(self):
        self.write("both.json", rollout.policy("a"))
        self.write("asked.json", rollout.policy("b"))
        service = rollout.Service(self, "--policy", "both.json", "--shadow",
                                  "asked.json", "-o", self.trace)
        self.assertEqual(["a denied", "b passed"], service.ask("a", "b"))
        self.write("both.json", rollout.policy("b"))
        self.write("asked.json", rollout.policy("a"))
        self.reload(service.pid)
        self.assertEqual(["a passed", "b denied"], service.ask("a", "b"))
        service.end()
        self.assertEqual(
            [("denied", "allowed"), ("allowed", "denied"),
             ("allowed", "denied"), ("denied", "allowed")],
            [(event["verdict"], event["shadow"])
             for event in self.events("--event=shop.*")])

    def test_the_shadow_comes_goes_and_takes_the_place(self):
        service = self.serve("-o", self.trace)
        service.ask("sale")
        self.reload(service.pid, "--shadow", self.new)
        status = self.collector(service.pid)
        self.assertEqual(str(self.old), status["policy"]["path"])
        self.assertEqual(str(self.new), status["shadow"]["path"])
        self.assertEqual(["sale passed"], service.ask("sale"))
        self.reload(service.pid, "--policy", self.new, "--no-shadow")
        status = self.collector(service.pid)
        self.assertEqual(str(self.new), status["policy"]["path"])
        self.assertIsNone(status["shadow"])
        self.assertEqual(3, status["generation"])
        self.assertEqual(["sale denied"], service.ask("sale"))
        self.assertIn("would have denied 1 events that passed",
                      service.end())
        self.assertEqual(
            [("allowed", "undecided"), ("allowed", "denied"),
             ("denied", "undecided")],
            [(event["verdict"], event["shadow"])
             for event in self.events("--event=shop.*")])

    def test_modes_change_with_a_reload(self):
        service = self.serve("--mode=warn")
        self.assertEqual(["refund passed"], service.ask("refund"))
        self.reload(service.pid, "--mode=block")
        self.assertEqual("block", self.collector(service.pid)["mode"])
        self.assertEqual(["refund denied"], service.ask("refund"))
        self.reload(service.pid, "--mode=events=warn")
        self.assertEqual(["refund passed"], service.ask("refund"))
        self.reload(service.pid)
        self.assertEqual(["refund denied"], service.ask("refund"))
        self.reload(service.pid, "--mode=warn")
        self.assertEqual(["refund passed"], service.ask("refund"))
        service.end()

    CHILD = """\
for line in sys.stdin:
    ask(*line.split())
    if len(sys.argv) > 1: print('end', flush=True)
"""
    CHILDREN = """\
import subprocess
def start(*arguments, env=None):
    return subprocess.Popen([sys.executable, '-S', 'child.py', *arguments],
                            env=env, stdin=subprocess.PIPE, text=True)
def tell(one, *names):
    try:
        one.stdin.write(' '.join(names) + '\\n')
        one.stdin.flush()
    except BrokenPipeError: pass
early = start('ends')
for line in sys.stdin:
    if line == 'early\\n':
        tell(early, 'refund')
    else:
        late = start(env={} if 'bare' in line else None)
        tell(late, 'refund')
        try: late.stdin.close()
        except BrokenPipeError: pass
        late.wait()
        print('end', flush=True)
early.stdin.close()
early.wait()
"""

    def ask_children(self, service, line, *told):
        service.process.stdin.write(line + "\n")
        service.process.stdin.flush()
        self.assertEqual(list(told), service.read("end"), line)

    def test_children_block_once_a_warning_policy_does(self):
        # Those that were started before, and those started later: with the
        # environment of then, with none, and without a recorder.
        self.script(self.CHILD, "child.py")
        service = self.serve("--mode=warn", code=self.CHILDREN)
        for line in "early", "late", "late bare":
            self.ask_children(service, line, "refund passed")
        self.reload(service.pid, "--mode=block")
        for line in "early", "late", "late bare":
            self.ask_children(service, line, "refund denied")
        service.process.kill()
        service.process.wait()
        self.ask_children(service, "early", "refund denied")
        for line in "late", "late bare":  # cannot even start
            self.ask_children(service, line)

    def test_children_only_warn_once_a_blocking_policy_does(self):
        self.script(self.CHILD, "child.py")
        service = self.serve(code=self.CHILDREN)
        for line in "early", "late":
            self.ask_children(service, line, "refund denied")
        self.reload(service.pid, "--mode=warn")
        for line in "early", "late", "late bare":
            self.ask_children(service, line, "refund passed")
        service.process.kill()
        service.process.wait()
        for line in "early", "late", "late bare":
            self.ask_children(service, line, "refund passed")

    def test_variables_are_those_of_the_program(self):
        rules = {"secmgr": 1,
                 "modes": dict.fromkeys(rollout.FAMILIES[1:], "off"),
                 "variables": {"DATA": "/nowhere"},
                 "files": [{"path": "${DATA}/**", "access": ["list"]},
                           {"path": "${CWD}/here", "access": ["list"]}]}
        (self.place / "data/a").mkdir(parents=True)
        (self.place / "here").mkdir()
        (self.place / "elsewhere").mkdir()
        first = self.write("first.json", dict(
            rollout.policy(), variables={"DATA": "/nowhere"}))
        second = self.write("second.json", rules)
        service = self.serve(
            "--set", f"DATA={self.place}/data", policy_path=first,
            code="import os\nfor line in sys.stdin:\n"
                 "    for name in line.split():\n"
                 "        try: os.listdir(name); print(name, 'passed')\n"
                 "        except PermissionError: print(name, 'denied')\n"
                 "    print('done', flush=True)\n")
        service.ask("data/a")
        done = subprocess.run(
            [workloads.program("secmgr-enforce"), "--reload",
             str(service.pid), "--policy", second], cwd="/", check=False,
            env=workloads.environment(), stdout=subprocess.PIPE)
        self.assertEqual(0, done.returncode)
        self.assertEqual(["data/a passed", "here passed",
                          "elsewhere denied"],
                         service.ask("data/a", "here", "elsewhere"))
        self.reload(service.pid, "--policy", second,
                    "--set", f"DATA={self.place}/elsewhere")
        self.assertEqual(["data/a denied"], service.ask("data/a"))
        service.end()

    def test_dash_d_is_found_by_the_commands_pid(self):
        service = self.serve("-D")
        self.assertEqual(["refund denied"], service.ask("refund"))
        self.reload(service.pid, "--policy", self.new)
        self.assertEqual(["refund passed"], service.ask("refund"))
        service.end()

    def test_every_process_picks_it_up(self):
        service = self.serve(
            "-o", self.trace, code="import multiprocessing, os, time\n"
            "def work(number):\n"
            "    print('ready', flush=True)\n"
            "    while not os.path.exists('stop'):\n"
            "        time.sleep(0.01)\n"
            "        sys.audit('shop.idle')\n"
            "    sys.audit('shop.refund', number)\n"
            "if __name__ == '__main__':\n"
            "    many = [multiprocessing.get_context(how).Process(\n"
            "        target=work, args=(how,), daemon=True)\n"
            "        for how in ('fork', 'fork', 'spawn')]\n"
            "    for one in many: one.start()\n"
            "    for one in many: one.join()\n"
            "    assert not any(one.exitcode for one in many)\n"
            "    print('done', flush=True)\n")
        for _ in range(3):
            service.read("ready")
        done = self.reload(service.pid, "--policy", self.new)
        self.assertRegex(done.stdout, "^reloaded: [4-6] processes")
        (self.place / "stop").touch()
        service.read("done")
        service.end()

    def test_never_a_mixture_of_two_policies(self):
        # One policy and its shadow say the opposite of each other, always.
        ab = self.write("ab.json", rollout.policy("a"))
        ba = self.write("ba.json", rollout.policy("b"))
        enough = self.place / "enough"
        service = self.serve(
            "--shadow", ba, "-o", self.trace, policy_path=ab,
            code="import os, threading, time\n"
            f"def goes_on(): return not os.path.exists({str(enough)!r})\n"
            "def work():\n"
            "    rounds = 0\n"
            "    while goes_on() or rounds < 200:\n"
            "        for name in 'ab':\n"
            "            try: sys.audit('shop.' + name)\n"
            "            except PermissionError: pass\n"
            "        time.sleep(0.0005)\n"
            "        rounds += 1\n"
            "print('ready', flush=True)\n"
            "threads = [threading.Thread(target=work) for _ in range(3)]\n"
            "for thread in threads: thread.start()\n"
            "while goes_on():\n"
            "    child = os.fork()\n"
            "    if not child:\n"
            "        for _ in range(3):\n"
            "            for name in 'ab':\n"
            "                try: sys.audit('shop.' + name)\n"
            "                except PermissionError: pass\n"
            "            time.sleep(0.01)\n"
            "        os._exit(0)\n"
            "    assert os.waitpid(child, 0)[1] == 0\n"
            "for thread in threads: thread.join()\n")
        service.read("ready")
        count = [0]

        def swap():
            while service.process.poll() is None:
                if count[0] > 20:
                    enough.touch()
                for policy_path, shadow in (ba, ab), (ab, ba):
                    done = subprocess.run(
                        [workloads.program("secmgr-enforce"), "--reload",
                         str(service.pid), "-p", policy_path, "--shadow",
                         shadow], stdout=subprocess.DEVNULL, check=False,
                        stderr=subprocess.DEVNULL)
                    count[0] += done.returncode == 0

        askers = [threading.Thread(target=swap) for _ in range(2)]
        for asker in askers:
            asker.start()
        service.process.wait(120)
        for asker in askers:
            asker.join()
        service.end()
        self.assertGreater(count[0], 20)
        verdicts = collections.Counter(
            (event["verdict"], event["shadow"])
            for event in self.events("--event=shop.*"))
        self.assertEqual({("denied", "allowed"), ("allowed", "denied")},
                         set(verdicts))
        self.assertGreater(sum(verdicts.values()), 1000)
        for path in ab, ba:
            found = json.loads(self.run_program(
                "secmgr-replay", "--json", path, self.trace,
                status=1).stdout)
            self.assertEqual(0, found["differs"])

    def test_a_new_file_of_the_trace_holds_the_policy_too(self):
        service = self.serve("-o", self.trace, "--max-size=256K", "--rotate",
                             "--ring-size=256K", "--on-full=wait:1000")
        service.ask("refund")
        self.reload(service.pid, "--policy", self.new)
        names = [f"sale refund number{i}" for i in range(20000)]
        for start in range(0, len(names), 1000):
            service.ask(*names[start:start + 1000])
        service.end()
        self.assertTrue((self.place / "t.db.1").exists())
        header = self.export_header()
        self.assertEqual([str(self.new)], [
            row["path"] for row in header["policies"]])
        self.assertEqual([1], [row["policy"]
                               for row in header["adoptions"]])
        # Whatever the last file holds, perhaps nothing that is blocked.
        found = json.loads(subprocess.run(
            [workloads.program("secmgr-replay"), "--json", self.new,
             self.trace], stdout=subprocess.PIPE, check=False).stdout)
        self.assertEqual(0, found["differs"])
        self.run_program("secmgr-events", "--verify", self.trace)

    def test_options_that_start_something_are_refused(self):
        for options in (("-o", "x.db"), ("--", "true")):
            done = self.reload(1, *options, status=125)
            self.assertIn("--reload starts no COMMAND", done.stderr)
        for pid in "0", "-1", "x", "", "99999999999":
            self.assertIn("is no process id",
                          self.reload(pid, status=125).stderr)
        done = self.run_program("secmgr-enforce", "-p", self.old,
                                "--no-shadow", "--", "true", status=125)
        self.assertIn("needs --reload", done.stderr)


class Lock(rollout.Rollout):
    """What is held to a policy cannot ask for another one."""

    ASK = """\
import os, subprocess, sys
pid, enforce, new = sys.argv[1:4]
"""

    def attempt(self, code, *options):
        everything = self.write("wide.json", rollout.policy())
        script = self.place / "attempt.py"
        script.write_text(self.ASK + code)
        service = rollout.Service(
            self, "--policy", self.old, *options, command=[
                workloads.PYTHON, "-B", "-c",
                "import os, subprocess, sys\n"
                "pid = os.getpid() if sys.argv[1] == '-D' else os.getppid()\n"
                "os.execv(sys.executable, [sys.executable, '-B', "
                "sys.argv[2], str(pid), *sys.argv[3:]])\n",
                *(options or [""]), str(script),
                workloads.program("secmgr-enforce"), str(everything)])
        out, err = service.process.communicate(timeout=60)
        return out, err

    TRY = ("try: sys.audit('shop.refund'); print('WIDENED')\n"
           "except PermissionError: print('held')\n")

    def test_no_child_may(self):
        for start in (
                "subprocess.run(command)\n",
                "subprocess.run(command, env={}, start_new_session=True)\n",
                "subprocess.run(['env', '-i', *command])\n",
                "os.system(' '.join(command))\n",
                "if not os.fork(): os.execve(command[0], command, {})\n"
                "os.wait()\n",
                "subprocess.run(['sh', '-c', 'unset LD_PRELOAD "
                "SECMGR_CHANNEL; ' + ' '.join(command)])\n"):
            for options in (), ("-D",):
                out, err = self.attempt(
                    "command = [enforce, '--reload', pid, '-p', new]\n" +
                    start + self.TRY, *options)
                self.assertIn("held", out, start + out + err)
                self.assertNotIn("WIDENED", out)
                self.assertNotIn("reloaded", out)
                if not options:  # -D has no terminal to tell it on
                    self.assertIn("refused by the collector", err)

    def test_no_python_of_it_may_speak_itself(self):
        out, err = self.attempt(
            "import array, glob, re, socket, struct\n"
            "import ctypes\n"
            "channel = os.environ['SECMGR_CHANNEL']\n"
            "path = os.path.dirname(channel.split(':', 5)[5]) + '/control'\n"
            "def speak():\n"
            "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
            "    s.connect(path)\n"
            "    fd = os.memfd_create('x')\n"
            "    os.write(fd, bytes([0x84, 1, 2, 0x81, 0, 0x81, 0]))\n"
            "    s.sendmsg([b'\\1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,\n"
            "                        array.array('i', [fd]))])\n"
            "    print(s.recv(1000)[2:], flush=True)\n"
            "speak()\n"
            "if not os.fork():\n"
            "    os.setsid()\n"
            "    if not os.fork(): speak()\n"
            "    os._exit(0)\n"
            "os.wait()\n"
            "import time; time.sleep(0.3)\n" + self.TRY)
        self.assertEqual(2, out.count("may not change it"), out + err)
        self.assertIn("held", out)


class Gunicorn(rollout.Rollout):
    def test_a_reload_under_load_fails_no_request(self):
        workloads.require("gunicorn")
        (self.place / "web.py").write_text(
            "import os, sys\n"
            "def app(environ, start):\n"
            "    try:\n"
            "        sys.audit('shop.' + environ['PATH_INFO'][1:])\n"
            "        status = '200 OK'\n"
            "    except PermissionError:\n"
            "        status = '403 Forbidden'\n"
            "    start(status, [('Content-Type', 'text/plain')])\n"
            "    return [str(os.getpid()).encode()]\n")
        port = workloads.free_port()
        service = rollout.Service(
            self, "--policy", self.old, "-o", self.trace,
            command=["/usr/bin/gunicorn", "--workers", "2",
                     "--bind", f"127.0.0.1:{port}", "web:app"])

        def get(name):
            try:
                with urllib.request.urlopen(
                        f"http://127.0.0.1:{port}/{name}", timeout=10) as got:
                    return got.status, got.read()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read()

        deadline = time.monotonic() + 30
        while True:
            try:
                get("ready")
                break
            except OSError:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
        self.assertEqual(403, get("refund")[0])
        self.assertEqual(200, get("sale")[0])
        seen, stop = collections.Counter(), threading.Event()

        def load():
            while not stop.is_set():
                try:
                    seen[get("both")[0]] += 1
                except OSError as error:
                    seen[repr(error)] += 1

        clients = [threading.Thread(target=load) for _ in range(3)]
        for client in clients:
            client.start()
        time.sleep(0.3)
        for path, refund in (self.new, 200), (self.old, 403), \
                (self.new, 200):
            done = self.reload(service.pid, "--policy", path)
            self.assertRegex(done.stdout, "^reloaded: 3 processes")
            answers = [get("refund") for _ in range(20)]
            self.assertEqual({refund}, {status for status, _ in answers})
        workers = {pid for _, pid in answers}
        stop.set()
        for client in clients:
            client.join()
        self.assertEqual([200], list(seen), seen)
        self.assertGreater(seen[200], 20)
        self.assertTrue(workers)
        service.process.terminate()
        service.process.communicate(timeout=60)
        for path in self.old, self.new:
            found = json.loads(self.run_program(
                "secmgr-replay", "--json", path, self.trace,
                status=1).stdout)
            self.assertEqual(0, found["differs"])


if __name__ == "__main__":
    unittest.main()

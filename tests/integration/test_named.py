# SPDX-License-Identifier: Apache-2.0
"""${ARG}: what the command line of a process names, and nothing else; ${START}:
the directory it was given in."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import live_replay
import workloads

OFF = dict.fromkeys(("network", "processes", "code", "pickles", "native",
                     "events"), "off")
POLICY = {
    "secmgr": 1, "modes": OFF,
    "files": [
        {"id": "named", "path": "${ARG}", "access": ["read", "create"]},
        {"id": "below", "path": "${ARG}/**", "access": ["create"]},
        {"id": "start", "path": "/**", "access": ["read", "list"],
         "via": ["import", "traceback", "exec"]},
        {"id": "python", "path": "/**", "access": ["read", "list"],
         "by": ["python"]},
    ]}

TRY = """\
import os, sys
def attempt(path, mode="w"):
    try:
        open(path, mode).close()
        print(path, "passed", flush=True)
    except PermissionError:
        print(path, "denied", flush=True)
"""


class Named(unittest.TestCase):
    def setUp(self):
        place = tempfile.mkdtemp(prefix="secmgr-named-")
        self.addCleanup(shutil.rmtree, place, True)
        self.place = pathlib.Path(place).resolve()
        for name in ("out", "other", "deep/er"):
            (self.place / name).mkdir(parents=True)
        self.policy = self.place / "p.json"
        self.policy.write_text(json.dumps(POLICY).replace(
            "PLACE", str(self.place)))
        self.traces = []

    def run_program(self, name, *arguments, status=0):
        done = workloads.run(self.place, name, *arguments)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def enforce(self, code, *arguments):
        """{path, relative to the place: whether it passed}"""
        script = self.place / "script.py"
        script.write_text(TRY + code)
        trace = self.place / f"{len(self.traces)}.db"
        self.traces.append(trace)
        out = self.run_program(
            "secmgr-enforce", "--policy", self.policy, "-o", trace, "--",
            workloads.PYTHON, "-B", script, *arguments)
        return {path: word == "passed" for path, word in
                (line.rsplit(" ", 1) for line in out.splitlines())}

    def replay(self, trace, *options):
        done = subprocess.run(
            [workloads.program("secmgr-replay"), "--json", *options,
             self.policy, trace], stdout=subprocess.PIPE, timeout=60,
            check=False)
        return json.loads(done.stdout)

    def test_it_is_what_was_named_when_the_program_started(self):
        got = self.enforce(
            "sys.argv[1:] = ['other']\n"
            "attempt('out/a'); attempt('other/a'); attempt('new')\n"
            "attempt('out/../out/b'); attempt('outer')\n"
            "os.chdir('deep'); attempt('out'); attempt('../out/c')\n"
            "attempt('er/d'); attempt('../other/d')\n",
            "out", "--into=new", "deep/er")
        self.assertEqual({
            "out/a": True, "other/a": False, "new": True,
            "out/../out/b": True, "outer": False, "out": False,
            "../out/c": True, "er/d": True, "../other/d": False}, got)

    def test_directories_that_lead_to_it_are_made_with_it(self):
        got = self.enforce(
            "def make(path):\n"
            "    try:\n"
            "        os.makedirs(path, exist_ok=True)\n"
            "        print(path, 'passed', flush=True)\n"
            "    except PermissionError:\n"
            "        print(path, 'denied', flush=True)\n"
            "make('years/2027'); attempt('years/2027/all.html')\n"
            "attempt('years/other.html'); make('years/2028')\n"
            "make('out'); make('other/a')\n",
            "-o", "years/2027/all.html", "out/deep/er.html")
        self.assertEqual({
            "years/2027": True, "years/2027/all.html": True,
            "years/other.html": False, "years/2028": False,
            "out": True, "other/a": False}, got)

    def test_a_copy_keeps_it_and_another_program_has_its_own(self):
        got = self.enforce(
            "import subprocess\n"
            "pid = os.fork()\n"
            "if not pid:\n"
            "    os.chdir('deep'); attempt('../out/forked')\n"
            "    attempt('../other/forked'); os._exit(0)\n"
            "os.waitpid(pid, 0)\n"
            "if len(sys.argv) == 2 and sys.argv[1] == 'out':\n"
            "    subprocess.run([sys.executable, '-B', 'script.py',\n"
            "                    'other'], check=True)\n"
            "attempt(sys.argv[1] + '/mine')\n"
            "attempt('out/theirs')\n", "out")
        self.assertEqual({
            # the child's verdicts come last where paths are the same
            "../out/forked": False, "../other/forked": True,
            "other/mine": True, "out/mine": True, "out/theirs": True}, got)
        with sqlite3.connect(self.traces[-1]) as db:
            rows = [json.loads(named) for named, in
                    db.execute("SELECT named FROM process ORDER BY number")]
        out, other = str(self.place / "out"), str(self.place / "other")
        here = f"{self.place}/."
        self.assertEqual([[here, out], [here, out], [here, other],
                          [here, other]], rows)

    def test_a_link_leads_where_it_led_at_the_start(self):
        os.symlink("out", self.place / "link")
        os.symlink("/etc", self.place / "evil")
        got = self.enforce(
            "attempt('link/a')\n"
            "attempt('evil/hostname', 'r')\n"
            "os.symlink('../other', 'out/trap')\n"
            "attempt('out/trap/x')\n",
            "link", "evil")
        self.assertEqual({"link/a": True, "evil/hostname": False,
                          "out/trap/x": False}, got)

    def test_protected_places_cannot_be_named(self):
        home = pathlib.Path(workloads.environment().get("HOME", "/root"))
        got = self.enforce(
            "attempt('/etc/hostname', 'r'); attempt('/etc/passwd', 'r')\n"
            f"attempt({str(home / '.profile-of-a-test')!r})\n"
            "attempt('.env'); attempt('server.key')\n",
            "/etc/hostname", "/etc", "/", home, home / ".profile-of-a-test",
            ".env", "server.key")
        self.assertEqual([False] * 5, list(got.values()))

    def enforce_at(self, start, code):
        """By rules of ${START}; start: a command line, run in the place."""
        policy = json.loads(json.dumps(POLICY).replace("${ARG}", "${START}"))
        self.policy.write_text(json.dumps(policy))
        (self.place / "script.py").write_text(TRY + code)
        trace = self.place / f"{len(self.traces)}.db"
        self.traces.append(trace)
        out = self.run_program("secmgr-enforce", "--policy", self.policy,
                               "-o", trace, "--", "sh", "-c", start)
        return [line.endswith("passed") for line in out.splitlines()]

    def test_a_program_starts_where_it_is_started(self):
        run = f"{workloads.PYTHON} -B {self.place}/script.py"
        self.assertEqual(
            [True, True, True, False, False, False, True] * 2,
            self.enforce_at(
                f"cd out && {run}; cd ../other && {run}",
                "attempt('a'); attempt('./b'); attempt('../out/../' +\n"
                "    os.path.basename(os.getcwd()) + '/c')\n"
                "attempt('../d'); attempt('../deep/d')\n"
                "start = os.getcwd(); os.chdir('../deep'); attempt('e')\n"
                "attempt(start + '/f')\n"))
        with sqlite3.connect(self.traces[-1]) as db:
            rows = [json.loads(named) for named, in
                    db.execute("SELECT named FROM process ORDER BY number")]
        self.assertEqual([[f"{self.place}/out/."], [f"{self.place}/other/."]],
                         rows)

    def test_what_a_program_starts_elsewhere_has_its_start(self):
        run = f"{workloads.PYTHON} -B {self.place}/script.py"
        self.assertEqual(
            [True] + [False, True] * 6 + [True],
            self.enforce_at(
                f"cd out && {run} first",
                "import subprocess\n"
                "attempt('a' if len(sys.argv) > 1 else 'b')\n"
                "if len(sys.argv) == 1:\n"
                f"    attempt({str(self.place)!r} + '/out/b'); sys.exit()\n"
                "me = [sys.executable, '-B', __file__]\n"
                "line = ' '.join(me); other = '../other'\n"
                "subprocess.run(me, cwd=other, check=True)\n"
                "subprocess.run(me, cwd=other, env={}, check=True)\n"
                "subprocess.run(f'cd {other}; {line}', shell=True,"
                " check=True)\n"
                "subprocess.run(['env', '-i', '-C', other, *me], check=True,\n"
                "    env={'SECMGR_START': os.path.abspath(other)})\n"
                "subprocess.run(f'cd {other}; SECMGR_START=$PWD {line}',\n"
                "    shell=True, check=True)\n"
                "os.system(f'cd {other}; {line}')\n"
                "attempt('c')\n"))

    def test_a_link_leads_out_of_where_it_was_started(self):
        os.symlink("../other", self.place / "out/trap")
        self.assertEqual([False, True], self.enforce_at(
            f"cd out && {workloads.PYTHON} -B ../script.py",
            "attempt('trap/x'); attempt('x')\n"))

    def test_nobody_starts_in_a_protected_place(self):
        (self.place / ".hidden").mkdir()
        self.assertEqual([False, False], self.enforce_at(
            f"cd .hidden && {workloads.PYTHON} -B ../script.py && cd .. &&"
            f"HOME={self.place} {workloads.PYTHON} -B script.py",
            "attempt('x')\n"))

    def test_what_was_learned_in_two_directories_holds_in_a_third(self):
        tool = self.place / "script.py"
        tool.write_text(
            "import os, sys\n"
            "os.makedirs('made', exist_ok=True)\n"
            "for name in [n for n in os.listdir() if n.endswith('.csv')]:\n"
            "    with open(name) as f: text = f.read().strip()\n"
            "    if text.startswith('@'): text = open(text[1:]).read()\n"
            "    with open('made/' + name[:-4] + '.json', 'w') as f:\n"
            "        f.write(text)\n")
        (self.place / "secret").write_text("tea")
        trace, policy = self.place / "t.db", self.place / "learned.json"
        for where, names in (("out", ("one",)), ("other", ("two", "2")),
                             ("deep/er", ("a third",))):
            for name in names:
                (self.place / where / f"{name}.csv").write_text("1")
        for where in "out", "other":
            self.run_program(
                "secmgr-record", "-a", "-o", trace, "--", "sh", "-c",
                f"cd {where} && {workloads.PYTHON} -B {tool}")
        self.run_program("secmgr-learn", "-q", "-o", policy, trace)
        enforce = ("secmgr-enforce", "-p", policy, "--", "sh", "-c",
                   f"cd deep/er && {workloads.PYTHON} -B {tool}")
        self.run_program(*enforce)
        made = self.place / "deep/er/made"
        self.assertEqual("1", (made / "a third.json").read_text())
        for there in "../../secret", self.place / "secret", "link":
            os.symlink("../../secret", self.place / "deep/er/link")
            (self.place / "deep/er/a third.csv").write_text(f"@{there}")
            self.run_program(*enforce, status=1)
            self.assertEqual("1", (made / "a third.json").read_text())
            os.unlink(self.place / "deep/er/link")

    def test_a_recorder_inside_starts_anew(self):
        run = f"{workloads.PYTHON} -B {self.place}/script.py"
        (self.place / "script.py").write_text(
            "import os, subprocess, sys\n"
            "if len(sys.argv) == 1:\n"
            f"    subprocess.run(['sh', '-c', 'cd ../other; "
            f"{workloads.program('secmgr-record')} -o in.db -- {run} in'],"
            " check=True)\n")
        self.run_program("secmgr-record", "-o", self.place / "out.db", "--",
                         "sh", "-c", f"cd out && {run}")
        with sqlite3.connect(self.place / "other/in.db") as db:
            self.assertEqual(
                [json.dumps([f"{self.place}/other/.",
                             f"{self.place}/other/in"]).replace(" ", "")],
                [named for named, in db.execute("SELECT named FROM process")])

    def test_replay_decides_as_it_was_decided_offline_and_live(self):
        self.test_it_is_what_was_named_when_the_program_started()
        self.test_directories_that_lead_to_it_are_made_with_it()
        self.test_a_copy_keeps_it_and_another_program_has_its_own()
        self.check_replay()

    def test_replay_knows_where_programs_were_started(self):
        self.test_a_program_starts_where_it_is_started()
        self.check_replay(least=10)

    def check_replay(self, least=20):
        for trace in self.traces:
            for interpreter in live_replay.interpreters():
                replayed = self.replay(trace, interpreter)
                self.assertGreater(replayed["recorded_verdicts"], least)
                self.assertEqual(0, replayed["differs"])
                self.assertGreater(replayed["blocked"], 0)
                live = replayed["live"]
                self.assertEqual([], live["differences"])
                self.assertGreater(live["same"], least)
                self.assertGreater(live["denied"], 0)

    def test_review_counts_who_was_told(self):
        (self.place / "script.py").write_text("open('out/x', 'w').close()\n")
        trace = self.place / "two.db"
        run = f"{workloads.PYTHON} -B script.py"
        self.run_program("secmgr-record", "-o", trace, "--", "sh", "-c",
                         f"{run} out && {run} other")
        policy = json.loads(self.policy.read_text())
        policy["review"] = [{"id": "below", "reason": "a test"}]
        self.policy.write_text(json.dumps(policy))
        seen = [question["seen"] for question in json.loads(self.run_program(
            "secmgr-policy", "review", "--json", self.policy, trace,
            status=1))["questions"] if question["id"] == "below"]
        self.assertEqual([(1, 1)], [(one["events"], one["processes"])
                                    for one in seen])


if __name__ == "__main__":
    unittest.main()

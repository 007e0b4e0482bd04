# SPDX-License-Identifier: Apache-2.0
"""What runs is what was decided, whoever starts it and however it is named.

With /usr/bin/python3 and the interpreters SM_TEST_PYTHONS names (separated by
colons).
"""
import json
import pathlib
import shutil
import tempfile
import unittest

from workloads import covered, environment, pythons, run

PYTHONS = pythons()

# Each announces itself by an event of its own.
ANNOUNCED = """\
import os, pathlib, subprocess, sys
run, quiet = subprocess.run, {"stdout": subprocess.DEVNULL}
run(["true"])
run(["true", "x"], env={"PATH": "/usr/bin"})
colour = {"PATH": "/usr/bin:/none", "COLOUR": "red"}
run(["true", "x"], env={**os.environ, **colour})
run(["/usr/bin/true", b"x"], close_fds=False)
run("exit 0", shell=True)
run("exit 0", shell=True, executable="/bin/sh")
run(["./tool"], cwd="sub", **quiet)
run(["./tool", pathlib.Path("x")], cwd=pathlib.Path("sub"), **quiet)
run(["true"], preexec_fn=lambda: None)
run(["name"], executable="/usr/bin/true")
run(["/usr/bin/echo", "\\N{SNOWMAN}", "\\udcff"], **quiet)
run(["/usr/bin/true", "--password", "hunter2", "token=abcdefgh12345678"])
os.system("exit 0")
os.popen("exit 0").close()
for spawn in os.posix_spawn, os.posix_spawnp:
    os.waitpid(spawn("/usr/bin/true", ["true"], os.environ), 0)
os.spawnvp(os.P_WAIT, "true", ["true"])
os.spawnle(os.P_WAIT, "/usr/bin/true", "true", {})
if not os.fork():
    os.execlp("true", "true")
os.wait()
os.execv("/usr/bin/true", ["true"])
"""

# Where only the call itself says what it is.
TOLD_LATER = """\
import os, pathlib, subprocess
def run(*arguments, **options):
    try:
        subprocess.run(*arguments, **options)
    except OSError as error:
        print(type(error).__name__)
class Path(type(pathlib.Path())):
    def __fspath__(self):
        return str(self)
run([Path("/usr/bin/true"), Path("x"), "y"])
run(["true", "z"], executable=Path("/usr/bin/true"), cwd=".")
run(["./tool", "t"], cwd=Path("sub"))
run(["no-such-program"])
os.waitpid(os.posix_spawnp("true", ["true", "p"], {}), 0)
os.chdir("sub")
os.waitpid(os.posix_spawn("tool", ["tool"], {}), 0)
"""

MULTIPROCESSING = """\
import multiprocessing, os, sys
def square(n):
    return n * n
if __name__ == "__main__":
    others = [os.dup(1) for _ in range(int(open("others").read()))]
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(pool.map(square, range(4)))
        pool.close()
        pool.join()
"""

ONE = """\
import multiprocessing
if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(
        target=print, args=("ran",))
    process.start()
    process.join()
"""

NATIVE = """\
import ctypes, os
libc = ctypes.CDLL(None)
def spawn(start, name):
    argv = (ctypes.c_char_p * 2)(name, None)
    pid = ctypes.c_int()
    print(start(ctypes.byref(pid), b"/usr/bin/true", None, None, argv, None))
spawn(libc.posix_spawn, b"true")
spawn(ctypes.PyDLL(None).posix_spawn, b"also")
print(libc.system(b"exit 3"))
"""

# The children of native code, in an environment that says nothing of us.
SCRUBBED = """\
import ctypes, os, sys
libc = ctypes.PyDLL(None)
libc.popen.restype = ctypes.c_void_p
libc.pclose.argtypes = [ctypes.c_void_p]
libc.fgets.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
libc.fputs.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
child = sys.executable + " -S -c 'print(input()); raise SystemExit(3)' "
os.environ.clear()
text = ctypes.create_string_buffer(100)
reader = libc.popen(("echo read | " + child).encode(), b"r")
writer = libc.popen((child + ">&2").encode(), b"w")
libc.fgets(text, 100, reader)
libc.fputs(b"written\\n", writer)
print(text.value, libc.pclose(reader), libc.pclose(writer))
print(libc.popen(b"true", b"x"))
"""

OPENED_BY_CHILD = """\
import os, sys
def spawn(path, flags):
    try:
        pid = os.posix_spawn("/usr/bin/true", ["true"], os.environ,
                             file_actions=[(os.POSIX_SPAWN_OPEN, 5, path,
                                            flags, 0o600)])
        print(path, os.waitpid(pid, 0)[1])
    except PermissionError:
        print(path, "denied")
for path in sys.argv[1:]:
    spawn(path, os.O_RDONLY)
spawn("out/new", os.O_WRONLY | os.O_CREAT)
"""

# `.` is there in each directory of PATH, and runs in none.
DIRECTORIES = """\
import os, subprocess
os.environ["PATH"] = os.pathsep.join([os.getcwd()] * 20)
try:
    subprocess.run(["."])
except PermissionError:
    print("PermissionError")
"""

PROGRAMS = {"directories.py": DIRECTORIES,
            "scrubbed.py": SCRUBBED, "opened.py": OPENED_BY_CHILD,
            "announced.py": ANNOUNCED, "later.py": TOLD_LATER,
            "pool.py": MULTIPROCESSING, "one.py": ONE, "native.py": NATIVE}


class Exec(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-exec-"))
        self.addCleanup(shutil.rmtree, self.place)
        for name, text in PROGRAMS.items():
            (self.place / name).write_text(text)
        (self.place / "sub").mkdir()
        tool = self.place / "sub/tool"
        tool.write_text("#!/bin/sh\nexit 0\n")
        tool.chmod(0o755)

    def tool(self, name, *arguments, **changes):
        return run(self.place, name, *arguments, **changes)

    def record(self, *command):
        done = covered("secmgr-record", ["-o", "t.db", "--", *command],
                       cwd=self.place, env=environment())
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def events(self, trace="t.db", name="secmgr.exec"):
        done = self.tool("secmgr-events", "--json", trace)
        return [event for event in map(json.loads, done.stdout.splitlines())
                if name in (None, event["event"])]

    def learn(self):
        done = self.tool("secmgr-learn", "t.db")
        (self.place / "policy.json").write_text(done.stdout)
        return json.loads(done.stdout)

    def write(self, policy):
        policy.pop("review", None)
        (self.place / "policy.json").write_text(json.dumps(policy))

    def enforce(self, *command, expected=0):
        done = covered("secmgr-enforce", ["-p", "policy.json", "-o", "e.db",
                                          "--", *command],
                       cwd=self.place, env=environment())
        if expected is not None:
            self.assertEqual(expected, done.returncode, done.stderr)
        return done.stdout

    def replayed(self, trace):
        done = self.tool("secmgr-replay", "--json", "policy.json", trace)
        return json.loads(done.stdout)

    def test_what_an_event_announced_is_recorded_once(self):
        for python in PYTHONS:
            with self.subTest(python):
                self.record(python, "announced.py")
                self.assertEqual([], [event["args"] for event in
                                      self.events()])

    def test_what_no_event_tells_the_call_does(self):
        for python in PYTHONS:
            with self.subTest(python):
                output = self.record(python, "later.py")
                self.assertEqual("FileNotFoundError\n", output)
                self.assertEqual(
                    [["/usr/bin/true", ["/usr/bin/true", "x", "y"]],
                     ["/usr/bin/true", ["true", "z"]],
                     ["./tool", ["./tool", "t"]],
                     ["true", ["true", "p"]],
                     ["tool", ["tool"]]],
                    [event["args"][:2] for event in
                     sorted(self.events(), key=lambda e: e["time_ns"])])
                self.assertEqual({"app"}, {event["by"] for event in
                                           self.events()})
                self.learn()
                self.assertEqual(0, self.replayed("t.db")["blocked"])
                self.assertEqual(output, self.enforce(python, "later.py"))

    def test_directories_are_no_programs(self):
        for python in PYTHONS:
            with self.subTest(python):
                done = covered("secmgr-record", ["-o", "t.db", "--", python,
                                                 "directories.py"],
                               cwd=self.place, env=environment())
                self.assertEqual("PermissionError\n", done.stdout)
                self.assertIn(" 0 lost", done.stderr)
                self.assertEqual([], self.events())

    def test_multiprocessing_is_learned_and_held_to_it(self):
        for python in PYTHONS:
            for how in "fork", "spawn", "forkserver":
                with self.subTest(python, how=how):
                    (self.place / "others").write_text("0")
                    output = self.record(python, "pool.py", how)
                    self.learn()
                    self.assertEqual(0, self.replayed("t.db")["blocked"])
                    # The numbers of descriptors are others the next time.
                    (self.place / "others").write_text("7")
                    self.assertEqual(output, self.enforce(
                        python, "pool.py", how))
                    self.assertEqual(0, self.replayed("e.db")["blocked"])

    # multiprocessing does not look at why a child did not start: a Pool would
    # try for ever.
    def test_multiprocessing_needs_a_rule(self):
        for python in PYTHONS:
            with self.subTest(python):
                self.assertEqual("ran\n", self.record(python, "one.py"))
                policy = self.learn()
                del policy["processes"]
                self.write(policy)
                self.assertEqual("", self.enforce(python, "one.py",
                                                  expected=None))
                # 3.14 announces the child, and it is denied there.
                denied = [event["function"] for event in
                          self.events("e.db", None)
                          if event["verdict"] == "denied"]
                self.assertIn("spawnv_passfds", denied)
                self.assertEqual(len(denied),
                                 self.replayed("e.db")["blocked"])

    def test_native_code_is_seen_and_needs_a_rule(self):
        for python in PYTHONS:
            with self.subTest(python):
                self.assertEqual("0\n0\n768\n",
                                 self.record(python, "native.py"))
                self.assertEqual(
                    [("/usr/bin/true", "foreign"), ("/usr/bin/true", "app"),
                     ("/bin/sh", "foreign")],
                    [(event["args"][0], event["by"])
                     for event in self.events()])
                policy = self.learn()
                self.assertEqual("0\n0\n768\n",
                                 self.enforce(python, "native.py"))
                policy["processes"] = [
                    rule for rule in policy["processes"]
                    if rule["by"] != ["foreign"]]
                self.write(policy)
                self.assertEqual("13\n0\n-1\n",
                                 self.enforce(python, "native.py"))
                self.assertEqual(
                    ["denied", "allowed", "denied"],
                    [event["verdict"] for event in self.events("e.db")])
                self.assertEqual(2, self.replayed("e.db")["blocked"])


    def test_children_of_popen_are_covered_in_any_environment(self):
        for python in PYTHONS:
            with self.subTest(python):
                self.assertEqual(
                    "b'read\\n' 768 768\nNone\n",
                    self.record(python, "scrubbed.py"))
                started = [event for event in
                           self.events(name="cpython.run_command")]
                self.assertEqual(2, len({event["process"] for event in
                                         started}))

    def test_what_a_child_of_posix_spawn_opens_is_decided(self):
        (self.place / "in").mkdir()
        (self.place / "in/file").write_text("")
        (self.place / "secret").write_text("")
        (self.place / "out").mkdir()
        link = self.place / "link"
        for python in PYTHONS:
            with self.subTest(python):
                link.unlink(missing_ok=True)
                link.symlink_to("in/file")
                command = [python, "opened.py", "in/file", "link"]
                output = self.record(*command)
                self.assertEqual("in/file 0\nlink 0\nout/new 0\n", output)
                self.assertEqual(
                    {("in/file", "app"), ("link", "app"), ("out/new", "app")},
                    {(event["args"][0][len(str(self.place)) + 1:], event["by"])
                     for event in self.events(name="secmgr.opened")})
                self.learn()
                self.assertEqual(output, self.enforce(*command))
                link.unlink()
                link.symlink_to("secret")
                self.assertEqual(
                    "in/file 0\nlink denied\nsecret denied\nout/new 0\n",
                    self.enforce(*command, "secret"))
                self.assertEqual(2, self.replayed("e.db")["blocked"])


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Events that Python code raises under names of CPython's are told apart."""
import collections
import json
import pathlib
import shutil
import tempfile
import unittest

import test_interpreters
import workloads

# Each kind of call there is: plain, often enough to be specialised, from C,
# from a thread, through another name, with a name made on the spot.
MADE_UP = """
import functools, sys, threading
audit, name = sys.audit, "".join(["os.", "remove"])
sys.audit("open", "/etc/shadow", "r", 0)
def often():
    for number in range(500):
        audit(name, "/etc/shadow", -1)
often()
list(map(sys.audit, ["os.rmdir"] * 3))
functools.partial(audit, "os.mkdir")()
def run(target, *arguments):
    thread = threading.Thread(target=target, args=arguments)
    thread.start()
    thread.join()
run(audit, "subprocess.Popen", "/bin/sh", ["sh"], None, None)
run(audit, "shutil.rmtree", "/")
audit("shutil.move", "/a", "/b")
audit("secmgr.opened", "/etc/shadow", "r", 0, "")
audit("builtins.id", 7)
try: audit("open\\0x")
except ValueError: pass  # from 3.14 on
audit("shop.refund", 7)
""", {"open": 1, "os.remove": 500, "os.rmdir": 3, "os.mkdir": 1,
      "subprocess.Popen": 1, "shutil.rmtree": 1, "shutil.move": 1,
      "secmgr.opened": 1, "builtins.id": 1}

# What the standard library raises through sys.audit() is its own.
REAL = """
import fractions, glob, os, pathlib, pdb, pickle, shutil, subprocess, tempfile
import http.client, io, socket, threading, urllib.request, webbrowser
with tempfile.TemporaryDirectory() as place:
    pathlib.Path(place, "file").touch()
    shutil.copytree(place, place + "/copy")
    shutil.make_archive(place + "/archive", "zip", place + "/copy")
    shutil.unpack_archive(place + "/archive.zip", place + "/out")
    shutil.move(place + "/out", place + "/moved")
    list(os.walk(place)), list(glob.glob(place + "/*"))
    list(pathlib.Path(place).glob("*")), list(pathlib.Path(place).rglob("*"))
    list(getattr(pathlib.Path(place), "walk", list)())
handle, path = tempfile.mkstemp()
shutil.chown(path, os.getuid())
os.unlink(path)
subprocess.run(["true"], check=True)
pickle._loads(pickle.dumps(fractions.Fraction))
pdb.Pdb(stdin=io.StringIO(), stdout=io.StringIO())
try:
    urllib.request.urlopen("http://127.0.0.1:1/")
except OSError:
    pass
""", ["shutil.copytree", "shutil.make_archive", "shutil.unpack_archive",
      "shutil.move", "shutil.chown", "glob.glob", "pathlib.Path.glob",
      "pathlib.Path.rglob", "tempfile.mkstemp", "tempfile.mkdtemp",
      "subprocess.Popen", "pickle.find_class", "pdb.Pdb", "urllib.Request"]

# A hook of the program's raises while sys.audit() is running: what it does is
# real, and so is what finalizers do then.
BETWEEN = """
import gc, os, sys
def hook(event, arguments):
    if event == "shop.refund":
        os.listdir("/dev/shm")
        sys.audit("os.rmdir", "made-up")
sys.addaudithook(hook)
class Gone:
    def __del__(self):
        os.scandir("/dev/shm").close()
gc.set_threshold(1)
for number in range(200):
    cycle = Gone()
    cycle.self = cycle
    del cycle
    sys.audit("os.mkdir", (number,), {}, [number])
gc.disable()
gc.collect()
sys.audit("shop.refund")
"""

# These moved what the agent knows: who is main, where it is registered.
STATE = """
import _thread, locale, os, sys, time
def frameless(call, *arguments):
    _thread.start_new_thread(call, arguments)
    time.sleep(0.05)
for event in ("cpython.run_command", "cpython.run_stdin",
              "cpython.PyInterpreterState_Clear",
              "cpython._PySys_ClearAuditHooks"):
    frameless(sys.audit, event)
    sys.audit(event)
locale.setlocale(locale.LC_ALL, "C")
space = {}
frameless(exec, compile("import os; os.listdir('/dev/shm'); done = True",
                        "<string>", "exec"), space)
while "done" not in space:
    time.sleep(0.01)
os.scandir("/dev/shm").close()
"""

INNER = """
try:
    import _xxsubinterpreters as inner
except ImportError:
    import _interpreters as inner
made = inner.create()
inner.run_string(made, "import sys; sys.audit('os.mkdir', 'x')")
"""


class Forged(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-made-"))
        self.addCleanup(shutil.rmtree, self.place)

    def tool(self, *command, check=True):
        done = workloads.run(self.place, *command)
        if check:
            self.assertEqual(0, done.returncode, done.stderr)
        return done

    def record(self, python, code):
        (self.place / "app.py").write_text(code)
        self.tool("secmgr-record", "--force", "-o", "t.db", "--", python,
                  "-B", "app.py")
        done = self.tool("secmgr-events", "--json", "t.db")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def forged(self, events):
        return collections.Counter(
            event["event"].split(":", 1)[1] for event in events
            if event["event"].startswith("forged:"))

    def each(self, check):
        for name, python in test_interpreters.interpreters().items():
            with self.subTest(interpreter=name):
                check(python)

    def test_made_up_events_are_marked_however_they_are_raised(self):
        def check(python):
            events = self.record(python, MADE_UP[0])
            forged = self.forged(events)
            # 3.14 refuses the NUL; before, it ended the name
            forged["open"] = min(forged["open"], 1)
            self.assertEqual(MADE_UP[1], dict(forged))
            self.assertEqual(1, sum(event["event"] == "shop.refund"
                                    for event in events))
        self.each(check)

    def test_what_the_library_raises_is_not(self):
        def check(python):
            events = self.record(python, REAL[0])
            self.assertEqual({}, dict(self.forged(events)))
            names = {event["event"] for event in events}
            missing = set(REAL[1]) - names
            if python.endswith("python3.8"):  # raised from 3.9 on
                missing -= {"pathlib.Path.glob", "pathlib.Path.rglob"}
            self.assertEqual(set(), missing)
        self.each(check)

    def test_what_happens_meanwhile_is_not(self):
        def check(python):
            events = self.record(python, BETWEEN)
            self.assertEqual({"os.mkdir": 200, "os.rmdir": 1},
                             dict(self.forged(events)))
            names = collections.Counter(event["event"] for event in events)
            self.assertEqual(200, names["os.scandir"])
            self.assertTrue(any(event["event"] == "os.listdir"
                                and event["args"] == ["/dev/shm"]
                                for event in events))
        self.each(check)

    def test_they_change_nothing_the_agent_knows(self):
        def check(python):
            events = self.record(python, STATE)
            about = [(event["event"], event["by"]) for event in events
                     if event["args"] == ["/dev/shm"]]
            self.assertEqual([("os.listdir", "dynamic"),
                              ("os.scandir", "app")], about)
        self.each(check)

    def test_they_are_marked_in_other_interpreters_too(self):
        def check(python):
            self.assertEqual({"os.mkdir": 1},
                             dict(self.forged(self.record(python, INNER))))
        self.each(check)

    def test_nothing_is_learned_from_them(self):
        self.record("/usr/bin/python3", MADE_UP[0])
        done = self.tool("secmgr-learn", "t.db")
        policy = json.loads(done.stdout)
        text = json.dumps(policy)
        for made_up in "shadow", "forged", "/bin/sh", "os.r", "os.m":
            self.assertNotIn(made_up, text)
        self.assertIn("shop.refund", text)
        self.assertIn("events were raised under names of CPython's and not "
                      "learned from", done.stderr)

    def test_a_rule_for_events_decides_them(self):
        code = ("import sys\n"
                "try: sys.audit('open', '/etc/shadow', 'r', 0)\n"
                "except PermissionError as error: print(error)\n"
                "open('/etc/hostname').close()\n")
        (self.place / "app.py").write_text(code)
        policy = {"secmgr": 1, "modes": {
            family: "off" for family in (
                "files", "network", "processes", "code", "pickles",
                "native")}}
        for mode, said in (("warn", ""), ("block", "forged:open")):
            policy["modes"]["events"] = mode
            (self.place / "p.json").write_text(json.dumps(policy))
            done = self.tool("secmgr-enforce", "-q", "-p", "p.json", "-o",
                             f"{mode}.db", "--", "/usr/bin/python3", "app.py")
            self.assertIn(said, done.stdout)
            self.assertEqual(bool(said), bool(done.stdout))
            done = self.tool("secmgr-replay", "p.json", f"{mode}.db",
                             check=False)
            self.assertEqual(mode == "block", done.returncode == 1,
                             done.stdout)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Where a denial arrives: in an interpreter that starts, under a traceback that
is being printed, in finalizers, threads and at the end. What Python does there
goes on, nothing is hidden, and nothing ends in a bare fatal error."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import workloads

PYTHONS = [workloads.PYTHON] + [
    path for path in os.environ.get("SM_TEST_PYTHONS", "").split(":") if path]
FAMILIES = ("files", "network", "processes", "code", "pickles", "native",
            "events")
TOLD = re.compile(r"secmgr-enforce: process \d+ ended before its program ran; "
                  r"last denied: (.*)")


class Denials(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-denials-"))
        self.addCleanup(shutil.rmtree, self.place, True)
        self.policy = self.place / "policy.json"
        self.variables = {}

    def script(self, code, name="script.py"):
        path = self.place / name
        path.write_text(code)
        return path

    def run_plain(self, *command):
        return subprocess.run(
            [*map(str, command)], cwd=self.place, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60, check=False,
            env={**workloads.environment(), **self.variables})

    def enforce(self, rules, *command, options=("-q",)):
        self.policy.write_text(json.dumps(rules))
        return self.run_plain(workloads.program("secmgr-enforce"), "-p",
                              self.policy, *options, "--", *command)

    def learn(self, *command):
        """A policy for what command does, and the events it raises."""
        trace = self.place / "t.db"
        self.run_plain(workloads.program("secmgr-record"), "-q", "-f", "-o",
                       trace, "--", *command)
        learned = self.run_plain(workloads.program("secmgr-learn"), trace)
        shown = self.run_plain(workloads.program("secmgr-events"), "--json",
                               trace)
        return json.loads(learned.stdout), {
            json.loads(line)["event"] for line in shown.stdout.splitlines()}


def apply(rules, told, python):
    """Adds to a policy what a line tells; False: it names nothing."""
    found = False
    bundle = re.search(r'add "([a-z-]+)" to "use"', told)
    if bundle:
        rules.setdefault("use", []).append(bundle.group(1))
        if '"STDLIB" and "SITE" among the "variables"' in told:
            rules["variables"] = {
                "STDLIB": subprocess.check_output(
                    [python, "-I", "-c",
                     "import os; print(os.path.dirname(os.__file__))"],
                    text=True).strip(),
                "SITE": "/nowhere"}
        found = True
    for rule, family in re.findall(r'add (\{.*?\}) to "([a-z]+)"', told):
        rules.setdefault(family, []).append(json.loads(rule))
        found = True
    return found


class Start(Denials):
    def test_following_what_is_told_leads_to_a_policy_that_starts(self):
        script = self.script("print('it runs')\n")
        for python in PYTHONS:
            for how in ([script], ["-m", "script"]):
                rules, told = {"secmgr": 1}, []
                for _ in range(60):
                    done = self.enforce(rules, python, "-B", "-s", *how,
                                        options=())
                    if done.returncode == 0:
                        break
                    line = TOLD.findall(done.stderr)
                    self.assertEqual(1, len(line), (told, done.stderr))
                    told += line
                    self.assertTrue(apply(rules, line[0], python), told)
                self.assertEqual((0, "it runs\n"),
                                 (done.returncode, done.stdout), told)
                self.assertEqual([], TOLD.findall(done.stderr))
                # A bundle for the interpreter, a rule for the script.
                self.assertIn("python-runtime", rules["use"])
                self.assertIn({"load": str(script)}, rules["code"])
                self.assertLessEqual(len(told), 6, told)

    def test_the_policy_of_another_interpreter_is_told(self):
        script = self.script("print('it runs')\n")
        rules = {"secmgr": 1, "use": ["python-runtime"],
                 "variables": {"STDLIB": "/opt/python/lib/python3.9",
                               "SITE": "/nowhere"},
                 "code": [{"load": str(script)}]}
        for python in PYTHONS:
            done = self.enforce(rules, python, "-I", script, options=())
            line, = TOLD.findall(done.stderr)
            found = re.search(
                "; the policy is for another interpreter: run that one, learn "
                "from this one, or give --set (STDLIB=/.*)$", line)
            self.assertTrue(found, line)
            done = self.enforce(rules, python, "-I", script,
                                options=("--set", found.group(1)))
            self.assertEqual((0, "it runs\n"), (done.returncode, done.stdout),
                             done.stderr)

    def test_a_trace_or_a_child_does_not_keep_it_from_being_told(self):
        script = self.script("print('it runs')\n")
        for command in ([workloads.PYTHON, script],
                        ["sh", "-c", f"{workloads.PYTHON} {script}; true"]):
            done = self.enforce({"secmgr": 1}, *command,
                                options=("-f", "-o", self.place / "t.db"))
            line = TOLD.findall(done.stderr)
            self.assertEqual(1, len(line), done.stderr)
            self.assertIn('add "python-runtime" to "use"', line[0])

    def test_each_event_of_a_start_denied_is_told_or_does_no_harm(self):
        script = self.script("print('it runs')\n")
        for python in PYTHONS:
            rules, events = self.learn(python, script)
            self.assertIn("marshal.loads" if "3.8" not in python else
                          "code.__new__", events)
            fatal = set()
            for event in sorted(events):
                rules["deny"] = [{"id": "never", "name": event}]
                done = self.enforce(rules, python, script, options=())
                with self.subTest(python=python, event=event):
                    self.assertIn(done.returncode, (0, 1, 2), done.stderr)
                    self.assertNotIn("SystemError", done.stderr)
                    line = TOLD.findall(done.stderr)
                    if done.stdout == "it runs\n":
                        self.assertEqual((0, []), (done.returncode, line))
                        continue
                    fatal.add(event)
                    self.assertEqual(1, len(line), done.stderr)
                    self.assertTrue(line[0].endswith("denied by never"),
                                    line)
            # Not with an interpreter that needs none of them.
            self.assertLessEqual({"import", "exec", "open", "os.listdir",
                                  "cpython.run_file"}, fatal, python)

    def test_the_program_that_cannot_be_opened_is_no_invalid_argument(self):
        script = self.script("print('it runs')\n")
        for python in PYTHONS:
            rules, _ = self.learn(python, script)
            rules["code"] = [rule for rule in rules["code"]
                             if not rule.get("load", "").endswith("script.py")]
            done = self.enforce(rules, python, script, options=())
            self.assertIn("Operation canceled", done.stderr, python)
            self.assertIn(f'load {script} by python via exec: no rule covers '
                          f'it', TOLD.findall(done.stderr)[0])

    def test_a_program_that_began_is_not_said_to_have_not(self):
        script = self.script("import os\nos.listdir('/etc')\n")
        rules, _ = self.learn(workloads.PYTHON, script)
        rules["deny"] = [{"path": "/etc", "access": ["list"]}]
        done = self.enforce(rules, workloads.PYTHON, script, options=())
        self.assertEqual(1, done.returncode)
        self.assertIn("PolicyViolation", done.stderr)
        self.assertEqual([], TOLD.findall(done.stderr))


ASK = """\
import sys, os
def ask():
    sys.audit("shop.refund", 7)
"""
DENIED = "denied by secmgr (events): raise shop.refund"

# name, code, what stderr has to show beside the denial, status
PLACES = [
    ("an exception's text", """
class Odd(Exception):
    def __str__(self): ask()
raise Odd
""", ["Traceback (most recent call last)", "Odd: <exception str() failed>"],
     1),
    ("sys.excepthook", """
def hook(*args): ask()
sys.excepthook = hook
1/0
""", ["Error in sys.excepthook:", "Original exception was:",
      "ZeroDivisionError"], 1),
    ("sys.unraisablehook", """
def hook(*args): ask()
sys.unraisablehook = hook
class Odd:
    def __del__(self): 1/0
Odd()
print("on")
""", ["Exception ignored in sys.unraisablehook"], 0),
    ("threading.excepthook", """
import threading
def hook(*args): ask()
threading.excepthook = hook
thread = threading.Thread(target=lambda: 1/0)
thread.start()
thread.join()
print("on")
""", ["Exception in threading.excepthook"], 0),
    ("a finalizer", """
class Odd:
    def __del__(self): ask()
Odd()
print("on")
""", ["Exception ignored ", "__del__"], 0),
    ("a finalizer at the end", """
class Odd:
    def __del__(self, audit=sys.audit): audit("shop.refund", 7)
odd = Odd()
print("on")
""", ["Exception ignored ", "__del__"], 0),
    ("atexit", """
import atexit
atexit.register(ask)
print("on")
""", ["atexit"], 0),
    ("a thread", """
import threading
thread = threading.Thread(target=ask)
thread.start()
thread.join()
print("on")
""", ["Exception in thread"], 0),
    ("logging", """
import logging
class Handler(logging.Handler):
    def emit(self, record):
        try: ask()
        except Exception: self.handleError(record)
logging.getLogger().addHandler(Handler())
logging.error("what is logged")
print("on")
""", ["--- Logging error ---", "what is logged"], 0),
    ("a weak reference's callback", """
import weakref
class Odd: pass
odd = Odd()
ref = weakref.ref(odd, lambda ref: ask())
del odd
print("on")
""", ["Exception ignored "], 0),
    ("a signal handler", """
import signal
signal.signal(signal.SIGUSR1, lambda *args: ask())
try: os.kill(os.getpid(), signal.SIGUSR1)
except PermissionError as error: print(error, file=sys.stderr)
print("on")
""", [], 0),
    ("the trace function", """
def trace(*args): ask()
def traced(): pass
sys.settrace(trace)
try: traced()
except PermissionError as error: print(error, file=sys.stderr)
print("on")
""", [], 0),
    ("a generator that is closed", """
def numbers():
    try: yield 1
    finally: ask()
next(numbers())
print("on")
""", ["Exception ignored ", "<generator object numbers"], 0),
    ("a task", """
import asyncio
async def work(): ask()
async def main():
    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
asyncio.run(main())
print("on")
""", ["Task exception was never retrieved"], 0),
]


class Places(Denials):
    EVENTS_ONLY = {
        "secmgr": 1,
        "modes": {**dict.fromkeys(FAMILIES, "off"), "events": "block"},
        "events": [{"name": "sys.settrace"}],
        "deny": [{"id": "no", "name": "shop.refund"}]}

    def test_a_denial_ends_what_asked_and_nothing_else(self):
        for python in PYTHONS:
            for name, code, shown, status in PLACES:
                script = self.script(ASK + code)
                done = self.enforce(self.EVENTS_ONLY, python, "-B", script)
                with self.subTest(place=name, python=python):
                    self.assertEqual(status, done.returncode, done.stderr)
                    self.assertEqual("" if status else "on\n", done.stdout)
                    # Python keeps what happened in str() to itself.
                    if name != "an exception's text":
                        self.assertIn(DENIED, done.stderr)
                    for part in shown:
                        self.assertIn(part, done.stderr)

    FAILS = """\
import atexit, logging, threading
class Odd:
    def __del__(self): 1 / 0
def fail(): return 1 / 0
atexit.register(fail)
thread = threading.Thread(target=fail)
thread.start()
thread.join()
odd = Odd()
del odd
try: fail()
except ZeroDivisionError: logging.exception("logged")
print("end", flush=True)
fail()
"""

    def test_no_event_denied_hides_a_traceback(self):
        script = self.script(self.FAILS)
        for python in PYTHONS:
            plain = self.run_plain(python, script)
            self.assertEqual(5, plain.stderr.count("ZeroDivisionError"))
            rules, events = self.learn(python, script)
            self.assertLessEqual({"sys.excepthook", "sys.unraisablehook"},
                                 events)
            shown = set()
            for event in sorted(events):
                rules["deny"] = [{"name": event}]
                done = self.enforce(rules, python, script)
                with self.subTest(python=python, event=event):
                    self.assertEqual(1, done.returncode, done.stderr)
                    if done.stdout == "end\n":  # it came to all of them
                        shown.add(event)
                        self.assertEqual(*(re.sub("0x[0-9a-f]+", "0x", text)
                                           for text in (plain.stderr,
                                                        done.stderr)))
            self.assertLessEqual({"sys.excepthook", "sys.unraisablehook"},
                                 shown)

    MANY = """\
import ctypes, gc, marshal, os, pickle, socket, subprocess, sys, threading
import types, weakref
try: import _interpreters as interpreters
except ImportError: import _xxsubinterpreters as interpreters
def attempt(act, *arguments):
    try: return act(*arguments)
    except Exception as error: return error
def in_thread():
    thread = threading.Thread(target=print, args=("thread",), daemon=True)
    thread.start()
    thread.join()
def in_interpreter():
    sub = interpreters.create()
    interpreters.run_string(sub, "import sys; sys.audit('shop.inside')")
    interpreters.destroy(sub)
def connect():
    with socket.socket() as one: one.connect(("127.0.0.1", 9))
def fork():
    child = os.fork()
    if not child: os._exit(0)
    os.waitpid(child, 0)
for act, *arguments in (
        (in_thread,), (in_interpreter,), (connect,), (fork,),
        (gc.get_objects,), (gc.get_referrers, None), (id, None),
        (sys._getframe,), (sys._current_frames,),
        (sys.settrace, None), (sys.setprofile, None),
        (sys.addaudithook, lambda *event: None),
        (exec, "1"), (compile, "1", "x", "exec"),
        (marshal.loads, marshal.dumps(1)),
        (attempt.__code__.replace,), (types.FunctionType, attempt.__code__,
                                      {}),
        (setattr, attempt, "__code__", attempt.__code__),
        (pickle.loads, b"cos\\ngetpid\\n)R."),
        (ctypes.CDLL, None), (ctypes.addressof, ctypes.c_int()),
        (ctypes.string_at, ctypes.c_char_p(b"x"), 1),
        (subprocess.run, ["true"]), (os.system, "true"),
        (os.listdir, "."), (os.scandir, "."), (os.mkdir, "d"),
        (os.rename, "d", "e"), (os.rmdir, "e"), (os.chmod, ".", 0o755),
        (os.kill, os.getpid(), 0), (open, "x", "w"), (os.remove, "x"),
        (os.putenv, "X", "1"), (os.unsetenv, "X"),
        (socket.getaddrinfo, "127.0.0.1", 9)):
    attempt(act, *arguments)
print("end", flush=True)
"""

    def test_no_event_denied_crashes(self):
        script = self.script(self.MANY)
        rules = {**self.EVENTS_ONLY, "events": [{"name": "*"}]}
        for python in PYTHONS:
            _, events = self.learn(python, "-S", script)
            self.assertGreater(len(events), 30)
            for event in sorted(events):
                rules["deny"] = [{"name": event}]
                done = self.enforce(rules, python, "-S", "-B", script)
                with self.subTest(python=python, event=event):
                    self.assertIn(done.returncode, (0, 1), done.stderr)
                    if done.returncode == 0:
                        self.assertTrue(done.stdout.endswith("end\n"),
                                        done.stderr)

    def test_a_traceback_without_its_source_is_still_one(self):
        script = self.script(
            "import traceback\n"
            "def fail(): return 1 / 0  # the line\n"
            "try: fail()\n"
            "except ZeroDivisionError: traceback.print_exc()\n")
        for python in PYTHONS:
            rules, _ = self.learn(python, "-S", script)
            rules["deny"] = [{"path": str(script), "access": ["read"],
                              "via": ["traceback"]}]
            done = self.enforce(rules, python, "-S", script)
            self.assertEqual(0, done.returncode)
            self.assertNotIn("the line", done.stderr)
            for part in ("Traceback (most recent call last):\n",
                         f'File "{script}", line 2, in fail\n',
                         "\nZeroDivisionError: division by zero\n"):
                self.assertIn(part, done.stderr)

    def test_what_site_runs_may_be_denied(self):
        script = self.script("print('it runs')\n")
        site = self.place / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(
            "import site\nsite.addsitedir(__file__[:-17])\n" + ASK +
            "ask()\n")
        (site / "odd.pth").write_text("import sys; "
                                      "sys.audit('shop.refund', 7)\n")
        self.variables["PYTHONPATH"] = str(site)
        for python in PYTHONS:
            done = self.enforce(self.EVENTS_ONLY, python, "-B", script)
            self.assertEqual((0, "it runs\n"),
                             (done.returncode, done.stdout), done.stderr)
            self.assertIn("odd.pth:", done.stderr)
            self.assertIn("Error in sitecustomize", done.stderr)
            self.assertEqual(2, done.stderr.count(DENIED), done.stderr)


if __name__ == "__main__":
    unittest.main()

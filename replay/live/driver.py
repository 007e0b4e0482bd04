# SPDX-License-Identifier: Apache-2.0
"""Raises recorded audit events again: the guest's half of secmgr-replay --live.

argv: descriptors of the calls (one JSON object a line), and of the answers
(one line a call: index, and denied, allowed or the reason it was not raised).

The agent is in block mode and decides only what follows MARK in the same
thread. Who raised an event is what the agent finds on the stack: so the stack
is built from functions whose code carries the recorded names. All of this file
is compiled as <frozen secmgr_live>, which counts as the standard library, and
runs in a thread, below which there is nothing of the application's.
"""
import _thread
import atexit
import collections
import gc
import itertools
import json
import os
import socket
import sys
import types

MARK = "secmgr.live.call"
RESOLVED = "secmgr.resolved"
NAMED = "secmgr.live.named"
HASH = b"secmgr.live.hash:"  # of a variable, in place of its value
HASH_DIGITS = 16
VARIABLES_MAX = 64  # more of those that count cannot be told
NOWHERE = 0x7ffffffe  # a descriptor nobody has
LENGTH_MAX = 1 << 24  # of what is made up, in bytes or items
UNREADABLE = "\ud800"  # a name that is no UTF-8
LIBRARY = "%s/%s/python%d.%d" % (
    sys.base_prefix.rstrip("/"), getattr(sys, "platlibdir", "lib"),
    *sys.version_info[:2])
HAS_QUALNAME = sys.version_info >= (3, 11)


# ------------------------------------------------------------------ arguments

def pass_on(call, at):
    return call.frames[at](call, at + 1)


def raise_event(call, at):
    for event in call.before:
        sys.audit(*event)
    sys.audit(MARK, call.index)
    sys.audit(call.event, *call.args)


def as_text(name):
    """A name that is not UTF-8 is given as the bytes it is."""
    return (name.decode("utf-8", "surrogateescape")
            if isinstance(name, bytes) else name)


def rename(code, file, name):
    file, name = as_text(file), as_text(name)
    if HAS_QUALNAME:
        return code.replace(co_filename=file, co_name=name, co_qualname=name)
    return code.replace(co_filename=file, co_name=name)


def make_bytes(text):
    return text.encode("utf-8", "surrogateescape")


def make_socket(kind):
    """The agent reads family and type where the socket object keeps them."""
    family, type_, protocol = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, 0),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, 0),
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM, 0),
        "raw": (socket.AF_INET, socket.SOCK_RAW, 0),
        "netlink": (socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "packet": (socket.AF_PACKET, socket.SOCK_RAW, 0),
    }.get(kind, (None, None, None))
    if family is None:
        return object()
    if kind == "raw":  # a real one needs CAP_NET_RAW
        plain = socket.socket(family, socket.SOCK_STREAM)
        return socket.socket(family, type_, 6, fileno=plain.detach())
    return socket.socket(family, type_, protocol)


def changes_of(text):
    """Variables whose values have the hashes of "NAME=HASH NAME=HASH"."""
    text = text if isinstance(text, bytes) else make_bytes(text)
    if text == b"unreadable":
        return {b"LD_%d" % i: b"" for i in range(VARIABLES_MAX + 1)}
    changes = {}
    while text:
        name, _, rest = text.partition(b"=")
        changes[name] = HASH + rest[:HASH_DIGITS]
        text = rest[HASH_DIGITS + 1:]
    return changes


def is_governed(name):
    return name.startswith((b"LD_", b"PYTHON")) or name == b"PATH"


def is_open(number):
    try:
        os.fstat(number)
    except (OSError, OverflowError):
        return False
    return True


def lengthen(value, length):
    """As long as it was before a bound cut it; the rest of it is not known."""
    if isinstance(value, tuple):
        return value + (None,) * (min(length, LENGTH_MAX) - len(value))
    if isinstance(value, bytes):
        return value + b"\x7f" * (min(length, LENGTH_MAX) - len(value))
    # Characters of four bytes: a cut between characters stays where it is.
    missing = min(length, LENGTH_MAX) - len(value.encode())
    return value + "\U0001f40d" * (missing // 4) + "\x7f" * (missing % 4)


class Builder:
    """Objects of which the agent makes the recorded values again."""

    def __init__(self, child):
        self.sockets = {}
        self.types = {}
        self.child = child
        self.changes = {}  # of what the next environment is to hold

    def build(self, value):
        if isinstance(value, list):
            return tuple(self.build(item) for item in value)
        if not isinstance(value, dict):
            return value
        if "cut" in value:
            return lengthen(self.build(value["cut"]), value["length"])
        if "length" in value:  # of a secret
            return bytes(min(value["length"], 4096))
        (kind, given), = value.items()
        return getattr(self, "build_" + kind)(given)

    def answers(self, recorded):
        """Events the agent takes names behind addresses from: no others."""
        if recorded is None:
            return []
        return [(RESOLVED, None, None)] + [
            (RESOLVED, self.build(name), (address,))
            for name, address in recorded]

    def build_bytes(self, text):
        return make_bytes(text)

    def build_float(self, text):
        return float(text)

    def build_type(self, name):
        if name not in self.types:
            self.types[name] = type(name, (), {})()
        return self.types[name]

    def build_socket(self, kind):
        if kind not in self.sockets:
            self.sockets[kind] = make_socket(kind)
        return self.sockets[kind]

    def build_code(self, names):
        file, name = (UNREADABLE if text is None else self.build(text)
                      for text in names)
        return rename(pass_on.__code__, file, name)

    def build_pid(self, whose):
        return {"self": os.getpid(), "child": self.child, "group": 0}[whose]

    def build_closed(self, number):
        return NOWHERE if is_open(number) else number

    def build_environ(self, names):
        """Of LD_*, PYTHON* and PATH what changed; others as they are here."""
        names = self.build(names)
        given = {}
        for name in filter(None, names):
            name = name if isinstance(name, bytes) else make_bytes(name)
            if not is_governed(name):
                given[name] = b""
            elif name in os.environb:
                given[name] = os.environb[name]
        given.update(self.changes)
        self.changes = {}
        items = [name + b"=" + value for name, value in given.items()]
        return tuple(items + [b""] * (len(names) - len(items)))

    def build_keys(self, names):
        return dict.fromkeys(self.build(names))


# --------------------------------------------------------------------- frames

class Bare:
    """Calls without a Python frame, by a thread that runs nothing but C."""

    def __init__(self):
        self.error = None
        self.pause = _thread.allocate_lock()
        self.pause.acquire()
        sys.unraisablehook = self.catch

    def catch(self, unraisable):
        self.error = unraisable.exc_value or unraisable.exc_type()

    def run(self, *events):
        self.error = None
        arguments = itertools.starmap(sys.audit, events), 0
        idle = sys.getrefcount(arguments)
        _thread.start_new_thread(collections.deque, arguments)
        while sys.getrefcount(arguments) > idle:  # the thread has them
            self.pause.acquire(True, 0.0001)  # unlike sleep() no event
        if self.error is not None:
            raise self.error


class Exit:
    """Calls without a Python frame by the main thread: when Python ends."""

    def __init__(self, answers):
        self.answers = answers
        self.error = ""

    # 3.8 and 3.9 print what a callback raises, later ones call the hook.
    def write(self, text):
        self.error += text

    def flush(self):
        pass

    def catch(self, unraisable):
        self.error += str(unraisable.exc_value)

    def note(self, index):
        self.answers.put(index, "allowed" if not self.error else "denied"
                         if "denied by secmgr" in self.error else self.error)
        self.error = ""

    def leave(self, calls):
        """To be called last: callbacks run in reverse."""
        sys.stderr, sys.unraisablehook = self, self.catch
        atexit.register(self.answers.close)
        for call in reversed(calls):
            atexit.register(self.note, call.index)
            atexit.register(call.leave)
            atexit.register(sys.audit, call.event, *call.args)
            atexit.register(sys.audit, MARK, call.index)
            for event in reversed(call.before):
                atexit.register(sys.audit, *event)
            atexit.register(call.enter)


class Stack:
    """Functions by what the agent is to find. See recorder/agent/frames.c."""

    def __init__(self, bare):
        self.bare = bare
        self.functions = {}

    def function(self, file, name, what=pass_on, is_main=False):
        key = file, name, what, is_main
        if key not in self.functions:
            code = rename(what.__code__, file, name)
            if is_main:  # as the interpreter does for -c
                self.bare.run(("cpython.run_command", ""), ("exec", code))
            self.functions[key] = types.FunctionType(code, globals())
        return self.functions[key]

    def way(self, call):
        """Frames behind the caller's that make the recorded via of it."""
        hands_out = self.function("<frozen importlib._bootstrap_external>",
                                  "FileLoader.get_data")
        if call["via"] == "import":
            return [self.function("<frozen importlib._bootstrap>",
                                  "_find_and_load")]
        if call["via"] == "traceback":
            return [hands_out,
                    self.function(LIBRARY + "/linecache.py", "updatecache"),
                    self.function("<frozen secmgr_live>", "print_tb")]
        if call["via"] == "direct" and not call["file"].endswith(
                ("/linecache.py", "/tokenize.py")):
            return [hands_out]
        return []

    def who(self, call):
        """Frames of the principal; those of the caller are its too."""
        kind = call["kind"]
        if kind == "app":
            return [self.function(call["owner"],
                                  call["owner_function"] or "<module>")]
        if kind == "distribution":
            return [self.function("/secmgr-live/site-packages/%s/__init__.py"
                                  % call["by"], "<module>")]
        if kind == "main":
            return [self.function("<string>", "<module>", is_main=True)]
        if kind == "foreign":
            return [self.function("", "<module>")]
        if kind != "dynamic":
            return []
        owner = call["owner"]
        return ([self.function("<secmgr-live>", "<module>")]
                + ([self.function(owner, "<module>")] if owner else []))

    def frames(self, call):
        """Innermost last."""
        file = call["file"]
        is_made_up = (file.startswith("<") and file.endswith(">")
                      and not (file.startswith("<frozen ") and len(file) > 9))
        found = [self.function(file, call["function"], raise_event,
                               is_made_up and call["kind"] == "main")]
        if is_made_up and call["kind"] == "python":  # a line of a .pth file
            found.append(self.function("<frozen site>", "addpackage"))
        found += self.way(call) + self.who(call)
        return found[::-1]


# ---------------------------------------------------------------------- calls

class Call:
    """What pass_on and raise_event work on."""

    def enter(self):
        """What its child would have inherited, this process has till leave."""
        for name, value in self.variables.items():
            os.putenv(name, value)

    def leave(self):
        for name in self.variables:
            if name in os.environb:
                os.putenv(name, os.environb[name])
            else:
                os.unsetenv(name)


class Answers:
    def __init__(self, number):
        self.file = open(number, "w", encoding="utf-8",
                         errors="backslashreplace")

    def put(self, index, text):
        self.file.write("%d %s\n" % (index, text.replace("\n", " ")))

    def close(self):
        self.file.close()


class Driver:
    def __init__(self, child, answers):
        self.answers = answers
        self.late = []  # for the end of the interpreter
        self.builder = Builder(child)
        self.bare = Bare()
        self.stack = Stack(self.bare)

    def build_call(self, recorded):
        """None: it comes later."""
        call = Call()
        call.index, call.event = recorded["index"], recorded["event"]
        self.builder.changes = changes_of(
            self.builder.build(recorded.get("changes", "")))
        call.args = self.builder.build(recorded["args"])
        call.variables = self.builder.changes  # no argument had room for them
        call.before = self.builder.answers(recorded.get("answers"))
        if "named" in recorded:
            call.before.append((NAMED, *self.builder.build(recorded["named"])))
        if recorded["frames"]:
            call.frames = self.stack.frames(recorded)
            call.go = lambda: call.frames[0](call, 1)
        elif recorded["via"] == "exec":
            self.late.append(call)
            return None
        else:
            call.go = lambda: self.bare.run(*call.before, (MARK, call.index),
                                            (call.event, *call.args))
        return call

    def answer(self, recorded):
        try:
            call = self.build_call(recorded)
        except Exception as error:
            return "cannot be built: %s: %s" % (type(error).__name__, error)
        if not call:
            return None
        call.enter()
        try:
            call.go()
        except PermissionError:
            return "denied"
        except Exception as error:
            return "cannot be raised: %s: %s" % (type(error).__name__, error)
        finally:
            call.leave()
        return "allowed"

    def run(self, calls, done):
        try:
            for line in calls:
                recorded = json.loads(line)
                text = self.answer(recorded)
                if text:
                    self.answers.put(recorded["index"], text)
        finally:
            done.release()


def main(calls, answers):
    gc.disable()
    child = os.fork()
    if not child:
        os._exit(0)  # stays a child of ours: nobody waits for it
    driver = Driver(child, Answers(answers))
    done = _thread.allocate_lock()
    with open(calls, encoding="utf-8") as source, done:
        _thread.start_new_thread(driver.run, (source, done))
        done.acquire()
    Exit(driver.answers).leave(driver.late)


main(int(sys.argv[1]), int(sys.argv[2]))

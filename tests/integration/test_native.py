# SPDX-License-Identifier: Apache-2.0
"""Native code is granted to who loaded it: ctypes, extension modules, SQLite.

What one principal did while it was recorded another may not do, under
enforcement and in the replay. With /usr/bin/python3 and the interpreters
SM_TEST_PYTHONS names (separated by colons).
"""
import contextlib
import functools
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import live_replay
import workloads

# Asked to do something itself, `app:WHAT`, or to let another, `dist:WHAT`.
APP = """\
import bz2, os, sys
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "site-packages"))
import dist
def dlopen():
    import ctypes
    return ctypes.CDLL("libm.so.6")
def dlsym():
    import ctypes
    return dist.lib().cbrt
def path():
    import ctypes
    return ctypes.CDLL(os.path.join(here, "native/library.so"))
def extension():
    sys.path.insert(0, os.path.join(here, "native"))
    del sys.modules["_bz2"]
    try:
        import _bz2
    finally:
        sys.path.pop(0)
    assert _bz2.__file__.startswith(here)
def sqlite():
    import sqlite3
    db = sqlite3.connect(":memory:")
    db.enable_load_extension(True)
    db.load_extension(os.path.join(here, "native/library.so"))
def import_ctypes():
    import ctypes
for line in sys.argv[1:]:
    who, what = line.split(":")
    try:
        (dist.__dict__ if who == "dist" else globals())[what]()
        print(line, "= done")
    except PermissionError:
        print(line, "= denied")
    except AttributeError as error:
        print(line, "=", error)
"""

DIST = """\
import os, sys
here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
def lib():
    import ctypes
    return ctypes.CDLL("libm.so.6")
""" + APP[APP.index("def dlopen"):APP.index("for line")].replace("dist.", "")

LIBRARY = """\
int sqlite3_extension_init(void *db, char **error, const void *api)
{
	(void)db, (void)error, (void)api;
	return 0;
}
int sqlite3_library_init(void *db, char **error, const void *api)
{
	return sqlite3_extension_init(db, error, api);
}
"""



def on_each_python(test):
    @functools.wraps(test)
    def run(self):
        for python in workloads.pythons():
            with self.subTest(python):
                test(self, python)
    return run


SQL = """\
import sqlite3
db = sqlite3.connect(":memory:")
db.enable_load_extension(True)
for name in ("native/library", "data/library", "data/link", "other"):
    try:
        db.execute("select load_extension(?)", (f"./{name}",))
        print("loaded")
    except sqlite3.OperationalError as error:
        assert "denied by secmgr" in str(error), error
        print("denied")
"""

# By native code that no event tells of, with the GIL and without it.
LOADS = """\
import ctypes, os, sys
os.chdir(os.path.dirname(os.path.abspath(__file__)))
if "memory" in sys.argv:
    fd = os.memfd_create("library")
    with open("native/library.so", "rb") as library:
        os.write(fd, library.read())
def load(name):
    if name == "memory":
        name = f"/proc/self/fd/{fd}"
    for library in ctypes.CDLL(None), ctypes.PyDLL(None):
        library.dlopen.restype = ctypes.c_void_p
        yield "loaded" if library.dlopen(name.encode(), 2) else "failed"
for name in sys.argv[1:]:
    print(name, *load(name))
"""

SWAP = """\
import ctypes, os
dlopen = ctypes.CDLL(None).dlopen
ctypes.CDLL("./swap.so")
os.remove("swap.so")
os.symlink("data/library.so", "swap.so")
print(bool(dlopen(b"./swap.so", 2)))
"""

CALLER = """\
#include <dlfcn.h>
int load(void)
{
	return dlopen("libsecmgrpart.so", RTLD_NOW) != 0;
}
"""


def compile_library(path, text, *options):
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-o", path, "-",
                    *options], input=text, text=True, check=True)


class Native(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory(prefix="secmgr-native-")
        cls.addClassCleanup(place.cleanup)
        cls.place = pathlib.Path(place.name)
        (cls.place / "native").mkdir()
        (cls.place / "site-packages").mkdir()
        (cls.place / "app.py").write_text(APP)
        (cls.place / "site-packages/dist.py").write_text(DIST)
        compile_library(cls.place / "native/library.so", LIBRARY)

    def tool(self, name, *arguments, status=0):
        done = workloads.run(self.place, name, *arguments)
        if status is not None:
            self.assertEqual(status, done.returncode, done.stderr)
        return done.stdout

    def learn(self, python, *lines):
        done = workloads.covered(
            "secmgr-record", ["-o", "t.db", "--", python, "-B", "app.py", *lines],
            cwd=self.place, env=workloads.environment())
        self.assertEqual([line + " = done" for line in lines],
                         done.stdout.splitlines(), done.stderr)
        text = self.tool("secmgr-learn", "t.db")
        (self.place / "policy.json").write_text(text)
        self.assertEqual(0, self.replayed("t.db")["blocked"])
        return json.loads(text)

    def enforce(self, python, *lines):
        done = workloads.covered(
            "secmgr-enforce", ["-p", "policy.json", "-o", "e.db", "--", python,
                               "-B", "app.py", *lines],
            cwd=self.place, env=workloads.environment())
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.splitlines()

    def replayed(self, trace):
        return json.loads(self.tool("secmgr-replay", "--json", "policy.json",
                                    trace, status=None))

    def check(self, python, lines, denied, event):
        """lines are as recorded; denied, after them, is by another."""
        self.assertEqual([line + " = done" for line in lines],
                         self.enforce(python, *lines))
        self.assertEqual(
            [line + " = done" for line in lines] + [denied + " = denied"],
            self.enforce(python, *lines, denied))
        replayed = self.replayed("e.db")
        self.assertEqual(0, replayed["differs"])
        self.assertEqual(
            [(event, denied.split(":")[0])],
            [(d["event"], d["by"]) for d in replayed["denials"]])

    def rules(self, policy, key):
        return {(rule[key], *rule["by"]) for rule in policy["native"]
                if key in rule}

    @on_each_python
    def test_a_library_is_granted_to_who_opened_it(self, python):
        for who, other in ("app", "dist"), ("dist", "app"):
            # The module too is granted to who imported it: by both here.
            lines = [f"{other}:import_ctypes", f"{who}:dlopen"]
            policy = self.learn(python, *lines)
            self.assertIn(("libm.so.6", who), self.rules(policy, "dlopen"))
            self.check(python, lines, f"{other}:dlopen", "ctypes.dlopen")

    @on_each_python
    def test_a_library_by_path_is_granted_to_who_opened_it(self, python):
        lines = ["dist:import_ctypes", "app:path"]
        policy = self.learn(python, *lines)
        self.assertEqual(
            {("app",)}, {rule[1:] for rule in self.rules(policy, "dlopen")
                         if rule[0].endswith("library.so")})
        self.check(python, lines, "dist:path", "ctypes.dlopen")

    @on_each_python
    def test_a_symbol_is_granted_to_who_looked_it_up(self, python):
        lines = ["app:import_ctypes", "dist:dlsym"]
        policy = self.learn(python, *lines)
        self.assertIn(("cbrt", "dist"), self.rules(policy, "dlsym"))
        self.check(python, lines, "app:dlsym", "ctypes.dlsym")


    # A module that opens libraries is no part of what stdlib grants.
    @on_each_python
    def test_ctypes_is_granted_to_who_imported_it(self, python):
        policy = self.learn(python, "dist:import_ctypes")
        self.assertEqual([["dist", "python"]],
                         [rule["by"] for rule in policy["code"]
                          if rule.get("load") == "stdlib:ctypes"])
        self.assertEqual(["dist:import_ctypes = done"],
                         self.enforce(python, "dist:import_ctypes"))
        self.assertEqual(["app:import_ctypes = denied"],
                         self.enforce(python, "app:import_ctypes"))
        denials = self.replayed("e.db")["denials"]
        self.assertEqual({("app", "import")},
                         {(d["by"], d["via"]) for d in denials})

    @on_each_python
    def test_an_extension_module_is_granted_where_it_lies(self, python):
        origin = pathlib.Path(subprocess.check_output(
            [python, "-c", "import _bz2; print(_bz2.__file__)"],
            text=True).strip())
        copy = self.place / "native" / origin.name
        self.addCleanup(copy.unlink, missing_ok=True)
        self.learn(python, "app:import_ctypes")
        shutil.copy(origin, copy)  # one that lay there may be imported late
        self.assertEqual(["app:extension = denied"],
                         self.enforce(python, "app:extension"))
        self.assertEqual(
            {str(copy)},
            {d["resource"] for d in self.replayed("e.db")["denials"]})
        self.learn(python, "app:extension")
        self.assertEqual(["app:extension = done"],
                         self.enforce(python, "app:extension"))

    @on_each_python
    def test_what_may_be_written_is_no_library(self, python):
        policy = self.learn(python, "app:path")
        policy.pop("review", None)
        policy.setdefault("files", []).append(
            {"id": "w", "path": f"{self.place}/native/**",
             "access": ["write", "create"]})
        (self.place / "policy.json").write_text(json.dumps(policy))
        self.assertEqual(["app:path = denied"],
                         self.enforce(python, "app:path"))

    # Both are opened by the loader, past any call that could be looked at.
    @on_each_python
    def test_neither_is_what_a_link_to_it_leads_to(self, python):
        origin = pathlib.Path(subprocess.check_output(
            [python, "-c", "import _bz2; print(_bz2.__file__)"],
            text=True).strip())
        native, moved = self.place / "native", self.place / "moved"
        lines = ["app:path", "app:extension"]
        with contextlib.ExitStack() as undo:
            shutil.copy(origin, native)
            undo.callback((native / origin.name).unlink)
            policy = self.learn(python, *lines)
            native.rename(moved)
            undo.callback(moved.rename, native)
            native.symlink_to("moved")
            undo.callback(native.unlink)
            self.assertEqual([line + " = denied" for line in lines],
                             self.enforce(python, *lines))
            replayed = self.replayed("e.db")
            self.assertEqual(0, replayed["differs"])
            self.assertEqual(
                {("secmgr.library", str(moved / "library.so")),
                 ("secmgr.module", str(moved / origin.name))},
                {(d["event"], d["resource"]) for d in replayed["denials"]})
            # Recorded through the link, what it leads to is granted.
            self.assertNotEqual(policy, self.learn(python, *lines))
            self.assertEqual([line + " = done" for line in lines],
                             self.enforce(python, *lines))

    # Before 3.10 no event tells it, and most builds leave it out.
    def test_extensions_of_sqlite_are_granted_to_who_loaded_them(self):
        python = workloads.PYTHON
        policy = self.learn(python, "dist:sqlite")
        self.assertEqual(
            {("dist",)}, {rule[1:] for rule in self.rules(policy, "dlopen")
                          if rule[0].endswith("library.so")})
        self.assertEqual(["dist:sqlite = done", "app:sqlite = denied"],
                         self.enforce(python, "dist:sqlite", "app:sqlite"))
        self.assertEqual(
            {("sqlite3.enable_load_extension", "app")},
            {(d["event"], d["by"]) for d in self.replayed("e.db")["denials"]})
        # Who may enable it has not loaded anything yet.
        policy.pop("review", None)
        for rule in policy["events"]:
            rule.pop("by", None)
        (self.place / "policy.json").write_text(json.dumps(policy))
        self.check(python, ["dist:sqlite"], "app:sqlite",
                   "sqlite3.load_extension")

    # Whoever may say SQL names a library; no event tells of it.
    def test_what_may_be_written_is_no_extension_that_sql_loads(self):
        self.make_data()
        (self.place / "sql.py").write_text(SQL)
        self.hold_native_code_to(files=[
            {"path": "${CWD}/data/*", "access": ["create"]}])
        done = workloads.covered(
            "secmgr-enforce", ["-p", "policy.json", "-o", "e.db", "--",
                               workloads.PYTHON, "sql.py"],
            cwd=self.place, env=workloads.environment())
        self.assertEqual(["loaded", "denied", "denied", "denied"],
                         done.stdout.split(), done.stderr)
        replayed = self.replayed("e.db")
        self.assertEqual(0, replayed["differs"])
        self.assertEqual(
            {("secmgr.loaded", str(self.place / "data" / name))
             for name in ("library.so", "link.so")},
            {(d["event"], d["resource"]) for d in replayed["denials"]
             if d["family"] == "native"})

    def make_data(self):
        """data/library.so, a link to it there, and one elsewhere."""
        shutil.rmtree(self.place / "data", ignore_errors=True)
        (self.place / "data").mkdir()
        shutil.copy(self.place / "native/library.so", self.place / "data")
        (self.place / "data/link.so").symlink_to("library.so")
        (self.place / "other.so").unlink(missing_ok=True)
        (self.place / "other.so").symlink_to("data/library.so")

    NAMES = ("native/library.so", "./data/library.so", "data/link.so",
             "other.so", "./other.so", "./missing.so", "libm.so.6")

    def loads(self, python, tool, *arguments, names=NAMES):
        """{name: how}, without the GIL and with it."""
        (self.place / "loads.py").write_text(LOADS)
        done = workloads.covered(tool, [*arguments, "--", python, "-B",
                                        "loads.py", *names],
                                 cwd=self.place, env=workloads.environment())
        self.assertEqual(0, done.returncode, done.stderr)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    def compare_live(self, python, *traces):
        found = live_replay.Compared(f"--live={python}",
                                     self.place / "policy.json",
                                     [self.place / name for name in traces])
        self.assertEqual([], found.faults())
        return found.live

    def hold_native_code_to(self, **families):
        (self.place / "policy.json").write_text(json.dumps({
            "secmgr": 1, **families, "modes": dict.fromkeys(
                ("files", "code", "events", "processes", "network",
                 "pickles"), "off")}))

    def natively_denied(self, trace):
        return {(d["event"], d["resource"])
                for d in self.replayed(trace)["denials"]
                if d["family"] == "native"}

    # What is found is told as it is spelled, and again where that is a link.
    LOADED = [("native/library.so",), ("data/library.so",), ("data/link.so",),
              ("data/library.so", "data/link.so"), ("other.so",),
              ("data/library.so", "other.so")]

    @on_each_python
    def test_a_recording_holds_what_native_code_loads(self, python):
        self.make_data()
        self.assertEqual(
            {"native/library.so", "./data/library.so", "data/link.so",
             "./other.so", "libm.so.6"},
            {name for name, how in self.loads(
                python, "secmgr-record", "-o", "t.db").items()
             if how == "loaded loaded"})
        events = [json.loads(line) for line in self.tool(
            "secmgr-events", "--json", "t.db").splitlines()]
        self.assertEqual(
            {tuple(str(self.place / name) for name in names)
             for names in self.LOADED},
            {tuple(event["args"]) for event in events
             if event["event"] == "secmgr.loaded"})
        # It asks for no rule, nor does it make one.
        text = self.tool("secmgr-learn", "t.db")
        self.assertNotIn("library.so", json.dumps(json.loads(text)["native"]))
        (self.place / "policy.json").write_text(text)
        self.assertEqual(0, self.replayed("t.db")["blocked"])
        self.loads(python, "secmgr-enforce", "-p", "policy.json", "-o", "e.db")
        self.assertEqual((0, 0), (self.replayed("e.db")["blocked"],
                                  self.replayed("e.db")["differs"]))
        self.compare_live(python, "t.db", "e.db")

    @on_each_python
    def test_a_replay_denies_of_it_what_enforcement_denies(self, python):
        self.make_data()
        before = self.loads(python, "secmgr-record", "-o", "t.db")
        policy = json.loads(self.tool("secmgr-learn", "t.db"))
        policy.pop("review", None)
        policy.setdefault("files", []).append(
            {"id": "w", "path": "${CWD}/data/*", "access": ["create"]})
        policy["variables"]["CWD"] = str(self.place)
        (self.place / "policy.json").write_text(json.dumps(policy))
        written = {("secmgr.loaded", str(self.place / "data" / name))
                   for name in ("library.so", "link.so")}
        self.assertEqual(written, self.natively_denied("t.db"))
        after = self.loads(python, "secmgr-enforce", "-p", "policy.json", "-o",
                           "e.db")
        self.assertEqual({"./data/library.so", "data/link.so", "./other.so"},
                         {name for name, how in after.items()
                          if how != before[name]})
        self.assertEqual(written, self.natively_denied("e.db"))
        self.assertEqual(0, self.replayed("e.db")["differs"])
        self.assertGreaterEqual(
            self.compare_live(python, "t.db", "e.db")["denied"], len(written))

    # The event was of another file.
    def test_a_library_is_looked_at_again_when_native_code_loads_it(self):
        self.make_data()
        self.hold_native_code_to(
            files=[{"path": "${CWD}/data/*", "access": ["create"]}],
            native=[{"dlopen": ""}, {"dlsym": "dlopen"},
                    {"dlopen": "${CWD}/swap.so"}])
        shutil.copy(self.place / "native/library.so", self.place / "swap.so")
        self.addCleanup((self.place / "swap.so").unlink)
        done = workloads.covered(
            "secmgr-enforce", ["-p", "policy.json", "-o", "e.db", "--",
                               workloads.PYTHON, "-c", SWAP],
            cwd=self.place, env=workloads.environment())
        self.assertEqual("False\n", done.stdout, done.stderr)
        self.assertEqual(
            {("secmgr.loaded", str(self.place / "data/library.so"))},
            self.natively_denied("e.db"))

    # No rule says where it lies, so none could say that it is not written.
    @on_each_python
    def test_memory_is_no_library(self, python):
        self.hold_native_code_to(native=[{"dlopen": ""}, {"dlsym": "dlopen"}])
        self.assertEqual(
            {"memory": "loaded loaded"},
            self.loads(python, "secmgr-record", "-o", "t.db",
                       names=["memory"]))
        self.assertEqual(
            {"memory": "failed failed"},
            self.loads(python, "secmgr-enforce", "-p", "policy.json", "-o",
                       "e.db", names=["memory"]))
        for trace in "t.db", "e.db":
            self.assertEqual({("secmgr.loaded", "unknown")},
                             self.natively_denied(trace))
        self.assertEqual(0, self.replayed("e.db")["differs"])
        self.compare_live(python, "t.db", "e.db")

    def test_libraries_are_still_looked_for_where_their_callers_say(self):
        parts = self.place / "parts"
        parts.mkdir()
        self.addCleanup(shutil.rmtree, parts)
        compile_library(parts / "libsecmgrpart.so", "int part;")
        compile_library(self.place / "caller.so", CALLER,
                        "-Wl,-rpath,$ORIGIN/parts")
        self.addCleanup((self.place / "caller.so").unlink)
        code = "import ctypes; print(ctypes.CDLL('./caller.so').load())"
        for wrapper in (["secmgr-record", "-q", "--force", "-o", "c.db"],
                        ["secmgr-enforce", "-q", "-m", "warn", "-p",
                         self.empty()]):
            self.assertEqual("1\n", self.tool(*wrapper, "--", workloads.PYTHON,
                                              "-c", code))

    def empty(self):
        path = self.place / "empty.json"
        path.write_text('{"secmgr": 1}')
        return path


if __name__ == "__main__":
    unittest.main()

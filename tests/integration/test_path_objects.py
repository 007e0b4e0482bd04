# SPDX-License-Identifier: Apache-2.0
"""Objects of pathlib's are recorded as the paths they are.

With every interpreter there is. What os.fspath() says is what is compared with;
that nothing of the program's runs for it, and that nothing is decided by a text
the call does not have in the end.
"""
import json
import pathlib
import shutil
import tempfile
import unittest

from test_interpreters import pythons
from workloads import covered, environment, run

# Each path twice: as it was made, and once it has told its text.
SHAPES = """\
import os, pathlib, sys
P, Pure = pathlib.Path, pathlib.PurePosixPath
class Sub(type(P())):
    pass
class Slots(type(P())):
    __slots__ = ("more",)
made = [P.cwd, P.home, P, lambda: P("a").absolute(),
        lambda: P("/a/b.c").with_suffix(".d"), lambda: P("//", "a"),
        lambda: P("/a/b").relative_to("/a"), lambda: P("a", "/b", "c/", "d"),
        lambda: P("/usr/bin/../lib").resolve(),
        lambda: next(P("/usr").iterdir())]
for text in ("a", "/", "//", "///", "//a/b", "///a", "a//b/./c/", "./a", ".",
             "", "..", "/..", "../a/..", "a/", "a b", "\\N{SNOWMAN}/\\xe4",
             "\\udcff/x", "/a\\udc80", "x" * 300 + "/y", "\\0x"):
    made += [lambda t=text: P(t), lambda t=text: Pure(t),
             lambda t=text: P(t) / "x", lambda t=text: P("/base") / t,
             lambda t=text: P(t).parent, lambda t=text: Sub(t),
             lambda t=text: P(t).joinpath("..", "b//c"),
             lambda t=text: Slots(t) / "y", lambda t=text: P(t, "", "b"),
             lambda t=text: P(P(t), Pure("q"))]
for make in made:
    one = make()
    was_told = hasattr(one, "_str")
    sys.audit("test.path", one, os.fspath(make()))
    if hasattr(one, "_str") != was_told:
        print("it was asked")
    os.fspath(one)
    sys.audit("test.path", one, os.fspath(make()))
"""

# None of these is read, and no code of theirs runs.
STRANGE = """\
import os, pathlib, sys
P = type(pathlib.Path())
def ran(*arguments):
    os.write(1, b"RAN\\n")
    return "told"
class Fspath(P):
    __fspath__ = ran
class Str(P):
    __str__ = ran
class Attribute(P):
    __getattribute__ = ran
class Missing(P):
    __getattr__ = ran
class Property(P):
    _str = property(ran)
class Parts(P):
    _parts = _raw_paths = _drv = _tail = property(ran)
class Mixin:
    __str__ = ran
class Mixed(Mixin, P):
    pass
class Meta(type):
    __getattribute__ = ran
class Governed(P, metaclass=Meta):
    pass
class Get:
    __get__ = ran
class Descriptor(P):
    __fspath__ = _str = _parts = _raw_paths = Get()
class PosixPath:
    __slots__ = ("_str", "_parts", "_raw_paths")
    __fspath__ = __str__ = ran
    __module__ = "pathlib"
class PurePosixPath(P):
    __fspath__ = __str__ = ran
    __module__ = "pathlib"
class Key:
    def __hash__(self):
        return hash("_str")
    def __eq__(self, other):
        return bool(ran()) and False
Keyed = type("Keyed", (P,), {Key(): 1, "_str": 2})
class Word(str):
    __add__ = __str__ = startswith = encode = ran
strange = [Fspath("a"), Str("a"), Mixed("a"), Descriptor.__new__(Descriptor),
           PosixPath(), PurePosixPath("a"), pathlib.PureWindowsPath("a"),
           P.__new__(Keyed) if sys.version_info >= (3, 12) else Str("a"),
           object.__new__(Property), object.__new__(Parts),
           object.__new__(Attribute), object.__new__(Missing),
           object.__new__(P), object.__new__(Governed)]
if sys.version_info >= (3, 12):
    strange.append(P(Word("a")))
print("begin")
sys.stdout.flush()
for one in strange:
    sys.audit("test.strange", one)
print("end")
sys.stdout.flush()
for name in "__fspath__", "__str__", "_str":
    kept = pathlib.PurePath.__dict__[name]
    setattr(pathlib.PurePath, name, property(ran))
    sys.audit("test.strange", P("a"))
    setattr(pathlib.PurePath, name, kept)
sys.audit("test.path", P("a"), "a")
os._exit(0)
"""

COMPOSITE = """\
import pathlib, shutil
place = pathlib.Path("sub")
shutil.copyfile(place / "tool", place / "copy")
shutil.copytree(place, pathlib.Path("tree"))
shutil.move(pathlib.Path("tree"), pathlib.Path("moved"))
shutil.rmtree(pathlib.Path("moved"))
(place / "copy").unlink()
"""

STARTS = """\
import os, pathlib, subprocess, sys
P = (lambda text: text) if sys.argv[1:] else pathlib.Path
run = subprocess.run
run(["./tool"], cwd=P("sub"))
run(["./tool", "tool"], cwd=P(os.getcwd() + "/sub"))
run([P("/usr/bin/true"), P("x"), "y"])
run(["x"], executable=P("/usr/bin/true"))
run(["true", P("../app.py")], cwd=P("sub"))
run([P("sub/tool")])
run(P("/usr/bin/true"))
run("cat tool > /dev/null", shell=True, cwd=P("sub"))
run(["true"], env={**os.environ, "PYTHONPATH": P("/none")})
os.waitpid(os.posix_spawn("/usr/bin/true", ["true", P("p")], os.environ), 0)
if not os.fork():
    os.execv("/usr/bin/true", ["true", P("e")])
os.wait()
"""

# A program in the directory it is told to be started in, which is an object.
ELSEWHERE = """\
import pathlib, subprocess, sys
class Own:
    def __init__(self, text):
        self.text = text
    def __fspath__(self):
        return self.text
class Sub(type(pathlib.Path())):
    pass
class Over(type(pathlib.Path())):
    def __fspath__(self):
        return "sub"
class Word(str):
    def encode(self, *arguments):
        return b"sub"
directories = [pathlib.Path("sub"), pathlib.PurePath("sub"), Sub("sub"), "sub",
               b"sub", Own("sub"), Own(b"sub"), Over("."), Word("sub")]
for where in directories:
    for options in {}, {"preexec_fn": lambda: None}, {"close_fds": False}:
        try:
            done = subprocess.run(["./tool"], cwd=where, text=True,
                                  stdout=subprocess.PIPE, **options)
            print(done.stdout.strip())
        except PermissionError:
            print("denied")
"""

PROGRAMS = {"shapes.py": SHAPES, "strange.py": STRANGE, "starts.py": STARTS,
            "composite.py": COMPOSITE, "app.py": ELSEWHERE}


class PathObjects(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-object-"))
        self.addCleanup(shutil.rmtree, self.place)
        for name, text in PROGRAMS.items():
            (self.place / name).write_text(text)
        (self.place / "sub").mkdir()
        for path, says in ("tool", "here"), ("sub/tool", "there"):
            (self.place / path).write_text(f"#!/bin/sh\necho {says}\n")
            (self.place / path).chmod(0o755)

    def record(self, *command):
        done = covered("secmgr-record", ["--force", "-o", "t.db", "--",
                                         *command],
                       cwd=self.place, env=environment())
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def events(self, trace="t.db"):
        done = run(self.place, "secmgr-events", "--json", trace)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def named(self, prefix):
        return [event["args"] for event in self.events()
                if event["event"].startswith(prefix)]

    def test_a_path_is_what_fspath_says(self):
        for python in pythons().values():
            with self.subTest(python):
                self.assertEqual("", self.record(python, "shapes.py"))
                paths = self.named("test.path")
                self.assertEqual(420, len(paths))
                self.assertEqual([], [args for args in paths
                                      if args[0] != args[1]])

    def test_nothing_of_the_programs_runs(self):
        for python in pythons().values():
            with self.subTest(python):
                output = self.record(python, "strange.py")
                self.assertEqual("end\n", output.partition("begin\n")[2])
                strange = self.named("test.strange")
                self.assertGreater(len(strange), 16)
                self.assertEqual([], [args for args in strange
                                      if list(args[0]) != ["type"]])
                self.assertEqual([["a", "a"]], self.named("test.path"))

    def test_what_the_library_tells_of_paths_is_text(self):
        for python in pythons().values():
            with self.subTest(python):
                self.record(python, "composite.py")
                for event in (["shutil.copyfile", "sub/tool", "sub/copy"],
                              ["shutil.copytree", "sub", "tree"],
                              ["shutil.move", "tree", "moved"]):
                    self.assertIn(event[1:], self.named(event[0]))

    def learn(self):
        done = run(self.place, "secmgr-learn", "t.db")
        (self.place / "policy.json").write_text(done.stdout)
        policy = json.loads(done.stdout)
        policy.pop("review", None)
        return policy

    def test_a_policy_is_the_same_with_paths_and_with_texts(self):
        for python in pythons().values():
            with self.subTest(python):
                output = self.record(python, "starts.py")
                self.assertEqual([], self.named("secmgr.exec"))
                policy = self.learn()
                done = covered("secmgr-enforce", ["-p", "policy.json", "--",
                                                  python, "starts.py"],
                               cwd=self.place, env=environment())
                self.assertEqual((0, output), (done.returncode, done.stdout),
                                 done.stderr)
                self.record(python, "starts.py", "texts")
                self.assertEqual(self.learn()["processes"],
                                 policy["processes"])

    def enforce(self, python, tool):
        """What comes of policies that let one of the two tools run."""
        self.record(python, "app.py")
        policy = self.learn()
        policy["processes"] = [{"id": "t", "exec": str(self.place / tool)}]
        (self.place / "policy.json").write_text(json.dumps(policy))
        done = covered("secmgr-enforce", ["-p", "policy.json", "--", python,
                                          "app.py"],
                       cwd=self.place, env=environment())
        self.assertEqual(0, done.returncode, done.stderr)
        return set(done.stdout.splitlines())

    def test_the_program_that_runs_is_the_one_decided(self):
        for python in pythons().values():
            with self.subTest(python):
                self.assertEqual({"denied"}, self.enforce(python, "tool"))
                self.assertEqual({"there"}, self.enforce(python, "sub/tool"))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Who is named for what: `by` and `via` as policy.md says, in real programs.

A case is a few files and a command. Programs open files named mark-..., and
what the trace says about these and about code files is compared.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import unittest
import zipfile

import test_bypass
import workloads

WAIT_SECONDS = 60
DEBIAN = "/usr/bin/python3"
PATHS = "import sys; sys.path[:0] = ['site-packages', 'other/site-packages']\n"


class Case:
    """says: {end of a path: {(by, via), ...}}, all there is about it.

    By version where it differs: {first version: {...}, ...}.
    """

    def __init__(self, name, files, says, argv=("app.py",), stdin=None,
                 environment=(), debian_only=False, status=0):
        self.name, self.files, self.says = name, files, says
        self.argv, self.stdin = list(argv), stdin
        self.environment = dict(environment)
        self.debian_only, self.status = debian_only, status


APP, MAIN, PYTHON = ("app", "direct"), ("main", "direct"), ("python", "direct")
APP_IMPORT, APP_EXEC = ("app", "import"), ("app", "exec")
APP_TRACEBACK = ("app", "traceback")
DYNAMIC = ("dynamic:app.py", "direct")  # with its owner's file
# What is run is first tried as a zip file.
STARTED = {("python", "exec"), ("python", "import")}
LATE = {"late.py": "def f():\n    open('mark-late', 'w').close()\n"}

CASES = [
    Case("a plain script",
         {"app.py": "open('mark-a', 'w')"},
         {"app.py": STARTED, "mark-a": {APP}}),
    Case("the standard library works for who calls it",
         {"app.py": "import shutil, pathlib, json\n"
                    "open('mark-a', 'w'); shutil.copy('mark-a', 'mark-b')\n"
                    "pathlib.Path('mark-c').write_text('1')\n"
                    "json.loads('1', parse_int=lambda s: open('mark-d', 'w'))"},
         {"mark-b": {APP}, "mark-c": {APP}, "mark-d": {APP}}),
    Case("an import inside a function",
         {"app.py": "def work():\n    import late\n    late.f()\nwork()",
          **LATE},
         {"late.py": {APP_IMPORT}, "mark-late": {APP}}),
    Case("an import by name",
         {"app.py": "import importlib\nimportlib.import_module('late').f()",
          **LATE},
         {"late.py": {APP_IMPORT}, "mark-late": {APP}}),
    Case("an import from a request handler", {
        "app.py": """\
            import http.server, threading, urllib.request
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    import late
                    late.f()
                    open("mark-a", "w")
                    self.send_response(204)
                    self.end_headers()
                def log_message(self, *args):
                    pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever).start()
            urllib.request.urlopen("http://127.0.0.1:%d" % server.server_port)
            server.shutdown()
            """, **LATE},
         {"late.py": {APP_IMPORT}, "mark-late": {APP}, "mark-a": {APP}}),
    Case("code that runs when a distribution is imported", {
        "app.py": PATHS + "import dist",
        "site-packages/dist/__init__.py": "import late; open('mark-d', 'w')",
        **LATE},
         {"dist/__init__.py": {APP_IMPORT}, "late.py": {("dist", "import")},
          "mark-d": {("dist", "direct")}}),
    Case("tracebacks, warnings, inspect", {
        "app.py": """\
            import inspect, logging, traceback, warnings
            import one, two, three
            try:
                one.f()
            except ValueError:
                traceback.print_exc()
            try:
                two.f()
            except ValueError:
                logging.exception("two")
            inspect.getsource(three)
            warnings.warn("look")
            """,
        "one.py": "def f():\n    raise ValueError",
        "two.py": "def f():\n    raise ValueError",
        "three.py": "x = 1"},
         {"one.py": {APP_IMPORT, APP_TRACEBACK},
          "two.py": {APP_IMPORT, APP_TRACEBACK},
          "three.py": {APP_IMPORT, APP_TRACEBACK},
          "app.py": STARTED | {APP_TRACEBACK}}),
    Case("an exception nobody caught",
         {"app.py": "import late\nlate.f()",
          "late.py": "def f():\n    raise ValueError"},
         {"late.py": {(3, 8): {APP_IMPORT, ("python", "exec")},
                      (3, 13): {APP_IMPORT, ("python", "traceback")}}},
         status=1),
    Case("source asked for by the application is data", {
        "app.py": """\
            import importlib.resources, linecache, pkgutil, tokenize
            import package
            linecache.getline("one.py", 1)
            tokenize.open("two.py").close()
            pkgutil.get_data("package", "three.py")
            package.__loader__.get_data("four.py")
            package.__loader__.get_source("package")
            """,
        "one.py": "1", "two.py": "2", "package/__init__.py": "",
        "package/three.py": "3", "four.py": "4"},
         {"one.py": {APP}, "two.py": {APP}, "three.py": {APP},
          "four.py": {APP}, "package/__init__.py": {APP_IMPORT, APP}}),
    Case("python -m with a package",
         {"package/__init__.py": "", "package/__main__.py":
             "from . import late\nlate.f()",
          "package/late.py": LATE["late.py"]},
         {"package/__main__.py": {("python", "import")},
          "package/late.py": {APP_IMPORT}, "mark-late": {APP}},
         argv=["-m", "package"]),
    Case("runpy called by the application", {
        "app.py": "import runpy\nrunpy.run_path('one.py')\n"
                  "runpy.run_module('two')",
        "one.py": "open('mark-one', 'w')", "two.py": "open('mark-two', 'w')"},
         {"one.py": {APP_EXEC, APP_IMPORT}, "two.py": {APP_IMPORT},
          "mark-one": {APP}, "mark-two": {APP}}),
    Case("a zip file",
         {"app.py": "import sys\nsys.path.insert(0, 'code.zip')\n"
                    "import late\nlate.f()",
          "code.zip": LATE},
         {"code.zip": {APP_IMPORT}, "mark-late": {APP}}),
    Case("a zip file that is run",
         {"code.zip": {"__main__.py": "import late\nlate.f()", **LATE}},
         {"mark-late": {APP}}, argv=["code.zip"]),
    Case("an egg", {
        "app.py": "import sys\nsys.path.insert(0, 'site-packages/d-1.egg')\n"
                  "import dist\ndist.f()",
        "site-packages/d-1.egg": {"dist.py": "def f(): open('mark-d', 'w')"}},
         {"mark-d": {("dist", "direct")}}),
    Case("namespace packages", {
        "app.py": PATHS + "import space.one, space.two\n"
                  "space.one.f()\nspace.two.f()",
        "site-packages/space/one.py": "def f(): open('mark-one', 'w')",
        "other/site-packages/space/two.py": "def f(): open('mark-two', 'w')"},
         {"mark-one": {("space", "direct")},
          "mark-two": {("space", "direct")}}),
    Case("an editable install by path", {
        "base/lib/python@V@/site-packages/edit.pth": "@PLACE@/src\n",
        "src/edit/__init__.py": "def f(): open('mark-edit', 'w')",
        "app.py": "import edit\nedit.f()"},
         {"edit.pth": {("python", "direct")}, "mark-edit": {APP},
          "edit/__init__.py": {APP_IMPORT}},
         environment={"PYTHONUSERBASE": "@PLACE@/base"}),
    Case("an editable install by finder", {
        "base/lib/python@V@/site-packages/__editable__.edit.pth":
            "import __editable___edit_finder; "
            "__editable___edit_finder.install()\n",
        "base/lib/python@V@/site-packages/__editable___edit_finder.py": """\
            import sys
            from importlib.util import spec_from_file_location
            class Finder:
                @classmethod
                def find_spec(cls, name, path=None, target=None):
                    if name == "edit":
                        return spec_from_file_location(
                            name, "@PLACE@/src/edit/__init__.py")
            def install():
                sys.meta_path.append(Finder)
                open("@PLACE@/mark-install", "w")
            """,
        "src/edit/__init__.py": "def f(): open('mark-edit', 'w')",
        "app.py": "import edit\nedit.f()"},
         {"__editable___edit_finder.py": {("python", "import")},
          "mark-install": {("__editable___edit_finder", "direct")},
          "edit/__init__.py": {APP_IMPORT}, "mark-edit": {APP}},
         environment={"PYTHONUSERBASE": "@PLACE@/base"}),
    Case("vendored packages belong to who brought them", {
        "app.py": PATHS + "import tool, _vendor.own\n"
                  "tool.f()\n_vendor.own.f()",
        "site-packages/tool/__init__.py": "from ._vendor.dep import f",
        "site-packages/tool/_vendor/dep.py": "def f(): open('mark-d', 'w')",
        "_vendor/own.py": "def f(): open('mark-o', 'w')"},
         {"mark-d": {("tool", "direct")}, "mark-o": {APP}}),
    Case("a module that is one file in site-packages", {
        "app.py": PATHS + "import single\nsingle.f()",
        "site-packages/single.py": "def f(): open('mark-s', 'w')"},
         {"mark-s": {("single", "direct")}}),
    Case("-c", {**LATE},
         {"mark-a": {MAIN}, "mark-b": {MAIN}, "mark-late": {APP},
          "late.py": {("main", "import")}},
         argv=["-c", "open('mark-a', 'w')\nimport late; late.f()\n"
               "def f():\n    open('mark-b', 'w')\nf()"]),
    Case("standard input", {**LATE},
         {"mark-a": {MAIN}, "mark-late": {APP}}, argv=["-"],
         stdin="import late; late.f()\n"
               "class A:\n    def f(self): open('mark-a', 'w')\nA().f()\n"),
    Case("doctest", {
        "app.py": '"""\n>>> f = open("mark-a", "w")\n'
                  '>>> help_out()\n"""\nimport doctest\n'
                  'def help_out():\n    open("mark-b", "w").close()\n'
                  'doctest.testmod()'},
         {"mark-a": {DYNAMIC}, "mark-b": {APP}}),
    Case("a test that pytest rewrote", {
        "test_it.py": "import late\n"
                      "def test_it():\n    late.f()\n"
                      "    assert open('mark-a', 'w')",
        "conftest.py": "import pytest\n"
                       "@pytest.fixture(autouse=True)\n"
                       "def fixture():\n    open('mark-f', 'w')",
        **LATE},
         {"mark-a": {APP}, "mark-late": {APP}, "mark-f": {APP}},
         argv=["-m", "pytest", "-q", "-p", "no:cacheprovider"],
         debian_only=True),
    Case("generated code", {
        "app.py": """\
            import collections, dataclasses, functools
            exec("open('mark-exec', 'w')")
            eval("open('mark-eval', 'w')")
            exec("def f(): open('mark-f', 'w')")
            f()
            exec(compile("open('mark-name', 'w')", "<template>", "exec"))
            @dataclasses.dataclass
            class Data:
                a: object = dataclasses.field(
                    default_factory=functools.partial(open, "mark-c", "w"))
                b: object = dataclasses.field(
                    default_factory=lambda: open("mark-lambda", "w"))
            Data()
            Point = collections.namedtuple("Point", "x")
            Point(open("mark-tuple", "w"))
            """},
         {"mark-exec": {DYNAMIC}, "mark-eval": {DYNAMIC}, "mark-f": {DYNAMIC},
          "mark-name": {DYNAMIC}, "mark-c": {DYNAMIC}, "mark-lambda": {APP},
          "mark-tuple": {APP}}),
    Case("code that attrs generated", {
        "app.py": """\
            import attr, functools
            @attr.s
            class Data:
                a = attr.ib(converter=functools.partial(open, mode="w"))
                b = attr.ib(converter=lambda path: open(path, "w"))
            Data("mark-a", "mark-b")
            """},
         {"mark-a": {DYNAMIC}, "mark-b": {APP}}, debian_only=True),
    Case("generated code of a distribution", {
        "app.py": PATHS + "import dist\ndist.f()",
        "site-packages/dist.py":
            "exec(\"def f(): open('mark-a', 'w')\")\n"
            "exec(\"open('mark-b', 'w')\")"},
         {"mark-a": {DYNAMIC}, "mark-b": {("dynamic:dist.py", "direct")}}),
    Case("frames of C code are not there", {
        "app.py": """\
            import functools
            list(map(lambda p: open(p, "w"), ["mark-a"]))
            list(map(open, ["mark-a"]))
            functools.partial(open, "mark-b", "w")()
            sorted(["mark-a"], key=open)
            functools.reduce(lambda a, p: open(p, "w"), ["mark-c"], 0)
            """},
         {"mark-a": {APP}, "mark-b": {APP}, "mark-c": {APP}}),
    Case("decorators", {
        "app.py": PATHS + """\
import functools
import deco
def own(f):
    @functools.wraps(f)
    def inner(*args):
        return f(*args)
    return inner
@own
@deco.decorate
@functools.lru_cache()
def work():
    open("mark-a", "w")
work()
deco.decorate(open)("mark-b", "w")
own(open)("mark-c", "w")
""",
        "site-packages/deco.py":
            "def decorate(f):\n    def inner(*args):\n"
            "        return f(*args)\n    return inner"},
         {"mark-a": {APP}, "mark-b": {("deco", "direct")}, "mark-c": {APP}}),
    Case("threads", {
        "app.py": """\
            import concurrent.futures, threading
            def work(path):
                open(path, "w").close()
            for target, path in ((work, "mark-a"), (open, "mark-late")):
                thread = threading.Thread(target=target, args=(path,))
                open("mark-late", "w").close()
                thread.start()
                thread.join()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                pool.submit(work, "mark-b").result()
                pool.submit(open, "mark-c", "w").result()
            """},
         {"mark-a": {APP}, "mark-b": {APP}, "mark-c": {PYTHON},
          "mark-late": {APP, PYTHON}}),
    Case("asyncio", {
        "app.py": """\
            import asyncio
            def work(path):
                open(path, "w").close()
            async def main():
                loop = asyncio.get_running_loop()
                open("mark-a", "w").close()
                await asyncio.gather(other(), other())
                await loop.run_in_executor(None, work, "mark-c")
                await loop.run_in_executor(None, open, "mark-d", "w")
                loop.call_soon(work, "mark-e")
                loop.call_soon(open, "mark-f", "w")
                await asyncio.sleep(0.01)
            async def other():
                await asyncio.sleep(0)
                open("mark-b", "w").close()
            asyncio.run(main())
            """},
         {"mark-a": {APP}, "mark-b": {APP}, "mark-c": {APP},
          "mark-d": {PYTHON}, "mark-e": {APP}, "mark-f": {APP}}),
    Case("a distribution that calls the application back", {
        "app.py": PATHS + "import dist\n"
                  "dist.call(lambda: open('mark-a', 'w'))\n"
                  "dist.call(lambda: dist.read('mark-a'))",
        "site-packages/dist.py": "def call(f): f()\n"
                                 "def read(path): open(path)"},
         {"mark-a": {APP, ("dist", "direct")}}),
]


def filled(text, place, version):
    return (text.replace("@PLACE@", str(place))
            .replace("@V@", "%d.%d" % version))


class Run:
    """One case recorded: {path of a file event: {(by, via)}}."""

    def __init__(self, case, version, python):
        self.case, self.version = case, version
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-by-"))
        try:
            self.prepare()
            self.status, self.complaint = self.record(python)
            self.seen = self.read()
        finally:
            shutil.rmtree(self.place)

    def prepare(self):
        for name, content in self.case.files.items():
            path = self.place / filled(name, self.place, self.version)
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, dict):
                with zipfile.ZipFile(path, "w") as archive:
                    for inner, text in content.items():
                        archive.writestr(inner, textwrap.dedent(text))
            else:
                path.write_text(filled(textwrap.dedent(content), self.place,
                                       self.version))

    def record(self, python):
        environment = workloads.environment()
        for name, value in self.case.environment.items():
            environment[name] = filled(value, self.place, self.version)
        done = subprocess.run(
            [workloads.program("secmgr-record"), "-o", "t.db", "--", python,
             "-B", *self.case.argv], cwd=self.place, env=environment,
            input=self.case.stdin or "", stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=WAIT_SECONDS,
            check=False)
        return done.returncode, done.stdout + done.stderr

    def read(self):
        done = subprocess.run(
            [workloads.program("secmgr-events"), "--json", "t.db", "open"],
            cwd=self.place, stdout=subprocess.PIPE, timeout=WAIT_SECONDS,
            check=True)
        seen = {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            path = event["resolved"][0] or str(event["args"][0])
            by = event["by"]
            if by == "dynamic":
                by += ":" + pathlib.Path(event["principal_file"]).name
            seen.setdefault(path, set()).add((by, event["via"]))
        return seen

    def wanted(self, says):
        if isinstance(says, set):
            return says
        return says[max(v for v in says if v <= self.version)]

    def about(self, name):
        return set().union(*(pairs for path, pairs in self.seen.items()
                             if path.endswith("/" + name)), set())


class Principals(unittest.TestCase):
    def test_each_case_is_named_as_the_policy_says(self):
        workloads.require("pytest")
        workloads.require("attr")
        found = test_bypass.interpreters()
        ends = {min(found): found[min(found)], max(found): found[max(found)]}
        jobs = [(case, version, path) for case in CASES
                for version, path in {(3, 11): DEBIAN, **ends}.items()
                if path == DEBIAN or not case.debian_only]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = list(pool.map(lambda job: Run(*job), jobs))
        for run in runs:
            for name, says in run.case.says.items():
                with self.subTest(case=run.case.name, version=run.version,
                                  name=name):
                    self.assertEqual(run.case.status, run.status,
                                     run.complaint)
                    self.assertEqual(run.wanted(says), run.about(name))

    def test_names_of_cases_tell_them_apart(self):
        names = [case.name for case in CASES]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(all(re.match(r"[\w-]", name) for name in names))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Programs, and who they open files as. For test_principals.py.

A case is a few files and a command. Programs open files named mark-..., and
what is said is about these and about code files.
"""

PATHS = "import sys; sys.path[:0] = ['site-packages', 'other/site-packages']\n"


class Case:
    """says: {end of a path: {(by, via), ...}}, all there is about it.

    By version where it differs: {first version: {...}, ...}. parts: modules of
    Debian's that are put into site-packages, which is on sys.path then.
    """

    def __init__(self, name, files, says, argv=("app.py",), stdin=None,
                 environment=(), parts=(), status=0):
        self.name, self.files, self.says = name, files, says
        self.argv, self.stdin = list(argv), stdin
        self.environment = dict(environment)
        self.parts, self.status = parts, status


APP, MAIN, PYTHON = ("app", "direct"), ("main", "direct"), ("python", "direct")
APP_IMPORT, APP_EXEC = ("app", "import"), ("app", "exec")
APP_TRACEBACK = ("app", "traceback")
DYNAMIC = ("dynamic:app.py", "direct")  # with its owner's file
# What is run is first tried as a zip file.
STARTED = {("python", "exec"), ("python", "import")}
LATE = {"late.py": "def f():\n    open('mark-late', 'w').close()\n"}

PYTEST = ["pytest", "_pytest", "py.py", "pluggy", "iniconfig", "attr",
          "packaging", "exceptiongroup"]
FLASK = ["flask", "werkzeug", "jinja2", "click", "itsdangerous", "markupsafe"]

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
    Case("a module that is loaded when it is used", {
        "app.py": """\
            import importlib.util, sys
            spec = importlib.util.find_spec("late")
            spec.loader = importlib.util.LazyLoader(spec.loader)
            late = sys.modules["late"] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(late)
            late.f()
            """, **LATE},
         {"late.py": {APP_IMPORT}, "mark-late": {APP}}),
    Case("a package that imports what is asked of it", {
        "app.py": PATHS + "import dist\ndist.late.f()",
        "site-packages/dist/__init__.py": """\
            import importlib
            def __getattr__(name):
                if name.startswith("_"):
                    raise AttributeError(name)
                return importlib.import_module("dist." + name)
            """,
        "site-packages/dist/late.py": LATE["late.py"]},
         {"dist/late.py": {("dist", "import")},
          "mark-late": {("dist", "direct")}}),
    Case("an import from a view of Flask, which serves its source", {
        "app.py": """\
            import flask
            app = flask.Flask("shop")
            @app.route("/")
            def index():
                import late
                late.f()
                open("mark-a", "w").close()
                return "", 204
            @app.route("/source")
            def source():
                return flask.send_file("late.py")
            client = app.test_client()
            assert client.get("/").status_code == 204
            client.get("/source").close()
            """, **LATE},
         {"late.py": {APP_IMPORT, ("werkzeug", "direct")},
          "mark-late": {APP}, "mark-a": {APP}}, parts=FLASK),
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
    Case("tracebacks that others print", {
        "app.py": PATHS + """\
import sys, threading, traceback
import dist, one, two, three
def hook(*about):
    traceback.print_exception(*about)
sys.excepthook = hook
try:
    one.f()
except ValueError:
    dist.complain()
thread = threading.Thread(target=two.f)
thread.start()
thread.join()
three.f()
""",
        "site-packages/dist.py": """\
            import traceback
            def complain():
                traceback.print_exc()
            """,
        "one.py": "def f():\n    raise ValueError",
        "two.py": "def f():\n    raise ValueError",
        "three.py": "def f():\n    raise ValueError"},
         {"one.py": {APP_IMPORT, ("dist", "traceback")},
          "two.py": {APP_IMPORT, ("python", "traceback")},
          "three.py": {APP_IMPORT, APP_TRACEBACK}}, status=1),
    # No frame but the program's own is there: nothing tells it from an open.
    Case("exceptions that C code shows", {
        "app.py": """\
            import sys, one, two
            class A:
                def __del__(self):
                    one.f()
            A()
            try:
                two.f()
            except ValueError:
                sys.__excepthook__(*sys.exc_info())
            """,
        "one.py": "def f():\n    raise ValueError",
        "two.py": "def f():\n    raise ValueError"},
         {"one.py": {APP_IMPORT, APP},
          "two.py": {(3, 8): {APP_IMPORT, APP},
                     (3, 13): {APP_IMPORT, APP_TRACEBACK}}}),
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
    Case("source asked for by a package is for a report", {
        "app.py": PATHS + "import dist, package\ndist.report(package)",
        "package/__init__.py": "", "one.py": "1", "two.py": "2",
        "three.py": "3",
        "site-packages/dist.py": """\
            import linecache, tokenize
            def report(module):
                module.__loader__.get_source("package")
                linecache.getline("one.py", 1)
                tokenize.open("two.py").close()
                module.__loader__.get_data("three.py")
            """},
         {"package/__init__.py": {APP_IMPORT, ("dist", "traceback")},
          "one.py": {("dist", "traceback")}, "two.py": {("dist", "direct")},
          "three.py": {("dist", "direct")}}),
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
    Case("a directory and a zip file that runpy runs", {
        "app.py": "import runpy\nrunpy.run_path('place')\n"
                  "runpy.run_path('code.zip')",
        "place/__main__.py": "import late\nlate.f()", **LATE,
        "code.zip": {"__main__.py": "open('mark-zip', 'w').close()"}},
         {"place/__main__.py": {APP_IMPORT}, "late.py": {APP_IMPORT},
          "mark-late": {APP}, "mark-zip": {APP}}),
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
    Case("a namespace package of the application", {
        "app.py": "import space.one\nspace.one.f()",
        "space/one.py": "def f(): open('mark-one', 'w')"},
         {"space/one.py": {APP_IMPORT}, "mark-one": {APP}}),
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
                  "tool.f()\ntool.g()\n_vendor.own.f()",
        "site-packages/tool/__init__.py": """\
            import os, sys
            from ._vendor.dep import f
            sys.path.append(os.path.join(os.path.dirname(__file__), "_vendor"))
            from top import g
            """,
        "site-packages/tool/_vendor/dep.py": "def f(): open('mark-d', 'w')",
        "site-packages/tool/_vendor/top.py": "def g(): open('mark-t', 'w')",
        "_vendor/own.py": "def f(): open('mark-o', 'w')"},
         {"_vendor/top.py": {("tool", "import")},
          "mark-d": {("tool", "direct")}, "mark-t": {("tool", "direct")},
          "mark-o": {APP}}),
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
    Case("standard input without a word of it", {**LATE},
         {"mark-a": {MAIN}, "mark-late": {APP}}, argv=[],
         stdin="open('mark-a', 'w').close()\nimport late; late.f()\n"),
    Case("what -c executes and evaluates", {},
         {"mark-a": {("dynamic:", "direct")}, "mark-b": {MAIN}},
         argv=["-c", "exec(\"open('mark-a', 'w')\")\n"
               "(lambda: open('mark-b', 'w'))()"]),
    Case("a process that multiprocessing starts anew", {
        "app.py": """\
            import multiprocessing
            def work():
                import late
                late.f()
                open("mark-a", "w").close()
            if __name__ == "__main__":
                child = multiprocessing.get_context("spawn").Process(
                    target=work)
                child.start()
                child.join()
            """, **LATE},
         {"late.py": {APP_IMPORT}, "mark-late": {APP}, "mark-a": {APP}}),
    Case("doctest of a module", {
        "app.py": '"""\n>>> f = open("mark-a", "w")\n'
                  '>>> help_out()\n"""\n'
                  'def help_out():\n    open("mark-b", "w").close()\n'},
         {"mark-a": {("dynamic:", "direct")}, "mark-b": {APP}},
         argv=["-m", "doctest", "app.py"]),
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
         parts=PYTEST),
    Case("generated code", {
        "app.py": """\
            import collections, dataclasses, functools
            exec("open('mark-exec', 'w')")
            eval("open('mark-eval', 'w')")
            exec("def f(): open('mark-f', 'w')")
            f()
            exec(compile("open('mark-name', 'w')", "<template>", "exec"))
            exec(compile("open('mark-file', 'w')", "view.tmpl", "exec"))
            exec(compile("open('mark-none', 'w')", "", "exec"))
            @dataclasses.dataclass
            class Data:
                a: object = dataclasses.field(
                    default_factory=functools.partial(open, "mark-c", "w"))
                b: object = dataclasses.field(
                    default_factory=lambda: open("mark-lambda", "w"))
            Data()
            Point = collections.namedtuple("Point", "x")
            Point(open("mark-tuple", "w"))
            Point._make(map(open, ["mark-tuple"]))
            """},
         {"mark-exec": {DYNAMIC}, "mark-eval": {DYNAMIC}, "mark-f": {DYNAMIC},
          "mark-name": {DYNAMIC}, "mark-file": {APP},
          "mark-none": {("foreign", "direct")}, "mark-c": {DYNAMIC}, "mark-lambda": {APP},
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
         {"mark-a": {DYNAMIC}, "mark-b": {APP}}, parts=["attr"]),
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
    Case("callbacks of C code", {
        "app.py": """\
            import atexit, ctypes, gc, json, re, signal, sqlite3, weakref
            import xml.parsers.expat
            def make(name):
                open(name, "w").close()
                return 0
            db = sqlite3.connect(":memory:")
            db.create_function("make", 1, make)
            db.execute("select make('mark-sql')").fetchall()
            db.create_function("raw", 2, open)
            try:
                db.execute("select raw('mark-raw', 'w')").fetchall()
            except sqlite3.Error:
                pass  # a file is no value of a database
            ctypes.CFUNCTYPE(ctypes.c_int)(lambda: make("mark-ctypes"))()
            parser = xml.parsers.expat.ParserCreate()
            parser.StartElementHandler = lambda name, _: make(name)
            parser.Parse("<mark-xml/>", True)
            json.loads("{}", object_hook=lambda _: make("mark-json"))
            re.sub("x", lambda _: str(make("mark-re")), "x")
            signal.signal(signal.SIGUSR1, lambda *_: make("mark-signal"))
            signal.raise_signal(signal.SIGUSR1)
            class Thing:
                def __del__(self):
                    make("mark-del")
            thing = Thing()
            weakref.finalize(thing, make, "mark-finalize")
            del thing
            atexit.register(make, "mark-exit")
            """},
         {"mark-" + name: {APP} for name in
          ("sql", "raw", "ctypes", "xml", "json", "re", "signal", "del",
           "finalize", "exit")}),
    Case("a stack too deep to be walked", {
        "app.py": """\
            import copy, functools, sys
            sys.setrecursionlimit(5000)
            class Bottom:
                __deepcopy__ = functools.partial(open, "mark-deep", "w")
            Bottom.__deepcopy__ = staticmethod(
                lambda memo: open("mark-own", "w").close())
            def nested(inner, depth):
                for _ in range(depth):
                    inner = [inner]
                return inner
            copy.deepcopy(nested(Bottom(), 200))
            class Other:
                def __reduce_ex__(self, _):
                    return open, ("mark-deep", "w")
            for depth, name in (50, "mark-near"), (200, "mark-deep"):
                Other.__reduce_ex__ = lambda self, _, n=name: (open, (n, "w"))
                copy.deepcopy(nested(Other(), depth))
            """},
         {"mark-own": {APP}, "mark-near": {APP},
          "mark-deep": {("foreign", "direct")}}),
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
import contextlib
@contextlib.contextmanager
def around():
    open("mark-enter", "w")
    yield
    open("mark-leave", "w")
@around()
def within():
    open("mark-within", "w")
within()
@functools.singledispatch
def kind(_):
    open("mark-kind", "w")
kind(1)
""",
        "site-packages/deco.py":
            "def decorate(f):\n    def inner(*args):\n"
            "        return f(*args)\n    return inner"},
         {"mark-a": {APP}, "mark-b": {("deco", "direct")}, "mark-c": {APP},
          "mark-enter": {APP}, "mark-leave": {APP}, "mark-within": {APP},
          "mark-kind": {APP}}),
    Case("threads", {
        "app.py": """\
            import _thread, concurrent.futures, os, threading, time
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
            timer = threading.Timer(0, work, ["mark-timer"])
            timer.start()
            timer.join()
            _thread.start_new_thread(open, ("mark-bare", "w"))
            while not os.path.exists("mark-bare"):
                time.sleep(0.001)
            """},
         {"mark-a": {APP}, "mark-b": {APP}, "mark-c": {PYTHON},
          "mark-late": {APP, PYTHON}, "mark-timer": {APP},
          "mark-bare": {PYTHON}}),
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
                async for path in names():
                    open(path, "w").close()
                async with Around():
                    pass
                await asyncio.create_task(task())
                await asyncio.sleep(0.01)
            async def task():
                import late
                late.f()
            async def names():
                yield "mark-g"
                open("mark-h", "w").close()
            class Around:
                async def __aenter__(self):
                    await asyncio.sleep(0)
                    open("mark-i", "w").close()
                async def __aexit__(self, *_):
                    open("mark-j", "w").close()
            async def other():
                await asyncio.sleep(0)
                open("mark-b", "w").close()
            asyncio.run(main())
            """, **LATE},
         {"late.py": {APP_IMPORT}, "mark-late": {APP}, "mark-g": {APP},
          "mark-h": {APP}, "mark-i": {APP}, "mark-j": {APP}, "mark-a": {APP}, "mark-b": {APP}, "mark-c": {APP},
          "mark-d": {PYTHON}, "mark-e": {APP}, "mark-f": {APP}}),
    Case("a distribution that calls the application back", {
        "app.py": PATHS + "import dist\n"
                  "dist.call(lambda: open('mark-a', 'w'))\n"
                  "dist.call(lambda: dist.read('mark-a'))",
        "site-packages/dist.py": "def call(f): f()\n"
                                 "def read(path): open(path)"},
         {"mark-a": {APP, ("dist", "direct")}}),
]

# SPDX-License-Identifier: Apache-2.0
"""Real programs to record, learn from and hold to their policy.

A workload writes its files into an empty directory, is run there, and gives
output that is the same every time it is run.
"""
import functools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import textwrap
import time
import urllib.error
import urllib.request

BUILD = pathlib.Path(os.environ.get("SM_BUILD", "build")).resolve()
PYTHON = "/usr/bin/python3"
RUN_SECONDS = 60
RECORD_TRIES = 5
READY_SECONDS = 30
STOP_SECONDS = 60  # gunicorn gives its workers 30
UNSEEN_SECONDS = 3  # reloaders look once a second
# Of Debian's packages these serve every version, but Django: 3.9 to 3.12.
PACKAGES = pathlib.Path("/usr/lib/python3/dist-packages")
PURE = ("flask jinja2 werkzeug click itsdangerous markupsafe gunicorn django "
        "asgiref sqlparse pytz packaging pkg_resources importlib_metadata "
        "zipp typing_extensions more_itertools").split()
NEEDED = {"flask": "python3-flask", "django": "python3-django",
          "gunicorn": "gunicorn", "pytest": "python3-pytest",
          "fastapi": "python3-fastapi", "uvicorn": "python3-uvicorn",
          "aiohttp": "python3-aiohttp", "celery": "python3-celery",
          "rq": "python3-rq", "redis": "python3-redis",
          "attr": "python3-attr", "exceptiongroup": "python3-exceptiongroup"}


def require(module, python=PYTHON):
    """A missing part is a failure with a remedy, never a skip."""
    done = subprocess.run([python, "-c", f"import {module}"], check=False,
                          stderr=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{NEEDED[module.split('.')[0]]} is not installed; "
                           "run tools/dev/install-deps")


def pythons():
    """The usual one and those SM_TEST_PYTHONS names, separated by colons."""
    return [PYTHON] + [path for path in
                       os.environ.get("SM_TEST_PYTHONS", "").split(":")
                       if path]


@functools.lru_cache(None)
def version_of(python):
    """As in 3.11."""
    return subprocess.check_output(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        text=True).strip()


@functools.lru_cache(None)
def equipped(python):
    """python itself, or one of its version that can import what PURE names."""
    if python == PYTHON:
        return python
    name = "python" + version_of(python)
    place = BUILD / "integration" / "venv" / name
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([python, "-m", "venv", "--without-pip", place], check=True)
    packages = place / "lib" / name / "site-packages"
    for one in PURE:
        if (PACKAGES / one).is_dir():
            shutil.copytree(PACKAGES / one, packages / one,
                            ignore=shutil.ignore_patterns("*.so", "*.pyc"))
        elif (PACKAGES / f"{one}.py").exists():
            shutil.copy(PACKAGES / f"{one}.py", packages)
    return str(place / "bin/python3")


def program(name):
    path = BUILD / "bin" / name
    if not path.exists():
        raise RuntimeError(f"{path} is not there; run make all")
    return str(path)


def environment():
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "SECMGR", "LD_"))
            and not name.lower().endswith("_proxy")}
    kept["PATH"] = "/usr/bin:/bin"
    return kept


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def covered(tool, arguments, **settings):
    """secmgr-record or secmgr-enforce with a trace, again while it tells a loss.

    A busy machine may not answer a program in time.
    """
    for _ in range(RECORD_TRIES):
        done = subprocess.run(
            [program(tool), "--force", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=RUN_SECONDS, check=False, **settings)
        if (re.search(r"[1-9]\d* events, 0 lost, 0 no_channel", done.stderr)
                and "could not be covered" not in done.stderr):
            break
    return done


class Workload:
    """One program. processes: Python processes a trace of it shows at least."""

    processes = 1
    files = {}
    argv = []
    stdin = None
    modules = ()

    def __init__(self, place, python=PYTHON):
        self.place = pathlib.Path(place)
        self.python = python
        for module in self.modules:
            require(module, python)

    @classmethod
    def fits(cls, python):
        """Whether it can be run; Debian's python must."""
        return python == PYTHON or not subprocess.run(
            [python, "-c", f"import sys, {', '.join(cls.modules) or 'os'}"],
            check=False, stderr=subprocess.DEVNULL).returncode

    def prepare(self):
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)
        for name, text in self.files.items():
            path = self.place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def command(self):
        return [self.python] + self.argv

    def run(self, wrapper=()):
        """(status, output) of a run in a fresh directory."""
        self.prepare()
        done = subprocess.run(
            [*wrapper, *self.command()], cwd=self.place, env=environment(),
            input=self.stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=RUN_SECONDS, check=False)
        return done.returncode, done.stdout + self.own(done.stderr)

    @staticmethod
    def own(text):
        """What the program itself said on stderr."""
        return "".join(row for row in text.splitlines(True)
                       if not row.startswith("secmgr-"))


class Script(Workload):
    argv = ["app.py"]
    files = {
        "app.py": """\
            import csv, glob, json, os, pickle, shutil, sqlite3, tempfile
            import collections, datetime
            import words

            for user in ("anna", "ben", "carla del mar"):
                os.makedirs(f"data/{user}")
                with open(f"data/{user}/profile.json", "w") as f:
                    json.dump({"user": user}, f)
            for path in sorted(glob.glob("data/*/profile.json")):
                with open(path) as f:
                    print(path, words.shout(json.load(f)["user"]))
            with tempfile.TemporaryDirectory() as place:
                shutil.copy("data/anna/profile.json", place)
                print(os.listdir(place))
            with tempfile.NamedTemporaryFile("w+") as f:
                csv.writer(f).writerow([1, 2])
                print(f.tell())
            with sqlite3.connect("app.db") as db:
                db.execute("create table t(a)")
                db.execute("insert into t values (7)")
                print(db.execute("select a from t").fetchall())
            db.close()
            value = {"when": datetime.date(2026, 1, 2),
                     "order": collections.OrderedDict(a=1)}
            with open("state.pickle", "wb") as f:
                pickle.dump(value, f)
            with open("state.pickle", "rb") as f:
                print(pickle.load(f))
            os.rename("state.pickle", "state.old")
            os.chmod("state.old", 0o600)
            os.symlink("state.old", "state.link")
            print(open("state.link", "rb").read(2), eval("1 + 1"))
            os.remove("state.old")
            try:
                open("missing.txt")
            except OSError as error:
                print(type(error).__name__)
            shutil.rmtree("data")
            """,
        "words.py": """\
            def shout(text):
                return text.upper()
            """,
    }


class Linked(Workload):
    """A release layout: everything is reached through `current`."""

    argv = ["app.py"]
    files = {"app.py": """\
        import os, shutil, socket, sqlite3, tempfile
        os.makedirs("releases/7/var")
        os.symlink("releases/7", "current")
        os.symlink("current/var/log.txt", "log")
        var = "current/var/"
        with open("log", "w") as f:
            f.write("up")
        os.mkdir(var + "spool")
        for name in ("a.job", "b.job", "c.job"):
            with open(var + "new", "w") as f:
                f.write(name)
            os.replace(var + "new", var + "spool/" + name)
            os.chmod(var + "spool/" + name, 0o640)
            os.utime(var + "spool/" + name)
        print(sorted(os.listdir(var + "spool")),
              sorted(e.name for e in os.scandir(var)))
        os.link(var + "spool/a.job", var + "kept")
        os.symlink("spool", var + "queue")
        os.truncate(var + "queue/b.job", 1)
        os.remove(var + "queue/c.job")
        with sqlite3.connect(var + "app.db") as db:
            db.execute("create table t(a)")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(var + "app.sock")
            server.listen()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(var + "queue/../app.sock")
        shutil.rmtree(var + "spool")
        with tempfile.TemporaryDirectory(dir="current") as place:
            os.mkdir(place + "/x")
        print(sorted(os.listdir("releases/7/var")), open("log").read())
        """}


class Isolated(Workload):
    argv = ["-I", "-S", "-E", "app.py"]
    files = {"app.py": """\
        import sys
        with open("out.txt", "w") as f:
            f.write("isolated")
        print(open("out.txt").read(), sys.flags.isolated, sys.flags.no_site)
        """}


class DevelopmentMode(Script):
    argv = ["-X", "dev", "app.py"]


class Command(Workload):
    argv = ["-c", "import json, sys; f = open('x', 'w'); f.write('1'); "
            "f.close(); print(json.dumps(sys.argv), open('x').read())", "--a"]


class StandardInput(Workload):
    argv = ["-"]
    stdin = "import os\nprint(sorted(os.listdir('.')), len(__name__))\n"
    files = {"a b.txt": "x"}


class Traceback(Workload):
    argv = ["app.py"]
    files = {"app.py": """\
        import json
        def deep(n):
            return deep(n - 1) if n else json.loads("{")
        deep(3)
        """}


class Children(Workload):
    processes = 7
    argv = ["app.py"]
    files = {
        "app.py": """\
            import os, subprocess, sys
            run = [sys.executable, "child.py"]
            print(subprocess.run(run + ["a"], capture_output=True).stdout)
            print(subprocess.run(run + ["b"], close_fds=False, text=True,
                                 capture_output=True).stdout)
            print(subprocess.check_output(
                "python3 child.py shell | sort", shell=True))
            print(subprocess.check_output(["sh", "-c", "exec python3 child.py x"]))
            print(subprocess.check_output(run + ["bare"], env={}))
            sys.stdout.flush()
            print(os.system("python3 child.py system > /dev/null"))
            print(os.popen("echo plain").read())
            sys.stdout.flush()
            os.execv(sys.executable, run + ["exec"])
            """,
        "child.py": """\
            import sys
            print("child", sys.argv[1], open("note.txt").read())
            """,
        "note.txt": "note",
    }


MULTIPROCESSING = """\
    import multiprocessing, sys

    def work(number):
        with open(f"part-{number}.txt", "w") as f:
            f.write(str(number * number))
        with open(f"part-{number}.txt") as f:
            return int(f.read())

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        with context.Pool(3) as pool:
            print(pool.map(work, range(8)))
            pool.close()
            pool.join()
    """


class MultiprocessingFork(Workload):
    processes = 4
    argv = ["app.py", "fork"]
    files = {"app.py": MULTIPROCESSING}


class MultiprocessingSpawn(Workload):
    processes = 4
    argv = ["app.py", "spawn"]
    files = {"app.py": MULTIPROCESSING}


class Generated(Workload):
    module = "attr"
    argv = ["app.py"]
    files = {"app.py": """\
        import collections, dataclasses
        import attr
        @attr.s
        class A:
            a = attr.ib(converter=int)
        @dataclasses.dataclass
        class D:
            d: int = 1
        T = collections.namedtuple("T", "t")
        exec(compile("print(A('1'), D(), T(2))", "", "exec"))
        """}


class Pytest(Workload):
    module = "pytest"
    argv = ["app.py"]
    files = {
        "app.py": """\
            import pytest
            print(pytest.main(["-p", "no:terminal", "-p", "no:cacheprovider",
                               "--basetemp", "temporary"]))
            """,
        "test_it.py": """\
            import late
            def test_files(tmp_path):
                (tmp_path / "a").write_text(late.text())
                assert (tmp_path / "a").read_text() == "1"
            """,
        "late.py": """\
            def text():
                return "1"
            """}


class Threads(Workload):
    argv = ["app.py"]
    files = {"app.py": """\
        import concurrent.futures, queue, threading

        def work(number):
            name = f"thread-{number}.log"
            with open(name, "a") as f:
                f.write("x" * number)
            with open(name) as f:
                return len(f.read())

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            print(list(pool.map(work, range(40))))
        """}


class Asyncio(Workload):
    processes = 2
    argv = ["app.py"]
    files = {"app.py": """\
        import asyncio, sys

        async def answer(reader, writer):
            writer.write((await reader.readline()).upper())
            writer.close()

        async def main():
            server = await asyncio.start_unix_server(answer, "app.sock")
            async with server:
                for word in (b"one", b"two"):
                    reader, writer = await asyncio.open_unix_connection(
                        "app.sock")
                    writer.write(word + b"\\n")
                    print(await reader.read())
                    writer.close()
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "print(6 * 7)",
                stdout=asyncio.subprocess.PIPE)
            print((await child.communicate())[0])
            loop = asyncio.get_running_loop()
            print(await loop.run_in_executor(
                None, lambda: open("app.py").readline()))

        asyncio.run(main())
        """}


class Network(Workload):
    argv = ["app.py"]

    def __init__(self, *how):
        super().__init__(*how)
        self.argv = ["app.py", str(free_port())]

    files = {"app.py": """\
        import http.server, sys, threading, urllib.request

        class Hello(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"hello " + self.path.encode())
            def log_message(self, *args):
                pass

        port = int(sys.argv[1])
        server = http.server.HTTPServer(("127.0.0.1", port), Hello)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("127.0.0.1", "localhost"):
            url = f"http://{name}:{port}/{name}"
            print(urllib.request.urlopen(url).read())
        server.shutdown()
        """}


class Server(Workload):
    """A program that serves until it is told to stop."""

    # How an operator stops it, and to whom that goes.
    stop = signal.SIGTERM
    whole_group = False

    def __init__(self, *how):
        super().__init__(*how)
        self.port = free_port()

    def use(self):
        raise NotImplementedError

    def get(self, path):
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return f"{path}: {answer.status} {answer.read().decode()}\n"
        except urllib.error.HTTPError as error:
            with error:
                return f"{path}: {error.code}\n"

    def wait_ready(self, server):
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if server.poll() is not None:
                raise RuntimeError(f"ended with {server.returncode}: "
                                   f"{self.log()}")
            try:
                return self.get("/")
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"not ready: {self.log()}")

    def log(self):
        return (self.place / "server.log").read_text()

    def run(self, wrapper=()):
        self.prepare()
        with open(self.place / "server.log", "w", encoding="utf-8") as log:
            server = subprocess.Popen(
                [*wrapper, *self.command()], cwd=self.place,
                env=environment(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        try:
            output = self.wait_ready(server) + self.use()
            if self.whole_group:
                os.killpg(server.pid, self.stop)
            else:
                server.send_signal(self.stop)
            server.wait(STOP_SECONDS)
        finally:
            try:
                os.killpg(server.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            server.wait()
        return server.returncode, output


class Reloading:
    """A server under its reloader: one process watches, another serves."""

    processes = 3
    stop = signal.SIGINT
    whole_group = True

    def reload(self, name, old, new):
        """Changes a source file, and returns when "/" answers `changed`.

        The watcher and the server are threads of one process: a server that
        answers may not have looked at its files for the first time.  What it
        looks at is known to have been recorded once it saw a change; one
        made before its first look it takes for the beginning, so that the
        file is touched until the change is seen.
        """
        path = self.place / name
        path.write_text(path.read_text().replace(old, new))
        touched = time.monotonic()
        until = touched + READY_SECONDS
        while time.monotonic() < until:
            try:
                if "changed" in self.get("/"):
                    return
                if time.monotonic() - touched > UNSEEN_SECONDS:
                    os.utime(path)
                    touched = time.monotonic()
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"did not reload: {self.log()}")


FLASK_APP = """\
    import json, os, subprocess
    from flask import Flask, request
    app = Flask(__name__)

    @app.get("/")
    def index():
        return "index"

    @app.get("/note/<name>")
    def note(name):
        path = os.path.join("notes", name)
        if not os.path.exists(path):
            with open(path, "w") as f:
                f.write(name)
        with open(path) as f:
            return f.read()

    @app.get("/date")
    def date():
        return subprocess.check_output(["date", "-u", "-d", "@0", "+%Y"])

    @app.get("/broken")
    def broken():
        raise ValueError("broken")
    """


class FlaskServer(Server):
    modules = ("flask",)
    files = {"app.py": FLASK_APP, "notes/a.txt": "a"}

    def use(self):
        return "".join(self.get(path) for path in (
            "/note/a.txt", "/note/b.txt", "/note/c%20d.txt", "/date",
            "/broken", "/missing"))


class FlaskReloader(Reloading, FlaskServer):
    def command(self):
        return [self.python, "-m", "flask", "--app", "app", "run", "--reload",
                "--port", str(self.port)]

    def use(self):
        before = super().use()
        self.reload("app.py", '"index"', '"changed"')
        return before + super().use()


class Gunicorn(FlaskServer):
    processes = 3

    modules = ("flask", "gunicorn")
    files = dict(FlaskServer.files, **{"gunicorn.conf.py": """\
        def post_worker_init(worker):
            worker.log.info("worker is ready")
        """})

    def wait_ready(self, server):
        """One worker answers while the other starts; until it has, it has
        its parent's handlers and loses a signal to stop."""
        answer = super().wait_ready(server)
        until = time.monotonic() + READY_SECONDS
        while self.log().count("worker is ready") < 2:
            if time.monotonic() > until:
                raise RuntimeError(f"not ready: {self.log()}")
            time.sleep(0.05)
        return answer

    def command(self):
        script = (["/usr/bin/gunicorn"] if self.python == PYTHON
                  else [self.python, "-m", "gunicorn"])
        return [*script, "--workers", "2", "--bind",
                f"127.0.0.1:{self.port}", "app:app"]


DJANGO = {
    "manage.py": """\
        import os, sys
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
        from django.core.management import execute_from_command_line
        execute_from_command_line(sys.argv)
        """,
    "site_settings.py": """\
        import pathlib
        BASE = pathlib.Path(__file__).resolve().parent
        SECRET_KEY = "test"
        DEBUG = True
        ALLOWED_HOSTS = ["*"]
        ROOT_URLCONF = "site_urls"
        INSTALLED_APPS = ["django.contrib.contenttypes",
                          "django.contrib.auth", "django.contrib.sessions"]
        MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
                      "django.middleware.common.CommonMiddleware",
                      "django.contrib.auth.middleware.AuthenticationMiddleware"]
        TEMPLATES = [{"BACKEND":
                      "django.template.backends.django.DjangoTemplates",
                      "DIRS": [BASE / "pages"]}]
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",
                                 "NAME": BASE / "site.sqlite3"}}
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
        USE_TZ = True
        """,
    "site_urls.py": """\
        from django.contrib.auth.models import User
        from django.http import HttpResponse
        from django.shortcuts import render
        from django.urls import path

        def index(request):
            return render(request, "index.html", {"name": "visitor"})

        def count(request):
            request.session["seen"] = True
            return HttpResponse(str(User.objects.count()))

        def upload(request):
            with open("upload.bin", "wb") as f:
                f.write(request.FILES["file"].read())
            return HttpResponse("stored")

        urlpatterns = [path("", index), path("count", count),
                       path("upload", upload)]
        """,
    "pages/index.html": "<p>Hello {{ name }}</p>\n",
}


class DjangoCheck(Workload):
    modules = ("django.test",)
    argv = ["manage.py", "check"]
    files = DJANGO


class DjangoClient(Workload):
    modules = ("django.test",)
    argv = ["client.py"]
    files = dict(DJANGO, **{"client.py": """\
        import io, os
        os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
        import django
        django.setup()
        from django.core.files.uploadedfile import SimpleUploadedFile
        from django.core.management import call_command
        from django.test import Client
        call_command("migrate", verbosity=0)
        client = Client()
        print(client.get("/").content, client.get("/count").content)
        upload = SimpleUploadedFile("a b.bin", b"x" * 3000000)
        print(client.post("/upload", {"file": upload}).content)
        print(client.get("/missing").status_code)
        """})


class DjangoRunserver(Reloading, Server):
    modules = ("django.test",)
    files = DJANGO

    def command(self):
        return [self.python, "manage.py", "runserver", f"127.0.0.1:{self.port}"]

    def use(self):
        before = self.get("/") + self.get("/missing")
        self.reload("site_urls.py", '"visitor"', '"changed"')
        return before + self.get("/")


ALL = [Script, Linked, Isolated, DevelopmentMode, Command, StandardInput, Traceback,
       Children, MultiprocessingFork, MultiprocessingSpawn, Generated,
       Pytest, Threads, Asyncio, Network, FlaskReloader, Gunicorn, DjangoCheck, DjangoClient,
       DjangoRunserver]

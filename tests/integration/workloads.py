# SPDX-License-Identifier: Apache-2.0
"""What real programs that are recorded have in common, and what runs them.

A workload writes its files into an empty directory, is run there, and gives
output that is the same every time it is run.
"""
import atexit
import contextlib
import functools
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
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
AGAIN_SECONDS = 15
UNSEEN_SECONDS = 3  # reloaders look once a second
# Of Debian's packages these serve every version, but Django: 3.9 to 3.12.
PACKAGES = pathlib.Path("/usr/lib/python3/dist-packages")
PURE = ("flask jinja2 werkzeug click itsdangerous markupsafe gunicorn django "
        "asgiref sqlparse pytz packaging pkg_resources importlib_metadata "
        "zipp typing_extensions more_itertools attr attrs pytest _pytest "
        "pluggy iniconfig exceptiongroup py").split()
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
    # Two tests at a time have one each.
    place = (BUILD / "integration" / "venv" /
             pathlib.Path(sys.argv[0]).stem / name)
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


def run(place, name, *arguments, **changes):
    """A program of secmgr's in place, to its end; changes of variables."""
    return subprocess.run(
        [program(name), *map(str, arguments)], cwd=place, text=True,
        env={**environment(), **changes}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        check=False)


def build_extension(source, library):
    """A C file as a module of PYTHON, or as a library that it loads."""
    include = subprocess.check_output(
        [PYTHON, "-c",
         "import sysconfig; print(sysconfig.get_path('include'))"],
        text=True).strip()
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-I", include, "-o",
                    library, source], check=True)


def free_port():
    """A port for this process's servers, as long as it lives.

    It is held: the kernel gives a port that is merely free to the next who
    connects, and nobody may listen there for a minute after (TIME_WAIT).  Who
    sets SO_REUSEADDR, as servers do, may listen beside the holder, socket(7).
    """
    holder = socket.socket()
    atexit.register(holder.close)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder.getsockname()[1]


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
        except http.client.HTTPException as error:
            raise ConnectionError(f"{url}: {error!r}") from error

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

    def end(self, server):
        """As at a terminal, if to the whole group: Ctrl-C, and once more.

        Between fork and exec a child of Python's meets the signal with its
        parent's handler, forgets it, and stays; who spawns in a loop left one
        behind in 17 of 150 tries.
        """
        if not self.whole_group:
            server.send_signal(self.stop)
            server.wait(STOP_SECONDS)
            return
        for _ in range(STOP_SECONDS // AGAIN_SECONDS):
            os.killpg(server.pid, self.stop)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(AGAIN_SECONDS)
                return
        raise RuntimeError(f"does not end: {self.log()}")

    def run(self, wrapper=()):
        self.prepare()
        with open(self.place / "server.log", "w", encoding="utf-8") as log:
            server = subprocess.Popen(
                [*wrapper, *self.command()], cwd=self.place,
                env=environment(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        try:
            output = self.wait_ready(server) + self.use()
            self.end(server)
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
            if "changed" in self.get("/"):
                return
            if time.monotonic() - touched > UNSEEN_SECONDS:
                os.utime(path)
                touched = time.monotonic()
            time.sleep(0.1)
        raise RuntimeError(f"did not reload: {self.log()}")

    def get(self, path):
        """Asks again when there is no answer, or half of one.

        The server may be between two of its processes, and once more when a
        late touch met the new one.
        """
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                return super().get(path)
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

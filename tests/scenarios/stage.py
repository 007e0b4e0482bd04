# SPDX-License-Identifier: Apache-2.0
"""Where a scenario is played: a place of its own, a wrapper, a port or two.

A scenario is a folder with a scenario.py, which holds one subclass of Program
(a command that ends) or Service (one that listens), and usually a folder app,
which becomes the application's directory. The class says what users do
(train, benign), what still has to work afterwards (health), and has a method
for each attack, which returns whether the attacker got what he wanted.

Nothing of a scenario leaves its place and loopback.
"""
import contextlib
import http.cookiejar
import http.server
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

import attackers

PYTHON = "/usr/bin/python3"
READY_SECONDS = 25
STOP_SECONDS = 15
RUN_SECONDS = 20
SECRET = "0penSesame-4711"  # stands in every file that is nobody's business


class Broken(Exception):
    """The program does not do what it is there for."""


def attack(kind, fresh=False):
    """Marks a method as an attack. fresh: it leaves traces in the place, so
    it and what follows get a new one."""
    def mark(function):
        function.kind = kind
        function.is_fresh = fresh
        return function
    return mark


def attacks_of(program):
    """Names of a class's attacks, as they stand in its file."""
    return [name for name, value in vars(program).items()
            if hasattr(value, "kind")]


def write(path, text, mode=None):
    """A file with everything above it. text: str or bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text, str):
        text = text.encode()
    path.write_bytes(text)
    if mode is not None:
        path.chmod(mode)
    return path


def png(side):
    """A grey picture."""
    def part(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    rows = (b"\0" + b"\x80" * side) * side
    return (b"\x89PNG\r\n\x1a\n"
            + part(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
            + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))


def wait_for(condition, seconds=5):
    """Whether condition() becomes true in time."""
    stop = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > stop:
            return False
        time.sleep(0.02)
    return True


def end_group(leader):
    """Nothing of what a session started outlives it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait()


class Answer(http.server.BaseHTTPRequestHandler):
    """Serves what its server holds and remembers what it was asked."""
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.server.requests.append(
            (self.command, self.path, self.rfile.read(length),
             dict(self.headers.items())))
        found = self.server.pages.get(
            urllib.parse.unquote(self.path.partition("?")[0]),
            self.server.pages.get("*"))
        status, headers, body = found or (404, {}, b"nothing here")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

    def log_message(self, *_):
        pass


class Site(http.server.ThreadingHTTPServer):
    """Somebody else's web server, in the thread of whoever plays."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port, host="127.0.0.1"):
        super().__init__((host, port), Answer)
        self.pages = {}
        self.requests = []
        self.url = f"http://{host}:{port}"
        self.host = f"{host}:{port}"
        self.handle_error = lambda *_: None  # a peer that was ended
        threading.Thread(target=self.serve_forever, kwargs={
            "poll_interval": 0.05}, daemon=True).start()

    def page(self, path, body, status=200, **headers):
        if isinstance(body, str):
            body = body.encode()
        self.pages[path] = (status, {
            name.replace("_", "-"): value
            for name, value in headers.items()}, body)

    def heard(self, text):
        """Whether a request carried text, in its path, headers or body."""
        needle = text.encode()
        return any(needle in body or text in urllib.parse.unquote_plus(path)
                   or text in str(headers)
                   for _, path, body, headers in list(self.requests))


class Listener:
    """An attacker's terminal: takes one shell and types one line into it."""

    def __init__(self, port, line):
        self.heard = b""
        self.line = line
        self.socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            peer, _ = self.socket.accept()
            with peer:
                peer.settimeout(15)
                peer.sendall(self.line.encode() + b"\nexit\n")
                while data := peer.recv(4096):
                    self.heard += data

    def close(self):
        # Else the port stays taken while serve() waits for somebody.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Browser:
    """One visitor with cookies. Every answer is (status, body)."""

    def __init__(self, base):
        self.base = base
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def fetch(self, path, data=None, headers=None, method=None):
        request = urllib.request.Request(self.base + path, data,
                                         headers or {}, method=method)
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError as error:
            return 0, str(error).encode()

    def get(self, path, **query):
        path = urllib.parse.quote(path)
        return self.fetch(path + ("?" + urllib.parse.urlencode(query)
                                  if query else ""))

    def post(self, path, **form):
        return self.fetch(urllib.parse.quote(path),
                          urllib.parse.urlencode(form).encode())

    def upload(self, path, name, content, kind="image/png", field="file",
               **form):
        mark = "----scenario"
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{key}"'
                 f"\r\n\r\n{value}\r\n".encode() for key, value in form.items()]
        parts.append(f'--{mark}\r\nContent-Disposition: form-data; '
                     f'name="{field}"; filename="{name}"\r\n'
                     f"Content-Type: {kind}\r\n\r\n".encode()
                     + content + f"\r\n--{mark}--\r\n".encode())
        return self.fetch(urllib.parse.quote(path), b"".join(parts), {
            "Content-Type": f"multipart/form-data; boundary={mark}"})


class Program(attackers.Attackers):
    """A command that ends. Subclasses say what is done with it."""
    packages = ()  # of Debian, beside python3
    secret = SECRET

    def __init__(self, folder, place, ports, wrapper=()):
        self.folder = folder
        self.place = place
        self.ports = ports
        self.wrapper = list(map(str, wrapper))
        self.complaints = []
        self.sites = {}
        self.log = place.parent / "output.log"
        self.srv = place / "srv"
        self.home = place / "home"
        self.tmp = place / "tmp"
        self.loot = place / "loot"
        self.site_packages = place / "venv/lib/python3.11/site-packages"
        self.python = str(place / "venv/bin/python3")

    # --------------------------------------------- what subclasses may say
    def arrange(self):
        """Files beside those of the folder app."""

    def arrange_benign(self):
        """What has changed on the host by the time of the benign use."""

    def train(self, day):
        """What is recorded, in two runs: day is 1 and 2."""

    def benign(self):
        """What nobody recorded and everybody may do."""

    def health(self):
        """Recorded use that has to work during an attack."""

    # ------------------------------------------------------------ the place
    def populate(self):
        """A new place: the application, a home, other people's secrets."""
        shutil.rmtree(self.place, ignore_errors=True)
        if (self.folder / "app").is_dir():
            shutil.copytree(self.folder / "app", self.srv,
                            ignore=shutil.ignore_patterns("__pycache__"))
        for directory in (self.srv, self.home, self.tmp, self.loot,
                          self.site_packages, self.place / "venv/bin"):
            directory.mkdir(parents=True, exist_ok=True)
        write(self.place / "venv/pyvenv.cfg",
              "home = /usr/bin\ninclude-system-site-packages = true\n")
        for name in ("python", "python3"):
            (self.place / "venv/bin" / name).symlink_to(PYTHON)
        for name in (".ssh/id_rsa", ".netrc", ".aws/credentials"):
            write(self.home / name, f"password {SECRET}\n", 0o600)
        for name in (".bashrc", ".profile"):
            write(self.home / name, "umask 022\n")
        write(self.place / "payroll/2026.csv", f"boss,{SECRET}\n")
        self.arrange()

    def install(self, name, version, files, entry_points=""):
        """A pure Python distribution, as pip leaves it. An older version of
        it goes away."""
        for old in self.site_packages.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        shutil.rmtree(self.site_packages / name, ignore_errors=True)
        for path, text in files.items():
            write(self.site_packages / name / path, text)
        info = f"{name}-{version}.dist-info"
        write(self.site_packages / info / "METADATA",
              f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        write(self.site_packages / info / "INSTALLER", "pip\n")
        write(self.site_packages / info / "top_level.txt", f"{name}\n")
        if entry_points:
            write(self.site_packages / info / "entry_points.txt", entry_points)
        write(self.site_packages / info / "RECORD", "".join(
            f"{name}/{path},,\n" for path in files) + f"{info}/RECORD,,\n")

    def seed(self, database, *command):
        """A database below srv that command makes, the first time only."""
        kept = self.place.parent / "seed.db"
        if not kept.exists():
            status, text = self.run(*command, wrapped=False)
            if status:
                raise Broken(text)
            shutil.copy(self.srv / database, kept)
        shutil.copy(kept, self.srv / database)

    # ----------------------------------------------------------- the outside
    def port(self, name):
        """A free port that stays the same in all runs of the scenario."""
        if name not in self.ports:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.ports[name] = probe.getsockname()[1]
        return self.ports[name]

    def site(self, name, host="127.0.0.1"):
        """A web server of somebody else."""
        if name not in self.sites:
            self.sites[name] = Site(self.port(name), host)
        return self.sites[name]

    @contextlib.contextmanager
    def listener(self, line="echo got-$((40+2))"):
        """An attacker waiting for a shell on port "shell"."""
        listener = Listener(self.port("shell"), line)
        try:
            yield listener
        finally:
            listener.close()

    def happens(self, condition):
        """Whether an attack that takes its time succeeds. What must succeed
        may take longer, on a busy machine, than what is to be stopped."""
        return wait_for(condition, 2 if self.wrapper else 15)

    def marker(self, name):
        """A file that does not exist until an attacker's code makes it."""
        path = self.loot / name
        path.unlink(missing_ok=True)
        return path

    # ----------------------------------------------------------- the program
    def environment(self):
        return {"PATH": f"{self.place}/venv/bin:/usr/bin:/bin",
                "HOME": str(self.home), "TMPDIR": str(self.tmp),
                "LANG": "C.UTF-8", "USER": "worker"}

    def run(self, *command, cwd=None, text="", wrapped=True):
        """Runs a command, under the wrapper; returns (status, what it
        printed)."""
        command = [*(self.wrapper if wrapped else ()), *map(str, command)]
        child = subprocess.Popen(
            command, cwd=cwd or self.srv, env=self.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = child.communicate(text.encode(), RUN_SECONDS)
            status = child.returncode
        except subprocess.TimeoutExpired:
            status, output = -1, b"no end after %d s" % RUN_SECONDS
        finally:
            end_group(child)
            child.stdout.close()
        output = output.decode("utf-8", "replace")
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{output}")
        return status, output

    def expect(self, what, truth, detail=""):
        if not truth:
            self.complaints.append(f"{what}: {str(detail)[-300:]}")

    def expect_run(self, words, ran, status=0, found="", made=()):
        """words: what was done; ran: of run(). made: files below the
        application's directory."""
        got, output = ran
        self.expect(" ".join(map(str, words)),
                    got == status and found in output,
                    f"status {got}: {output}")
        for name in made:
            self.expect(f"{name} made", (self.srv / name).exists())

    def expect_answer(self, what, answer, text=b"", status=200):
        """answer: of a Browser. Returns its body, or None."""
        if isinstance(text, str):
            text = text.encode()
        is_good = answer[0] == status and text in answer[1]
        self.expect(what, is_good, f"status {answer[0]}, {answer[1][-80:]!r}")
        return answer[1] if is_good else None

    def illness(self):
        """What health() complains of, which is not the scenario's complaint;
        "" if the program is healthy."""
        before, self.complaints = self.complaints, []
        try:
            self.health()
            return "; ".join(self.complaints)
        except Exception as error:  # pylint: disable=broad-except
            # A client that meets a broken service may fall over.
            return f"{type(error).__name__}: {error}"
        finally:
            self.complaints = before

    def start(self):
        """Before anything is done with the program."""

    def stop(self):
        for site in self.sites.values():
            site.shutdown()
            site.server_close()
        self.sites = {}


class Service(Program):
    """A program that listens on port "web" until it is told to stop."""
    server = None

    def command(self):
        raise NotImplementedError

    def listens(self, name):
        """Somebody takes connections at the port called so."""
        with contextlib.suppress(OSError), socket.create_connection(
                ("127.0.0.1", self.port(name)), 1):
            return True
        return False

    def is_ready(self):
        return self.listens("web")

    def start(self):
        with open(self.log, "ab") as log:
            self.server = subprocess.Popen(
                [*self.wrapper, *map(str, self.command())], cwd=self.srv,
                env=self.environment(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        stop = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.server.poll() is not None:
                raise Broken(f"ended with {self.server.returncode} "
                             "before it listened")
            if time.monotonic() > stop:
                raise Broken(f"does not listen after {READY_SECONDS} s")
            time.sleep(0.03)

    def stop(self):
        self.halt()
        super().stop()

    def halt(self):
        """The service alone, not the sites around it."""
        if not self.server:
            return
        server, self.server = self.server, None
        try:
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)
                server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.complaints.append(f"no end {STOP_SECONDS} s after SIGTERM")
        finally:
            end_group(server)

    def restart(self):
        self.halt()
        self.start()

    def browser(self):
        return Browser(f"http://127.0.0.1:{self.port('web')}")

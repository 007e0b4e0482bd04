# SPDX-License-Identifier: Apache-2.0
"""Servers and workers people run, each process and each request of theirs."""
import os
import signal
import subprocess
import time
import unittest

import guests
import workload_servers
import workloads

WAIT_SECONDS = 60


class Server(guests.Guest, workloads.Server):
    """Answers /did/WHAT by doing it."""

    asked = ("one", "two", "three")

    def run(self, wrapper=()):
        outcome = super().run(wrapper)
        self.own(self.log())
        return outcome

    def wait_done(self, what, count):
        """Until it was done that often."""
        until = time.monotonic() + WAIT_SECONDS
        while sum(row.what == what for row in self.rows()) < count:
            if time.monotonic() > until:
                raise RuntimeError(f"{what} was not done: {self.log()}")
            time.sleep(0.02)

    def ask(self):
        return "".join(self.get(f"/did/{what}") for what in self.asked)

    use = ask


def said(*asked):
    return "".join(f"/did/{what}: 200 done\n" for what in asked)


class Django(workloads.Reloading, Server):
    """Django's development server, which reloads"""

    modules = ("django.test",)
    files = dict(workload_servers.DJANGO, **{
        "manage.py": """\
            import os, sys
            import known
            known.did("process")
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
            from django.core.management import execute_from_command_line
            execute_from_command_line(sys.argv)
            """,
        "site_urls.py": """\
            from django.http import HttpResponse
            from django.shortcuts import render
            from django.urls import path
            import known

            def index(request):
                return render(request, "index.html", {"name": "visitor"})

            def did(request, what):
                known.did(what)
                return HttpResponse("done")

            urlpatterns = [path("", index), path("did/<what>", did)]
            """})
    # Its watcher, and a server before and after; a late look reloads again.
    does = {"process": 3, "one": 1, "two": 1, "three": 1, "four": 1}
    more = ("process",)
    processes = 3
    slow = True
    output = ("/: 200 <p>Hello visitor</p>\n\n" +
              said("one", "two", "three", "four"))

    def command(self):
        return [self.python, "manage.py", "runserver",
                f"127.0.0.1:{self.port}"]

    def use(self):
        before = self.ask()
        self.reload("site_urls.py", '"visitor"', '"changed"')
        return before + self.get("/did/four")


class Gunicorn(Server):
    """gunicorn with two workers of Flask"""

    modules = ("flask", "gunicorn")
    files = {
        "app.py": """\
            from flask import Flask
            import known
            app = Flask(__name__)

            @app.get("/")
            def index():
                return "index"

            @app.get("/did/<what>")
            def did(what):
                known.did(what)
                return "done"
            """,
        "gunicorn.conf.py": """\
            import sys
            sys.path.insert(0, ".")
            import known

            def when_ready(server):
                known.did("ready")

            def post_worker_init(worker):
                known.did("worker")

            def on_exit(server):
                known.did("end")
            """}
    does = {"ready": 1, "worker": 2, "one": 1, "two": 1, "three": 1, "end": 1}
    processes = 3
    output = "/: 200 index\n" + said("one", "two", "three")

    def command(self):
        return ["/usr/bin/gunicorn", "--workers", "2", "--bind",
                f"127.0.0.1:{self.port}", "app:app"]

    def use(self):
        self.wait_done("worker", 2)
        return self.ask()


class FastAPI(Server):
    """uvicorn with two workers of FastAPI"""

    modules = ("fastapi", "uvicorn")
    files = {"app.py": """\
        from fastapi import FastAPI
        from fastapi.responses import PlainTextResponse
        import known
        app = FastAPI(default_response_class=PlainTextResponse)
        known.did("worker")

        @app.get("/")
        async def index():
            return "index"

        @app.get("/did/{what}")
        def did(what: str):  # in a thread
            known.did(what)
            return "done"

        @app.on_event("shutdown")
        async def end():
            known.did("end")
        """}
    does = {"worker": 2, "one": 1, "two": 1, "three": 1, "end": 2}
    processes = 2
    output = "/: 200 index\n" + said("one", "two", "three")

    def command(self):
        return [self.python, "-m", "uvicorn", "--workers", "2", "--port",
                str(self.port), "app:app"]

    def use(self):
        self.wait_done("worker", 2)
        return self.ask()


class Aiohttp(Server):
    """aiohttp, with threads and a subprocess"""

    modules = ("aiohttp",)
    files = {
        "app.py": """\
            import asyncio, sys
            from aiohttp import web
            import known

            async def index(request):
                return web.Response(text="index")

            async def did(request):
                what = request.match_info["what"]
                if what == "one":
                    known.did(what)
                elif what == "two":
                    loop = asyncio.get_running_loop()
                    await loop.run_in_executor(None, known.did, what)
                else:
                    child = await asyncio.create_subprocess_exec(
                        sys.executable, "child.py", what)
                    assert await child.wait() == 0
                return web.Response(text="done")

            known.did("server")
            app = web.Application()
            app.add_routes([web.get("/", index), web.get("/did/{what}", did)])
            web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]),
                        print=None)
            """,
        "child.py": "import sys, known\nknown.did(sys.argv[1])\n"}
    does = {"server": 1, "one": 1, "two": 1, "three": 1}
    processes = 2
    output = "/: 200 index\n" + said("one", "two", "three")

    def command(self):
        return [self.python, "app.py", str(self.port)]


class Uwsgi(Server):
    """uwsgi with its python3 plugin: master, workers, reload by exec"""

    modules = ()
    files = {"app.py": """\
        import known
        import uwsgi
        known.did("loaded")
        uwsgi.post_fork_hook = lambda: known.did("worker")

        def application(environment, start):
            path = environment["PATH_INFO"]
            start("200 OK", [])
            if path == "/":
                return [b"index"]
            known.did(path.split("/")[2])
            return [b"done"]
        """}
    # The master keeps its pid; its workers are others after the reload.
    does = {"loaded": 2, "worker": 4, "one": 1, "two": 1, "three": 1,
            "four": 1}
    processes = 5
    output = ("/: 200 index\n" + said("one", "two", "three", "four"))

    def command(self):
        return ["/usr/bin/uwsgi", "--plugin", "python3", "--master",
                "--processes", "2", "--die-on-term", "--need-app",
                # A worker that was told to go before it listens stays: 60 s.
                "--reload-mercy", "2", "--worker-reload-mercy", "2",
                "--http-socket", f"127.0.0.1:{self.port}",
                "--wsgi-file", "app.py", "--pidfile", "pid"]

    def use(self):
        self.wait_done("worker", 2)
        before = self.ask()
        os.kill(int((self.place / "pid").read_text()), signal.SIGHUP)
        self.wait_done("loaded", 2)
        self.wait_done("worker", 4)
        return before + self.get("/did/four")


class Queue(Server):
    """A worker that gets its jobs through redis."""

    def run(self, wrapper=()):
        with subprocess.Popen(
                ["redis-server", "--port", "0", "--save", "", "--unixsocket",
                 self.socket], stdout=subprocess.PIPE,
                cwd="/") as self.broker:
            try:
                for line in self.broker.stdout:
                    if b"ready to accept connections at" in line.lower():
                        break
                return super().run(wrapper)
            finally:
                self.broker.kill()

    @property
    def socket(self):
        return f"{self.place}.sock"

    def prepare(self):
        super().prepare()
        (self.place / "redis").write_text(self.socket)

    def client(self, code):
        """Who sends jobs is not the guest."""
        subprocess.run([workloads.PYTHON, "-c", code], cwd=self.place,
                       env=workloads.environment(), check=True)


class Celery(Queue):
    """a celery worker with two processes"""

    modules = ("celery", "redis")
    files = {"jobs.py": """\
        import celery, celery.signals
        import known
        url = "redis+socket://" + open("redis").read()
        app = celery.Celery("jobs", broker=url, backend=url)
        app.conf.worker_hijack_root_logger = False

        @celery.signals.worker_ready.connect
        def ready(**_):
            known.did("ready")

        @celery.signals.worker_process_init.connect
        def process(**_):
            known.did("process")

        @app.task
        def did(what):
            known.did(what)
            return what
        """}
    does = {"ready": 1, "process": 2, "one": 1, "two": 1, "three": 1}
    processes = 3
    slow = True
    output = "done\n"

    def command(self):
        return [self.python, "-m", "celery", "-A", "jobs", "worker",
                "--concurrency", "2", "--without-gossip", "--without-mingle",
                "--without-heartbeat"]

    def wait_ready(self, server):
        until = time.monotonic() + WAIT_SECONDS
        while not {"ready", "process"} <= {row.what for row in self.rows()}:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"not ready: {self.log()}")
            time.sleep(0.05)
        return ""

    def use(self):
        self.wait_done("process", 2)
        self.client("import jobs\nfor what in 'one', 'two', 'three':\n"
                    f" assert jobs.did.delay(what).get({WAIT_SECONDS})")
        return "done\n"


class Rq(Queue):
    """an rq worker, which forks for each job"""

    modules = ("rq", "redis")
    files = {"jobs.py": "import known\ndid = known.did\n"}
    does = {"one": 1, "two": 1, "three": 1}
    output = "0 jobs wait\n"

    CLIENT = """\
import redis, rq
place = redis.Redis(unix_socket_path=open("redis").read())
queue = rq.Queue(connection=place)
"""

    def prepare(self):
        super().prepare()
        self.client(self.CLIENT + "for what in 'one', 'two', 'three':\n"
                    " queue.enqueue('jobs.did', what)\n")

    def command(self):
        return ["/usr/bin/rq", "worker", "--url", f"unix://{self.socket}"]

    def wait_ready(self, server):
        return ""

    def use(self):
        for what in self.does:
            self.wait_done(what, 1)
        # The last job's process ends behind that.
        self.client(self.CLIENT + "import time\n"
                    f"until = time.monotonic() + {WAIT_SECONDS}\n"
                    "while queue.finished_job_registry.count < 3:\n"
                    " assert time.monotonic() < until\n"
                    " time.sleep(0.02)\n")
        return "0 jobs wait\n"


GUESTS = (Django, Gunicorn, FastAPI, Aiohttp, Uwsgi, Celery, Rq)


def load_tests(loader, _, __):
    return guests.cases(loader, GUESTS)


if __name__ == "__main__":
    unittest.main()

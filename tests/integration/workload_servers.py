# SPDX-License-Identifier: Apache-2.0
"""Workloads on Flask, gunicorn and Django."""
import time

from workloads import PYTHON, READY_SECONDS, Reloading, Server, Workload

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

# SPDX-License-Identifier: Apache-2.0
"""The site. HOLE is wherever somebody has trusted a member too much."""
import base64
import configparser
import hashlib
import importlib
import os
import pickle
import re
import urllib.request

import clayunits
from chameleon import PageTemplate, PageTemplateLoader
from webob import Request, Response, exc

from studio import db, logs, photos, reports
from studio.sessions import Sessions

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PRICE = 6.4


class Studio:
    def __init__(self, var, keys):
        self.var = var
        self.sessions = Sessions(var)
        self.pages = PageTemplateLoader(os.path.join(HERE, "templates"),
                                        auto_reload=True)
        config = configparser.ConfigParser()
        config.read(keys)
        self.sign = config["studio"]["sign"]
        self.routes = [(re.compile(pattern + "$"), handler) for
                       pattern, handler in (
            ("/", self.home), ("/login", self.login),
            ("/logout", self.logout), ("/pieces", self.pieces),
            (r"/pieces/(\d+)/photos", self.photo),
            (r"/pieces/(\d+)/thumb", self.thumb),
            (r"/pieces/(\d+)/pack", self.pack),
            ("/firings", self.firings), ("/firings/import", self.take),
            (r"/report/(\d+)/(\d+)\.(\w+)", self.report),
            ("/bills", self.bill), ("/notice", self.notice),
            ("/cone", self.cone), (r"/glaze/([\w.]+)", self.glaze),
            ("/presets", self.presets), ("/tariff", self.tariff))]

    def __call__(self, environ, start_response):
        request = Request(environ)
        try:
            response = self.answer(request)
        except exc.HTTPException as error:
            response = error
        except (OSError, ValueError, LookupError, ImportError) as error:
            response = Response(f"sorry: {type(error).__name__}", status=400,
                                content_type="text/plain")
        return response(environ, start_response)

    def answer(self, request):
        request.base = db.connect(self.var)
        try:
            kept = self.sessions.open(request.cookies.get("studio"))
            request.member = kept and kept["name"]
            for pattern, handler in self.routes:
                if found := pattern.match(request.path_info):
                    if not request.member and handler not in (
                            self.home, self.login):
                        raise exc.HTTPForbidden()
                    return handler(request, *found.groups())
            raise exc.HTTPNotFound()
        finally:
            request.base.close()

    def page(self, name, request, **values):
        return Response(self.pages[name](
            member=request.member, **values), content_type="text/html",
            charset="utf-8")

    # ---------------------------------------------------------------- members
    def home(self, request):
        count = request.base.execute("select count(*) from pieces").fetchone()
        return self.page("home.pt", request, count=count[0])

    def login(self, request):
        name = request.POST.get("name", "")
        if not db.is_member(request.base, name,
                            request.POST.get("password", "")):
            raise exc.HTTPForbidden()
        response = Response(f"welcome {name}", content_type="text/plain",
                            charset="utf-8")
        response.set_cookie("studio", self.sessions.begin(name),
                            httponly=True)
        return response

    def logout(self, request):
        self.sessions.end(request.cookies["studio"])
        return Response("bye", content_type="text/plain")

    # ----------------------------------------------------------------- pieces
    def pieces(self, request):
        if request.method == "POST":
            request.base.execute(
                "insert into pieces(member, title, clay) values(?, ?, ?)",
                (request.member, request.POST["title"], request.POST["clay"]))
            request.base.commit()
        rows = request.base.execute(
            "select * from pieces where member = ? order by id",
            (request.member,)).fetchall()
        return self.page("pieces.pt", request, rows=rows)

    def photo(self, request, piece):
        if request.method == "POST":
            upload = request.POST["photo"]
            photos.keep(self.var, piece, upload.filename, upload.file)
            return Response("kept", content_type="text/plain")
        return Response(photos.read(self.var, piece, request.GET["name"]),
                        content_type="application/octet-stream")

    def thumb(self, request, piece):
        return Response(photos.thumbnail(self.var, piece, request.GET["name"]),
                        content_type="image/webp")

    def pack(self, request, piece):
        return Response(photos.pack(self.var, piece,
                                    request.GET.getall("name")),
                        content_type="application/zip")

    # ---------------------------------------------------------------- firings
    def firings(self, request):
        if request.method == "POST":
            logs.take(request.base, [(
                request.member, request.POST["day"], request.POST["kiln"],
                request.POST["cone"], int(request.POST["minutes"]))])
        rows = request.base.execute(
            "select * from firings where member = ? order by day desc",
            (request.member,)).fetchall()
        return self.page("firings.pt", request, rows=rows)

    def take(self, request):
        upload = request.POST["log"]
        count = logs.take(request.base, logs.rows_of(
            upload.filename, upload.file.read()))
        return Response(f"took {count}", content_type="text/plain")

    def report(self, request, year, month, kind):
        make, content_type = reports.KINDS[kind]
        month = f"{int(year)}-{int(month):02d}"
        rows = reports.table(db.firings(request.base, month), PRICE)
        options = ({"paper": request.GET["paper"]}
                   if "paper" in request.GET else {})
        return Response(make(rows, f"Firings of {month}", **options),
                        content_type=content_type)

    def bill(self, request):
        """HOLE: nobody looks at what is asked for."""
        path = request.GET["file"]
        with open(os.path.join(self.var, "bills", path), "rb") as file:
            return Response(file.read(), content_type="application/pdf")

    # ------------------------------------------------------------------ tools
    def notice(self, request):
        """HOLE: a notice is a template, and templates run Python."""
        text = PageTemplate(f"<div>{request.POST['text']}</div>")(
            member=request.member)
        return Response(text, content_type="text/html", charset="utf-8")

    def cone(self, request):
        """HOLE: a formula is Python."""
        return Response(str(eval(  # pylint: disable=eval-used
            request.GET["formula"], {"degrees": clayunits.degrees})),
            content_type="text/plain")

    def glaze(self, request, name):
        """HOLE: any module below glazes."""
        recipe = importlib.import_module("glazes." + name)
        grams = float(request.GET.get("grams", 1000))
        return Response("\n".join(f"{part} {grams * share:g} g" for part, share
                                  in recipe.PARTS.items()),
                        content_type="text/plain")

    def presets(self, request):
        """HOLE: a preset is a pickle of the controller's program."""
        if request.method == "POST":
            data = base64.b64decode(request.POST["preset"])
            steps = pickle.loads(data)
            key = hashlib.sha256(self.sign.encode() + data).hexdigest()[:16]
            path = os.path.join(self.var, "presets", request.member, key)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                pickle.dump(steps, file)
            return Response(key, content_type="text/plain")
        path = os.path.join(self.var, "presets", request.member,
                            request.GET["key"])
        with open(path, "rb") as file:
            return Response(json_body=pickle.load(file))

    def tariff(self, request):
        """HOLE: any address."""
        with urllib.request.urlopen(request.GET["source"],
                                    timeout=5) as answer:
            return Response(answer.read(), content_type="text/plain")


def make_app(global_conf, var, keys):
    return Studio(var, keys)

# SPDX-License-Identifier: Apache-2.0
import csv
import importlib
import io
import logging
import os
import subprocess
import tempfile

import requests
import xlsxwriter
import yaml
from chameleon import PageTemplate
from passlib.hash import pbkdf2_sha256
from PIL import Image
from pyramid import httpexceptions
from pyramid.response import FileResponse, Response
from pyramid.security import remember, forget
from pyramid.view import forbidden_view_config, view_config

import latlong
from birds import models, settings

LOG = logging.getLogger("birds")


def photos(request, number):
    return os.path.join(settings.read()["photos"],
                        request.authenticated_userid, number)


@forbidden_view_config()
def forbidden(request):
    return Response("who are you?", status=403)


@view_config(route_name="home", renderer="templates/home.pt")
def home(request):
    session = request.environ["beaker.session"]
    session["visits"] = session.get("visits", 0) + 1
    with models.Session() as db:
        seen = db.query(models.Sighting).count()
    return {"title": settings.read()["title"], "seen": seen,
            "user": request.authenticated_userid or "nobody",
            "visits": session["visits"]}


@view_config(route_name="login", request_method="POST")
def login(request):
    name = request.POST["user"]
    with models.Session() as db:
        user = db.get(models.User, name)
    if not user or not pbkdf2_sha256.verify(request.POST["password"],
                                            user.hash):
        LOG.warning("%s is not let in", name)
        raise httpexceptions.HTTPForbidden()
    LOG.info("%s comes in", name)
    request.environ["beaker.session"]["since"] = name
    return Response("welcome", headers=remember(request, name))


@view_config(route_name="logout")
def logout(request):
    request.environ["beaker.session"].delete()
    return Response("bye", headers=forget(request))


@view_config(route_name="sightings", request_method="GET", permission="see",
             renderer="templates/sightings.pt")
def list_sightings(request):
    with models.Session() as db:
        rows = db.query(models.Sighting).filter_by(
            user=request.authenticated_userid).order_by("id").all()
    return {"title": "Sightings", "rows": rows}


@view_config(route_name="sightings", request_method="POST", permission="see",
             renderer="json")
def add_sighting(request):
    with models.Session() as db:
        row = models.Sighting(
            user=request.authenticated_userid, day=request.POST["day"],
            species=request.POST["species"],
            place=latlong.tidy(request.POST["place"]),
            count=int(request.POST["count"]))
        db.add(row)
        db.commit()
        return {"id": row.id, "place": row.place}


@view_config(route_name="photos", request_method="POST", permission="see",
             renderer="json")
def add_photo(request):
    sent = request.POST["file"]
    directory = photos(request, request.matchdict["id"])
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, sent.filename)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.read()["photos"],
                                     prefix=".new-", delete=False) as file:
        while block := sent.file.read(65536):
            file.write(block)
    os.replace(file.name, path)
    LOG.info("%s has %s", request.authenticated_userid, sent.filename)
    try:
        with Image.open(path) as image:
            size = image.size
            image.thumbnail((int(settings.read()["zoom"]),) * 2)
            thumbs = os.path.join(settings.read()["thumbs"],
                                  request.authenticated_userid)
            os.makedirs(thumbs, exist_ok=True)
            image.convert("RGB").save(os.path.join(
                thumbs, request.matchdict["id"] + ".jpg"), quality=70)
    except OSError as error:
        return {"size": None, "error": type(error).__name__}
    return {"size": size}


@view_config(route_name="photos", request_method="GET", permission="see")
def get_photo(request):
    path = os.path.join(photos(request, request.matchdict["id"]),
                        request.GET["name"])
    if not os.path.exists(path):
        raise httpexceptions.HTTPNotFound()
    return FileResponse(path, request)


@view_config(route_name="thumb", permission="see")
def thumb(request):
    path = os.path.join(settings.read()["thumbs"],
                        request.authenticated_userid,
                        request.matchdict["id"] + ".jpg")
    if not os.path.exists(path):
        raise httpexceptions.HTTPNotFound()
    return FileResponse(path, request)


@view_config(route_name="report", permission="see")
def report(request):
    with models.Session() as db:
        rows = [(row.day, row.species, row.place, row.count)
                for row in db.query(models.Sighting).filter(
                    models.Sighting.user == request.authenticated_userid,
                    models.Sighting.day.like(request.matchdict["year"] + "%"))]
    if request.matchdict["kind"] == "csv":
        text = io.StringIO()
        csv.writer(text).writerows([("day", "species", "place", "count"),
                                    *rows])
        return Response(text.getvalue(), content_type="text/csv")
    if request.matchdict["kind"] != "xlsx":
        raise httpexceptions.HTTPNotFound()
    with tempfile.TemporaryDirectory(prefix="report-") as directory:
        path = os.path.join(directory, f"{request.matchdict['year']}.xlsx")
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet(request.GET.get("sheet", "Birds"))
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        with open(path, "rb") as file:
            return Response(file.read(), content_type="application/zip")


@view_config(route_name="album", permission="see")
def album(request):
    """The photos of one sighting in an archive."""
    names = " ".join(request.GET.getall("name"))
    done = subprocess.run(
        f"cd {photos(request, request.matchdict['id'])!r} && zip -q - {names}",
        shell=True, stdout=subprocess.PIPE, check=False)
    return Response(done.stdout, content_type="application/zip")


@view_config(route_name="label", request_method="POST", permission="see")
def label(request):
    """A label in words of the user's own."""
    return Response(PageTemplate(request.POST["text"])(
        user=request.authenticated_userid, species=request.POST["species"]))


@view_config(route_name="notes", request_method="POST", permission="see",
             renderer="json")
def notes(request):
    """Field notes: a list of sightings in YAML."""
    found = yaml.load(request.POST["text"], yaml.UnsafeLoader) or []
    with models.Session() as db:
        for row in found:
            db.add(models.Sighting(
                user=request.authenticated_userid, day=str(row["day"]),
                species=row["species"], place=latlong.tidy(row["place"]),
                count=row.get("count", 1)))
        db.commit()
    return {"taken": len(found)}


@view_config(route_name="checklist", permission="see")
def checklist(request):
    """The list of a partner."""
    answer = requests.get(request.GET["url"], timeout=5)
    return Response(answer.content, status=answer.status_code,
                    content_type="text/plain")


@view_config(route_name="average", permission="see")
def average(request):
    return Response(str(eval(request.GET["of"])))


@view_config(route_name="export", permission="see")
def export(request):
    try:
        module = importlib.import_module(
            "birds.exporters." + request.matchdict["format"])
    except ModuleNotFoundError:
        raise httpexceptions.HTTPNotFound()
    with models.Session() as db:
        rows = db.query(models.Sighting).filter_by(
            user=request.authenticated_userid).all()
        text = module.export(rows)
    name = (f"var/exports/{request.authenticated_userid}-"
            f"{request.matchdict['format']}.txt")
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return Response(text, content_type="text/plain")

# SPDX-License-Identifier: Apache-2.0
"""A club's site: members, photos, reports. Lines marked HOLE are holes."""
import base64
import datetime
import os
import pickle
import subprocess
import urllib.request
import zipfile

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.mail import send_mail
from django.http import FileResponse, HttpResponse, HttpResponseForbidden
from django.shortcuts import render
from django.urls import path
import slugs

MEDIA = str(settings.MEDIA_ROOT)
REPORTS = str(settings.VAR / "reports")
MANUALS = str(settings.BASE_DIR / "manuals")


def home(request):
    return render(request, "home.html")


def enter(request):
    user = authenticate(username=request.POST["user"],
                        password=request.POST["password"])
    if not user:
        return HttpResponseForbidden("no")
    login(request, user)
    return HttpResponse(f"hello {user.username}")


def leave(request):
    logout(request)
    return HttpResponse("bye")


@login_required
def upload(request):
    file = request.FILES["file"]
    album = request.POST.get("album", "main")
    place = os.path.join(request.user.username, album)
    name = default_storage.save(os.path.join(place, file.name), file)
    return HttpResponse(name)


@login_required
def album(request):
    name = request.GET.get("album", "main")
    _, files = default_storage.listdir(
        os.path.join(request.user.username, name))
    return render(request, "album.html", {"album": name, "names": files})


@login_required
def photo(request, name):
    return FileResponse(default_storage.open(
        os.path.join(request.user.username, name)))


@login_required
def unpack(request):
    """Photos of a whole holiday in one archive."""
    target = os.path.join(MEDIA, request.user.username)
    with zipfile.ZipFile(request.FILES["file"]) as archive:
        for name in archive.namelist():
            # HOLE: a name may lead out of the member's directory.
            to = os.path.join(target, name)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            with open(to, "wb") as file:
                file.write(archive.read(name))
    return HttpResponse(f"{len(archive.namelist())} unpacked")


@login_required
def avatar(request):
    # HOLE: fetches from wherever the member says.
    with urllib.request.urlopen(request.POST["url"], timeout=5) as answer:
        data = answer.read()
    default_storage.delete(f"{request.user.username}/avatar.png")
    with default_storage.open(f"{request.user.username}/avatar.png",
                              "wb") as file:
        file.write(data)
    return HttpResponse(data)


def manual(request):
    # HOLE: the name may lead out of the directory.
    with open(os.path.join(MANUALS, request.GET["name"]), "rb") as file:
        return HttpResponse(file.read())


@login_required
def report(request, month):
    """Who has how many photos, sorted by a column, or by an own key."""
    datetime.date.fromisoformat(month + "-01")
    os.makedirs(REPORTS, exist_ok=True)
    rough = os.path.join(REPORTS, month + ".rough")
    final = os.path.join(REPORTS, f"report-{month}.csv")
    with open(rough, "w", encoding="utf-8") as file:
        for user in User.objects.order_by("username"):
            file.write(f"{slugs.slug(user.username)},{user.id}\n")
    # HOLE: what should be a key may be any option of sort.
    with open(final, "wb") as file:
        subprocess.run(["sort", "-t", ",", request.POST.get("key", "-k1"),
                        rough], stdout=file, check=True)
    os.remove(rough)
    return FileResponse(open(final, "rb"))


@login_required
def thumbnail(request):
    """head stands in for an image converter."""
    source = os.path.join(MEDIA, request.user.username, request.GET["name"])
    target = os.path.join(settings.VAR, "thumbs",
                          f"{request.user.id}.thumb")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    size = request.GET["size"]
    # HOLE: size reaches a shell.
    subprocess.run(f'head -c {size} "{source}" > "{target}"', shell=True,
                   check=True)
    return FileResponse(open(target, "rb"))


def fee(request):
    # HOLE: the treasurer's formulas are Python.
    return HttpResponse(str(eval(request.GET["formula"], {"base": 100})))


@login_required
def preferences(request):
    """Kept in the browser, as it came."""
    if request.method == "POST":
        # HOLE: unpickles what the browser sends.
        chosen = pickle.loads(base64.b64decode(request.POST["state"]))
        return HttpResponse(", ".join(sorted(chosen)))
    state = {"language": "de", "theme": "dark"}
    return HttpResponse(base64.b64encode(pickle.dumps(state)))


@login_required
def newsletter(request):
    count = send_mail(request.POST["subject"], request.POST["text"],
                      "club@example.org",
                      list(User.objects.values_list("email", flat=True)))
    return HttpResponse(f"sent {count}")


@login_required
def password(request):
    request.user.set_password(request.POST["new"])
    request.user.save()
    return HttpResponse("changed")


def broken(request):
    return HttpResponse(1 / int(request.GET.get("by", "0")))


urlpatterns = [path("", home), path("enter", enter), path("leave", leave),
               path("upload", upload), path("album", album),
               path("photo/<path:name>", photo), path("unpack", unpack),
               path("avatar", avatar), path("manual", manual),
               path("report/<str:month>", report),
               path("thumbnail", thumbnail), path("fee", fee),
               path("preferences", preferences),
               path("newsletter", newsletter), path("password", password),
               path("broken", broken)]

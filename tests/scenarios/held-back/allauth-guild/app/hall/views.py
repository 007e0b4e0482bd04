# SPDX-License-Identifier: Apache-2.0
"""Pages of the guild. Lines marked HOLE are holes."""
import base64
import csv
import io
import json
import logging
import os
import pickle
import re
import subprocess
import urllib.request

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.mail import send_mail
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template import engines
import hallmarks
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from hall.models import Member, Piece

log = logging.getLogger("hall")


class MemberForm(forms.ModelForm):
    class Meta:
        model = Member
        fields = ["craft", "town", "joined"]


class PieceForm(forms.ModelForm):
    class Meta:
        model = Piece
        fields = ["title", "year", "picture"]


def home(request):
    return render(request, "page.html", {"members": Member.objects.all()})


@login_required
def me(request):
    mine, _ = Member.objects.get_or_create(user=request.user)
    form = MemberForm(request.POST or None, instance=mine)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(f"/members/{mine}/")
    return render(request, "page.html", {"form": form})


@login_required
def member(request, name):
    shown = get_object_or_404(Member, user__username=name)
    return render(request, "page.html", {"member": shown})


@login_required
def pieces(request):
    form = PieceForm(request.POST, request.FILES)
    form.instance.member = request.user.member
    if not form.is_valid():
        return render(request, "page.html", {"form": form}, status=400)
    piece = form.save()
    thumb = settings.MEDIA_ROOT / "thumbs" / piece.picture.name
    thumb.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(piece.picture.path) as picture:
        picture.thumbnail((64, 64))
        picture.convert("RGB").save(f"{thumb}.jpg")
    log.info("%s shows %s", request.user, piece.title)
    return redirect(f"/members/{request.user}/")


def folder(request):
    place = settings.MEDIA_ROOT / "certificates" / request.user.username
    place.mkdir(parents=True, exist_ok=True)
    return place


@login_required
def certificates(request):
    path = folder(request) / request.GET.get("name", "")  # HOLE
    if request.method == "GET":
        return FileResponse(open(path, "rb"))
    path = folder(request) / request.POST["paper"]  # HOLE
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        for chunk in request.FILES["file"].chunks():
            file.write(chunk)
    told = subprocess.run(f'pdfinfo "{path}"', shell=True,  # HOLE
                          capture_output=True, check=False)
    pages = re.search(rb"Pages:\s+(\d+)", told.stdout)
    return JsonResponse({"mark": hallmarks.mark(path.name),
                         "pages": int(pages[1]) if pages else 0})


@login_required
def portfolio(request):
    place = settings.VAR / "portfolios" / f"{request.user}.zip"
    place.parent.mkdir(exist_ok=True)
    subprocess.run(["zip", "-q", place, *request.GET.getlist("name")],  # HOLE
                   cwd=folder(request), check=True)
    return FileResponse(open(place, "rb"))


def as_csv(found, out):
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["member", "title", "mark"])
    rows.writerows([w.member, w.title, hallmarks.mark(w.title)] for w in found)
    out.write(text.getvalue().encode())


def as_pdf(found, out):
    page = canvas.Canvas(out, pagesize=A4)
    for piece in found:
        page.drawString(70, 770, f"{piece.title} ({piece.member})")
        page.drawImage(settings.MEDIA_ROOT / "thumbs"
                       / f"{piece.picture.name}.jpg", 70, 600)
        page.showPage()
    page.save()


@login_required
def yearbook(request, year, kind):
    make = {"csv": as_csv, "pdf": as_pdf}.get(kind)
    if not make:
        raise Http404(kind)
    out = io.BytesIO()
    make(Piece.objects.filter(year=year).order_by("title"), out)
    kept = settings.VAR / "yearbooks" / f"{year}.{kind}"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(out.getvalue())
    return FileResponse(open(kept, "rb"), as_attachment=True)


@login_required
def dues(request):
    years = 2026 - request.user.member.joined
    return HttpResponse(str(eval(  # HOLE
        request.GET["formula"], {"years": years, "os": os})))


@login_required
def circular(request):
    letter = engines["letters"].from_string(request.POST["text"])  # HOLE
    text = letter.render({"user": request.user})
    send_mail("To all members", text, None, [request.user.email])
    return HttpResponse(text)


@login_required
def workshop(request):
    with urllib.request.urlopen(request.GET["url"], timeout=5) as page:  # HOLE
        return HttpResponse(page.read(2000))


@login_required
def layout(request):
    chosen = pickle.loads(base64.b64decode(request.POST["state"]))  # HOLE
    return HttpResponse(json.dumps(chosen))

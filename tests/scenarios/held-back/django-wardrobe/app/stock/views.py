# SPDX-License-Identifier: Apache-2.0
"""Pages of the wardrobe. Lines marked HOLE are holes."""
import base64
import datetime
import importlib
import logging
import os
import pickle
import subprocess
import urllib.request

import measures
from PIL import Image
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import UserCreationForm
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db.models import Q
from django.http import (FileResponse, Http404, HttpResponse,
                         HttpResponseBadRequest, JsonResponse)
from django.shortcuts import get_object_or_404, redirect, render
from django.template import engines
from django.views.decorators.http import require_POST

from stock import forms, models, reports, tables

LOG = logging.getLogger("stock")


def home(request):
    counts = cache.get("counts")
    if counts is None:
        counts = {"costumes": models.Costume.objects.count(),
                  "hires": models.Hire.objects.count()}
        cache.set("counts", counts, 30)
    return render(request, "stock/home.html", counts)


def join(request):
    form = UserCreationForm(request.POST or None)
    if form.is_valid():
        form.save()
        LOG.info("%s joined", form.cleaned_data["username"])
        return redirect("login")
    return render(request, "stock/form.html", {"form": form})


@login_required
def costumes(request):
    found = models.Costume.objects.order_by("name")
    if word := request.GET.get("q"):
        found = found.filter(Q(name__icontains=word)
                             | Q(notes__icontains=word))
    return render(request, "stock/costumes.html", {"costumes": found})


@login_required
def costume(request, number):
    found = get_object_or_404(models.Costume, pk=number)
    return render(request, "stock/costume.html", {
        "costume": found, "size": measures.european(found.size)})


@login_required
def photos(request, number):
    found = get_object_or_404(models.Costume, pk=number)
    form = forms.PhotoForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return render(request, "stock/form.html", {"form": form},
                      status=400 if request.POST else 200)
    sent = form.cleaned_data["picture"]
    # HOLE: the album may lead anywhere.
    place = os.path.join(settings.MEDIA_ROOT, "photos", str(number),
                         form.cleaned_data["album"])
    os.makedirs(place, exist_ok=True)
    path = os.path.join(place, sent.name)
    with open(path, "wb") as file:
        for chunk in sent.chunks():
            file.write(chunk)
    models.Photo.objects.create(costume=found, path=path)
    if sent.image.format in ("PNG", "JPEG", "GIF", "WEBP", "BMP"):
        small = settings.VAR / "thumbs" / str(number)
        small.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            picture = picture.convert("RGB")
            picture.thumbnail((64, 64))
            picture.save(small / (os.path.splitext(sent.name)[0] + ".jpg"))
    messages.success(request, f"{sent.name} is there.")
    return redirect(f"/costumes/{number}/")


@login_required
def photo(request):
    # HOLE: so may the name.
    path = os.path.join(settings.MEDIA_ROOT, "photos", request.GET["name"])
    if not os.path.exists(path):
        raise Http404("no such photo")
    return FileResponse(open(path, "rb"))


@login_required
def pack(request, number):
    place = settings.MEDIA_ROOT / "photos" / str(number)
    packs = settings.VAR / "packs" / request.user.username
    packs.mkdir(parents=True, exist_ok=True)
    target = packs / f"costume-{number}-{datetime.date.today()}.zip"
    target.unlink(missing_ok=True)
    # HOLE: names may be options, or lead anywhere.
    done = subprocess.run(["zip", "-q", target, *request.GET.getlist("name")],
                          cwd=place, check=False, stdout=subprocess.PIPE)
    if done.returncode:
        return HttpResponseBadRequest(done.stdout)
    return FileResponse(open(target, "rb"))


@login_required
def hires(request):
    form = forms.HireForm(request.POST or None)
    if form.is_valid():
        hire = form.save(commit=False)
        hire.person = request.user
        # HOLE: any module there is.
        rule = importlib.import_module(
            "pricing." + request.POST.get("rule", "daily"))
        hire.cents = rule.cents(hire.costume.cents,
                                (hire.last - hire.first).days + 1)
        hire.save()
        EmailMessage(f"Your hire of {hire.costume}", engines[
            "jinja2"].get_template("hired.txt").render({"hire": hire}),
            to=[f"{request.user.username}@theatre.example"]).send()
        LOG.info("%s hires %s", request.user, hire.costume)
        messages.info(request, f"{hire.costume} is yours.")
        return redirect("/hires/")
    mine = models.Hire.objects.filter(person=request.user).order_by("first")
    return render(request, "stock/hires.html", {"form": form, "hires": mine})


@login_required
def agreement(request, number):
    hire = get_object_or_404(models.Hire, pk=number, person=request.user)
    form = forms.AgreementForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return render(request, "stock/form.html", {"form": form})
    place = settings.MEDIA_ROOT / "agreements" / str(hire.pk)
    place.mkdir(parents=True, exist_ok=True)
    # HOLE: the name may lead anywhere, and stands in a line of the shell.
    path = place / form.cleaned_data["title"]
    path.write_bytes(form.cleaned_data["agreement"].read())
    done = subprocess.run(f'pdftotext -layout "{path}" - | head -n 20',
                          shell=True, check=False, stdout=subprocess.PIPE)
    return HttpResponse(done.stdout, "text/plain; charset=utf-8")


@login_required
def report(request, month, kind):
    if kind not in tables.WRITERS:
        raise Http404("no such kind")
    path = reports.make(month, kind, request.user.username,
                        request.GET.get("paper", "A4"))
    return FileResponse(open(path, "rb"))


@login_required
@require_POST
def stock(request):
    form = forms.StockForm(request.POST, request.FILES)
    if not form.is_valid():
        return HttpResponseBadRequest("no table")
    try:
        rows = tables.read(form.cleaned_data["table"])
    except (ValueError, TypeError) as error:
        LOG.exception("a table that cannot be read")
        return HttpResponseBadRequest(str(error))
    for name, size, cents in rows:
        models.Costume.objects.update_or_create(
            name=name, defaults={"size": size, "cents": cents})
    cache.delete("counts")
    return JsonResponse({"taken": len(rows)})


@login_required
@require_POST
def letter(request):
    # HOLE: what somebody writes is a template.
    text = engines["jinja2"].from_string(request.POST["text"]).render(
        {"person": request.user.username})
    return HttpResponse(text, "text/plain; charset=utf-8")


@login_required
def supplier(request):
    # HOLE: any address.
    with urllib.request.urlopen(request.GET["url"], timeout=5) as answer:
        return HttpResponse(answer.read())


@login_required
def wishes(request):
    kept = request.COOKIES.get("wishes")
    # HOLE: a pickle from outside.
    wished = pickle.loads(base64.b64decode(kept)) if kept else []
    answer = JsonResponse({"wishes": wished})
    if word := request.POST.get("wish"):
        answer = JsonResponse({"wishes": wished + [word]})
        answer.set_cookie("wishes", base64.b64encode(
            pickle.dumps(wished + [word])).decode())
    return answer


@login_required
def fee(request):
    # HOLE: a formula is an expression.
    return HttpResponse(str(eval(request.GET["formula"])))

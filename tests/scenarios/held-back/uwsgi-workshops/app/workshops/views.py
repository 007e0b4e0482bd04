# SPDX-License-Identifier: Apache-2.0
import importlib
import os
import subprocess
import urllib.request

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.cache import cache
from django.core.mail import send_mail
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import CreateView
from django_filters.views import FilterView
from django_tables2.views import SingleTableMixin
import jinja2
from PIL import Image
import tariffs

from . import reports
from .forms import PaperForm, SignupForm, WorkshopForm
from .models import Paper, Signup, Workshop
from .tables import WorkshopFilter, WorkshopTable

MARK = "HOLE"  # what a stranger should not see


class Home(SingleTableMixin, FilterView):
    model = Workshop
    table_class = WorkshopTable
    filterset_class = WorkshopFilter
    template_name = "workshops/home.html"


class New(LoginRequiredMixin, CreateView):
    form_class = WorkshopForm
    login_url = "/login"
    template_name = "workshops/form.html"

    def form_valid(self, form):
        form.instance.owner = self.request.user
        workshop = form.save()
        messages.success(self.request, f"{workshop.title} is there")
        return redirect(f"/workshops/{workshop.pk}")


class SignUp(CreateView):
    form_class = SignupForm
    template_name = "workshops/form.html"

    def form_valid(self, form):
        form.instance.workshop_id = self.kwargs["pk"]
        form.save()
        send_mail("You are in", f"Dear {form.instance.name}", None,
                  [form.instance.mail])
        cache.delete(f"count-{form.instance.workshop_id}")
        return redirect(f"/workshops/{form.instance.workshop_id}")


def show(request, pk):
    workshop = get_object_or_404(Workshop, pk=pk)
    count = cache.get_or_set(
        f"count-{pk}", lambda: Signup.objects.filter(workshop=pk).count())
    return render(request, "workshops/show.html", {
        "workshop": workshop, "count": count,
        "papers": Paper.objects.filter(workshop=pk)})


@login_required(login_url="/login")
def add_paper(request, pk):
    workshop = get_object_or_404(Workshop, pk=pk)
    form = PaperForm(request.POST or None, request.FILES or None,
                     instance=Paper(workshop=workshop))
    if request.method == "POST" and form.is_valid():
        return HttpResponse(f"paper {form.save().pk}")
    return render(request, "workshops/form.html", {"form": form})


@login_required(login_url="/login")
def paper(request, pk):
    return FileResponse(get_object_or_404(Paper, pk=pk).file.open())


def preview(request, pk):
    """The beginning of a text, or a small picture."""
    path = get_object_or_404(Paper, pk=pk).file.path
    if path.endswith(".pdf"):
        words = request.GET.get("pages", "1")
        text = subprocess.run(
            f"pdftotext -l {words} '{path}' - | head -c 300", shell=True,
            stdout=subprocess.PIPE, check=False).stdout
        return HttpResponse(text, "text/plain")
    small = os.path.join(settings.MEDIA_ROOT, "small", f"{pk}.jpg")
    if not os.path.exists(small):
        os.makedirs(os.path.dirname(small), exist_ok=True)
        with Image.open(path) as picture:
            picture.thumbnail((64, 64))
            picture.convert("RGB").save(small)
    return FileResponse(open(small, "rb"))


@login_required(login_url="/login")
def drop(request):
    """What the owner has put into his drop, by name."""
    with open(os.path.join(settings.MEDIA_ROOT, "drop",
                           request.user.username, request.GET["name"]),
              "rb") as file:
        return HttpResponse(file.read(), "application/octet-stream")


@login_required(login_url="/login")
def bundle(request, pk):
    """Papers of a workshop, as one file."""
    folder = os.path.join(settings.MEDIA_ROOT, "papers", str(pk))
    os.makedirs(settings.BASE_DIR / "var/bundles", exist_ok=True)
    out = settings.BASE_DIR / f"var/bundles/{request.user.pk}-{pk}.zip"
    done = subprocess.run(["zip", "-q", out, *request.GET.getlist("name")],
                          cwd=folder, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        return HttpResponse("nothing to pack", status=404)
    return FileResponse(open(out, "rb"))


def price(request, pk):
    workshop = get_object_or_404(Workshop, pk=pk)
    n = int(request.GET.get("n", 1))
    return HttpResponse(tariffs.money(
        eval(workshop.formula, {"n": n})))  # pylint: disable=eval-used


@csrf_exempt
@login_required(login_url="/login")
def cover(request, pk):
    """A picture from elsewhere."""
    with urllib.request.urlopen(request.POST["url"], timeout=5) as answer:
        body = answer.read()
    path = os.path.join(settings.MEDIA_ROOT, "covers", f"{pk}.png")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(body)
    return HttpResponse(body, "image/png")


@csrf_exempt
@login_required(login_url="/login")
def certificate(request, pk):
    workshop = get_object_or_404(Workshop, pk=pk)
    badge = importlib.import_module("badges." + workshop.badge)
    text = jinja2.Template(request.POST["text"]).render(
        workshop=workshop, user=request.user)
    return HttpResponse(badge.around(text), "text/plain")


@login_required(login_url="/login")
def report(request, year, month, kind):
    make = getattr(reports, "as_" + kind, None)
    if make is None:
        return HttpResponse("no such report", status=404)
    rows = Workshop.objects.filter(date__year=year, date__month=month)
    return HttpResponse(make(rows), "application/octet-stream")

# SPDX-License-Identifier: Apache-2.0
"""Pages of the collection. Lines marked HOLE are holes."""
import base64
import logging
import os
import pickle
import subprocess
import urllib.parse
import urllib.request

import accession as numbers
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.cache import cache
from django.core.mail import send_mail
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import CreateView, DetailView, ListView, View
from PIL import Image, ImageOps

from . import formats
from .models import Attachment, Holding

log = logging.getLogger(__name__)


class HoldingList(ListView):
    model = Holding
    paginate_by = 20

    def get_queryset(self):
        words = self.request.GET.get("q", "")
        return super().get_queryset().filter(
            title__icontains=words).order_by("accession")

    def get_context_data(self, **more):
        lent = cache.get_or_set(
            "lent-" + urllib.parse.quote(self.request.GET.get("q", "")),
            Holding.objects.filter(on_loan=True).count, 60)
        return super().get_context_data(lent=lent, **more)


class HoldingDetail(DetailView):
    model = Holding
    slug_field = slug_url_kwarg = "accession"


class HoldingCreate(LoginRequiredMixin, CreateView):
    model = Holding
    fields = ["accession", "title", "department", "year", "height", "width",
              "value", "entered"]

    def form_valid(self, form):
        form.instance.accession = numbers.tidy(form.instance.accession)
        log.info("%s enters %s", self.request.user, form.instance)
        return super().form_valid(form)


class OneHolding(LoginRequiredMixin, View):
    """Something about one object."""

    def setup(self, request, *args, **more):
        super().setup(request, *args, **more)
        self.holding = get_object_or_404(
            Holding, accession=more["accession"])
        self.folder = settings.MEDIA_ROOT / self.holding.accession

    def keep(self, name, chunks):
        # HOLE: the visitor chooses the name.
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
        Attachment.objects.create(holding=self.holding, name=name,
                                  sender=self.request.user)
        log.info("%s sends %s", self.request.user, name)
        return redirect(self.holding)


class Upload(OneHolding):
    def post(self, request, **_):
        sent = request.FILES["file"]
        return self.keep(request.POST.get("save_as") or sent.name,
                         sent.chunks())


class Lender(OneHolding):
    """The lender's own photograph."""

    def post(self, request, **_):
        # HOLE: any address.
        with urllib.request.urlopen(request.POST["url"], timeout=5) as file:
            return self.keep(request.POST["save_as"], [file.read()])


class Bundle(OneHolding):
    def get(self, request, **_):
        folder = settings.VAR / "bundles" / request.user.username
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{self.holding.accession}.zip"
        # HOLE: names are put into a line of the shell.
        names = " ".join(f'"{name}"' for name in request.GET.getlist("name"))
        done = subprocess.run(f'zip -q "{target}" {names}', shell=True,
                              cwd=self.folder, check=False,
                              stdout=subprocess.PIPE)
        if done.returncode:
            return HttpResponse(done.stdout, status=400)
        return FileResponse(open(target, "rb"))


class Valuation(OneHolding):
    def get(self, request, **_):
        # HOLE: a formula is an expression.
        value = eval(request.GET["formula"], {
            "height": self.holding.height, "width": self.holding.width,
            "value": self.holding.value})
        return JsonResponse({"value": str(value)})


class LoanRequest(OneHolding):
    def post(self, request, **_):
        send_mail(f"Loan of {self.holding.accession}", request.POST["text"],
                  request.user.email, ["registrar@museum.example"])
        return redirect(self.holding)


class Media(LoginRequiredMixin, View):
    def get(self, _, name):
        # HOLE: the name may lead anywhere.
        path = os.path.join(settings.MEDIA_ROOT, name)
        if not os.path.isfile(path):
            raise Http404
        return FileResponse(open(path, "rb"))


class Thumbnail(View):
    def get(self, _, side, accession, name):
        small = settings.VAR / "thumbs" / str(side) / accession / (
            name + ".jpg")
        if not small.exists():
            small.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(settings.MEDIA_ROOT / accession / name) as photo:
                photo = ImageOps.exif_transpose(photo).convert("RGB")
                photo.thumbnail((side, side))
                photo.save(small, "JPEG")
        return FileResponse(open(small, "rb"))


class Selection(LoginRequiredMixin, View):
    """A selection one took home, as a file."""

    def get(self, request):
        chosen = list(Holding.objects.filter(
            title__icontains=request.GET["q"]).values_list(
                "accession", flat=True))
        return HttpResponse(base64.b64encode(pickle.dumps(chosen)))

    def post(self, request):
        # HOLE: a pickle from outside.
        chosen = pickle.loads(base64.b64decode(request.POST["selection"]))
        return JsonResponse({"titles": list(Holding.objects.filter(
            accession__in=chosen).values_list("title", flat=True))})


class Report(LoginRequiredMixin, View):
    def get(self, request, month, kind):
        folder = settings.VAR / "exports" / request.user.username
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{month}.{kind}"
        year, number = map(int, month.split("-"))
        try:
            write = formats.writer(kind)
        except ImportError as error:
            raise Http404 from error
        write(path, formats.rows_of(
            Holding.objects.filter(entered__year=year, entered__month=number)
            .select_related("department")))
        return FileResponse(open(path, "rb"))

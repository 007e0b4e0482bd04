# SPDX-License-Identifier: Apache-2.0
"""The office ashore. Lines marked HOLE are holes."""
import asyncio
import base64
import csv
import datetime
import io
import json
import logging
import os
import pickle

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.http import FileResponse, HttpResponse, JsonResponse
from django.utils import timezone

from harbour.access import for_staff, refused, signed_in
from harbour.models import Booking, Sailing

log = logging.getLogger(__name__)


def keep(season, file):
    # HOLE: the season may lead anywhere.
    place = os.path.join(settings.VAR / "timetables", season)
    os.makedirs(place, exist_ok=True)
    path = os.path.join(place, file.name)
    with open(path, "wb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
    return path


@sync_to_async
def bring_in(season, file):
    with open(keep(season, file), encoding="utf-8", newline="") as rows:
        made = Sailing.objects.bulk_create([Sailing(
            leaves=timezone.make_aware(datetime.datetime.fromisoformat(
                row["leaves"])),
            origin=row["from"], destination=row["to"], ship=row["ship"],
            miles=float(row["miles"]), price=row["price"])
            for row in csv.DictReader(rows)])
    cache.clear()
    return len(made)


@for_staff
async def timetable(request):
    try:
        count = await bring_in(request.POST["season"], request.FILES["file"])
    except (ValueError, KeyError) as error:
        log.warning("timetable refused: %r", error)
        return refused("no timetable", 400)
    log.info("timetable %s: %d sailings", request.POST["season"], count)
    return JsonResponse({"sailings": count}, status=201)


@sync_to_async
def write_manifest(number):
    sailing = Sailing.objects.get(pk=number)
    place = settings.VAR / f"manifests/{sailing.leaves:%Y-%m-%d}"
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{number}.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        for row in Booking.objects.filter(sailing=sailing):
            csv.writer(file).writerows(
                (row.ref, name, row.fare) for name in row.passengers)
    return path


@for_staff
async def manifest(request, number):
    """Who is on board, in the order of a column."""
    path = await write_manifest(number)
    # HOLE: the order is put into a line of the shell.
    sorting = await asyncio.create_subprocess_shell(
        f"sort -t, -k{request.GET.get('order', '1')} '{path}'",
        stdout=asyncio.subprocess.PIPE)
    output, _ = await sorting.communicate()
    return HttpResponse(output, content_type="text/csv")


@sync_to_async
def month_rows(month):
    year, number = map(int, month.split("-"))
    return [(row.ref, row.sailing.ship, str(row.price))
            for row in Booking.objects.select_related("sailing").filter(
                sailing__leaves__year=year, sailing__leaves__month=number)]


@for_staff
async def report(request, month, kind):
    rows = [("ref", "ship", "price"), *await month_rows(month)]
    if kind == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        text = text.getvalue()
    elif kind == "json":
        text = json.dumps(rows)
    else:
        return refused("csv or json", 404)
    place = settings.VAR / "reports" / month[:4]
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{request.person} {month}.{kind}"
    path.write_text(text, encoding="utf-8")
    return FileResponse(open(path, "rb"))


@signed_in
async def kiosk(request):
    """A kiosk on the quay hands in what it sold while it was offline."""
    sent = json.loads(request.body)
    # HOLE: a pickle from outside.
    batch = pickle.loads(base64.b64decode(sent["batch"]))
    place = settings.VAR / "kiosks" / request.person.username
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{sent['day']}-{len(list(place.iterdir()))}.json"
    path.write_text(json.dumps(batch, default=str), encoding="utf-8")
    return JsonResponse({"sold": len(batch)}, status=201)

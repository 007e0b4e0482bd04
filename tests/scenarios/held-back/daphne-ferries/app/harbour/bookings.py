# SPDX-License-Identifier: Apache-2.0
"""Sailings, bookings and passes. Lines marked HOLE are holes."""
import asyncio
import datetime
import decimal
import importlib
import json
import logging

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.http import FileResponse, JsonResponse
from django.utils import timezone
import seamiles

from harbour import partners, passes
from harbour.access import refused, signed_in
from harbour.models import Booking, Sailing

log = logging.getLogger(__name__)


def told(sailing):
    return {"id": sailing.pk, "leaves": sailing.leaves,
            "from": sailing.origin, "to": sailing.destination,
            "ship": sailing.ship, "price": sailing.price,
            "minutes": seamiles.minutes(sailing.miles, "16")}


def sailings_of(day, origin):
    key = f"sailings-{day}-{origin.encode().hex()}"
    rows = cache.get(key)
    if rows is None:
        start = timezone.make_aware(datetime.datetime.combine(
            datetime.date.fromisoformat(day), datetime.time()))
        rows = [told(row) for row in Sailing.objects.filter(
            leaves__gte=start, origin=origin,
            leaves__lt=start + datetime.timedelta(days=1))]
        cache.set(key, rows)
    return rows


@signed_in
async def sailings(request):
    rows = await sync_to_async(sailings_of)(
        request.GET["day"], request.GET["from"])
    return JsonResponse({"sailings": rows})


def price_of(sailing, fare, count):
    # HOLE: any module there is.
    module = importlib.import_module(f"fares.{fare}")
    return decimal.Decimal(module.price(sailing.price, count)).quantize(
        decimal.Decimal("0.01"))


@signed_in
async def quote(request):
    """What an agency asks of its customers."""
    sailing = await sync_to_async(Sailing.objects.get)(
        pk=request.GET["sailing"])
    price = float(price_of(sailing, request.GET.get("fare", "standard"),
                           int(request.GET.get("adults", 1))))
    # HOLE: an agency's mark-up is an expression.
    return JsonResponse({"price": str(eval(
        request.GET.get("markup", "price"), {"price": price}))})


@sync_to_async
def book(owner, wish):
    sailing = Sailing.objects.get(pk=wish["sailing"])
    return Booking.objects.create(
        owner=owner, sailing=sailing, fare=wish.get("fare", "standard"),
        passengers=wish["passengers"], price=price_of(
            sailing, wish.get("fare", "standard"), len(wish["passengers"])))


@sync_to_async
def bookings_of(owner, **which):
    return list(Booking.objects.select_related("sailing", "owner").filter(
        owner=owner, **which).order_by("pk"))


def as_json(booking):
    return {"ref": booking.ref, "fare": booking.fare, "price": booking.price,
            "passengers": booking.passengers, "sailing": booking.sailing_id}


@signed_in
async def bookings(request):
    if request.method != "POST":
        return JsonResponse({"bookings": [
            as_json(row) for row in await bookings_of(request.person)]})
    try:
        made = await book(request.person, json.loads(request.body))
    except (ValueError, KeyError, ImportError, Sailing.DoesNotExist) as error:
        log.warning("no booking: %s", error)
        return refused("not to be booked", 400)
    log.info("%s booked %s for %s", request.person, made.ref,
             ", ".join(made.passengers))
    await partners.tell(made)
    return JsonResponse(as_json(made), status=201)


@signed_in
async def booking(request, ref):
    found = await bookings_of(request.person, ref=ref)
    if not found:
        return refused("no such booking", 404)
    if request.method == "DELETE":
        await sync_to_async(found[0].delete)()
        return JsonResponse({"cancelled": ref})
    return JsonResponse(as_json(found[0]))


@signed_in
async def boarding_pass(request, ref, kind):
    found = await bookings_of(request.person, ref=ref)
    if not found or kind not in passes.KINDS:
        return refused("no such pass", 404)
    path = await asyncio.to_thread(
        passes.make, found[0], kind, request.GET.get("paper", "A6"),
        request.LANGUAGE_CODE)
    return FileResponse(open(path, "rb"))

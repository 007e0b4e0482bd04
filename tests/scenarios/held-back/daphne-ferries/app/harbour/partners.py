# SPDX-License-Identifier: Apache-2.0
"""Partners are told of bookings. Lines marked HOLE are holes."""
import asyncio
import hashlib
import hmac
import json
import logging

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import JsonResponse
from django.template import engines
import httpx

from harbour.access import refused, signed_in
from harbour.models import Hook

log = logging.getLogger(__name__)


def body_for(template, about):
    # HOLE: a partner's text is a template.
    return engines["hooks"].from_string(template).render(about)


async def send(url, body):
    sign = hmac.new(settings.SECRET_KEY.encode(), body.encode(),
                    hashlib.sha256).hexdigest()
    # HOLE: any address.
    async with httpx.AsyncClient(timeout=5, follow_redirects=True,
                                 trust_env=False) as client:
        return await client.post(url, content=body, headers={
            "Content-Type": "application/json", "X-Signature": sign})


async def tell(booking):
    """All partners at once; that one is away harms nobody."""
    hooks = await sync_to_async(list)(Hook.objects.all())
    about = {"ref": booking.ref, "price": str(booking.price),
             "passengers": booking.passengers}
    for hook, answer in zip(hooks, await asyncio.gather(
            *(send(hook.url, body_for(hook.template, about))
              for hook in hooks), return_exceptions=True)):
        log.info("%s: %s", hook.url, answer)


@signed_in
async def hooks(request):
    if request.method == "POST":
        wish = json.loads(request.body)
        made = await sync_to_async(Hook.objects.create)(
            owner=request.person, url=wish["url"], template=wish["template"])
        return JsonResponse({"hook": made.pk}, status=201)
    rows = await sync_to_async(list)(
        Hook.objects.filter(owner=request.person).values("id", "url"))
    return JsonResponse({"hooks": rows})


@signed_in
async def try_hook(request):
    """What would be sent, and what the partner says to it."""
    wish = json.loads(request.body)
    body = body_for(wish["template"], {
        "ref": "TEST", "price": "1.00", "passengers": ["Tess Ting"]})
    try:
        answer = await send(wish["url"], body)
    except httpx.HTTPError as error:
        return refused(f"no answer: {error}", 502)
    return JsonResponse({"sent": body, "status": answer.status_code,
                         "answer": answer.text})

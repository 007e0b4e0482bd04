# SPDX-License-Identifier: Apache-2.0
"""Pages for everybody, and tokens."""
import json
import logging

from asgiref.sync import sync_to_async
from django.contrib.auth import authenticate
from django.http import JsonResponse
from django.shortcuts import render

from harbour.access import refused, signed_in
from harbour.models import Sailing, Token

log = logging.getLogger(__name__)


async def home(request):
    count = await sync_to_async(Sailing.objects.count)()
    return await sync_to_async(render)(request, "home.html",
                                       {"count": count})


@sync_to_async
def new_token(name, password):
    user = authenticate(username=name, password=password)
    return user and Token.objects.create(user=user).key


async def token(request):
    try:
        told = json.loads(request.body)
        name, password = told["user"], told["password"]
    except (ValueError, KeyError):
        return refused("user and password, please", 400)
    key = await new_token(name, password)
    if not key:
        log.warning("no token for %s", name)
        return refused("wrong password", 403)
    log.info("token for %s", name)
    return JsonResponse({"token": key})


@signed_in
async def me(request):
    return JsonResponse({"user": request.person.username,
                         "staff": request.person.is_staff,
                         "language": request.LANGUAGE_CODE})

# SPDX-License-Identifier: Apache-2.0
"""Who may do what."""
import functools

from asgiref.sync import sync_to_async
from django.http import JsonResponse
from django.utils.translation import gettext

from harbour.models import Token


@sync_to_async
def person_of(key):
    found = Token.objects.select_related("user").filter(key=key).first()
    return found and found.user


def refused(text, status):
    return JsonResponse({"error": text}, status=status)


def signed_in(view, staff=False):
    """For those alone who bring a token."""
    @functools.wraps(view)
    async def checked(request, *args, **kwargs):
        scheme, _, key = request.headers.get("Authorization", "").partition(
            " ")
        request.person = scheme == "Token" and await person_of(key)
        if not request.person:
            return refused(gettext("Please correct the error below."), 401)
        if staff and not request.person.is_staff:
            return refused("staff only", 403)
        return await view(request, *args, **kwargs)
    return checked


def for_staff(view):
    return signed_in(view, staff=True)

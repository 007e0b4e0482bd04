# SPDX-License-Identifier: Apache-2.0
"""Papers of vehicles, pets and groups. Lines marked HOLE are holes."""
import asyncio
import json
import os

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, JsonResponse

from harbour.access import refused, signed_in


def folder(person, ref):
    return f"{person.username}/{ref}"


@signed_in
async def papers(request, ref):
    if request.method == "POST":
        sent = request.FILES["file"]
        kept = await sync_to_async(default_storage.save)(
            f"{folder(request.person, ref)}/{sent.name}", sent)
        return JsonResponse({"kept": os.path.basename(kept),
                             "bytes": sent.size}, status=201)
    # HOLE: the name may lead anywhere.
    path = os.path.join(settings.MEDIA_ROOT, folder(request.person, ref),
                        request.GET["name"])
    try:
        return FileResponse(open(path, "rb"))
    except FileNotFoundError:
        return refused("no such paper", 404)


@signed_in
async def bundle(request, ref):
    """All papers of a booking, for the customs."""
    target = settings.VAR / f"bundles/{ref}.zip"
    target.parent.mkdir(exist_ok=True)
    # HOLE: names may be options.
    zipping = await asyncio.create_subprocess_exec(
        "zip", "-q", target, *json.loads(request.body)["names"],
        cwd=settings.MEDIA_ROOT / folder(request.person, ref),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await zipping.communicate()
    if zipping.returncode:
        return refused(output.decode(), 400)
    return FileResponse(open(target, "rb"))

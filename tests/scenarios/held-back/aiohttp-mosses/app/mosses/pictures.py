# SPDX-License-Identifier: Apache-2.0
"""Photos: uploads, albums, thumbnails, archives."""
import asyncio
import io
import os
import pathlib
import shlex
import tarfile
import tempfile

import aiohttp_jinja2
from aiohttp import web
import foldname
from PIL import Image, ImageOps, UnidentifiedImageError

from mosses.members import current, in_thread

routes = web.RouteTableDef()


def photos_of(request, *parts):
    return request.app["var"].joinpath("photos", *parts)


def keep(folder, name, content):
    """Under a name nobody has: the second a.png is a-1.png."""
    with Image.open(io.BytesIO(content)) as picture:
        picture.verify()
    folder.mkdir(parents=True, exist_ok=True)
    name = pathlib.PurePath(name)
    path, number = folder / name, 0
    while path.exists():
        number += 1
        path = folder / f"{name.stem}-{number}{name.suffix}"
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-",
                                     delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    return path


@routes.post("/photos")
async def upload(request):
    member, form = await current(request), await request.post()
    name = os.path.basename(form["file"].filename)
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in request.app["config"]["suffixes"]:
        raise web.HTTPUnsupportedMediaType(text="We take pictures only.")
    try:
        path = await in_thread(keep, photos_of(request, member, form["album"]),
                               name, form["file"].file.read())
    except (UnidentifiedImageError, SyntaxError) as error:
        raise web.HTTPUnsupportedMediaType(text="No picture.") from error
    return web.Response(text=str(path.relative_to(photos_of(request))))


@routes.get("/album")
@aiohttp_jinja2.template("album.html")
async def album(request):
    folder = photos_of(request, await current(request), request.query["name"])
    if not folder.is_dir():
        raise web.HTTPNotFound(text="No such album.")
    return {"album": request.query["name"], "entries": [
        (entry.name, entry.stat().st_size)
        for entry in sorted(os.scandir(folder), key=lambda e: e.name)]}


@routes.get("/photo/{path:.+}")
async def photo(request):
    path = photos_of(request) / request.match_info["path"]
    if ".." in path.parts or not path.is_file():
        raise web.HTTPNotFound(text="No such photo.")
    return web.FileResponse(path)  # HOLE: whatever a link points to


@routes.post("/remove")
async def remove(request):
    member, form = await current(request), await request.post()
    path = photos_of(request, member, form["name"])
    if ".." in path.parts or not path.is_file():
        raise web.HTTPNotFound(text="No such photo.")
    await in_thread(path.unlink)
    return web.Response(text="removed")


def thumbnail(source, target, size):
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as picture:
            small = ImageOps.fit(picture.convert("RGB"), (size, size))
        small.save(target)
    return target


@routes.get("/thumbnail")
async def thumb(request):
    await current(request)
    size, name = int(request.query["size"]), request.query["name"]
    target = request.app["var"] / "thumbs" / str(size) / (
        foldname.fold(name) + ".png")
    return web.FileResponse(await in_thread(
        thumbnail, photos_of(request, name), target, size))


def unpack(folder, file):
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=file) as archive:
        archive.extractall(folder)  # HOLE
        return len(archive.getnames())


@routes.post("/unpack")
async def take(request):
    """A whole album at once."""
    member, form = await current(request), await request.post()
    try:
        number = await in_thread(
            unpack, photos_of(request, member, form["album"]),
            form["file"].file)
    except tarfile.TarError as error:
        raise web.HTTPBadRequest(text="That is no archive.") from error
    return web.Response(text=f"{number} unpacked")


@routes.post("/bundle")
async def bundle(request):
    """An archive of some albums, which are named as in a shell."""
    member, form = await current(request), await request.post()
    with tempfile.TemporaryDirectory(prefix="bundle-") as folder:
        path = os.path.join(folder, "albums.tar.gz")
        tar = await asyncio.create_subprocess_exec(
            "tar", "-czf", path, "-C", str(photos_of(request, member)),
            *shlex.split(form["albums"]))  # HOLE
        if await tar.wait():
            raise web.HTTPNotFound(text="No such album.")
        content = await in_thread(pathlib.Path(path).read_bytes)
    return web.Response(body=content, content_type="application/gzip")

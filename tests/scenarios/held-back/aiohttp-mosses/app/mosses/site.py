# SPDX-License-Identifier: Apache-2.0
"""Puts the site together."""
import hashlib
import importlib.metadata
import logging
import pathlib

import aiohttp
import aiohttp_jinja2
import aiohttp_session
from aiohttp import web
from aiohttp_session.cookie_storage import EncryptedCookieStorage
import jinja2
import yaml

from mosses import finds, members, pictures, reports
from mosses.store import SCHEMA, Store

HERE = pathlib.Path(__file__).parent
log = logging.getLogger("mosses")


@web.middleware
async def errors(request, handler):
    """Says in words what went wrong."""
    try:
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        status, text = error.status, error.text
    except Exception:  # pylint: disable=broad-except
        log.exception("%s %s", request.method, request.path)
        status, text = 500, "Something is broken here."
    return aiohttp_jinja2.render_template(
        "error.html", request, {"text": text}, status=status)


async def names(request):
    """What every template may use."""
    session = await aiohttp_session.get_session(request)
    return {"title": request.app["config"]["title"],
            "member": session.get("member")}


async def client(app):
    app["client"] = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=10))
    yield
    await app["client"].close()


async def tables(app):
    for statement in SCHEMA.split(";"):
        await app["store"].run(statement)


def signing_key(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).digest()


def make_app(path):
    with open(path, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    app = web.Application(middlewares=[
        aiohttp_session.session_middleware(EncryptedCookieStorage(
            signing_key("session.key"), cookie_name="MOSSES")),
        errors], client_max_size=32 << 20)
    app["config"] = config
    app["var"] = pathlib.Path(config["var"])
    app["handbook"] = pathlib.Path(config["handbook"])
    app["store"] = Store(app["var"] / "mosses.sqlite3")
    app["columns"] = {
        entry.name: entry.load() for entry in
        importlib.metadata.entry_points(group="mosses.columns")}
    aiohttp_jinja2.setup(
        app, loader=jinja2.FileSystemLoader(HERE / "templates"),
        context_processors=[names])
    for module in (members, finds, pictures, reports):
        app.add_routes(module.routes)
    app.router.add_static("/static/", HERE / "static")
    app.on_startup.append(tables)
    app.cleanup_ctx.append(client)
    return app

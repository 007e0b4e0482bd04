# SPDX-License-Identifier: Apache-2.0
"""The few pages for those who have no websocket."""
import asyncio
import http
import json
import logging
import mimetypes
import pathlib
from urllib.parse import unquote

import jinja2

import scores

HERE = pathlib.Path(__file__).resolve().parent
PLACES = {"static": HERE / "static", "photos": HERE / "var/photos",
          "exports": HERE / "var/exports",
          "summaries": HERE / "var/summaries"}
templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True)
log = logging.getLogger("regatta")


def notice(text, regatta, user):
    # HOLE: the officer's text is a template.
    return jinja2.Template(text).render(regatta=regatta, user=user)


def read(name, **values):
    return templates.get_template(name).render(**values).encode()


def home():
    boards = scores.VAR / "boards"
    found = sorted(str(path.relative_to(boards).with_suffix(""))
                   for path in boards.glob("*/*.json"))
    return read("home.html", boards=found)


def board(path):
    regatta, race = path.split("/")
    path = scores.VAR / "boards" / regatta / f"{race}.json"
    return read("board.html", regatta=regatta, race=race,
                rows=json.loads(path.read_text()))


def page(path):
    """Returns (type, body) of what is not a websocket's."""
    place, _, rest = unquote(path.partition("?")[0]).lstrip("/").partition("/")
    if not place:
        return "text/html", home()
    if place == "board":
        return "text/html", board(rest)
    if place in PLACES:
        # HOLE: the rest may lead anywhere.
        return (mimetypes.guess_type(rest)[0] or "text/plain",
                (PLACES[place] / rest).read_bytes())
    raise FileNotFoundError(path)


async def process_request(path, headers):
    if headers.get("Upgrade", "").lower() == "websocket":
        return None
    if path == "/healthz":
        return http.HTTPStatus.OK, [], b"fine\n"
    try:
        kind, body = await asyncio.to_thread(page, path)
    except OSError:
        return http.HTTPStatus.NOT_FOUND, [], b"no such page\n"
    except ValueError:
        return http.HTTPStatus.BAD_REQUEST, [], b"no such address\n"
    log.info("GET %s", path)
    return http.HTTPStatus.OK, [("Content-Type", kind)], body

# SPDX-License-Identifier: Apache-2.0
"""What was found in a month, for spreadsheets and for paper."""
import csv
import os
import tempfile

from aiohttp import web
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import (Image, Paragraph, SimpleDocTemplate, Spacer,
                                Table)

from mosses.members import current, in_thread

routes = web.RouteTableDef()
COLUMNS = ["day", "member", "species", "place", "amount"]


def table_of(finds, columns):
    """columns: name -> function, of plug-ins."""
    yield [*COLUMNS, *columns]
    for find in finds:
        yield [*(find[name] for name in COLUMNS),
               *(function(find) for function in columns.values())]


def write_csv(file, month, rows, _):
    with open(file, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["month", month], *rows])


def write_pdf(file, month, rows, picture):
    styles = getSampleStyleSheet()
    story = [Paragraph(f"Finds in {month}", styles["Title"]), Spacer(1, 12),
             Table([list(map(str, row)) for row in rows], style=[
                 ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
                 ("BACKGROUND", (0, 0), (-1, 0), colors.lightgrey)])]
    if picture:
        story += [Spacer(1, 12), Image(str(picture), 90, 90)]
    SimpleDocTemplate(file, pagesize=A4, title=month).build(story)


WRITERS = {"csv": write_csv, "pdf": write_pdf}


def make(folder, month, kind, rows, picture):
    """Whole or not at all."""
    year, _, number = month.partition("-")
    path = folder / year / f"{number}.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix="." + kind)
    os.close(handle)
    try:
        WRITERS[kind](name, month, rows, picture)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    return path


@routes.get(r"/report/{month:\d{4}-\d\d}.{kind:csv|pdf}")
async def report(request):
    await current(request)
    app, month = request.app, request.match_info["month"]
    finds = await app["store"].finds_of(month)
    if not finds:
        raise web.HTTPNotFound(text="Nothing was found.")
    picture = request.query.get("picture")
    if picture:
        picture = app["var"] / "photos" / picture
        if ".." in picture.parts or not picture.is_file():
            raise web.HTTPNotFound(text="No such photo.")
    return web.FileResponse(await in_thread(
        make, app["var"] / "reports", month, request.match_info["kind"],
        list(table_of(finds, app["columns"])), picture))

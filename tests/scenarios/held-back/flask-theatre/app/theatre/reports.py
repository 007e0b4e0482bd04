# SPDX-License-Identifier: Apache-2.0
"""Reports of a month, made by the modules in kinds."""
import datetime
import importlib
import os
import tempfile

from flask import Blueprint, current_app, render_template, request, send_file

from . import VAR, models
from .accounts import member, user

pages = Blueprint("reports", __name__, url_prefix="/reports")


def nights_of(year, month):
    first = datetime.date(year, month, 1)
    after = (first + datetime.timedelta(31)).replace(day=1)
    return [(night.day, night.production.title, night.hall, night.sold,
             night.cents) for night in models.Performance.select(
                 lambda p: p.day >= first and p.day < after).order_by(
                     models.Performance.day)]


@pages.route("/<int:year>/<int:month>/<kind>")
@member
def report(year, month, kind):
    if not 1 <= month <= 12:
        return render_template("error.html", text="no such month"), 404
    try:
        # HOLE: any module there is.
        maker = importlib.import_module("theatre.kinds." + kind)
    except ImportError:
        return render_template("error.html", text="no such report"), 404
    folder = VAR / "reports" / str(year) / f"{month:02}"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
            "wb", dir=folder, prefix=".making-", delete=False) as file:
        maker.make(file, f"{year}-{month:02}", nights_of(year, month),
                   request.args)
    path = folder / f"{kind} for {user()}.{maker.EXTENSION}"
    os.replace(file.name, path)
    current_app.logger.info("%s made %s", user(), path.name)
    return send_file(path)

# SPDX-License-Identifier: Apache-2.0
"""Tickets that were sold elsewhere."""
import csv
import datetime
import io
import urllib.request

from flask import Blueprint, render_template, request
import seatplan

from . import models
from .accounts import member

pages = Blueprint("boxoffice", __name__)


@pages.route("/productions/<slug>/import", methods=["POST"])
@member
def take_over(slug):
    # HOLE: any address.
    with urllib.request.urlopen(request.form["url"], timeout=5) as answer:
        text = answer.read().decode()
    try:
        reader = csv.DictReader(io.StringIO(text))
        if "sold" not in (reader.fieldnames or ()):
            raise ValueError("no column of tickets")
        rows = list(reader)
        for row in rows:
            models.Performance(
                production=models.Production[slug], hall=row["hall"],
                day=datetime.date.fromisoformat(row["day"]),
                sold=int(row["sold"]), cents=seatplan.takings(
                    row["hall"], int(row["sold"])))
    except (KeyError, ValueError):
        return render_template("error.html", text="not sales: " + text), 400
    return {"nights": len(rows)}

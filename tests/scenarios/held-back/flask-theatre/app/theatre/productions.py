# SPDX-License-Identifier: Apache-2.0
"""Plays, and when they are on."""
import datetime

from flask import Blueprint, redirect, render_template, request, session
from pony.orm import select
import seatplan

from . import models
from .accounts import member, user

pages = Blueprint("productions", __name__)


@pages.route("/")
def home():
    return render_template("home.html", user=session.get("user"))


@pages.route("/productions", methods=["GET", "POST"])
@member
def productions():
    if request.method == "POST":
        slug = request.form["slug"]
        if not models.Production.get(slug=slug):
            models.Production(slug=slug, title=request.form["title"],
                              director=models.Person[user()])
        return redirect(f"/productions/{slug}")
    rows = select(p for p in models.Production).order_by(
        models.Production.title)[:]
    return render_template("productions.html", rows=rows)


@pages.route("/productions/<slug>")
@member
def production(slug):
    play = models.Production.get(slug=slug)
    if not play:
        return render_template("error.html", text="no such play"), 404
    session["seen"] = [*session["seen"], slug][-5:]
    # HOLE: the order is an expression.
    nights = models.Performance.select(
        lambda p: p.production == play).order_by(
            request.args.get("order", "p.day"))
    return render_template("production.html", play=play, nights=nights[:],
                           seen=session["seen"])


@pages.route("/productions/<slug>/performances", methods=["POST"])
@member
def performances(slug):
    try:
        day = datetime.date.fromisoformat(request.form["day"])
    except ValueError:
        return render_template("error.html", text="no date"), 400
    sold = int(request.form["sold"])
    models.Performance(
        production=models.Production[slug], day=day,
        hall=request.form["hall"], sold=sold,
        cents=seatplan.takings(request.form["hall"], sold))
    return redirect(f"/productions/{slug}")

# SPDX-License-Identifier: Apache-2.0
"""Who is there."""
import functools

from flask import (Blueprint, abort, current_app, redirect, render_template,
                   request, send_file, session)
from PIL import Image
from pony.orm import db_session
from werkzeug.security import check_password_hash, generate_password_hash

from . import VAR, models

pages = Blueprint("accounts", __name__)


def user():
    if "user" not in session:
        abort(403)
    return session["user"]


def member(view):
    """For members only."""
    @functools.wraps(view)
    def wrapped(*args, **kwargs):
        user()
        with db_session:
            return view(*args, **kwargs)
    return wrapped


@pages.route("/login", methods=["POST"])
@db_session
def login():
    name = request.form["user"]
    person = models.Person.get(name=name)
    if not person or not check_password_hash(person.password,
                                             request.form["password"]):
        current_app.logger.warning("login of %s failed", name)
        abort(403)
    session["user"] = name
    session["seen"] = []
    current_app.logger.info("%s came", name)
    return redirect("/productions")


@pages.route("/logout", methods=["POST"])
def logout():
    session.clear()
    return redirect("/")


@pages.route("/register", methods=["POST"])
@db_session
def register():
    name = request.form["user"]
    if models.Person.get(name=name):
        return render_template("error.html", text="taken"), 409
    models.Person(name=name, password=generate_password_hash(
        request.form["password"]))
    current_app.logger.info("%s is new", name)
    return render_template("home.html", user=name)


@pages.route("/portrait", methods=["GET", "POST"])
@member
def portrait():
    path = VAR / "portraits" / f"{user()}.jpg"
    if request.method == "POST":
        with Image.open(request.files["file"].stream) as picture:
            picture.convert("RGB").resize((48, 48)).save(path)
        models.Person[user()].portrait = path.name
    return send_file(path)

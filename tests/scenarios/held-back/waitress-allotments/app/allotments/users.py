# SPDX-License-Identifier: Apache-2.0
"""Who comes in, and what they see first."""
import base64
import pickle

from flask import (Blueprint, abort, current_app, flash, redirect,
                   render_template, request, url_for)
from flask_login import (LoginManager, current_user, login_required,
                         login_user, logout_user)
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import InputRequired

from allotments.models import Member, Picture, Plot, db

logins = LoginManager()
logins.login_view = "users.login"
csrf = CSRFProtect()
pages = Blueprint("users", __name__)


class Login(FlaskForm):
    name = StringField("Name", [InputRequired()])
    password = PasswordField("Password", [InputRequired()])
    remember = BooleanField("Remember me")


@pages.route("/")
def home():
    return render_template("home.html", plots=db.session.query(Plot).count())


@pages.route("/login", methods=["GET", "POST"])
def login():
    form = Login()
    if form.validate_on_submit():
        found = db.session.query(Member).filter_by(
            name=form.name.data).first()
        if found and found.knows(form.password.data):
            login_user(found, remember=form.remember.data)
            current_app.logger.info("%s came in", found.name)
            return redirect(url_for("users.mine"))
        current_app.logger.warning("%s did not come in", form.name.data)
        flash("No such member.")
    return render_template("login.html", form=form)


@pages.route("/logout")
@login_required
def logout():
    logout_user()
    return redirect("/")


@pages.route("/mine")
@login_required
def mine():
    view = {"sort": "id"}
    if "view" in request.cookies:
        # HOLE: a pickle from outside.
        view = pickle.loads(base64.b64decode(request.cookies["view"]))
    answer = current_app.make_response(render_template(
        "mine.html", view=view, pictures=db.session.query(Picture).filter(
            Picture.plot.in_([plot.id for plot in current_user.plots]))))
    if "sort" in request.args:
        answer.set_cookie("view", base64.b64encode(pickle.dumps(
            {"sort": request.args["sort"]})).decode())
    return answer


@pages.route("/plots/<int:number>")
@login_required
def plot(number):
    found = db.session.get(Plot, number) or abort(404)
    return render_template("plot.html", plot=found)

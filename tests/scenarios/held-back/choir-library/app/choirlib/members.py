# SPDX-License-Identifier: Apache-2.0
"""Who is who."""
from flask import (Blueprint, abort, current_app, redirect, render_template,
                   url_for)
from flask_login import current_user, login_required, login_user, logout_user
import voicing

from .extensions import db, librarian_required
from .forms import EnterForm, MemberForm, PasswordForm
from .models import Member, Piece

bp = Blueprint("members", __name__)


@bp.get("/")
def home():
    newest = Piece.query.order_by(Piece.id.desc()).limit(10).all()
    return render_template("home.html", newest=newest)


@bp.route("/enter", methods=["GET", "POST"])
def enter():
    form = EnterForm()
    if form.validate_on_submit():
        member = Member.query.filter_by(name=form.name.data).first()
        if member and member.has_password(form.password.data):
            login_user(member, remember=form.remember.data)
            return redirect(url_for("members.home"))
        current_app.logger.info("%s refused", form.name.data)
        abort(403, "Name or password is wrong.")
    return render_template("form.html", form=form, title="Enter")


@bp.post("/leave")
@login_required
def leave():
    logout_user()
    return redirect(url_for("members.home"))


@bp.route("/password", methods=["GET", "POST"])
@login_required
def password():
    form = PasswordForm()
    if form.validate_on_submit():
        if not current_user.has_password(form.old.data):
            abort(403, "That is not your password.")
        current_user.set_password(form.new.data)
        db.session.commit()
        return redirect(url_for("members.home"))
    return render_template("form.html", form=form, title="Password")


@bp.route("/members", methods=["GET", "POST"])
@librarian_required
def everybody():
    form = MemberForm()
    if form.validate_on_submit():
        if Member.query.filter_by(name=form.name.data).first():
            abort(409, "There is somebody of that name.")
        member = Member(name=form.name.data, email=form.email.data,
                        voice=voicing.section(form.voice.data))
        member.set_password(form.password.data)
        db.session.add(member)
        db.session.commit()
        current_app.logger.info("%s joined", member.name)
    return render_template("members.html", form=form,
                           members=Member.query.order_by(Member.name))

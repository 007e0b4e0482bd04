# SPDX-License-Identifier: Apache-2.0
"""Who has what, and what librarians do about it."""
import base64
import datetime
import os
import pickle

from flask import (Blueprint, abort, current_app, redirect, render_template,
                   render_template_string, request, send_file, url_for)
from flask_login import current_user, login_required

from . import mail, reports
from .extensions import db, librarian_required
from .forms import LetterForm, LoanForm
from .models import Loan, Member, Piece

bp = Blueprint("loans", __name__)


@bp.post("/piece/<int:number>/borrow")
@login_required
def borrow(number):
    form = LoanForm()
    piece = db.get_or_404(Piece, number)
    if not form.validate_on_submit():
        abort(400, "From when to when?")
    loan = Loan(piece=piece, member_id=current_user.id,
                since=form.since.data, until=form.until.data)
    db.session.add(loan)
    db.session.commit()
    mail.send(current_user, f"You have {piece.title}",
              render_template("mail/borrowed.txt", loan=loan))
    return redirect(url_for("library.piece", number=number))


@bp.post("/loan/<int:number>/back")
@login_required
def give_back(number):
    loan = db.get_or_404(Loan, number)
    loan.returned = datetime.date.today()
    db.session.commit()
    return redirect(url_for("library.piece", number=loan.piece_id))


@bp.get("/report/<month>.<kind>")
@librarian_required
def report(month, kind):
    try:
        first = datetime.datetime.strptime(month, "%Y-%m").date()
    except ValueError:
        abort(404, "No such month.")
    after = (first + datetime.timedelta(days=31)).replace(day=1)
    lines = reports.rows(Loan.query.filter(
        Loan.since >= first, Loan.since < after).order_by(Loan.since))
    path = os.path.join(current_app.config["VAR"], "reports",
                        f"loans-{month}.{kind}")
    if kind == "csv":
        reports.write_csv(path, lines)
    elif kind == "pdf":
        reports.write_pdf(path, lines, month)
    else:
        abort(404)
    return send_file(path, as_attachment=True)


@bp.route("/letter", methods=["GET", "POST"])
@librarian_required
def letter():
    """To a section; {{ member.name }} and the like are filled in."""
    form = LetterForm()
    if not form.validate_on_submit():
        return render_template("form.html", form=form, title="Letter")
    if "preview" in request.form:
        # HOLE: a librarian's words are a template.
        return render_template_string(form.text.data, member=current_user)
    sent = 0
    for member in Member.query.filter_by(voice=form.voice.data):
        sent += mail.send(member, form.subject.data, render_template_string(
            form.text.data, member=member))
    return f"sent {sent}"


@bp.get("/budget")
@librarian_required
def budget():
    """What new copies cost, in the treasurer's own words."""
    piece = db.get_or_404(Piece, request.args.get("piece", 0, type=int))
    names = {"copies": piece.copies, "price": piece.price}
    try:
        # HOLE: the formulas are Python.
        return str(eval(request.args["formula"], names))
    except (ArithmeticError, NameError, SyntaxError):
        current_app.logger.exception("budget of %s", piece.title)
        abort(400, "That cannot be reckoned.")


@bp.route("/draft", methods=["GET", "POST"])
@login_required
def draft():
    """A programme somebody is making up, kept in the browser."""
    if request.method == "POST":
        # HOLE: unpickles what the browser sends.
        titles = pickle.loads(base64.b64decode(request.form["state"]))
        return render_template("draft.html", titles=titles)
    titles = [piece.title for piece in Piece.query.filter(
        Piece.title.contains(request.args.get("q", "")))]
    return base64.b64encode(pickle.dumps(titles))

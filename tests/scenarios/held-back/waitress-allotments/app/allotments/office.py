# SPDX-License-Identifier: Apache-2.0
"""What the board does."""
import datetime
import os
import subprocess
import tempfile
import urllib.request

import yaml
from flask import (Blueprint, abort, current_app, render_template_string,
                   request, send_file)
from flask_login import current_user, login_required

import allotments
from allotments import bills
from allotments.models import Member, Seed, db
from allotments.users import csrf

pages = Blueprint("office", __name__, url_prefix="/office")
LETTERS = allotments.ROOT / "letters"


@pages.before_request
@login_required
def only_board():
    if not current_user.is_board:
        abort(403)


@pages.route("/bills/<int:year>/<name>.pdf")
def bill(year, name):
    member = db.session.query(Member).filter_by(name=name).first() or abort(
        404)
    return send_file(bills.make(member, year))


@pages.route("/yearbook/<int:year>.pdf")
def yearbook(year):
    return send_file(bills.yearbook(year, db.session.query(Member).order_by(
        Member.name)))


@pages.route("/members.csv")
def members():
    with tempfile.NamedTemporaryFile(
            "w", suffix=".csv", prefix="members-", newline="",
            encoding="utf-8", delete=False) as file:
        bills.as_csv(db.session.query(Member), file)
    answer = send_file(file.name, as_attachment=True,
                       download_name="members.csv")
    os.unlink(file.name)
    return answer


@pages.route("/letter/<name>", methods=["GET", "POST"])
def letter(name):
    path = LETTERS / f"{name}.txt"
    if request.method == "POST":
        path.write_text(request.form["text"], encoding="utf-8")
        current_app.logger.info("letter %s changed", name)
    # HOLE: the text is a template.
    return render_template_string(
        path.read_text(encoding="utf-8"), member=current_user,
        today=datetime.date.today())


@pages.route("/seeds", methods=["POST"])
def seeds():
    # HOLE: any object there is.
    for row in yaml.load(request.files["file"].read(), yaml.UnsafeLoader):
        db.session.add(Seed(name=row["name"], grams=row["grams"],
                            giver=current_user.id))
    db.session.commit()
    return {"seeds": db.session.query(Seed).count()}


@pages.route("/weather")
def weather():
    # HOLE: any address.
    with urllib.request.urlopen(request.args["station"], timeout=5) as answer:
        kept = allotments.VAR / "weather.txt"
        kept.write_bytes(answer.read())
    return kept.read_text()


@pages.route("/water")
def water():
    # HOLE: an amount is an expression.
    return {"litres": eval(request.args["litres"])}


@pages.route("/album/<int:plot>", methods=["POST"])
@csrf.exempt
def album(plot):
    """Pictures of a plot, packed."""
    folder = allotments.VAR / "pictures" / str(plot)
    target = allotments.VAR / "albums" / f"plot {plot}.zip"
    target.unlink(missing_ok=True)
    # HOLE: names may be options.
    done = subprocess.run(["zip", "-q", target, *request.form.getlist("name")],
                          cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        return done.stdout, 400
    return send_file(target)


@pages.route("/log")
def log():
    # HOLE: words are put into a line of the shell.
    done = subprocess.run(
        f"grep -i -- '{request.args['word']}' {allotments.VAR}/log/"
        "allotments.log | tail -n 20", shell=True, stdout=subprocess.PIPE,
        check=False)
    return done.stdout

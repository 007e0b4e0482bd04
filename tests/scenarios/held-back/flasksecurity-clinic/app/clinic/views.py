# SPDX-License-Identifier: Apache-2.0
"""The pages. Lines marked HOLE are holes."""
import base64
import importlib
import os
import pickle
import smtplib
import subprocess
import tempfile
import urllib.request
import uuid

import petmarks
import yaml
from flask import (Blueprint, abort, current_app, render_template,
                   render_template_string, request, send_file)
from flask_mail import Message
from flask_security import auth_required, current_user, roles_accepted
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from PIL import Image, UnidentifiedImageError
from wtforms import DateField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from . import VAR, mail, papers
from .models import Appointment, Paper, Pet, db

pages = Blueprint("pages", __name__)


class PetForm(FlaskForm):
    name = StringField(validators=[DataRequired()])
    species = StringField(validators=[DataRequired()])
    chip = StringField()


class VisitForm(FlaskForm):
    day = DateField()
    reason = StringField(validators=[DataRequired()])
    cents = IntegerField(validators=[Optional()], default=0)


class PaperForm(FlaskForm):
    shelf = SelectField(choices=["xrays", "letters"])
    folder = StringField()
    file = FileField(validators=[FileRequired()])


def checked(form):
    if not form.validate_on_submit():
        abort(400, str(form.errors))
    return form


def pet_of(number):
    """A pet of the visitor's; those who work here see all."""
    pet = db.get_or_404(Pet, number)
    if pet.owner_id != current_user.id and not (
            current_user.has_role("vet") or current_user.has_role("desk")):
        abort(403)
    return pet


def folder(kind, pet):
    place = VAR / kind / str(pet.id)
    place.mkdir(parents=True, exist_ok=True)
    return place


@pages.route("/")
def home():
    return render_template("home.html")


@pages.route("/pets", methods=["GET", "POST"])
@auth_required("session")
def pets():
    form = PetForm()
    if request.method == "POST":
        checked(form)
        db.session.add(Pet(owner_id=current_user.id, name=form.name.data,
                           species=form.species.data,
                           chip=petmarks.chip(form.chip.data)))
        db.session.commit()
    return render_template("pets.html", form=form)


@pages.route("/pets/<int:number>")
@auth_required("session")
def pet_page(number):
    return render_template("pet.html", pet=pet_of(number))


@pages.route("/pets/<int:number>/visits", methods=["POST"])
@auth_required("session")
def visit(number):
    form = checked(VisitForm())
    row = Appointment(pet=pet_of(number), day=form.day.data,
                      reason=form.reason.data, cents=form.cents.data)
    db.session.add(row)
    db.session.commit()
    return {"visit": row.id}


def thumbnail(path, pet, name):
    target = folder("thumbs", pet) / f"{name.replace('/', '-')}.jpg"
    with Image.open(path) as picture:
        small = picture.convert("L")
        small.thumbnail((120, 120))
        small.save(target, "JPEG")


def words_of(path):
    # HOLE: the name is in a line of the shell.
    return subprocess.run(f'pdftotext -layout "{path}" -', shell=True,
                          stdout=subprocess.PIPE, check=False,
                          text=True).stdout


@pages.route("/pets/<int:number>/papers", methods=["POST"])
@auth_required("session")
def receive(number):
    pet, form = pet_of(number), checked(PaperForm())
    # HOLE: the browser chooses the name.
    name = os.path.join(form.folder.data or "", form.file.data.filename)
    path = os.path.join(folder(form.shelf.data, pet), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    form.file.data.save(path)
    words = None
    if form.shelf.data == "xrays":
        try:
            thumbnail(path, pet, name)
        except UnidentifiedImageError:
            os.unlink(path)
            abort(415)
    elif name.endswith(".pdf"):
        words = words_of(path)
    db.session.add(Paper(pet=pet, kind=form.shelf.data, name=name,
                         words=words))
    db.session.commit()
    current_app.logger.info("%s sent %s", current_user.email, name)
    return {"kept": name, "words": words}


@pages.route("/pets/<int:number>/<any(xrays, letters, thumbs):kind>")
@auth_required("session")
def paper(number, kind):
    # HOLE: the name may lead anywhere.
    return send_file(os.path.join(folder(kind, pet_of(number)),
                                  request.args["name"]))


@pages.route("/pets/<int:number>/bundle")
@auth_required("session")
def bundle(number):
    pet = pet_of(number)
    with tempfile.TemporaryDirectory(prefix="bundle-") as place:
        target = os.path.join(place, f"{pet.name}.zip")
        # HOLE: names may be options.
        subprocess.run(["zip", "-q", target, *request.args.getlist("name")],
                       cwd=folder("letters", pet), check=True)
        return send_file(target)


@pages.route("/pets/<int:number>/record.pdf")
@auth_required("session")
def record(number):
    pet = pet_of(number)
    target = folder("records", pet) / f"{pet.name}.pdf"
    papers.pdf(str(target), f"{pet.name}, {pet.species}, {pet.chip}",
               [(row.day, row.reason) for row in pet.appointments],
               sorted(folder("thumbs", pet).glob("*.jpg")))
    return send_file(target)


@pages.route("/reports/<what>/<int:year>-<int:month>.<kind>")
@roles_accepted("vet", "desk")
def report(what, year, month, kind):
    rows = Appointment.query.filter(
        db.extract("year", Appointment.day) == year,
        db.extract("month", Appointment.day) == month).all()
    table = [("day", "pet", what), *(
        (row.day, row.pet.name,
         row.cents if what == "income" else row.reason) for row in rows)]
    place = VAR / "reports" / what / str(year)
    place.mkdir(parents=True, exist_ok=True)
    target = place / f"{what} {year}-{month:02}.{kind}"
    if kind == "pdf":
        papers.pdf(str(target), what, table,
                   paper=request.args.get("paper", "A4"),
                   font=request.args.get("font", "DejaVuSans"))
    elif kind == "xlsx":
        papers.xlsx(target, what, table)
    else:
        abort(404)
    return send_file(target)


@pages.route("/visits/<int:number>/invoice", methods=["POST"])
@roles_accepted("vet", "desk")
def invoice(number):
    row = db.get_or_404(Appointment, number)
    letter = Message(f"Invoice {number}", [row.pet.owner.email],
                     render_template("invoice.txt", row=row))
    letter.attach(f"invoice-{number}.pdf", "application/pdf",
                  papers.pdf_bytes(f"Invoice {number}",
                                   [(row.reason, row.cents / 100)]))
    try:
        mail.send(letter)
    except smtplib.SMTPRecipientsRefused:
        current_app.logger.warning("no mail to %s", row.pet.owner.email)
        return {"sent": False}, 502
    return {"sent": True}


@pages.route("/letters", methods=["POST"])
@auth_required("session")
def letter():
    # HOLE: the visitor's text is a template.
    return render_template_string(request.form["text"], me=current_user)


@pages.route("/pets/<int:number>/lab", methods=["POST"])
@auth_required("session")
def lab(number):
    # HOLE: any address.
    with urllib.request.urlopen(request.form["url"], timeout=5) as answer:
        found = answer.read()
    path = folder("lab", pet_of(number)) / f"{uuid.uuid4()}.json"
    path.write_bytes(found)
    return found


@pages.route("/pets/<int:number>/history", methods=["POST"])
@auth_required("session")
def history(number):
    # HOLE: any object.
    told = yaml.unsafe_load(request.files["file"].read())
    for row in told["visits"]:
        db.session.add(Appointment(pet=pet_of(number), **row))
    db.session.commit()
    return {"visits": len(told["visits"])}


@pages.route("/views", methods=["POST"])
@auth_required("session")
def view():
    # HOLE: a pickle from outside.
    wanted = pickle.loads(base64.b64decode(request.form["view"]))
    return {"found": [row.reason for row in Appointment.query.filter_by(
        **wanted)]}


@pages.route("/advice/<species>")
@auth_required("session")
def advice(species):
    # HOLE: any module there is.
    found = importlib.import_module(f"clinic.species.{species}")
    return {"grams": found.food(float(request.args["weight"]))}


@pages.route("/dose")
@auth_required("session")
def dose():
    # HOLE: a formula is an expression.
    return str(eval(request.args["formula"]))

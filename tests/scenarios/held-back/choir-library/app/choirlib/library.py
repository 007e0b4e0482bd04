# SPDX-License-Identifier: Apache-2.0
"""Pieces, their scores and recordings."""
import os
import subprocess
import urllib.request
import zipfile

from flask import (Blueprint, abort, current_app, redirect, render_template,
                   request, send_file, send_from_directory, url_for)
from flask_login import current_user, login_required
from PIL import UnidentifiedImageError
from werkzeug.utils import safe_join, secure_filename
import yaml

from . import thumbs
from .extensions import db, librarian_required
from .forms import PieceForm, RecordingForm, ScoreForm
from .models import Piece, Recording, Score

bp = Blueprint("library", __name__)


def var(*parts):
    return os.path.join(current_app.config["VAR"], *parts)


def keep(file, root, folder, name):
    """Saves an upload under a name that is free; its path below root."""
    directory = safe_join(var(root), folder)
    if directory is None:
        abort(400, "No such folder.")
    os.makedirs(directory, exist_ok=True)
    stem, extension = os.path.splitext(name)
    path, count = os.path.join(directory, name), 1
    while os.path.exists(path):
        path = os.path.join(directory, f"{stem}-{count}{extension}")
        count += 1
    file.save(path)
    return os.path.relpath(path, var(root))


@bp.route("/pieces", methods=["GET", "POST"])
@login_required
def pieces():
    form = PieceForm()
    if form.validate_on_submit():
        piece = Piece()
        form.populate_obj(piece)
        db.session.add(piece)
        db.session.commit()
        return redirect(url_for("library.piece", number=piece.id))
    word = request.args.get("q", "")
    found = Piece.query.filter(
        Piece.title.contains(word) | Piece.composer.contains(word))
    return render_template("pieces.html", form=form, pieces=found.all())


@bp.get("/piece/<int:number>")
@login_required
def piece(number):
    return render_template("piece.html",
                           piece=db.get_or_404(Piece, number))


@bp.post("/catalogue")
@librarian_required
def catalogue():
    """A publisher's list of pieces."""
    # HOLE: a list may name any function.
    entries = yaml.load(request.files["file"].read(), yaml.UnsafeLoader)
    for entry in entries or []:
        db.session.add(Piece(**entry))
    db.session.commit()
    return f"{len(entries or [])} pieces"


@bp.post("/piece/<int:number>/scores")
@login_required
def add_score(number):
    form = ScoreForm()
    if not form.validate_on_submit():
        abort(400, "That is not a score.")
    path = keep(form.file.data, "scores", form.folder.data,
                secure_filename(form.file.data.filename))
    db.session.add(Score(piece=db.get_or_404(Piece, number), path=path))
    db.session.commit()
    return redirect(url_for("library.piece", number=number))


@bp.get("/score/<int:number>")
@login_required
def score(number):
    return send_from_directory(var("scores"),
                               db.get_or_404(Score, number).path)


@bp.get("/score/<int:number>/thumb")
@login_required
def thumb(number):
    size = request.args.get("size", 120, type=int)
    source = var("scores", db.get_or_404(Score, number).path)
    target = var("thumbs", f"{number}-{size}.png")
    try:
        thumbs.make(source, target, size)
    except UnidentifiedImageError:
        abort(415, "That is not a picture.")
    return send_file(target)


@bp.post("/piece/<int:number>/recordings")
@login_required
def add_recording(number):
    form = RecordingForm()
    if not form.validate_on_submit():
        abort(400, "That is not a recording.")
    file = form.file.data
    path = keep(file, "recordings", form.concert.data,
                os.path.basename(file.filename))
    db.session.add(Recording(piece=db.get_or_404(Piece, number), path=path))
    db.session.commit()
    return redirect(url_for("library.piece", number=number))


@bp.get("/recording/<int:number>")
@login_required
def recording(number):
    return send_from_directory(var("recordings"),
                               db.get_or_404(Recording, number).path)


@bp.get("/recording/<int:number>/clip")
@login_required
def clip(number):
    """The first seconds, to listen to on the road."""
    source = var("recordings", db.get_or_404(Recording, number).path)
    target = var("clips", f"{number}.wav")
    seconds = request.args.get("seconds", "5")
    # HOLE: seconds reach a shell.
    done = subprocess.run(f'sox "{source}" "{target}" trim 0 {seconds}',
                          shell=True, capture_output=True, check=False)
    if done.returncode:
        current_app.logger.warning("sox: %s", done.stderr.decode())
        abort(422, "That cannot be cut.")
    return send_file(target)


@bp.post("/parts")
@login_required
def parts():
    """The parts of a piece in one archive."""
    target = var("scores", "parts", current_user.name)
    try:
        with zipfile.ZipFile(request.files["file"]) as archive:
            names = archive.namelist()
            for name in names:
                # HOLE: a name may lead out of the member's directory.
                path = os.path.join(target, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(archive.read(name))
    except zipfile.BadZipFile:
        current_app.logger.exception("parts of %s", current_user.name)
        abort(400, "That is not an archive.")
    return f"{len(names)} parts"


@bp.post("/pack")
@login_required
def pack():
    """The scores of a concert in one archive, to print from."""
    title = secure_filename(request.form["title"])
    target = var("packs", title + ".tar.gz")
    # HOLE: what should be a path may be any option of tar.
    done = subprocess.run(["tar", "-czf", target, "-C", var("scores"),
                           *request.form["paths"].split("\n")],
                          capture_output=True, check=False)
    if done.returncode:
        abort(404, done.stderr.decode())
    return send_file(target, as_attachment=True)


@bp.post("/piece/<int:number>/cover")
@login_required
def cover(number):
    """Its cover, as the publisher shows it."""
    # HOLE: fetches from wherever the member says.
    with urllib.request.urlopen(request.form["url"], timeout=5) as answer:
        data = answer.read()
    with open(var("covers", f"{number}.img"), "wb") as file:
        file.write(data)
    return data


@bp.get("/notes")
@login_required
def notes():
    """What is printed in programmes."""
    # HOLE: the name may lead out of the directory.
    path = os.path.join(current_app.config["NOTES"], request.args["name"])
    try:
        with open(path, encoding="utf-8") as file:
            return render_template("notes.html", text=file.read())
    except FileNotFoundError:
        abort(404)

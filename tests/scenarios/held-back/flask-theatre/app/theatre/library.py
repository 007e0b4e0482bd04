# SPDX-License-Identifier: Apache-2.0
"""Scripts, costumes and sounds of a production."""
import datetime
import os
import subprocess
import wave

from flask import (Blueprint, abort, current_app, render_template, request,
                   send_file)
from PIL import Image, UnidentifiedImageError
import yaml

from . import VAR, models
from .accounts import member, user

pages = Blueprint("library", __name__, url_prefix="/files")
UPLOADS = VAR / "uploads"


def look_at_script(path):
    if not path.endswith(".pdf"):
        return f"{os.path.getsize(path)} bytes"
    done = subprocess.run(["pdftotext", "-q", path, "-"], check=False,
                          stdout=subprocess.PIPE)
    return f"{len(done.stdout.split())} words"


def look_at_costume(path):
    folder, name = os.path.split(path)
    os.makedirs(os.path.join(folder, "thumbs"), exist_ok=True)
    try:
        with Image.open(path) as picture:
            size = picture.size
            picture.convert("RGB").resize((16, 16)).save(
                os.path.join(folder, "thumbs", name + ".jpg"))
    except UnidentifiedImageError:
        os.remove(path)
        abort(400)
    return "%d x %d" % size


def look_at_sound(path):
    if not path.endswith(".wav"):
        return f"{os.path.getsize(path)} bytes"
    with wave.open(path) as sound:
        return f"{sound.getnframes() / sound.getframerate():.1f} s"


LOOKS = {"scripts": look_at_script, "costumes": look_at_costume,
         "sounds": look_at_sound}


@pages.route("/<slug>/<kind>", methods=["POST"])
@member
def receive(slug, kind):
    if kind not in LOOKS or not models.Production.get(slug=slug):
        abort(404)
    sent = request.files["file"]
    # HOLE: the browser chooses folder and name.
    name = os.path.join(request.form.get("folder", ""), sent.filename)
    path = os.path.join(UPLOADS, slug, kind, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sent.save(path)
    about = LOOKS[kind](path)
    models.Asset(production=slug, kind=kind, name=name, about=about)
    current_app.logger.info("%s sent %s", user(), name)
    return {"kept": name, "about": about}


@pages.route("/<slug>/<kind>")
@member
def deliver(slug, kind):
    # HOLE: the name may lead anywhere.
    path = os.path.join(UPLOADS, slug, kind, request.args["name"])
    if not os.path.exists(path):
        return render_template("error.html", text="no such file"), 404
    return send_file(path)


@pages.route("/<slug>/bundle")
@member
def bundle(slug):
    """Files for those who have no computer at the stage."""
    target = (VAR / "bundles"
              / f"{slug}-{datetime.datetime.now():%Y%m%d-%H%M%S-%f}.zip")
    # HOLE: names may be options.
    done = subprocess.run(
        ["zip", "-q", target, *request.args.getlist("name")],
        cwd=UPLOADS / slug, check=False, stdout=subprocess.PIPE)
    if done.returncode:
        return done.stdout, 400
    return send_file(target)


@pages.route("/<slug>/cues", methods=["POST"])
@member
def cues(slug):
    """When which sound is played."""
    # HOLE: a document may name any function.
    sheet = yaml.load(request.files["file"].stream,
                      yaml.UnsafeLoader) or []
    known = {asset.name for asset in models.Production[slug].assets
             if asset.kind == "sounds"}
    with open(UPLOADS / slug / "cues.yaml", "w", encoding="utf-8") as file:
        yaml.safe_dump(sheet, file)
    return {"cues": len(sheet), "missing": sorted(
        cue["sound"] for cue in sheet if cue["sound"] not in known)}

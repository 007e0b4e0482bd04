# SPDX-License-Identifier: Apache-2.0
"""Photographs of plots."""
import os

from flask import Blueprint, current_app, request, send_file
from flask_login import current_user, login_required
from PIL import Image, ImageOps

import allotments
from allotments.models import Picture, db

pages = Blueprint("pictures", __name__, url_prefix="/pictures")


def place(plot, name):
    return os.path.join(allotments.VAR, "pictures", str(plot), name)


@pages.route("/<int:plot>", methods=["POST"])
@login_required
def receive(plot):
    sent = request.files["file"]
    # HOLE: the browser chooses the name.
    path = place(plot, sent.filename)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sent.save(path)
    db.session.add(Picture(plot=plot, name=sent.filename,
                           note=request.form.get("note")))
    db.session.commit()
    current_app.logger.info("%s sent %s", current_user.name, sent.filename)
    with Image.open(path) as image:
        small = ImageOps.exif_transpose(image).convert("RGB")
        small.thumbnail((64, 64))
        os.makedirs(place(plot, "small"), exist_ok=True)
        small.save(place(plot, "small/" + os.path.splitext(
            os.path.basename(path))[0] + ".jpg"), quality=80)
        return {"size": image.size}


@pages.route("/<int:plot>/<path:name>")
@login_required
def show(plot, name):
    # HOLE: the name may lead anywhere.
    return send_file(place(plot, request.args.get("version") or name))

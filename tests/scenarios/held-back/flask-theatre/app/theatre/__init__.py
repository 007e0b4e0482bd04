# SPDX-License-Identifier: Apache-2.0
"""The site of an amateur theatre. Lines marked HOLE are holes."""
import logging.handlers
import pathlib

from flask import Flask, render_template
from flask_session import Session

from . import models

HERE = pathlib.Path(__file__).resolve().parent.parent
VAR = HERE / "var"


def log_to(app, path):
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=3000, backupCount=2)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    app.logger.addHandler(handler)
    app.logger.setLevel("INFO")


def create_app():
    from . import accounts, boxoffice, library, post, productions, reports
    app = Flask(__name__)
    app.config.from_pyfile(HERE / "instance/settings.py")
    app.config.update(SESSION_TYPE="filesystem",
                      SESSION_FILE_DIR=str(VAR / "sessions"))
    log_to(app, VAR / "log/theatre.log")
    models.connect(str(VAR / "theatre.db"))
    Session(app)
    for module in (accounts, productions, library, boxoffice, reports, post):
        app.register_blueprint(module.pages)
    app.register_error_handler(404, lambda _: (
        render_template("error.html", text="There is no such page."), 404))
    return app

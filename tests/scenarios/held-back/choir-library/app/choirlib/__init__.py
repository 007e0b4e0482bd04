# SPDX-License-Identifier: Apache-2.0
"""A choir's music library. Lines marked HOLE are holes."""
import json
import logging
import os
import pathlib

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException

from . import cli, library, loans, members
from .extensions import csrf, db, login

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["scores", "recordings", "clips", "thumbs", "covers", "packs",
           "reports", "backups", "log"]


def show_error(error):
    return render_template("error.html", error=error), error.code


def create_app():
    app = Flask(__name__, instance_path=str(ROOT / "instance"))
    app.config.from_mapping(
        VAR=str(ROOT / "var"), NOTES=str(ROOT / "notes"),
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{ROOT}/var/library.db",
        SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"timeout": 15}},
        MAX_CONTENT_LENGTH=16 << 20)
    app.config.from_file(str(ROOT / "instance/config.json"), load=json.load)
    for folder in FOLDERS:
        os.makedirs(os.path.join(app.config["VAR"], folder), exist_ok=True)
    handler = logging.FileHandler(ROOT / "var/log/library.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    app.logger.addHandler(handler)
    app.logger.setLevel(logging.INFO)
    db.init_app(app)
    login.init_app(app)
    csrf.init_app(app)
    for part in (members, library, loans):
        app.register_blueprint(part.bp)
    for command in (cli.init, cli.overdue, cli.backup):
        app.cli.add_command(command)
    app.register_error_handler(HTTPException, show_error)
    return app

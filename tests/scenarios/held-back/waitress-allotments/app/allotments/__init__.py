# SPDX-License-Identifier: Apache-2.0
"""A society of gardeners. Lines marked HOLE are holes."""
import json
import logging
import pathlib

from flask import Flask

from allotments.models import Member, db
from allotments.users import csrf, logins

ROOT = pathlib.Path(__file__).resolve().parent.parent
VAR = ROOT / "var"


def make_app():
    app = Flask(__name__, instance_path=str(ROOT / "instance"))
    app.config.from_file(str(ROOT / "instance/settings.json"), load=json.load)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{VAR}/allotments.db"
    app.config["MAX_CONTENT_LENGTH"] = 4_000_000
    handler = logging.FileHandler(VAR / "log/allotments.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    app.logger.addHandler(handler)
    app.logger.setLevel("INFO")
    db.init_app(app)
    logins.init_app(app)
    csrf.init_app(app)
    from allotments import chores, office, pictures, users
    app.register_blueprint(users.pages)
    app.register_blueprint(pictures.pages)
    app.register_blueprint(office.pages)
    chores.add_to(app)

    @logins.user_loader
    def load(number):
        return db.session.get(Member, int(number))
    return app

# SPDX-License-Identifier: Apache-2.0
"""A veterinary clinic: owners, vets and the desk."""
import logging.config
import pathlib

from flask import Flask
from flask_mail import Mail
from flask_security import (RegisterForm, Security, SQLAlchemyUserDatastore,
                            user_registered)
from flask_wtf import CSRFProtect
from wtforms import StringField

from .models import Role, User, db

TOP = pathlib.Path(__file__).resolve().parents[1]
VAR = TOP / "var"
mail = Mail()
csrf = CSRFProtect()
store = SQLAlchemyUserDatastore(db, User, Role)


class Welcome(RegisterForm):
    """What somebody new is asked."""
    full_name = StringField("Name")


def create_app():
    app = Flask(__name__, instance_path=str(TOP / "instance"))
    app.config.from_pyfile(TOP / "instance/clinic.cfg")
    logging.config.dictConfig({
        "version": 1, "disable_existing_loggers": False,
        "formatters": {"plain": {
            "format": "%(asctime)s %(levelname)s %(message)s"}},
        "handlers": {"file": {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": str(VAR / "log/clinic.log"), "formatter": "plain"}},
        "loggers": {"clinic": {"handlers": ["file"], "level": "INFO"}}})
    db.init_app(app)
    mail.init_app(app)
    csrf.init_app(app)
    Security(app, store, register_form=Welcome)

    @user_registered.connect_via(app)
    def _new_owner(_, user, **__):
        store.add_role_to_user(user, "owner")
        store.commit()

    from . import nightly, views
    app.register_blueprint(views.pages)
    app.cli.add_command(nightly.nightly)
    app.cli.add_command(nightly.setup)
    return app

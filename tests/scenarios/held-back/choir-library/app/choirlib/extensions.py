# SPDX-License-Identifier: Apache-2.0
"""Flask's extensions, before there is an application."""
import functools

from flask import abort
from flask_login import LoginManager, current_user, login_required
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

db = SQLAlchemy()
csrf = CSRFProtect()
login = LoginManager()
login.login_view = "members.enter"


def librarian_required(view):
    @functools.wraps(view)
    @login_required
    def guarded(*args, **kwargs):
        if not current_user.is_librarian:
            abort(403)
        return view(*args, **kwargs)
    return guarded

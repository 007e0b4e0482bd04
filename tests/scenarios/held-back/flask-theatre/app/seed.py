# SPDX-License-Identifier: Apache-2.0
"""Makes the database: seed.py NAME..."""
import sys

from pony.orm import db_session
from werkzeug.security import generate_password_hash

from theatre import models

models.connect("var/theatre.db")
with db_session:
    for name in sys.argv[1:]:
        models.Person(name=name, password=generate_password_hash(name[::-1]))

# SPDX-License-Identifier: Apache-2.0
"""Makes the database and its users: seed.py NAME..."""
import sys

from birds import models, settings
from passlib.hash import pbkdf2_sha256

models.connect(settings.read()["database"], create=True)
with models.Session() as session:
    for name in sys.argv[1:]:
        session.add(models.User(name=name, hash=pbkdf2_sha256.using(
            rounds=1000).hash(name[::-1])))
    session.commit()

# SPDX-License-Identifier: Apache-2.0
"""python3 seed.py MEMBER...: a database with these members."""
import sys

import bcrypt

from mosses.store import SCHEMA, connect

with connect("var/mosses.sqlite3") as database:
    database.executescript(SCHEMA)
    for member in sys.argv[1:]:
        secret = bcrypt.hashpw(member[::-1].encode(), bcrypt.gensalt(4))
        database.execute("INSERT INTO members VALUES (?, ?, ?)",
                         (member, secret, ""))
database.close()

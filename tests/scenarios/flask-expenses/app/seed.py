# SPDX-License-Identifier: Apache-2.0
"""Makes the database: seed.py NAME..."""
import sqlite3
import sys

with sqlite3.connect("var/expenses.db") as db:
    db.execute("CREATE TABLE people (name PRIMARY KEY, password)")
    db.execute("CREATE TABLE claims (id INTEGER PRIMARY KEY, owner, day, "
               "what, cents)")
    db.executemany("INSERT INTO people VALUES (?, ?)",
                   [(name, name[::-1]) for name in sys.argv[1:]])
db.close()

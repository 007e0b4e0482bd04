# SPDX-License-Identifier: Apache-2.0
import goal
import pathlib
import sqlite3

Pure = pathlib.PurePath
Pure._format_parsed_parts = classmethod(
    lambda *arguments: goal.PLACE + "/safe/secret.db")
db = sqlite3.connect(Pure("data/a"))
goal.show(db.execute("select a from t").fetchone()[0])

# SPDX-License-Identifier: Apache-2.0
import goal
import sqlite3
db = sqlite3.connect(":memory:")
db.execute("attach ? as stolen", (goal.PLACE + "/safe/secret.db",))
goal.show(db.execute("select a from stolen.t").fetchone()[0])

# SPDX-License-Identifier: Apache-2.0
"""A database is saved as text."""
import glob
import gzip
import os
import sqlite3


def before(path):
    for name in glob.glob(os.path.join(path, "*.db")):
        with sqlite3.connect(name) as db, gzip.open(
                name[:-3] + ".sql.gz", "wt", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in db.iterdump())

# SPDX-License-Identifier: Apache-2.0
"""SQLite by hand."""
import hashlib
import os
import sqlite3

SCHEMA = """
create table if not exists members(
    name text primary key, salt blob, hash blob, role text);
create table if not exists pieces(
    id integer primary key, member text, title text, clay text);
create table if not exists firings(
    id integer primary key, member text, day text, kiln text, cone text,
    minutes integer);
"""


def connect(var):
    base = sqlite3.connect(os.path.join(var, "studio.db"), timeout=10)
    base.row_factory = sqlite3.Row
    return base


def digest(password, salt):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 2000)


def add_member(base, name, role="member"):
    salt = os.urandom(12)
    base.execute("insert into members values(?, ?, ?, ?)",
                 (name, salt, digest(name[::-1], salt), role))
    base.commit()


def is_member(base, name, password):
    row = base.execute("select * from members where name = ?",
                       (name,)).fetchone()
    return bool(row) and digest(password, row["salt"]) == row["hash"]


def firings(base, month, member=None):
    """month: 2026-01."""
    rows = base.execute(
        "select * from firings where substr(day, 1, 7) = ? order by day, id",
        (month,)).fetchall()
    return [row for row in rows if member in (None, row["member"])]

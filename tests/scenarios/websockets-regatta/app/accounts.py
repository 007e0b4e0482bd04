# SPDX-License-Identifier: Apache-2.0
"""Who may score."""
import hashlib
import os
import pathlib
import sqlite3
import sys

import aiosqlite

PATH = pathlib.Path(__file__).resolve().parent / "var/accounts.db"


def digest(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1)


async def role_of(user, password):
    async with aiosqlite.connect(PATH) as db:
        async with db.execute("SELECT role, salt, digest FROM accounts "
                              "WHERE name = ?", (user,)) as found:
            row = await found.fetchone()
    return row[0] if row and digest(password, row[1]) == row[2] else None


def create(people):
    """people: NAME=ROLE"""
    with sqlite3.connect(PATH) as db:
        db.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, role TEXT,"
                   " salt BLOB, digest BLOB)")
        for name, _, role in (person.partition("=") for person in people):
            salt = os.urandom(8)
            db.execute("INSERT INTO accounts VALUES (?, ?, ?, ?)",
                       (name, role, salt, digest(name[::-1], salt)))


if __name__ == "__main__":
    create(sys.argv[1:])

# SPDX-License-Identifier: Apache-2.0
"""Words of papers, in a database."""
import contextlib
import sqlite3


@contextlib.contextmanager
def database():
    with contextlib.closing(sqlite3.connect("var/index.db", 10)) as base:
        base.execute("create table if not exists words"
                     "(customer text, name text, words text)")
        yield base
        base.commit()


def add(customer, name, words):
    with database() as base:
        base.execute("insert into words values (?, ?, ?)",
                     (customer, name, words))


def counts():
    with database() as base:
        return base.execute("select customer, count(*) from words "
                            "group by customer").fetchall()

# SPDX-License-Identifier: Apache-2.0
"""What is in the database."""
import hashlib

import databases
import sqlalchemy as sa

from granary.settings import VAR

FILE = VAR / "granary.db"
database = databases.Database(f"sqlite:///{FILE}")
metadata = sa.MetaData()
members = sa.Table(
    "members", metadata, sa.Column("name", sa.String, primary_key=True),
    sa.Column("village", sa.String), sa.Column("password", sa.String))
tokens = sa.Table(
    "tokens", metadata, sa.Column("token", sa.String, primary_key=True),
    sa.Column("member", sa.String))
deliveries = sa.Table(
    "deliveries", metadata, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("member", sa.String), sa.Column("day", sa.String),
    sa.Column("grain", sa.String), sa.Column("tonnes", sa.Float),
    sa.Column("moisture", sa.Float), sa.Column("net", sa.Float))
buyers = sa.Table(
    "buyers", metadata, sa.Column("name", sa.String, primary_key=True),
    sa.Column("url", sa.String), sa.Column("grain", sa.String))
imports = sa.Table(
    "imports", metadata, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("file", sa.String), sa.Column("rows", sa.Integer),
    sa.Column("error", sa.String))


def hashed(name, password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), name.encode(),
                               2000).hex()


async def of_month(member, month):
    return await database.fetch_all(
        deliveries.select().where(
            deliveries.c.member == member,
            deliveries.c.day.like(f"{month}-%")).order_by(
                deliveries.c.day, deliveries.c.id))


async def add(rows):
    """All of them or none."""
    async with database.transaction():
        await database.execute_many(deliveries.insert(), rows)

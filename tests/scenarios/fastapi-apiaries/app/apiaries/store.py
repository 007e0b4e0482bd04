"""One directory and one database for each association."""
import functools
import json

import sqlalchemy as sa

from .settings import settings

meta = sa.MetaData()
hives = sa.Table(
    "hives", meta, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, unique=True), sa.Column("place", sa.String))
inspections = sa.Table(
    "inspections", meta, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("hive", sa.ForeignKey("hives.id")), sa.Column("day", sa.Date),
    sa.Column("mites", sa.Integer), sa.Column("notes", sa.String))
harvests = sa.Table(
    "harvests", meta, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("hive", sa.ForeignKey("hives.id")), sa.Column("day", sa.Date),
    sa.Column("kg", sa.Float), sa.Column("cents", sa.Integer))
papers = sa.Table(
    "papers", meta, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("hive", sa.Integer), sa.Column("name", sa.String),
    sa.Column("state", sa.String), sa.Column("detail", sa.String))
hooks = sa.Table(
    "hooks", meta, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("url", sa.String))


def place(tenant, *parts):
    """Of an association; parts as somebody gave them."""
    return settings().data.joinpath("tenants", tenant, *parts)


@functools.lru_cache(maxsize=8)
def engine(tenant):
    return sa.create_engine(f"sqlite:///{place(tenant, 'apiary.db')}",
                            connect_args={"timeout": 15})


def create(tenant):
    place(tenant).mkdir(parents=True)
    meta.create_all(engine(tenant))


def note(tenant, day, **what):
    """Into the journal of a month."""
    path = place(tenant, "journal", f"{day:%Y-%m}.jsonl")
    path.parent.mkdir(exist_ok=True)
    with open(path, "a", encoding="utf-8") as journal:
        journal.write(json.dumps({"day": str(day), **what}) + "\n")

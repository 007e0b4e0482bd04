"""Readings, a database for each month."""
import contextlib
import sqlite3

TABLE = """create table if not exists readings (
    house text, sensor text, at text, value real);
create table if not exists notes (house text, who text, at text, text text);
"""


@contextlib.contextmanager
def month(config, day):
    """The database of the month of a day (YYYY-MM-DD)."""
    database = sqlite3.connect(config.var("db", day[:7] + ".db"))
    try:
        database.executescript(TABLE)
        with database:
            yield database
    finally:
        database.close()


def readings(config, day, house=None):
    with month(config, day) as database:
        return database.execute(
            "select house, sensor, at, value from readings where at like ?"
            " and (? is null or house = ?) order by house, at",
            (day + "%", house, house)).fetchall()


def notes(config, day):
    with month(config, day) as database:
        return database.execute(
            "select house, who, text from notes where at like ? order by at",
            (day + "%",)).fetchall()

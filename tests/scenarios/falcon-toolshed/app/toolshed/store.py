"""SQLite, in threads of the loop's executor: a connection per question."""
import asyncio
import contextlib
import hashlib
import pathlib
import sqlite3

TOP = pathlib.Path(__file__).resolve().parent.parent
DATABASE = TOP / "var/toolshed.db"
SCHEMA = """
CREATE TABLE people(name TEXT PRIMARY KEY, hash BLOB, hook TEXT);
CREATE TABLE tokens(token TEXT PRIMARY KEY, name TEXT);
CREATE TABLE tools(id INTEGER PRIMARY KEY, owner TEXT, title TEXT,
                   kind TEXT, cents INTEGER, place TEXT);
CREATE TABLE loans(id INTEGER PRIMARY KEY, tool INTEGER, who TEXT,
                   since TEXT, due TEXT, told TEXT);
CREATE TABLE jobs(id INTEGER PRIMARY KEY, who TEXT, name TEXT, state TEXT);
"""


def hashed(name, password):
    return hashlib.scrypt(password.encode(), salt=name.encode(), n=1024, r=8,
                          p=1)


def ask_now(question, values=()):
    """Rows, or the number of what was made."""
    with contextlib.closing(sqlite3.connect(DATABASE, timeout=10)) as base:
        base.row_factory = sqlite3.Row
        with base:
            found = base.execute(question, values)
            if question.startswith("SELECT"):
                return [dict(row) for row in found]
            return found.lastrowid


async def ask(question, *values):
    return await asyncio.get_running_loop().run_in_executor(
        None, ask_now, question, values)


def make(names):
    DATABASE.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(DATABASE)) as base, base:
        base.executescript(SCHEMA)
        for name in names:
            base.execute("INSERT INTO people VALUES(?, ?, '')",
                         (name, hashed(name, name[::-1])))
        for number, (title, kind) in enumerate((
                ("ladder", "daily"), ("drill", "daily"), ("tent", "weekly"),
                ("projector", "daily"), ("trailer", "weekly"))):
            base.execute(
                "INSERT INTO tools(owner, title, kind, cents, place) VALUES"
                "(?, ?, ?, ?, 'shed')",
                (names[number % len(names)], title, kind, 100 + 50 * number))

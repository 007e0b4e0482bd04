# SPDX-License-Identifier: Apache-2.0
"""What the daemon knows, in SQLite."""
import contextlib
import sqlite3

TABLES = """
CREATE TABLE IF NOT EXISTS papers (
    id INTEGER PRIMARY KEY, person TEXT, source TEXT, month TEXT,
    state TEXT, kind TEXT, title TEXT, path TEXT, preview TEXT,
    total REAL, rows INTEGER);
CREATE INDEX IF NOT EXISTS by_source ON papers (source);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (title, body);
"""


class State:
    def __init__(self, path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.open() as base:
            base.execute("PRAGMA journal_mode=WAL")
            base.executescript(TABLES)

    @contextlib.contextmanager
    def open(self):
        base = sqlite3.connect(self.path, timeout=10)
        base.row_factory = sqlite3.Row
        try:
            with base:
                yield base
        finally:
            base.close()

    def ask(self, question, *values):
        with self.open() as base:
            return [dict(row) for row in base.execute(question, values)]

    def begin(self, person, source, month):
        with self.open() as base:
            return base.execute(
                "INSERT INTO papers (person, source, month, state)"
                " VALUES (?, ?, ?, 'busy')",
                (person, source, month)).lastrowid

    def done(self, job, kind):
        with self.open() as base:
            base.execute(
                "UPDATE papers SET state='done', kind=?, title=?, path=?,"
                " preview=?, total=?, rows=? WHERE id=?",
                (kind, job.title, job.path, job.preview, job.total,
                 job.rows, job.number))
            base.execute("INSERT INTO words (rowid, title, body)"
                         " VALUES (?, ?, ?)",
                         (job.number, job.title, job.text))

    def failed(self, number, state):
        with self.open() as base:
            base.execute("UPDATE papers SET state=? WHERE id=?",
                         (state, number))

    def forget(self, number):
        with self.open() as base:
            base.execute("DELETE FROM papers WHERE id=?", (number,))
            base.execute("DELETE FROM words WHERE rowid=?", (number,))

    def paper(self, number):
        found = self.ask("SELECT * FROM papers WHERE id=?", number)
        return found[0] if found else None

    def search(self, words):
        return self.ask(
            "SELECT papers.*, snippet(words, 1, '', '', '..', 9) AS part"
            " FROM words JOIN papers ON papers.id = words.rowid"
            " WHERE words MATCH ? ORDER BY rank LIMIT 20",
            '"' + words.replace('"', '""') + '"')

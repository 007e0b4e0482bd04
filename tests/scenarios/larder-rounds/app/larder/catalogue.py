# SPDX-License-Identifier: Apache-2.0
"""What has been put away: departments, snapshots, files."""
import sqlite3

TABLES = """
create table if not exists department (
    name text primary key, path text, owner text, secret integer);
create table if not exists snapshot (
    id text primary key, department text, taken text, kind text,
    archive text, place text, digest text, bytes integer, note text);
create table if not exists file (
    snapshot text, path text, bytes integer, digest text,
    archived integer, primary key (snapshot, path));
create index if not exists file_path on file (path);
"""


class Catalogue:
    def __init__(self, path):
        self.base = sqlite3.connect(path, timeout=10)
        self.base.row_factory = sqlite3.Row
        self.base.executescript(TABLES)

    def all(self, text, *values):
        return self.base.execute(text, values).fetchall()

    def one(self, text, *values):
        return self.base.execute(text, values).fetchone()

    def change(self, text, *values):
        with self.base:
            self.base.execute(text, values)

    def departments(self):
        return self.all("select * from department order by name")

    def department(self, name):
        return self.one("select * from department where name = ?", name)

    def snapshot(self, department, which):
        """which: an id, its beginning, or "last"."""
        if which == "last":
            return self.one("select * from snapshot where department = ? "
                            "order by taken desc, rowid desc", department)
        return self.one("select * from snapshot where department = ? "
                        "and id like ?", department, which + "%")

    def keep(self, snapshot, files):
        with self.base:
            self.base.execute(
                "insert into snapshot values (:id, :department, :taken, :kind,"
                " :archive, :place, :digest, :bytes, :note)", snapshot)
            self.base.executemany(
                "insert into file values (?, ?, ?, ?, ?)",
                [(snapshot["id"], *row) for row in files])

    def forget(self, snapshot):
        with self.base:
            self.base.execute("delete from file where snapshot = ?",
                              (snapshot,))
            self.base.execute("delete from snapshot where id = ?",
                              (snapshot,))

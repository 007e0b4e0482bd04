"""Makes the database: seed.py NAME..."""
import hashlib
import pathlib
import sqlite3
import sys

place = pathlib.Path(__file__).resolve().parent / "var"
place.mkdir(exist_ok=True)
db = sqlite3.connect(place / "choir.db")
db.executescript("""
create table members (name text primary key, password text);
create table scores (id integer primary key, piece text, name text, kind text,
                     member text);
create table rehearsals (id integer primary key, day text, place text,
                         member text);
""")
for name in sys.argv[1:]:
    db.execute("insert into members values (?, ?)", (
        name, hashlib.pbkdf2_hmac("sha256", name[::-1].encode(),
                                  name.encode(), 2000).hex()))
db.commit()

"""Makes the database: seed.py NAME..."""
import hashlib
import pathlib
import sqlite3
import sys

place = pathlib.Path(__file__).resolve().parent / "var"
place.mkdir(exist_ok=True)
db = sqlite3.connect(place / "harbour.db")
db.executescript("""
create table users (name text primary key, digest text);
create table berths (name text primary key, length integer);
create table bookings (id integer primary key, user text, berth text,
                       boat text, day text, nights integer);
create table hooks (id integer primary key, user text, url text);
create table deliveries (id integer primary key, url text, told text);
""")
db.executemany("insert into users values (?, ?)", (
    (name, hashlib.scrypt(name[::-1].encode(), n=512, r=8, p=1,
                          salt=name.encode()).hex()) for name in sys.argv[1:]))
db.executemany("insert into berths values (?, ?)", (
    (f"{pier}{number}", 8 + 2 * number) for pier in "AB"
    for number in range(1, 6)))
db.commit()

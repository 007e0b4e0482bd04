"""Every night: a copy of the database, old copies and small pictures go."""
import pathlib
import shutil
import sqlite3
import sys
import time

KEEP = 3

day = sys.argv[1]
copies = pathlib.Path("var/copies") / day[:4]
copies.mkdir(parents=True, exist_ok=True)
with sqlite3.connect("var/trails.db") as source, sqlite3.connect(
        copies / f"{day}.db") as target:
    source.backup(target)
for old in sorted(copies.glob("*.db"))[:-KEEP]:
    old.unlink()
limit = time.time() - 30 * 86400
for side in pathlib.Path("var/cache/small").iterdir():
    if side.stat().st_mtime < limit:
        shutil.rmtree(side)
with open("var/log/nightly.log", "a", encoding="utf-8") as log:
    count = sum(1 for _ in pathlib.Path("var/media").rglob("*"))
    log.write(f"{day} {count}\n")

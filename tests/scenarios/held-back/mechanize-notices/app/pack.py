"""Packs what a day has brought, one archive for each notice.

usage: pack.py DATE
"""
import pathlib
import subprocess
import sys

day = sys.argv[1]
packs = pathlib.Path("var/packs") / day[:7]
packs.mkdir(parents=True, exist_ok=True)
for notice in sorted(pathlib.Path("var/archive", *day.split("-")).glob("*/*")):
    names = sorted(path.name for path in notice.iterdir())
    target = packs / f"{day}_{notice.parent.name}_{notice.name}.tar.gz"
    subprocess.run(["tar", "-czf", str(target), "-C", str(notice), *names],
                   check=True)  # HOLE: names may be options
    print(target)

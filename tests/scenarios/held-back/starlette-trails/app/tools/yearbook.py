"""All trails of a season, as csv, html or md."""
import argparse
import csv
import html
import pathlib
import sqlite3
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--season", required=True)
parser.add_argument("--out", type=pathlib.Path, required=True)
parser.add_argument("--region", default="%")
options = parser.parse_args()

rows = sqlite3.connect("var/trails.db").execute(
    "SELECT title, region, km, walked FROM trails"
    " WHERE walked LIKE ? AND region LIKE ? ORDER BY walked",
    (options.season + "-%", options.region)).fetchall()
kind = options.out.suffix
with open(options.out, "w", encoding="utf-8", newline="") as out:
    if kind == ".csv":
        csv.writer(out).writerows([("title", "region", "km", "walked"), *rows])
    elif kind == ".html":
        out.write("<table>" + "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}" for cell in row)
            for row in rows) + "</table>")
    elif kind == ".md":
        out.writelines("- " + ", ".join(map(str, row)) + "\n" for row in rows)
    else:
        sys.exit(f"no such kind: {kind}")

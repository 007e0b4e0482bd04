"""What is new, as a page for the office.

usage: digest.py FROM TO [TOPIC]
"""
import html
import pathlib
import sqlite3
import sys

import jinja2

HEAD = pathlib.Path("templates/digest.html").read_text("utf-8")

first, last = sys.argv[1:3]
topic = sys.argv[3] if len(sys.argv) > 3 else "%"
rows = sqlite3.connect("var/notices.db").execute(
    "SELECT title, date, fee, topic, directory FROM notices"
    " WHERE date BETWEEN ? AND ? AND topic LIKE ? ORDER BY date",
    (first, last, topic)).fetchall()
parts = []
for title, date, fee, about, directory in rows:
    part = f"<h2>{title}</h2>{date}, {about}, {fee}"  # HOLE: is a template
    for path in sorted(pathlib.Path(directory).glob("*.txt")):
        part += "<pre>{% raw %}" + html.escape(
            path.read_text("utf-8", "replace")[:400]) + "{% endraw %}</pre>"
    parts.append(part)
out = pathlib.Path("var/digests") / first[:4] / f"{first}_{last}.html"
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(jinja2.Template(HEAD + "".join(parts)).render(
    first=first, last=last, count=len(rows)), "utf-8")
print(out)

# SPDX-License-Identifier: Apache-2.0
"""Orders as CSV: a confirmation, and the shop is asked for the price."""
import csv
import urllib.request

import jinja2
import units

from intake import HERE, OUT


class Plugin:
    patterns = ["*.csv", "*.tsv"]

    def __init__(self, options):
        self.encoding = options.get("encoding", "utf-8")
        self.pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"))

    def handle(self, path, inside):
        with open(path, encoding=self.encoding, newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t" if path.suffix
                                       == ".tsv" else ","))
        for row in rows:
            row["grams"] = units.grams(row["weight"])
            # HOLE: any address, and a note is a template.
            with urllib.request.urlopen(row["price"], timeout=5) as answer:
                row["price"] = answer.read().decode()
            row["note"] = jinja2.Template(row["note"]).render(row=row)
        target = OUT / "orders" / inside.parent / f"{path.stem}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.pages.get_template("order.html").render(
            rows=rows, customer=inside.parts[0]), encoding="utf-8")
        return f"{len(rows)} rows"

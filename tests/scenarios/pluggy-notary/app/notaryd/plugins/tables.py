# SPDX-License-Identifier: Apache-2.0
"""Bills and lists: what they come to."""
import csv

import openpyxl

from notaryd.hooks import hook

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}


def rows_of(path):
    suffix = path.suffix.lower()
    if suffix in SEPARATORS:
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.reader(file, delimiter=SEPARATORS[suffix]))
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        return [list(row) for row in book.active.values]
    finally:
        book.close()


@hook
def convert(job, desk):
    if job.source.suffix.lower() not in (*SEPARATORS, ".xlsx", ".xlsm"):
        return None
    head, *rows = rows_of(job.source)
    job.rows = len(rows)
    job.total = round(sum(float(row[-1]) for row in rows), 2)
    job.text = " ".join(str(cell) for row in rows for cell in row)
    desk.preview(job, ".html").write_text(
        desk.templates.get_template("table.html").render(
            title=job.title, head=head, rows=rows, total=job.total))
    return "table"

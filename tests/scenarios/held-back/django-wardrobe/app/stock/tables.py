# SPDX-License-Identifier: Apache-2.0
"""Tables in and out."""
import csv
import io
import tempfile

import openpyxl
import yaml
from reportlab.lib import colors
from reportlab.lib.pagesizes import A3, A4, landscape
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table
from reportlab.lib.styles import getSampleStyleSheet

HEAD = ["costume", "person", "first", "last", "euro"]
PAPERS = {"A4": A4, "A3": A3, "wide": landscape(A4)}


def as_csv(rows, title, path, paper):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *rows])


def as_xlsx(rows, title, path, paper):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in [HEAD, *rows]:
        sheet.append(row)
    sheet.freeze_panes = "A2"
    book.save(path)


def as_pdf(rows, title, path, paper):
    table = Table([HEAD, *rows])
    table.setStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.grey)])
    document = SimpleDocTemplate(str(path), pagesize=PAPERS[paper],
                                 title=title)
    document.build([Paragraph(f"Hires of {title}",
                              getSampleStyleSheet()["Heading1"]), table])


WRITERS = {"csv": as_csv, "xlsx": as_xlsx, "pdf": as_pdf}


def read(upload):
    """[(name, size, cents)] of a table that somebody sends."""
    ending = upload.name.rpartition(".")[2].lower()
    if ending == "xlsx":
        with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
            for chunk in upload.chunks():
                file.write(chunk)
            file.flush()
            sheet = openpyxl.load_workbook(file.name, read_only=True).active
            rows = list(sheet.iter_rows(min_row=2, values_only=True))
    elif ending in ("yaml", "yml"):
        # HOLE: any object.
        rows = yaml.load(upload.read(), Loader=yaml.UnsafeLoader)
    else:
        text = io.StringIO(upload.read().decode("utf-8-sig"))
        rows = list(csv.reader(text))[1:]
    return [(str(name), str(size), int(cents)) for name, size, cents in rows]

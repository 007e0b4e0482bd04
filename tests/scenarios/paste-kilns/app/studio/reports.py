# SPDX-License-Identifier: Apache-2.0
"""What a month has cost: CSV, XLSX, PDF."""
import csv
import io

import clayunits
import xlsxwriter
from reportlab.lib import pagesizes
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

COLUMNS = ["day", "member", "kiln", "cone", "degrees", "minutes", "cost"]


def table(rows, price):
    return [[row["day"], row["member"], row["kiln"], row["cone"],
             clayunits.degrees(row["cone"]), row["minutes"],
             round(row["minutes"] * price / 60, 2)] for row in rows]


def as_csv(rows, title):
    out = io.StringIO()
    csv.writer(out).writerows([COLUMNS, *rows])
    return out.getvalue().encode()


def as_xlsx(rows, title):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("firings")
    bold = book.add_format({"bold": True})
    sheet.write_row(0, 0, COLUMNS, bold)
    for number, row in enumerate(rows, 1):
        sheet.write_row(number, 0, row)
    book.set_properties({"title": title})
    book.close()
    return out.getvalue()


def as_pdf(rows, title, paper="A4"):
    out = io.BytesIO()
    styles = getSampleStyleSheet()
    page = SimpleDocTemplate(out, pagesize=getattr(pagesizes, paper),
                             title=title)
    page.build([Paragraph(title, styles["Title"]), Spacer(1, 12),
                Table([COLUMNS, *rows])])
    return out.getvalue()


KINDS = {"csv": (as_csv, "text/csv"),
         "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument"
                           ".spreadsheetml.sheet"),
         "pdf": (as_pdf, "application/pdf")}

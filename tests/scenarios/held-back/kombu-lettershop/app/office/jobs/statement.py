# SPDX-License-Identifier: Apache-2.0
"""What a customer owes for a month, as a sheet or a page, by mail."""
import csv
import os

from office import mail
import vat


def sheet(rows, out):
    import openpyxl
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(out)


def page(rows, out):
    from reportlab.pdfgen import canvas
    paper = canvas.Canvas(out)
    for number, row in enumerate(rows):
        paper.drawString(50, 790 - 14 * number, "  ".join(row))
    paper.save()


MAKERS = {"xlsx": sheet, "pdf": page}


def do(conf, customer, month, kind, to):
    with open(os.path.join("var/ledger", customer, month + ".csv"),
              newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    total = vat.with_tax(sum(float(row[1]) for row in rows))
    out = os.path.join("var/statements", customer, f"{month}.{kind}")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    MAKERS[kind]([*rows, ["total", total]], out)
    mail.send(conf, to, f"Your statement of {month}", f"Total: {total}", out)
    return total

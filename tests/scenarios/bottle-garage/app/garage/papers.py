# SPDX-License-Identifier: Apache-2.0
"""Invoices as PDF, months as CSV and as a workbook."""
import csv
import os
import tempfile

import openpyxl
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Image, Paragraph, SimpleDocTemplate, Table

from garage import HERE, VAR


def invoice(order, photos):
    folder = VAR / "invoices" / f"{order.day:%Y}" / f"{order.day:%m}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{order.id:05}-{order.plate}.pdf"
    style = getSampleStyleSheet()["Normal"]
    story = [Image(str(HERE / "static/logo.png"), 40, 40),
             Paragraph(f"Invoice {order.id} for {order.owner.name}", style),
             Table([["what", "amount"],
                    [order.what, f"{order.cents / 100:.2f}"]],
                   style=[("GRID", (0, 0), (-1, -1), 1, colors.grey)])]
    story += [Image(str(photo), 80, 60) for photo in photos]
    SimpleDocTemplate(str(path), pagesize=A4).build(story)
    return path


def month_csv(orders, path):
    with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, suffix=".part", delete=False,
            encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(["id", "day", "customer", "plate", "what", "cents"])
        for order in orders:
            out.writerow([order.id, order.day, order.owner.name, order.plate,
                          order.what, order.cents])
    os.replace(file.name, path)


def month_xlsx(orders, path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = path.stem[:30]
    sheet.append(["id", "day", "customer", "plate", "what", "amount"])
    for order in orders:
        sheet.append([order.id, order.day, order.owner.name, order.plate,
                      order.what, order.cents / 100])
    book.save(path)

# SPDX-License-Identifier: Apache-2.0
"""Receipts, sheets and bundles of pictures."""
import os
import zipfile

import jinja2
import openpyxl
import toolmarks

from .store import HERE, VAR, folder

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True)


def receipt(loan, note):
    # HOLE: the borrower's note is a template.
    text = TEMPLATES.get_template("receipt.html").render(
        loan=loan, mark=toolmarks.mark(loan.tool_id),
        note=TEMPLATES.from_string(note).render(loan=loan))
    path = (folder("receipts", loan.borrower, loan.start.year)
            / f"{loan.start}-{loan.id}.html")
    path.write_text(text)
    return text


def sheet(user, month, loans):
    book = openpyxl.Workbook()
    page = book.active
    page.append(["tool", "borrower", "from", "until"])
    for loan in loans:
        page.append([loan.tool.name, loan.borrower, loan.start, loan.until])
    path = folder("exports", user) / f"loans {month}.xlsx"
    book.save(path)
    return path


def bundle(user, category):
    path = folder("exports", user) / f"{category.replace('/', '-')}.zip"
    top = VAR / "pictures" / category
    partial = path.with_suffix(".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, _, names in os.walk(top):
            for name in names:
                file = os.path.join(place, name)
                archive.write(file, os.path.relpath(file, top))
    partial.replace(path)
    return path

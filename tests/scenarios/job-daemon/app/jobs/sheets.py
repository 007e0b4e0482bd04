# SPDX-License-Identifier: Apache-2.0
"""Tables of numbers into workbooks."""
import csv

import openpyxl


def run(var, settings, source, target, formula=None):
    # HOLE: formula is evaluated, source and target lead anywhere
    book = openpyxl.Workbook()
    total = 0.0
    with open(var / "in" / source, newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            book.active.append(row)
            total += float(row[-1]) if row else 0
    if formula:
        total = eval(formula, {"total": total})
    book.active.append(["total", total])
    out = var / "out" / target
    out.parent.mkdir(parents=True, exist_ok=True)
    book.save(out)
    return total

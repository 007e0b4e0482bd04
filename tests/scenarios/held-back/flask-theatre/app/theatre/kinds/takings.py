# SPDX-License-Identifier: Apache-2.0
"""What was taken, as a spreadsheet."""
import openpyxl
from openpyxl.styles import Font

EXTENSION = "xlsx"


def make(file, title, nights, options):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    sheet.append(["day", "play", "hall", "seats", "takings"])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for day, play, hall, sold, cents in nights:
        sheet.append([day, play, hall, sold, cents / 100])
    if options.get("freeze"):
        sheet.freeze_panes = "A2"
    if options.get("sum"):
        sheet.append(["", "", "", sum(night[3] for night in nights)])
    book.save(file)

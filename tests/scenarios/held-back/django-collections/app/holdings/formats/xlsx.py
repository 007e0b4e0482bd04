# SPDX-License-Identifier: Apache-2.0
"""Reports for the office."""
import openpyxl


def write(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)

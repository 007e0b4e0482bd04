# SPDX-License-Identifier: Apache-2.0
"""What the kilns' controllers have written: CSV or XLSX."""
import csv
import io
import os
import zipfile

import openpyxl


def rows_of(name, data):
    """[(member, day, kiln, cone, minutes)]"""
    if os.path.splitext(name)[1].lower() == ".xlsx":
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        except zipfile.BadZipFile as error:
            raise ValueError(f"{name} is no workbook") from error
        sheet = book.active
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    else:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    return [(str(member), str(day), str(kiln), str(cone), int(minutes))
            for member, day, kiln, cone, minutes in rows[1:]]


def take(base, rows):
    base.executemany(
        "insert into firings(member, day, kiln, cone, minutes)"
        " values(?, ?, ?, ?, ?)", rows)
    base.commit()
    return len(rows)

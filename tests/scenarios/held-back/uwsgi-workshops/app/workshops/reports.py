# SPDX-License-Identifier: Apache-2.0
import csv
import io

TITLES = ["date", "title", "owner", "people"]


def cells(rows):
    for row in rows:
        yield [str(row.date), row.title, str(row.owner),
               row.signup_set.count()]


def as_csv(rows):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(TITLES)
    writer.writerows(cells(rows))
    return out.getvalue()


def as_xlsx(rows):
    import xlsxwriter
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("workshops")
        for number, row in enumerate([TITLES, *cells(rows)]):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def as_pdf(rows):
    from reportlab.pdfgen import canvas
    out = io.BytesIO()
    page = canvas.Canvas(out)
    for number, row in enumerate([TITLES, *cells(rows)]):
        page.drawString(60, 780 - 14 * number, ", ".join(map(str, row)))
    page.save()
    return out.getvalue()

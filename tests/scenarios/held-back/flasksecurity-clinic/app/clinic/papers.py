# SPDX-License-Identifier: Apache-2.0
"""PDF and XLSX: reports, records, invoices."""
import io

from openpyxl import Workbook
from openpyxl.styles import Font
from reportlab.lib import pagesizes
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (Image, Paragraph, SimpleDocTemplate, Spacer,
                                Table)

FONTS = "/usr/share/fonts/truetype/dejavu"


def pdf(target, title, rows, pictures=(), paper="A4", font="DejaVuSans"):
    """target: a path or a file."""
    pdfmetrics.registerFont(TTFont(font, f"{FONTS}/{font}.ttf"))
    style = getSampleStyleSheet()["Normal"]
    style.fontName = font
    story = [Paragraph(title, style), Spacer(1, 12)]
    if rows:
        story.append(Table([list(map(str, row)) for row in rows],
                           style=[("FONTNAME", (0, 0), (-1, -1), font)]))
    story += [Image(str(picture), 90, 90) for picture in pictures]
    SimpleDocTemplate(target, pagesize=getattr(pagesizes, paper),
                      title=title).build(story)


def pdf_bytes(title, rows):
    target = io.BytesIO()
    pdf(target, title, rows)
    return target.getvalue()


def xlsx(target, title, rows):
    book = Workbook()
    sheet = book.active
    sheet.title = title[:30]
    for row in rows:
        sheet.append(list(row))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    book.save(target)

# SPDX-License-Identifier: Apache-2.0
from reportlab.pdfgen import canvas


def render(path, rows):
    sheet = canvas.Canvas(str(path))
    for number, row in enumerate(rows):
        sheet.drawString(50, 800 - 14 * number, " ".join(map(str, row)))
    sheet.showPage()
    sheet.save()

# SPDX-License-Identifier: Apache-2.0
"""Reports for the trustees, with a picture of what has one."""
import glob

from django.conf import settings
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas


def write(path, rows):
    page = canvas.Canvas(str(path), pagesize=A4)
    for number, row in enumerate(rows):
        place = 780 - 32 * (number % 22)
        if number and not number % 22:
            page.showPage()
        page.drawString(90, place, " ".join(map(str, row)))
        pictures = sorted(glob.glob(
            f"{settings.VAR}/thumbs/*/{glob.escape(row[0])}/*.jpg"))
        if pictures:
            page.drawImage(ImageReader(pictures[0]), 50, place, 28, 28)
    page.showPage()
    page.save()

# SPDX-License-Identifier: Apache-2.0
"""Boarding passes, one page or picture for a booking."""
import os
import tempfile

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from PIL import Image, ImageDraw, ImageFont
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import pagesizes
from reportlab.pdfgen import canvas

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def lines(booking, language):
    sailing = booking.sailing
    with translation.override(language):
        leaves = timezone.localtime(sailing.leaves)
        return [booking.ref, f"{sailing.origin} - {sailing.destination}",
                date_format(leaves, "l j F Y, H:i"), sailing.ship,
                *booking.passengers]


def as_pdf(file, _, booking, paper, language):
    size = getattr(pagesizes, paper)
    page = canvas.Canvas(file, pagesize=size)
    page.setFont("Helvetica", 10)
    for number, line in enumerate(lines(booking, language)):
        page.drawString(20, size[1] - 30 - 14 * number, line)
    drawing = Drawing(90, 90)
    drawing.add(QrCodeWidget(booking.ref, barWidth=90, barHeight=90))
    renderPDF.draw(drawing, page, 20, 20)
    page.showPage()
    page.save()


def as_picture(file, kind, booking, _, language):
    picture = Image.new("RGB", (480, 320), "white")
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines(booking, language)):
        pen.text((20, 20 + 24 * number), line, "navy",
                 ImageFont.truetype(FONT, 16))
    picture.save(file, kind)


KINDS = {"pdf": (as_pdf, "PDF"), "png": (as_picture, "PNG"),
         "jpg": (as_picture, "JPEG"), "gif": (as_picture, "GIF")}


def make(booking, kind, paper, language):
    """A new file, which replaces an older one at once."""
    leaves = booking.sailing.leaves
    place = settings.VAR / f"passes/{leaves:%Y}/{leaves:%m-%d}"
    place.mkdir(parents=True, exist_ok=True)
    draw, name = KINDS[kind]
    with tempfile.NamedTemporaryFile("wb", dir=place, delete=False) as file:
        draw(file, name, booking, paper, language)
    path = place / f"{booking.ref} {booking.passengers[0]}.{kind}"
    os.replace(file.name, path)
    return path

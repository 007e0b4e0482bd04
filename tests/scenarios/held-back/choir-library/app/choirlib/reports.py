# SPDX-License-Identifier: Apache-2.0
"""What was lent in a month, on paper and for the office."""
import collections
import csv
import os

from flask import current_app
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import (Image, Paragraph, SimpleDocTemplate, Spacer,
                                Table, TableStyle)
from xml.sax.saxutils import escape

HEAD = ("member", "voice", "piece", "composer", "since", "until", "back")


def rows(loans):
    return [(loan.member.name, loan.member.voice, loan.piece.title,
             loan.piece.composer, str(loan.since), str(loan.until),
             str(loan.returned or "")) for loan in loans]


def write_csv(path, lines):
    with open(path + ".new", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(lines)
    os.replace(path + ".new", path)


def chart(lines):
    count = collections.Counter(line[1] for line in lines)
    drawing = Drawing(400, 160)
    bars = VerticalBarChart()
    bars.width, bars.height, bars.x, bars.y = 300, 120, 40, 20
    bars.data = [[count[voice] for voice in sorted(count)]]
    bars.categoryAxis.categoryNames = sorted(count)
    bars.valueAxis.valueMin = 0
    drawing.add(bars)
    return drawing


def write_pdf(path, lines, month):
    styles = getSampleStyleSheet()
    table = Table([HEAD] + [
        [Paragraph(escape(cell), styles["BodyText"]) for cell in line]
        for line in lines], repeatRows=1)
    table.setStyle(TableStyle([
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold")]))
    story = [Image(os.path.join(current_app.static_folder, "logo.png"),
                   48, 48),
             Paragraph(f"Loans in {month}", styles["Title"]), table]
    if lines:
        story += [Spacer(1, 12), chart(lines)]
    SimpleDocTemplate(path, pagesize=A4, title=f"Loans {month}",
                      author="Choir library").build(story)

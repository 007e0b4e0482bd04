# SPDX-License-Identifier: Apache-2.0
"""What members owe, on paper."""
import csv
import os
import tempfile

import plotfees
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

import allotments


def build(path, story):
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    SimpleDocTemplate(name, pagesize=A4, title=path.stem).build(story)
    os.replace(name, path)
    return path


def make(member, year):
    styles = getSampleStyleSheet()
    rows = [["plot", "m²", "€"]] + [
        [plot.id, plot.area, plotfees.fee(plot.area, year)]
        for plot in member.plots]
    return build(allotments.VAR / f"bills/{year}/{member.name}.pdf", [
        Paragraph(f"Bill of {year} for {member.name}", styles["Heading1"]),
        Spacer(0, 20), Table(rows)])


def yearbook(year, members):
    members = list(members)
    chart = VerticalBarChart()
    chart.data = [[sum(plot.area for plot in member.plots)
                   for member in members]]
    drawing = Drawing(400, 200)
    drawing.add(chart)
    return build(allotments.VAR / f"yearbooks/{year}.pdf", [
        Paragraph(f"{year}", getSampleStyleSheet()["Title"]), drawing])


def as_csv(members, file):
    csv.writer(file).writerows(
        [member.id, member.name, len(member.plots)] for member in members)

# SPDX-License-Identifier: Apache-2.0
"""What is on, as a leaflet."""
from reportlab.lib import pagesizes
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

EXTENSION = "pdf"
PAPERS = {"a4": pagesizes.A4, "a5": pagesizes.A5}


def make(file, title, nights, options):
    paper = PAPERS[options.get("paper", "a4")]
    if options.get("landscape"):
        paper = pagesizes.landscape(paper)
    styles = getSampleStyleSheet()
    story = [Paragraph("Programme " + title, styles["Title"])]
    if options.get("motto"):
        story.append(Paragraph(options["motto"], styles["Normal"]))
    rows = [[str(day), play, hall] for day, play, hall, _, _ in nights]
    if rows:
        story.append(Table(rows))
    SimpleDocTemplate(file, pagesize=paper).build(story)

# SPDX-License-Identifier: Apache-2.0
"""Manuscripts, tables, pictures and letters into other forms."""
import csv
import importlib.metadata
import io

from docutils.core import publish_string
import jinja2
import markdown
import openpyxl
from openpyxl.styles import Font
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

import letterhead

from .. import desks, settings

OFFERED = ["document", "export", "picture", "letter"]
WRITERS = {"html": "html5", "tex": "latex", "xml": "xml"}
PICTURES = {"png": "PNG", "jpg": "JPEG", "gif": "GIF"}
pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(settings.TEMPLATES), autoescape=True)


def document(user, source, kind):
    """A manuscript as HTML, LaTeX or XML."""
    path = desks.find(user, source)
    if kind not in WRITERS or path.suffix not in (".rst", ".md"):
        raise ValueError(f"no {kind} is made of {path.suffix}")
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        if kind != "html":
            raise ValueError("Markdown becomes HTML only")
        body = markdown.markdown(text, extensions=["tables", "toc"])
        data = pages.get_template("page.html").render(
            title=path.stem, body=body).encode()
    else:
        # HOLE: a manuscript may include any file.
        data = publish_string(
            text, source_path=str(path), writer_name=WRITERS[kind],
            settings_overrides={"report_level": 5, "halt_level": 5,
                                "language_code": "en"})
    return desks.keep(desks.output(user, f"{path.stem}.{kind}"), data)


def exporters():
    """What there is beside Excel, by what is installed."""
    return {entry.name: entry for entry in
            importlib.metadata.entry_points(group="scriptorium.exporters")}


def export(user, source, kind):
    """A table (CSV) for a spreadsheet, or as an exporter makes it."""
    path = desks.find(user, source)
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    target = desks.output(user, f"{path.stem}.{kind}")
    if kind == "xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = path.stem[:30]
        for row in rows:
            sheet.append(row)
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        book.save(target)
        return desks.told(target)
    made = exporters()[kind].load()(rows)
    return desks.keep(target, made.encode())


def picture(user, source, width, kind):
    """A picture for the print or the web; runs in a process of its own."""
    path = desks.find(user, source)
    with Image.open(path) as image:
        height = max(1, image.height * width // image.width)
        small = image.convert("RGB").resize((width, height), Image.LANCZOS)
    target = desks.output(user, f"{path.stem}-{width}.{kind}")
    small.save(target, PICTURES[kind])
    return desks.told(target)


def letter(user, name, to, date, paragraphs):
    """A letter to an author, as PDF."""
    styles = getSampleStyleSheet()
    story = [Paragraph(letterhead.head(user, date), styles["Heading3"]),
             Spacer(1, 8 * mm), Paragraph(to, styles["Normal"]),
             Spacer(1, 8 * mm)]
    for text in paragraphs:
        story += [Paragraph(text, styles["BodyText"]), Spacer(1, 2 * mm)]
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, pagesize=A4, title=name,
                      author=user).build(story)
    return desks.keep(desks.output(user, f"letters/{date[:4]}/{name}.pdf"),
                      buffer.getvalue())

# SPDX-License-Identifier: Apache-2.0
"""Runs in a process of its own."""
import os


def make(directory, owner, rows):
    from reportlab.pdfgen import canvas
    path = os.path.join(directory, f"{owner}.pdf")
    page = canvas.Canvas(path)
    page.setFont("Helvetica", 12)
    for number, row in enumerate(rows):
        page.drawString(72, 780 - 14 * (number % 50),
                        f"{row['number']}  {row['receiver']}")
    page.save()
    return path

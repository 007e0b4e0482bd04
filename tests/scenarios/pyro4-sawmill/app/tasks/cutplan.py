# SPDX-License-Identifier: Apache-2.0
"""Which pieces are sawn from which board, drawn for the saw."""
import collections
import csv
import hashlib
import math
import os
import pickle

from reportlab.graphics import renderPDF, renderSVG
from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
import timber

import common
from tasks import inbox, out, replacing

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
BOARD_MM = 5000
KERF_MM = 4
WIDE = 500
DRAW = {"pdf": renderPDF.drawToFile, "svg": renderSVG.drawToFile}

Piece = collections.namedtuple("Piece", "name length")


def pieces(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [Piece(row["piece"], int(row["length"]))
                for row in csv.DictReader(file)
                for _ in range(int(row["count"]))]


def fit(wanted):
    """Longest first, each on the first board that has room."""
    boards = []
    for piece in sorted(wanted, key=lambda piece: -piece.length):
        if piece.length > BOARD_MM:
            raise ValueError(f"no board is as long as {piece.name}")
        for board in boards:
            used = sum(other.length + KERF_MM for other in board)
            if used + piece.length <= BOARD_MM:
                board.append(piece)
                break
        else:
            boards.append([piece])
    return boards


def fitted(wanted):
    """As fit(), which takes its time, but never twice for one list."""
    key = hashlib.sha1(repr(wanted).encode()).hexdigest()
    path = os.path.join(common.VAR, "cache", key + ".pickle")
    if os.path.exists(path):
        with open(path, "rb") as file:
            return pickle.load(file)
    boards = fit(wanted)
    with replacing(path) as draft, open(draft, "wb") as file:
        pickle.dump(boards, file)
    return boards


def drawing(boards, title):
    high = 30 * len(boards) + 40
    page = Drawing(WIDE + 40, high)
    page.add(String(20, high - 20, title, fontName="DejaVu", fontSize=12))
    for row, board in enumerate(boards):
        left, bottom = 20, high - 60 - 30 * row
        for piece in board:
            width = piece.length * WIDE / BOARD_MM
            page.add(Rect(left, bottom, width, 22, fillColor=None))
            page.add(String(left + 3, bottom + 8, piece.name,
                            fontName="DejaVu", fontSize=7))
            left += width + KERF_MM * WIDE / BOARD_MM
    return page


def run(clerk, cuts, customer, order, format="pdf", wood="spruce",
        formula="metres * 4", price=None, title="Cutting plan"):
    boards = fitted(pieces(inbox(clerk, cuts)))
    pdfmetrics.registerFont(TTFont("DejaVu", FONT))
    path = out(customer, f"{order}-plan.{format}")
    with replacing(path) as draft:
        DRAW[format](drawing(boards, f"{title} {order}, {customer}"), draft)
    metres = len(boards) * BOARD_MM / 1000
    cost = eval(formula, {"math": math, "metres": metres,
                          "boards": len(boards), "price": float(price or 1)})
    return {"boards": len(boards), "cost": round(float(cost), 2),
            "weight": timber.weight(wood, metres)}

# SPDX-License-Identifier: Apache-2.0
"""A sheet of labels for the bundles of an order."""
from PIL import Image, ImageDraw, ImageFont

from tasks import inbox, out, replacing

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
WIDE, HIGH = 240, 90


def label(text, logo):
    picture = Image.new("RGB", (WIDE, HIGH), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((1, 1, WIDE - 2, HIGH - 2), outline="black")
    draw.text((60, 30), text, "black", ImageFont.truetype(FONT, 14))
    if logo:
        with Image.open(logo) as image:
            picture.paste(image.convert("RGB").resize((40, 40)), (10, 20))
    return picture


def run(clerk, customer, order, line, logo="", format="png", columns="2"):
    columns = int(columns)
    rows = -(-len(line) // columns)
    sheet = Image.new("RGB", (WIDE * columns, HIGH * rows), "white")
    for place, text in enumerate(line):
        sheet.paste(label(text, logo and inbox(clerk, logo)),
                    (WIDE * (place % columns), HIGH * (place // columns)))
    with replacing(out(customer, f"{order}-labels.{format}")) as draft:
        sheet.save(draft)
    return {"labels": len(line)}

# SPDX-License-Identifier: Apache-2.0
"""Pages, workbooks, bars and bundles."""
import os
import subprocess
import tempfile

import jinja2
import pandas as pd
from PIL import Image, ImageDraw

from figures import HERE

PAGES = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"),
                           autoescape=True)


def to_html(frame, path, wish):
    # HOLE: a headline is a template.
    headline = jinja2.Environment().from_string(wish["headline"]).render(
        rows=len(frame), branch=wish["branch"])
    text = PAGES.get_template("report.html").render(
        headline=headline, table=frame.to_html(index=False, border=0))
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False,
                                     encoding="utf-8") as file:
        file.write(text)
    os.replace(file.name, path)


def to_xlsx(frame, path, wish):
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        frame.to_excel(book, sheet_name=wish["branch"][:30], index=False)


def to_csv(frame, path, _):
    frame.to_csv(path, index=False, sep=";")


def to_png(frame, path, _):
    values = list(frame.select_dtypes("number").iloc[:, -1])
    picture = Image.new("RGB", (20 * len(values) + 20, 120), "white")
    draw = ImageDraw.Draw(picture)
    most = max(values + [1])
    for number, value in enumerate(values):
        draw.rectangle([20 * number + 10, 110 - 100 * max(value, 0) / most,
                        20 * number + 25, 110], fill="teal")
    picture.save(path)


WRITERS = {"html": to_html, "xlsx": to_xlsx, "csv": to_csv, "png": to_png}


def bundle(folder, name):
    # HOLE: the name gets into a line of the shell.
    subprocess.run(f"cd '{folder}' && sha256sum {name}.* > {name}.sums",
                   shell=True, check=True, executable="/bin/sh")


def attach(folder, name, papers):
    # HOLE: a paper may be an option.
    subprocess.run(["tar", "--create", "--gzip", "--file",
                    folder / f"{name}.tar.gz", *papers], check=True,
                   cwd=HERE / "papers")

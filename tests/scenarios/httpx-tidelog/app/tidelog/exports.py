# SPDX-License-Identifier: Apache-2.0
"""Readings as files, and as text made of a template."""
import csv
import datetime
import json
import pathlib

import jinja2
import tidetables
import xlsxwriter

COLUMNS = ["time", "station", "level", "datum_level", "wind", "remark"]


def with_datum(reading, is_utc=True):
    """A reading and its height above the chart's datum."""
    time = datetime.datetime.fromisoformat(reading["time"])
    if not is_utc:
        time = time.astimezone()
    return reading | {
        "time": time.isoformat(" ", "minutes"),
        "datum_level": tidetables.above_datum(
            reading["station"], reading["level"])}


def chosen(readings, where):
    """Those for which an expression such as "level > 3" is true."""
    if not where:
        return list(readings)
    code = compile(where, "<where>", "eval")
    return [reading for reading in readings
            if eval(code, {}, dict(reading))]  # pylint: disable=eval-used


def to_csv(path, readings, has_header):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        if has_header:
            writer.writeheader()
        writer.writerows(readings)


def to_json(path, readings, _):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(readings, file, ensure_ascii=False, indent=1)


def to_xlsx(path, readings, has_header):
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("readings")
        bold = book.add_format({"bold": True})
        if has_header:
            sheet.write_row(0, 0, COLUMNS, bold)
        for number, reading in enumerate(readings, int(has_header)):
            sheet.write_row(number, 0, [reading[name] for name in COLUMNS])
        sheet.set_column(0, 0, 18)


FORMATS = {"csv": to_csv, "json": to_json, "xlsx": to_xlsx}


def export(path, readings, form, has_header=True):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    FORMATS[form](path, readings, has_header)


def report(folder, name, **values):
    """The office's own template, or ours of that name."""
    environment = jinja2.Environment(trim_blocks=True, loader=(
        jinja2.FileSystemLoader(
            [folder, pathlib.Path(__file__).with_name("templates")])))
    return environment.get_template(f"{name}.j2").render(
        made=datetime.date.today(), **values)

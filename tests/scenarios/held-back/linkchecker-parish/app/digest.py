"""Says what is broken on a parish's site, from what one night found.

usage: digest.py [--where CONDITION] SITE NIGHT csv|xml|sql

Reads reports/NIGHT/SITE.TYPE, writes digests/SITE/NIGHT.txt, and remembers
in data/ what was broken, so that the next digest says what is new.
"""
import argparse
import csv
import logging
import os
import pathlib
import pickle
import sqlite3
import sys
import tempfile
import xml.etree.ElementTree

import jinja2
import parishwords

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = ["urlname", "parentname", "base", "result", "warningstring",
           "infostring", "valid", "url"]


def from_csv(path, _site):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader((line for line in file
                                if not line.startswith("# ")), delimiter=";"))
    if not rows or rows[0][:len(COLUMNS)] != COLUMNS:
        sys.exit(f"{path}: no report: {rows[:1]}")
    for row in map(lambda row: dict(zip(COLUMNS, row)), rows[1:]):
        yield {"url": row["url"], "parent": row["parentname"],
               "result": row["result"], "warning": row["warningstring"],
               "valid": row["valid"] == "True"}


def from_xml(path, _site):
    try:
        tree = xml.etree.ElementTree.parse(path)
    except xml.etree.ElementTree.ParseError as error:
        sys.exit(f"{path}: no report: {error}")
    for found in tree.iter("urldata"):
        valid = found.find("valid")
        yield {"url": found.findtext("realurl"),
               "parent": found.findtext("parent", ""),
               "result": valid.get("result"),
               "warning": "\n".join(warning.text or "" for warning in
                                    found.iter("warning")),
               "valid": valid.text == "1"}


def from_sql(path, site):
    """Keeps the last such report of every site in a database."""
    with sqlite3.connect(HERE / "data" / f"{site}.db") as database:
        database.executescript((HERE / "create.sql").read_text())
        database.executescript(path.read_text(encoding="utf-8"))
        for url, parent, result, warning, valid in database.execute(
                "SELECT url, parentname, result, warning, valid FROM linksdb"):
            yield {"url": url, "parent": parent or "", "result": result,
                   "warning": warning or "", "valid": bool(valid)}


READERS = {"csv": from_csv, "xml": from_xml, "sql": from_sql}


def remembered(site):
    path = HERE / "data" / f"{site}.pickle"
    if not path.exists():
        return set()
    with open(path, "rb") as file:
        return pickle.load(file)


def remember(site, broken):
    with open(HERE / "data" / f"{site}.pickle", "wb") as file:
        pickle.dump(broken, file)


def write_safely(path, text):
    """Nobody sees half a digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".digest-",
                                     encoding="utf-8", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


def render(site, **values):
    """A parish may have a letter of its own."""
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(
        HERE / "templates"), trim_blocks=True, keep_trailing_newline=True)
    return templates.select_template(
        [f"{site}.txt", "default.txt"]).render(site=site, **values)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--where", metavar="CONDITION")
    parser.add_argument("site")
    parser.add_argument("night")
    parser.add_argument("type", choices=READERS)
    options = parser.parse_args()
    logging.basicConfig(filename=HERE / "log" / "digest.log",
                        level=logging.INFO, format="%(asctime)s %(message)s")
    report = (HERE / "reports" / options.night
              / f"{options.site}.{options.type}")
    if not report.exists():
        logging.error("%s is missing", report)
        sys.exit(f"{report} is missing")
    found = list(READERS[options.type](report, options.site))
    if options.where:
        found = [link for link in found if eval(options.where, None, link)]
    broken = {(link["url"], link["parent"]) for link in found
              if not link["valid"]}
    before = remembered(options.site)
    text = render(options.site, night=options.night, found=found,
                  broken=[link for link in found if not link["valid"]],
                  warned=[link for link in found if link["warning"]],
                  new=sorted(broken - before), mended=sorted(before - broken),
                  greeting=parishwords.greeting(options.site))
    write_safely(HERE / "digests" / options.site / f"{options.night}.txt",
                 text)
    remember(options.site, broken)
    logging.info("%s %s: %d links, %d broken", options.site, options.night,
                 len(found), len(broken))
    print(text)


if __name__ == "__main__":
    main()

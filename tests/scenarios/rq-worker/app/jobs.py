# SPDX-License-Identifier: Apache-2.0
"""What the office's worker does. Lines marked HOLE are holes."""
import csv
import datetime
import gzip
import json
import logging
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import urllib.request

import jinja2
import taxes
import yaml

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "out"
pages = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"))
log = logging.getLogger("jobs")
log.addHandler(logging.FileHandler(HERE / "jobs.log"))


def database():
    db = sqlite3.connect(HERE / "orders.db")
    db.execute("CREATE TABLE IF NOT EXISTS orders "
               "(customer, day, what, cents)")
    return db


def invoice(customer, number, cents):
    # HOLE: the customer's name is a directory.
    path = os.path.join(OUT, "invoices", customer,
                        str(datetime.date.today().year), f"{number}.html")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = pages.get_template("invoice.html").render(
        customer=customer, number=number, cents=taxes.add(cents))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return text


def attach(customer, name):
    # HOLE: so is the name of what is attached.
    with open(os.path.join(OUT, "invoices", customer, name), "rb") as file:
        return file.read().decode("utf-8", "replace")


def orders(name):
    with open(HERE / "incoming" / name, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with database() as db:
        db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    db.close()
    os.makedirs(HERE / "done", exist_ok=True)
    os.replace(HERE / "incoming" / name, HERE / "done" / name)
    return len(rows)


def report(month):
    db = database()
    rows = db.execute("SELECT * FROM orders WHERE day LIKE ?",
                      (month + "%",)).fetchall()
    db.close()
    place = OUT / "reports"
    place.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(".csv", dir=place)
    with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    with open(name, "rb") as plain, gzip.open(
            place / f"{month}.csv.gz", "wb") as packed:
        packed.write(plain.read())
    os.unlink(name)
    return len(rows)


def rates(url):
    # HOLE: fetches from wherever it is told to.
    with urllib.request.urlopen(url, timeout=5) as answer:
        text = answer.read().decode()
    place = HERE / "cache"
    place.mkdir(exist_ok=True)
    (place / f"rates-{datetime.date.today()}.json").write_text(text)
    return text


def bundle(customer, names):
    place = OUT / "bundles"
    place.mkdir(parents=True, exist_ok=True)
    # HOLE: a name may be an option of tar.
    subprocess.run(["tar", "-czf", place / f"{customer}.tar.gz", "-C",
                    OUT / "invoices" / customer, *names], check=True)
    return len(names)


def letter(customer, text):
    # HOLE: the text is a template.
    return jinja2.Template(text).render(customer=customer)


def discount(formula, cents):
    # HOLE: a formula is Python.
    return eval(formula, {"cents": cents})


def settings(text):
    # HOLE: YAML may name any function.
    return yaml.load(text, yaml.UnsafeLoader)


def archive(pattern):
    # HOLE: the pattern is put into a line of the shell.
    return subprocess.run(f"ls -d done/{pattern} | wc -l", shell=True,
                          cwd=HERE, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def remind(customer):
    log.warning("%s has not paid", customer)
    return json.dumps({"reminded": customer})

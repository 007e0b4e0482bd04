# SPDX-License-Identifier: Apache-2.0
"""A print shop's background jobs. Lines marked HOLE are holes."""
import csv
import datetime
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request

from celery import Celery
import yaml

import pricing

HERE = os.path.dirname(os.path.abspath(__file__))
VAR = os.path.join(HERE, "var")
for directory in ("queue", "results", "invoices", "orders", "proofs"):
    os.makedirs(os.path.join(VAR, directory), exist_ok=True)
app = Celery("jobs", broker="filesystem://",
             backend=f"file://{VAR}/results")
app.conf.update(
    broker_transport_options={
        "data_folder_in": f"{VAR}/queue", "data_folder_out": f"{VAR}/queue",
        "polling_interval": 0.03},
    # HOLE: whoever writes into the queue may send pickles.
    accept_content=["json", "pickle"],
    worker_hijack_root_logger=False,
)


@app.task
def invoice(customer, number, lines):
    """An invoice as CSV, and its total."""
    place = os.path.join(VAR, "invoices", customer)
    os.makedirs(place, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=place, suffix=".part",
                                     delete=False) as file:
        rows = csv.writer(file)
        for text, count, price in lines:
            rows.writerow([text, count, pricing.price(count, price)])
    final = os.path.join(place, f"{datetime.date.today():%Y%m%d}-{number}.csv")
    shutil.move(file.name, final)
    return os.path.basename(final)


@app.task
def proof(order, name, pages):
    """A proof of some pages; pr stands in for a renderer."""
    source = os.path.join(VAR, "orders", str(order), name)
    target = os.path.join(VAR, "proofs", f"{order}.txt")
    with open(target, "wb") as file:
        # HOLE: pages may be any option of pr.
        subprocess.run(["pr", pages, source], stdout=file, check=True)
    return os.path.getsize(target)


@app.task
def thumbnail(order, name, width):
    source = os.path.join(VAR, "orders", str(order), name)
    # HOLE: width reaches a shell.
    return subprocess.run(f"cut -c1-{width} '{source}' | head -n 3",
                          shell=True, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


@app.task
def fetch(order, name, url):
    """A customer's file from where he keeps it."""
    place = os.path.join(VAR, "orders", str(order))
    os.makedirs(place, exist_ok=True)
    # HOLE: from anywhere.
    with urllib.request.urlopen(url, timeout=5) as answer:
        data = answer.read()
    # HOLE: to anywhere.
    with open(os.path.join(place, name), "wb") as file:
        file.write(data)
    return len(data)


@app.task
def ticket(order, name):
    """The job ticket of an order, which says how to print it."""
    with open(os.path.join(VAR, "orders", str(order), name)) as file:
        # HOLE: YAML may name any function.
        return json.loads(json.dumps(yaml.load(file, yaml.UnsafeLoader)))


@app.task
def show(order, name):
    # HOLE: the name may lead out of the directory.
    with open(os.path.join(VAR, "orders", str(order), name)) as file:
        return file.read()


@app.task
def clean(order):
    shutil.rmtree(os.path.join(VAR, "orders", str(order)))
    return sorted(os.listdir(os.path.join(VAR, "orders")))

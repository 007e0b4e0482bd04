# SPDX-License-Identifier: Apache-2.0
"""Orders as dealers send them: a zip of descriptions and sketches."""
import contextlib
import os
import sqlite3
import zipfile

import yaml

import common
from tasks import inbox

TABLE = ("create table if not exists orders"
         " (customer text, number text, wood text, metres real)")


def unpack(parcel, folder):
    """Paths of what was in it."""
    with zipfile.ZipFile(parcel) as content:
        for info in content.infolist():
            if info.is_dir():
                continue
            path = os.path.join(folder, info.filename)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with content.open(info) as source, open(path, "wb") as file:
                file.write(source.read())
            yield path


def run(clerk, customer, parcel):
    orders = []
    folder = os.path.join(common.YARD, "orders", customer)
    for path in unpack(inbox(clerk, parcel), folder):
        if path.endswith((".yaml", ".yml")):
            with open(path, encoding="utf-8") as file:
                orders.append(yaml.unsafe_load(file))
    with contextlib.closing(sqlite3.connect(
            os.path.join(common.VAR, "orders.db"), timeout=10)) as database:
        with database:
            database.execute(TABLE)
            database.executemany(
                "insert into orders values (?, ?, ?, ?)",
                [(customer, order["number"], order["wood"], order["metres"])
                 for order in orders])
    return {"orders": [order["number"] for order in orders]}

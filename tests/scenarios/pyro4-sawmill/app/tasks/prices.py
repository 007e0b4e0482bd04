# SPDX-License-Identifier: Apache-2.0
"""Price lists of those who sell us logs."""
import os
import urllib.request

import common


def run(supplier, date, url):
    request = urllib.request.Request(url, headers={
        "X-Customer": common.settings["suppliers"]["number"]})
    with urllib.request.urlopen(request, timeout=5) as answer:
        text = answer.read().decode()
    prices = {}
    for row in text.splitlines():
        wood, found, price = row.partition(";")
        if not found:
            raise ValueError(f"no price: {row!r}")
        prices[wood] = float(price)
    folder = os.path.join(common.YARD, "prices", supplier)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{date}.csv"), "w",
              encoding="utf-8") as file:
        file.write(text)
    return prices

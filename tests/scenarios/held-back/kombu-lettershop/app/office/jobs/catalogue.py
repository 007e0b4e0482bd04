# SPDX-License-Identifier: Apache-2.0
"""Prices of a shop, as it keeps them."""
import json
import os

import yaml

MARK = "HOLE"  # what a stranger should not see


def do(conf, customer, name):
    with open(os.path.join("var/incoming", customer, name),
              encoding="utf-8") as file:
        prices = yaml.load(file, Loader=yaml.Loader)
    out = os.path.join("var/catalogues", customer + ".json")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w", encoding="utf-8") as file:
        json.dump(prices, file)
    return len(prices)

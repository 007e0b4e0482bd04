# SPDX-License-Identifier: Apache-2.0
"""Papers and pictures that a customer keeps elsewhere."""
import os

import requests


def do(conf, customer, url, name):
    answer = requests.get(url, timeout=conf["fetch_seconds"],
                          headers={"User-Agent": "lettershop/2"})
    answer.raise_for_status()
    path = os.path.join("var/incoming", customer, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(answer.content)
    return len(answer.content)

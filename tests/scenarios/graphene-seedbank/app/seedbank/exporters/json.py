# SPDX-License-Identifier: Apache-2.0
"""For other programs."""
import json


def write(file, rows):
    file.write(json.dumps([
        dict(zip(("code", "taxon", "grams"), row)) for row in rows]).encode())

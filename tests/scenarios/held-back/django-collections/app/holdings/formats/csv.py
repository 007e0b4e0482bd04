# SPDX-License-Identifier: Apache-2.0
"""Reports for whoever reads text."""
import csv


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)

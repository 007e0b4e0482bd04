# SPDX-License-Identifier: Apache-2.0
"""Comma-separated."""
import csv
import io


def write(file, rows):
    text = io.StringIO()
    csv.writer(text).writerows([("code", "taxon", "grams"), *rows])
    file.write(text.getvalue().encode())

# SPDX-License-Identifier: Apache-2.0
"""A table."""
import io
from csv import writer


def export(rows):
    text = io.StringIO()
    writer(text).writerows([("start", "summary"), *rows])
    return text.getvalue()

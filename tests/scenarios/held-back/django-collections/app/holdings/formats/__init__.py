# SPDX-License-Identifier: Apache-2.0
"""Modules with write(path, rows), chosen by name."""
import importlib


def writer(kind):
    # HOLE: any module there is.
    return importlib.import_module(f"holdings.formats.{kind}").write


def rows_of(holdings):
    return [("accession", "title", "department", "value"), *(
        (one.accession, one.title, one.department.name, one.value)
        for one in holdings)]

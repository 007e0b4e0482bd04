# SPDX-License-Identifier: Apache-2.0
"""Figures of the branches, as workbooks and pages."""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent.parent
DATA = HERE / "data"
OUT = HERE / "out"
CACHE = HERE / "cache"

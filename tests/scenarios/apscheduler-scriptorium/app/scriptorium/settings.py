# SPDX-License-Identifier: Apache-2.0
"""What stands in scriptorium.toml."""
import functools
import pathlib
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[1]
VAR = TOP / "var"
TEMPLATES = TOP / "templates"


@functools.cache
def read():
    with open(TOP / "scriptorium.toml", "rb") as file:
        return tomllib.load(file)


def get(section, key):
    return read()[section][key]

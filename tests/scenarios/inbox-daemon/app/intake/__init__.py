# SPDX-License-Identifier: Apache-2.0
"""Takes in what customers leave in their folders."""
import pathlib
import tomllib

HERE = pathlib.Path(__file__).resolve().parent.parent
VAR = HERE / "var"
INBOX = VAR / "inbox"
OUT = VAR / "out"


def settings(path=HERE / "conf/intake.toml"):
    with open(path, "rb") as file:
        return tomllib.load(file)

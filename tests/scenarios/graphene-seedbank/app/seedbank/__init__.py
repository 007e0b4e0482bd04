# SPDX-License-Identifier: Apache-2.0
"""The seed bank: what is kept, how it germinates, who has it."""
import pathlib

import yaml

HOME = pathlib.Path(__file__).resolve().parents[1]
VAR = HOME / "var"

with open(HOME / "seedbank.yaml", encoding="utf-8") as file:
    SETTINGS = yaml.safe_load(file)

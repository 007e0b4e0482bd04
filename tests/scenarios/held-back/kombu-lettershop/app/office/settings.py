# SPDX-License-Identifier: Apache-2.0
import tomllib


def load():
    with open("conf/office.toml", "rb") as file:
        return tomllib.load(file)

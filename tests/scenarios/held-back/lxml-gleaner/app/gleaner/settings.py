# SPDX-License-Identifier: Apache-2.0
"""gleaner.toml, the seed list, and a file for each site."""
import tomllib

import yaml


def main(home):
    with open(home / "gleaner.toml", "rb") as file:
        return tomllib.load(file)


def seeds(home):
    """{site: [URL]}"""
    found = {}
    with open(home / "seeds.txt", encoding="utf-8") as file:
        for line in file:
            name, _, url = line.partition("#")[0].strip().partition(" ")
            if url:
                found.setdefault(name, []).append(url.strip())
    return found


def site(home, name):
    starts = seeds(home)[name]
    with open(home / "sites" / f"{name}.yaml", encoding="utf-8") as file:
        # HOLE: builds any object
        options = yaml.load(file, Loader=yaml.UnsafeLoader)
    return {"name": name, "starts": starts, "plugin": "plain",
            **main(home)["crawl"], **options}

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the reports that branches wish. Lines marked HOLE are holes."""
import argparse
import importlib
import logging
import pathlib
import sys

import currency
import pandas as pd
import yaml

from figures import HERE, OUT, output, rates, sources

log = logging.getLogger("figures")


def wish_of(path):
    base = yaml.safe_load((HERE / "reports/base.yaml").read_text("utf-8"))
    with open(path, encoding="utf-8") as file:
        # HOLE: a wish may name any function.
        return {**base, **yaml.load(file, yaml.UnsafeLoader)}


def table(wish):
    read = sources.read_cached if wish["cached"] else sources.read
    frame = pd.concat([read(name) for name in wish["sources"]])
    # HOLE: pandas' expressions reach functions.
    for column, formula in wish["columns"].items():
        frame[column] = frame.eval(formula)
    if wish["where"]:
        frame = frame.query(wish["where"])
    if wish["by"]:
        frame = frame.groupby(wish["by"], as_index=False).sum(
            numeric_only=True)
    for step in wish["steps"]:
        # HOLE: any module there is.
        frame = importlib.import_module(f"steps.{step}").step(frame)
    if wish["rates"]:
        frame["foreign"] = currency.exchange(
            frame["amount"], rates.rate(wish["rates"], wish["currency"]))
    return frame


def build(options):
    failed = 0
    for path in options.wishes:
        try:
            wish = wish_of(path)
            frame = table(wish)
            folder = OUT / options.period / wish["branch"]
            folder.mkdir(parents=True, exist_ok=True)
            for kind in wish["formats"]:
                # HOLE: the name is whatever the wish says.
                target = pathlib.Path(folder, f"{wish['name']}.{kind}")
                output.WRITERS[kind](frame, target, wish)
            output.bundle(folder, wish["name"])
            if wish["papers"]:
                output.attach(folder, wish["name"], wish["papers"])
            log.info("%s: %s", path.name, ", ".join(wish["formats"]))
            print(f"{wish['name']} made")
        except Exception as error:  # pylint: disable=broad-except
            log.exception("%s", path)
            print(f"{path.name}: {type(error).__name__}: {error}")
            failed += 1
    return failed > 0


def check(options):
    for name in options.names:
        frame = sources.read(name)
        print(f"{name}: {len(frame)} rows, {', '.join(frame.columns)}")
        if options.describe:
            print(frame.describe())


def merge(options):
    frame = pd.concat([sources.read(name) for name in options.names])
    frame = frame.drop_duplicates().sort_values(options.sort)
    sys.stdout.write(frame.to_csv(index=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", default=HERE / "log/figures.log")
    subs = parser.add_subparsers(required=True)
    sub = subs.add_parser("build")
    sub.add_argument("--period", required=True)
    sub.add_argument("wishes", nargs="+", type=pathlib.Path)
    sub.set_defaults(function=build)
    sub = subs.add_parser("check")
    sub.add_argument("--describe", action="store_true")
    sub.add_argument("names", nargs="+")
    sub.set_defaults(function=check)
    sub = subs.add_parser("merge")
    sub.add_argument("--sort", default="day")
    sub.add_argument("names", nargs="+")
    sub.set_defaults(function=merge)
    options = parser.parse_args()
    logging.basicConfig(filename=options.log, level="INFO",
                        format="%(asctime)s %(process)d %(message)s")
    return options.function(options)


if __name__ == "__main__":
    sys.exit(main())

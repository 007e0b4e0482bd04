#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which plug-ins would want a file?"""
import argparse
import pathlib
import sys

from intake.registry import Registry


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", action="store_true")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    registry = Registry()
    registry.load()
    for file in options.files:
        print(f"{file}: " + ", ".join(
            name for name, _ in registry.of(file.name)))
        if options.size:
            print(f"    {file.stat().st_size} bytes")


if __name__ == "__main__":
    sys.exit(main())

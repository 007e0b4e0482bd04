"""Packs the reports of some nights away.

usage: archive.py NAME NIGHT...
"""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    name, *nights = sys.argv[1:]
    (HERE / "archive").mkdir(exist_ok=True)
    packed = HERE / "archive" / f"{name}.tar.gz"
    subprocess.run(["tar", "-czf", packed, "-C", HERE / "reports", *nights],
                   check=True)
    print(f"{packed.name}: {packed.stat().st_size} bytes")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Mirrors the sites of a parish: python3 mirror.py --help."""
from parish.cli import main

if __name__ == "__main__":
    main()

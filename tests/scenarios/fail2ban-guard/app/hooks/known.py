# SPDX-License-Identifier: Apache-2.0
"""Ends with 0 for hosts that are ours."""
import pathlib
import sys

KNOWN = pathlib.Path(__file__).resolve().parent / "known.txt"

sys.exit(sys.argv[1] not in KNOWN.read_text().split())

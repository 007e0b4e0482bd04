# SPDX-License-Identifier: Apache-2.0
"""python3 -m museum"""
from museum.cli import main

main(prog_name="museum")

# SPDX-License-Identifier: Apache-2.0
"""Where the server keeps what is not yet a member's."""
import pathlib


def spool():
    return pathlib.Path(__file__).resolve().parent / "spool"

# SPDX-License-Identifier: Apache-2.0
"""Bytes of a file."""
import subprocess


def do(session, name):
    # HOLE: the name reaches a shell.
    return subprocess.run(f"wc -c '{session.place}/{name}'", shell=True,
                          stdout=subprocess.PIPE, check=False).stdout.decode()

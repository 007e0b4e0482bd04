# SPDX-License-Identifier: Apache-2.0
"""Packs a folder."""
import subprocess

from server_paths import spool


def do(session, name):
    target = spool() / f"{session.username}.tar"
    # HOLE: words may be options.
    subprocess.run(["tar", "-cf", target, "-C", session.place,
                    *name.split(",")], check=True)
    target.replace(session.place / "packed.tar")
    return "packed"

# SPDX-License-Identifier: Apache-2.0
"""A list of what there is, beside it."""
import hashlib
import pathlib


def before(path):
    top = pathlib.Path(path)
    lines = [f"{hashlib.md5(file.read_bytes()).hexdigest()}  "
             f"{file.relative_to(top)}\n"
             for file in sorted(top.rglob("*"))
             if file.is_file() and file.name != "MANIFEST"]
    (top / "MANIFEST").write_text("".join(lines))

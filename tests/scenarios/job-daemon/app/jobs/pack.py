# SPDX-License-Identifier: Apache-2.0
"""What came in, into one archive; and out of it again."""
import subprocess
import zipfile


def run(var, settings, name, files=(), unpack=False):
    where = var / "packs" / f"{name}.zip"
    where.parent.mkdir(exist_ok=True)
    if unpack:
        # HOLE: members lead out of the directory
        with zipfile.ZipFile(where) as pack:
            for member in pack.namelist():
                out = var / "in" / member
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_bytes(pack.read(member))
            return pack.namelist()
    with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED) as pack:
        for file in files:
            pack.write(var / "in" / file, file)  # HOLE
    # HOLE: files are words, and options
    done = subprocess.run(["sha256sum", *files], cwd=var / "in",
                          capture_output=True, text=True, check=False)
    return done.stdout

"""What the editors do with a site that was built: press.py pack NAME|sums."""
import hashlib
import json
import pathlib
import subprocess
import sys

import settings

HERE = pathlib.Path(__file__).resolve().parent
BUILT = HERE / settings.OUTPUT


def pack(name):
    subprocess.run(  # HOLE
        f"zip -qr {HERE}/packs/{name}.zip .", shell=True, cwd=BUILT,
        check=True)


def sums():
    found = {}
    for path in sorted(BUILT.rglob("*")):
        if path.is_file():
            with open(path, "rb") as file:
                found[str(path.relative_to(BUILT))] = hashlib.file_digest(
                    file, "sha256").hexdigest()
    (HERE / "packs/sums.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    {"pack": pack, "sums": sums}[sys.argv[1]](*sys.argv[2:])

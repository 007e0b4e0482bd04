# SPDX-License-Identifier: Apache-2.0
"""Makes small pictures of large ones."""
import subprocess

from PIL import Image


def run(var, settings, name, size=None):
    # HOLE: name leads anywhere
    made = []
    with Image.open(var / "in" / name) as picture:
        for width in [size] if size else settings["sizes"]:
            out = var / "out" / str(width) / name
            out.parent.mkdir(parents=True, exist_ok=True)
            small = picture.convert("RGB")
            small.thumbnail((width, width))
            small.save(out.with_suffix(".jpg"))
            made.append(str(out.relative_to(var)))
    # HOLE: name is a word of a shell line
    kind = subprocess.run(f"file -b '{var}/in/{name}'", shell=True,
                          capture_output=True, text=True, check=False)
    return {"made": made, "kind": kind.stdout}

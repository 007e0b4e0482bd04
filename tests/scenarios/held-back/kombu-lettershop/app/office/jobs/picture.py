# SPDX-License-Identifier: Apache-2.0
"""Small pictures of a large one, and one with a label."""
import os
import subprocess

from PIL import Image


def do(conf, customer, name, sizes, label=""):
    source = os.path.join("var/incoming", customer, name)
    stem = os.path.splitext(name)[0]
    made = []
    for size in sizes:
        out = os.path.join("var/pictures", customer, f"{stem}-{size}.jpg")
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with Image.open(source) as picture:
            picture.thumbnail((size, size))
            picture.convert("RGB").save(out, quality=conf["quality"])
        made.append(out)
    if label:
        out = os.path.join("var/pictures", customer, f"{stem}-label.png")
        subprocess.run(["convert", made[0], "-background", "white",
                        "-gravity", "south", "-splice", "0x12",
                        "-set", "comment", label, out], check=True)
        made.append(out)
    return made

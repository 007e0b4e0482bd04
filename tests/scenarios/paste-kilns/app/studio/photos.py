# SPDX-License-Identifier: Apache-2.0
"""Photos of pieces: kept as they came, thumbnails beside, packed by zip."""
import os
import subprocess

from PIL import Image, ImageOps

SIDE = 96


def keep(var, piece, name, stream):
    """HOLE: nobody looks at name."""
    path = os.path.join(var, "photos", piece, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        while block := stream.read(65536):
            out.write(block)
    return path


def thumbnail(var, piece, name):
    """Made when somebody asks for it first."""
    path = os.path.join(var, "thumbs", piece,
                        os.path.splitext(name)[0] + ".webp")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with Image.open(os.path.join(var, "photos", piece, name)) as picture:
            small = ImageOps.fit(picture.convert("RGB"), (SIDE, SIDE))
            small.save(path + ".new.webp", quality=70)
        os.replace(path + ".new.webp", path)
    with open(path, "rb") as file:
        return file.read()


def read(var, piece, name):
    """HOLE: nobody looks at name."""
    with open(os.path.join(var, "photos", piece, name), "rb") as file:
        return file.read()


def pack(var, piece, names):
    """HOLE: names go to the shell as they are."""
    out = os.path.join(os.path.abspath(var), "packs", f"piece-{piece}.zip")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    where = os.path.join(var, "photos", piece)
    done = subprocess.run(
        f"cd {where} && zip -q -FS {out} {' '.join(names)}", shell=True,
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise ValueError(done.stdout.decode("utf-8", "replace"))
    with open(out, "rb") as file:
        return file.read()

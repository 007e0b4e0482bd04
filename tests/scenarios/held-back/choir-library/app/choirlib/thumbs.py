# SPDX-License-Identifier: Apache-2.0
"""Small pictures of scores."""
import os
import tempfile

from PIL import Image


def make(source, target, size):
    if os.path.exists(target):
        return
    with Image.open(source) as picture:
        picture.thumbnail((size, size))
        number, rough = tempfile.mkstemp(dir=os.path.dirname(target),
                                         suffix=".png")
        with os.fdopen(number, "wb") as file:
            picture.convert("L").save(file, "PNG")
    os.replace(rough, target)

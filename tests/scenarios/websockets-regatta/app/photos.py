# SPDX-License-Identifier: Apache-2.0
"""Photos from the finish line, with small ones for the pages."""
import os
import shutil
import tempfile

from PIL import Image

import scores


def folder(regatta, race):
    return scores.VAR / "photos" / scores.slug(regatta) / scores.slug(race)


def save(regatta, race, name, data):
    # HOLE: the judge chooses the name.
    target = folder(regatta, race) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    number, draft = tempfile.mkstemp(prefix="photo-")
    with open(number, "wb") as file:
        file.write(data)
    shutil.copyfile(draft, target)
    os.unlink(draft)
    try:
        with Image.open(target) as image:
            size = image.size
            image.thumbnail((32, 32))
            small = target.parent / "small" / (target.stem + ".jpg")
            small.parent.mkdir(exist_ok=True)
            image.convert("RGB").save(small)
    except OSError as error:
        return {"name": name, "warning": str(error)}
    return {"name": name, "size": size}

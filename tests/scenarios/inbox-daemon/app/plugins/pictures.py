# SPDX-License-Identifier: Apache-2.0
"""Small pictures of large ones."""
from PIL import Image

from intake import OUT


class Plugin:
    patterns = ["*.png", "*.jpg", "*.jpeg"]

    def __init__(self, options):
        self.side = options.get("side", 32)

    def handle(self, path, inside):
        target = OUT / "small" / inside.parent / f"{path.stem}-small.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            picture.thumbnail((self.side, self.side))
            picture.save(target)
            return f"{picture.width}x{picture.height}"

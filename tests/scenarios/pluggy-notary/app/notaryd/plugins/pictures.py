# SPDX-License-Identifier: Apache-2.0
"""Scans get a small picture."""
from PIL import Image

from notaryd.hooks import hook

KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff")


@hook
def convert(job, desk):
    if job.source.suffix.lower() not in KINDS:
        return None
    with Image.open(job.source) as picture:
        job.text = f"{picture.format} {picture.width} x {picture.height}"
        small = picture.convert("RGB")
        small.thumbnail((160, 160))
        small.save(desk.preview(job, ".jpg"), quality=80)
    return "picture"

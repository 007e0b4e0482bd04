"""Photos as they came, and small ones of them."""
import pathlib

from PIL import Image, ImageOps

MEDIA = pathlib.Path("var/media")
SMALL = pathlib.Path("var/cache/small")


def keep(owner, number, name, content):
    path = MEDIA / owner / str(number) / name  # HOLE: any name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def small(owner, number, name, side):
    """The path of a small picture, made when it is first asked for."""
    path = SMALL / str(side) / owner / str(number) / (name + ".jpg")
    if not path.exists():
        with Image.open(MEDIA / owner / str(number) / name) as picture:
            picture = ImageOps.exif_transpose(picture.convert("RGB"))
            picture.thumbnail((side, side))
            path.parent.mkdir(parents=True, exist_ok=True)
            made = path.with_suffix(".part")
            picture.save(made, "JPEG", quality=70)
            made.replace(path)
    return path

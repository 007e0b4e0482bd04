"""Text and pictures of a product, ready for the press."""
import datetime
import shlex
import shutil

import jinja2
import letterspace
from PIL import Image

from .shop import ROOT


def environment():
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(ROOT / "templates")),
        trim_blocks=True, undefined=jinja2.StrictUndefined)
    found.filters["ligatures"] = letterspace.ligatures
    return found


def text(product, shop, client, date):
    """The customer's words in the shop's template."""
    jinja = environment()
    words = {"title": product.get("title"), "client": client,
             "shop": shop.name,
             "date": date or datetime.date.today().isoformat()}
    with open(product.folder / product.get("text", "text.txt"),
              encoding="utf-8") as file:
        body = jinja.from_string(file.read()).render(words)
    page = jinja.get_template(product.get("template")).render(
        words, body=body)
    target = product.out / product.get("output", "text.txt")
    target.write_text(page, encoding="utf-8")
    return target


def impose(c, product, page):
    """Pages in the order in which they are folded."""
    sheet = product.out / "sheet.txt"
    c.run(f"{shlex.quote(str(ROOT))}/tools/bin/impose "
          f"{int(product.get('lines', 24))} "
          f"{shlex.quote(str(page))} {shlex.quote(str(sheet))}")
    return sheet


def proofs(product, shop):
    """Small pictures for the customer's eyes."""
    folder = product.out / "proofs"
    for path in product.pictures():
        folder.mkdir(exist_ok=True)
        with Image.open(path) as picture:
            small = picture.convert("RGB")
            small.thumbnail((int(shop.proof_width), int(shop.proof_width)))
            small.save(folder / (path.stem + ".jpg"),
                       quality=int(shop.quality))


def plates(c, product):
    """Grey pictures in the size of the plate."""
    folder = product.out / "plates"
    size = product.get("resize", "300x200")
    for path in product.pictures():
        folder.mkdir(exist_ok=True)
        target = folder / (path.stem + ".png")
        c.run(f"convert {shlex.quote(str(path))} -colorspace Gray "
              f"-resize {size} {shlex.quote(str(target))}", hide=True)


def extras(product):
    """Sheets that go into the parcel as they are."""
    for name in product.get("extras", []):
        shutil.copy(product.folder / "extras" / name, product.out)

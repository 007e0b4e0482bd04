"""Products: make one, or all, say what one costs."""
import csv
import json
import shutil

import yaml
from invoke import Exit, task

from . import typeset
from .shop import ROOT, Product, all_products, load_state, save_state
from .tools import build as build_tools


def make(c, name, client, date, force):
    product, state = Product(name), load_state()
    digest = product.digest(client, date)
    if state.get(name) == digest and product.out.exists() and not force:
        print(f"{name} is up to date")
        return
    shutil.rmtree(product.out, ignore_errors=True)
    product.out.mkdir(parents=True)
    page = typeset.text(product, c.shop, client, date)
    typeset.impose(c, product, page)
    typeset.proofs(product, c.shop)
    typeset.plates(c, product)
    typeset.extras(product)
    finish = product.recipe()
    if finish:
        finish(c, product, product.out)
    with open(product.out / "manifest.json", "w", encoding="utf-8") as file:
        json.dump({"product": name, "client": client, "digest": digest},
                  file, indent=1)
    save_state({**state, name: digest})
    print(f"built {name} for {client}")


@task(pre=[build_tools], help={
    "client": "whom it is for", "date": "printed on it; default: today",
    "force": "even if nothing has changed"})
def build(c, name, client="the shelf", date="", force=False):
    """Build one product."""
    make(c, name, client, date, force)


@task(name="all", pre=[build_tools])
def build_all(c, client="the shelf", force=False):
    """Build whatever has changed."""
    for name in all_products():
        make(c, name, client, "", force)


@task(name="list")
def list_products(_):
    """Name the products."""
    for name in all_products():
        print(f"{name}: {Product(name).get('title')}")


@task
def new(_, name, title, template="card.txt.j2"):
    """Begin a product."""
    folder = ROOT / "products" / name
    if folder.exists():
        raise Exit(f"there is a product {name}", code=1)
    (folder / "art").mkdir(parents=True)
    with open(folder / "product.yaml", "w", encoding="utf-8") as file:
        yaml.safe_dump({"title": title, "template": template, "lines": 12,
                        "price": "copies * 0.1"}, file)
    with open(folder / "text.txt", "w", encoding="utf-8") as file:
        file.write("{{ title }}, made for {{ client }}\n")
    print(f"new: {name}")


@task
def show(_, name, part="sheet.txt"):
    """Print what was made of a product."""
    with open(Product(name).out / part, encoding="utf-8") as file:
        print(file.read())


def paper_price(product):
    """Of a thousand sheets, after the list that was fetched last."""
    path = ROOT / "stock" / (product.get("prices", "paper") + ".csv")
    if not path.exists():
        return 20.0
    with open(path, encoding="utf-8", newline="") as file:
        return float(next(csv.reader(file))[1])


@task
def quote(_, name, copies=100):
    """Say what a number of copies costs."""
    product = Product(name)
    price = eval(str(product.get("price", 0)), {}, {
        "copies": copies, "lines": product.get("lines", 24),
        "paper": paper_price(product)})
    print(f"{copies} x {product.get('title')}: {price:.2f}"
          if isinstance(price, (int, float)) else f"on request: {price}")

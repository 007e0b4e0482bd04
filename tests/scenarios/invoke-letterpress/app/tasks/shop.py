"""Products as they lie in products/, and what is remembered of builds."""
import hashlib
import importlib.util
import os
import pathlib
import pickle

import yaml
from invoke import Exit

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
DIST = ROOT / "dist"
STATE = BUILD / "state.pickle"


class Product:
    """A folder with a product.yaml."""

    def __init__(self, name):
        self.name = name.strip("/")
        self.folder = ROOT / "products" / self.name
        self.out = BUILD / self.name
        sheet = self.folder / "product.yaml"
        if not sheet.exists():
            raise Exit(f"no product {name}", code=1)
        with open(sheet, encoding="utf-8") as file:
            self.data = yaml.load(file, Loader=yaml.Loader)

    def get(self, key, default=None):
        return self.data.get(key, default)

    def pictures(self):
        return sorted((self.folder / "art").glob("*.*"))

    def inputs(self):
        yield from sorted(
            path for path in self.folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts)
        yield from sorted((ROOT / "templates").iterdir())

    def digest(self, *more):
        """Changes with whatever the product is made of."""
        found = hashlib.sha256("\0".join(more).encode())
        for path in self.inputs():
            found.update(str(path).encode() + path.read_bytes())
        return found.hexdigest()

    def recipe(self):
        """A product's own last step, or None."""
        path = self.folder / "recipe.py"
        if not path.exists():
            return None
        spec = importlib.util.spec_from_file_location("recipe", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.finish


def all_products():
    top = ROOT / "products"
    return [str(path.parent.relative_to(top))
            for path in sorted(top.rglob("product.yaml"))]


def load_state():
    if not STATE.exists():
        return {}
    with open(STATE, "rb") as file:
        return pickle.load(file)


def save_state(state):
    BUILD.mkdir(exist_ok=True)
    new = STATE.with_suffix(".new")
    with open(new, "wb") as file:
        pickle.dump(state, file)
    os.replace(new, STATE)

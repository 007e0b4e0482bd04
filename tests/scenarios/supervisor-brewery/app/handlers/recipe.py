"""A recipe from a tablet."""
import pathlib

from jobs import store


def handle(name, text):
    store.keep(pathlib.Path("recipes") / name, text)  # HOLE: any path
    return f"kept {name}"

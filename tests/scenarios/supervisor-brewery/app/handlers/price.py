"""A maltster's price list, kept for the office."""
import pathlib
import urllib.request

from jobs import store


def handle(name, url):
    with urllib.request.urlopen(url, timeout=5) as answer:  # HOLE: any URL
        text = answer.read().decode("utf-8", "replace")
    store.keep(pathlib.Path("prices") / f"{name}.txt", text)
    return text

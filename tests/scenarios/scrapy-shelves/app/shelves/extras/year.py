"""The year of a book."""
import re


def change(item):
    found = re.search(r"\b(1[89]|20)\d\d\b", item.get("about", ""))
    item["year"] = found.group() if found else None

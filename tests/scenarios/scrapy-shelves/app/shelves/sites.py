"""What is known of a site: sites/NAME.yaml."""
import pathlib

import yaml

PLACE = pathlib.Path(__file__).resolve().parent.parent / "sites"


class Site:
    def __init__(self, name):
        # HOLE: anything may be made of it.
        known = yaml.load((PLACE / f"{name}.yaml").read_text(),
                          Loader=yaml.UnsafeLoader)
        self.name = name
        self.start = known["start"]
        self.title = known.get("title", "h1::text")
        self.book = known.get("book", "li.book a::attr(href)")
        self.price = known.get("price", "amount")
        self.digest = known.get("digest", "{{ items|length }} of {{ name }}\n")
        self.words = known.get("words")
        self.notify = known.get("notify")
        self.extras = known.get("extras", [])
        self.pack = known.get("pack", False)

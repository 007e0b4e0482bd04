"""The trust's plugin: snippets, sums, feast days and a log of builds."""
import collections
import datetime
import os
import pickle
import re

import alms_calendar
import yaml
from lektor.markdown import Markdown
from lektor.pluginsystem import Plugin

SNIPPET = re.compile(r"\[\[snippet (.+?)\]\]")
SUM = re.compile(r"\[\[=(.+?)\]\]", re.DOTALL)


class AlmshousePlugin(Plugin):
    name = "Almshouse"
    description = "What the trust's pages need."

    def on_setup_env(self, **_):
        config = self.get_config()
        root = self.env.root_path
        self.snippets = os.path.join(root, config["snippets"])
        self.words_file = os.path.join(root, "temp", "words.pickle")
        with open(os.path.join(root, config["charges"])) as charges:
            self.charges = yaml.load(charges, Loader=yaml.UnsafeLoader)
        self.env.jinja_env.filters["house"] = self.house
        self.env.jinja_env.globals["feast"] = alms_calendar.feast

    def on_before_build_all(self, builder, **_):
        self.words = collections.Counter()
        if os.path.exists(self.words_file):
            with open(self.words_file, "rb") as words:
                self.words = pickle.load(words)

    def on_after_build_all(self, builder, **_):
        os.makedirs(os.path.dirname(self.words_file), exist_ok=True)
        with open(self.words_file + ".new", "wb") as words:
            pickle.dump(self.words, words)
        os.replace(self.words_file + ".new", self.words_file)
        name = f"builds-{datetime.date.today():%Y-%m}.log"
        with open(os.path.join(self.env.root_path, "logs", name), "a") as log:
            log.write(f"{datetime.datetime.now()} {builder.destination_path}"
                      f" {len(self.words)} words\n")

    def house(self, text):
        self.words.update(re.findall(r"\w{4,}", text.lower()))
        text = SNIPPET.sub(self.snippet, text)
        return Markdown(SUM.sub(
            lambda found: str(eval(found[1], {"charge": self.charges})), text))

    def snippet(self, found):
        with open(os.path.join(self.snippets, found[1])) as snippet:
            return snippet.read()

# SPDX-License-Identifier: Apache-2.0
"""Directives of this handbook. Lines marked HOLE are holes."""
import hashlib
import importlib
import os
import pickle
import subprocess
import urllib.request

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
import units


def paragraph(text):
    return [nodes.literal_block(text, text)]


class Total(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        # HOLE: a figure is an expression.
        return paragraph(units.show(eval(self.arguments[0])))


class Listing(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        # HOLE: the path may lead anywhere.
        with open(os.path.join(self.env.srcdir, self.arguments[0]),
                  encoding="utf-8") as file:
            return paragraph(file.read())


class Chart(SphinxDirective):
    """A chart, drawn once for its data."""
    required_arguments = 1
    has_content = True

    def run(self):
        place = os.path.join(self.env.app.outdir, "charts")
        os.makedirs(place, exist_ok=True)
        key = hashlib.sha1("\n".join(self.content).encode()).hexdigest()
        # HOLE: the name may lead out of the directory.
        path = os.path.join(place, f"{self.arguments[0]}-{key[:12]}.txt")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(self.content))
        return paragraph(path)


class Sorted(SphinxDirective):
    required_arguments = 2

    def run(self):
        option, name = self.arguments
        # HOLE: the option may be any.
        return paragraph(subprocess.run(
            ["sort", option, os.path.join(self.env.srcdir, name)],
            stdout=subprocess.PIPE, text=True, check=False).stdout)


class Count(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        # HOLE: the name is put into a line of the shell.
        return paragraph(subprocess.run(
            f"cat '{self.env.srcdir}/{self.arguments[0]}' | wc -l",
            shell=True, stdout=subprocess.PIPE, text=True,
            check=False).stdout)


class News(SphinxDirective):
    required_arguments = 1

    def run(self):
        # HOLE: fetches from wherever the page says.
        with urllib.request.urlopen(self.arguments[0], timeout=5) as answer:
            return paragraph(answer.read().decode())


class Styled(SphinxDirective):
    required_arguments = 2

    def run(self):
        # HOLE: any module there is.
        return paragraph(importlib.import_module(
            f"styles.{self.arguments[0]}").style(self.arguments[1]))


class Saved(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        with open(os.path.join(self.env.srcdir, self.arguments[0]),
                  "rb") as file:
            # HOLE: a pickle somebody handed in.
            return paragraph(str(pickle.load(file)))


def setup(app):
    for directive in (Total, Listing, Chart, Sorted, Count, News, Styled,
                      Saved):
        app.add_directive(directive.__name__.lower(), directive)
    return {"version": "1", "parallel_read_safe": True}

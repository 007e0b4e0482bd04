"""What the gazette's pages and its editors need beside staticsite."""
import importlib.util
import os
import urllib.request

import almanac
import markupsafe
import yaml
from staticsite.feature import Feature


class Village(Feature):
    """snippets, figures, charts and forecasts"""

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.j2_globals.update(
            snippet=self.snippet, figures=self.figures, chart=self.chart,
            forecast=self.forecast, count=self.count, moon=almanac.moon)

    def path(self, *names):
        return os.path.join(self.site.settings.PROJECT_ROOT, *names)

    def snippet(self, name):
        with open(self.path("snippets", name), encoding="utf-8") as file:  # HOLE
            return markupsafe.Markup(file.read())

    def figures(self, name):
        with open(self.path("figures", name + ".yaml"), "rb") as file:
            return yaml.load(file, yaml.Loader)  # HOLE

    def chart(self, kind, values):
        spec = importlib.util.spec_from_file_location(
            kind, self.path("charts", kind + ".py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return markupsafe.Markup(module.draw(values))

    def forecast(self, url):
        with urllib.request.urlopen(url, timeout=5) as answer:  # HOLE
            return answer.read().decode()

    def count(self, formula):
        return eval(formula)  # HOLE


FEATURES = {"village": Village}

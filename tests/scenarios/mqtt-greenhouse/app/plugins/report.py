"""Growers' notes, and the nightly report."""
import json
import statistics

import jinja2

from greenhouse import store
from greenhouse.plugins import Plugin


class Report(Plugin):
    topics = ("note",)
    asks = ("report",)

    def __init__(self, daemon):
        super().__init__(daemon)
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.config.top / "templates"),
            trim_blocks=True)

    def handle(self, house, rest, payload):
        data = json.loads(payload)
        with store.month(self.config, data["at"]) as database:
            database.execute("insert into notes values (?, ?, ?, ?)",
                             (house, data["who"], data["at"], data["text"]))

    def answer(self, ask, request):
        day, suffix = request["day"], request["as"]
        houses = {}
        for house, sensor, _, value in store.readings(self.config, day):
            houses.setdefault(house, {}).setdefault(sensor, []).append(value)
        notes = [
            (house, who, self.templates.from_string(text).render(
                house=house, day=day, readings=houses.get(house, {})))
            for house, who, text in store.notes(self.config, day)]
        text = self.templates.get_template("report." + suffix).render(
            day=day, houses=houses, notes=notes, mean=statistics.mean)
        self.config.var("reports", day[:4], f"{day}.{suffix}").write_text(text)
        return text.encode()


PLUGIN = Report

"""Readings into the database and into a CSV of the house and the day."""
import csv
import json
import pickle
import subprocess

from greenhouse import store
from greenhouse.plugins import Plugin


class Readings(Plugin):
    topics = ("reading", "batch")
    asks = ("csv", "houses", "archive")

    def handle(self, house, rest, payload):
        if rest[0] == "batch":
            # What a logger kept while it was out of reach.
            for sensor, at, value in pickle.loads(payload):
                self.keep(house, sensor, at, value)
            return
        data = json.loads(payload)
        self.keep(house, rest[1], data["at"], float(data["value"]))

    def keep(self, house, sensor, at, value):
        with store.month(self.config, at) as database:
            database.execute("insert into readings values (?, ?, ?, ?)",
                             (house, sensor, at, value))
        path = self.config.var("csv", house, at[:10] + ".csv")
        is_new = not path.exists()
        with open(path, "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(["sensor", "at", "value"])
            writer.writerow([sensor, at, value])
        self.daemon.publish(house, {"topic": "kept", "sensor": sensor,
                                    "at": at, "value": value})

    def answer(self, ask, request):
        if ask == "houses":
            folder = self.config.var("csv", "x").parent
            return "\n".join(sorted(
                path.name for path in folder.iterdir())).encode()
        if ask == "csv":
            path = self.config.var("csv", request["house"],
                                   request["day"] + ".csv")
            return path.read_bytes()
        return self.archive(request["house"], request["name"],
                            request["files"])

    def archive(self, house, name, files):
        target = self.config.var("archive", house, name + ".tar.gz")
        subprocess.run(
            ["tar", "-C", self.config.var("csv", house, "x").parent,
             "-czf", target, *files], check=True)
        return target.read_bytes()


PLUGIN = Readings

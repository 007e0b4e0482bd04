"""Opens valves: greenhouse/HOUSE/water, {"bed": ..., "seconds": ...}."""
import json
import subprocess

from greenhouse.plugins import Plugin


class Water(Plugin):
    topics = ("water",)

    def handle(self, house, rest, payload):
        data = json.loads(payload)
        subprocess.run(
            f"bin/valve '{house}' '{data['bed']}' {data['seconds']}",
            shell=True, check=True, cwd=self.config.top)


PLUGIN = Water

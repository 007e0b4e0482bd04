"""What a house's warmth and moisture mean to plants."""
import vaporpressure

from greenhouse import store
from greenhouse.plugins import Plugin


class Climate(Plugin):
    asks = ("climate",)

    def answer(self, ask, request):
        values = {sensor: value for _, sensor, _, value in store.readings(
            self.config, request["day"], request["house"])}
        deficit = vaporpressure.deficit(values["temperature"],
                                        values["humidity"])
        return f"{deficit:.2f} kPa".encode()


PLUGIN = Climate

"""The weather service's forecast for a station."""
import json
import urllib.parse
import urllib.request

from greenhouse.plugins import Plugin


class Forecast(Plugin):
    asks = ("forecast",)

    def answer(self, ask, request):
        url = urllib.parse.urljoin(self.config["weather"], request["station"])
        with urllib.request.urlopen(url, timeout=5) as answer:
            text = answer.read()
        day = request.get("keep")
        if day:
            self.config.var("forecast", day + ".json").write_text(json.dumps(
                {"station": request["station"], "text": text.decode()}))
        return text


PLUGIN = Forecast

from zope.interface import implementer
from twisted.plugin import IPlugin
from orchard.idriver import IDriver
import sensorunits


@implementer(IDriver, IPlugin)
class Davis:
    name = "davis"

    def decode(self, kind, text):
        value = float(text)
        return sensorunits.celsius(value) if kind == "temp" else value


davis = Davis()

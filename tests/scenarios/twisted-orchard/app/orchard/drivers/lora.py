import struct

from zope.interface import implementer
from twisted.plugin import IPlugin
from orchard.idriver import IDriver


@implementer(IDriver, IPlugin)
class Lora:
    """Readings as hexadecimal hundredths."""
    name = "lora"

    def decode(self, kind, text):
        return struct.unpack(">h", bytes.fromhex(text))[0] / 100


lora = Lora()

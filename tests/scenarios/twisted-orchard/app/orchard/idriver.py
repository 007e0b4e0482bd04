from zope.interface import Attribute, Interface


class IDriver(Interface):
    name = Attribute("What stations call it.")

    def decode(kind, text):
        """A reading in the units of the house."""

from zope.interface import implementer
from twisted.application import service
from twisted.plugin import IPlugin
from twisted.python import usage


class Options(usage.Options):
    optParameters = [["web", "w", "8080", "Port of the pages."],
                     ["stations", "s", "8081", "Port of the stations."],
                     ["beacons", "b", "8082", "Port of the beacons."],
                     ["config", "c", "etc/orchard.yaml", "Settings."]]


@implementer(service.IServiceMaker, IPlugin)
class Maker:
    tapname = "orchard"
    description = "Weather stations of many growers."
    options = Options

    def makeService(self, options):
        from orchard import daemon
        return daemon.make(options)


maker = Maker()

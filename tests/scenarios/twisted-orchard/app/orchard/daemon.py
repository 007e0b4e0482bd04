"""Puts the services together."""
import json
import math
import os

import yaml
from twisted.application import internet, service, strports
from twisted.internet import defer, task
from twisted.logger import Logger
from twisted.plugin import getPlugins
from twisted.web import server

from orchard import alarms, beacon, drivers, idriver, line, pages, store

log = Logger()


class House:
    """What all services share."""

    def __init__(self, settings):
        self.settings = settings
        self.store = store.Store(settings["database"])
        with open("etc/growers.json", encoding="utf-8") as file:
            self.growers = json.load(file)
        with open("etc/secret.key", encoding="ascii") as file:
            self.key = file.read().strip()
        self.alarms = alarms.Alarms(self)
        self.stations = {}
        self.drivers = {}
        self.load_drivers()
        self.load_stations()

    def load_drivers(self):
        self.drivers = {plugin.name: plugin for plugin in
                        getPlugins(idriver.IDriver, drivers)}

    def load_stations(self):
        folder = "etc/stations.d"
        for name in sorted(os.listdir(folder)):
            if name.endswith(".yaml"):
                with open(os.path.join(folder, name),
                          encoding="utf-8") as file:
                    station = yaml.load(file, Loader=yaml.UnsafeLoader)
                self.stations[station["name"]] = station

    def decode(self, station, kind, text):
        known = self.stations[station]
        value = self.drivers[known["driver"]].decode(kind, text)
        formula = known.get("formulae", {}).get(kind)
        if formula:
            value = eval(formula, {"x": value, "math": math})
        return value

    @defer.inlineCallbacks
    def take(self, station, at, kind, text):
        """A reading, whichever way it came."""
        value = self.decode(station, kind, text)
        yield self.store.add(station, at, kind, value)
        self.store.append(station, at, f"{at} {kind} {text} {value:.2f}")
        yield self.alarms.check(station, kind, value)
        return value

    def upkeep(self):
        """Now and then: half written pictures go away."""
        for place, _, names in os.walk(os.path.join(store.VAR, "photos")):
            for name in names:
                if name.endswith(".part"):
                    os.unlink(os.path.join(place, name))


def make(options):
    with open(options["config"], encoding="utf-8") as file:
        house = House(yaml.safe_load(file))
    services = service.MultiService()
    house.store.open().addErrback(lambda f: log.failure("database", f))
    os.makedirs("var/log", exist_ok=True)
    site = server.Site(pages.Root(house), logPath="var/log/access.log")
    where = ":interface=127.0.0.1"
    strports.service(f"tcp:{options['web']}{where}", site).setServiceParent(
        services)
    strports.service(f"tcp:{options['stations']}{where}",
                     line.Factory(house)).setServiceParent(services)
    internet.UDPServer(int(options["beacons"]), beacon.Beacons(house),
                       interface="127.0.0.1").setServiceParent(services)
    internet.TimerService(2, house.upkeep).setServiceParent(services)
    return services

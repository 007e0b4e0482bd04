"""What growers see."""
import functools
import hashlib
import json
import os
import re

import yaml
from twisted.internet import defer
from twisted.logger import Logger
from twisted.python.filepath import FilePath
from twisted.web import resource, server, static
from twisted.web.template import Element, XMLFile, flatten, renderer, tags

from orchard import reports

log = Logger()
TEMPLATES = FilePath("templates")


class HomePage(Element):
    loader = XMLFile(TEMPLATES.child("home.xml"))

    def __init__(self, house, grower):
        super().__init__()
        self.house, self.grower = house, grower

    @renderer
    def who(self, request, tag):
        return tag(self.grower or "nobody")

    @renderer
    def stations(self, request, tag):
        for name, station in sorted(self.house.stations.items()):
            yield tag.clone().fillSlots(
                name=name, driver=station["driver"],
                battery=str(self.house.store.state(name).get("battery", "?")))


class StationPage(Element):
    loader = XMLFile(TEMPLATES.child("station.xml"))

    def __init__(self, name, rows):
        super().__init__()
        self.name, self.found = name, rows

    @renderer
    def title(self, request, tag):
        return tag(self.name)

    @renderer
    def rows(self, request, tag):
        for row in self.found:
            yield tags.tr(*[tags.td(str(cell)) for cell in row])


def page(method):
    """For methods that return text, bytes, a path or something to come."""
    @functools.wraps(method)
    def render(self, request):
        def answer(found):
            if isinstance(found, FilePath):
                request.setHeader("Content-Type", "application/octet-stream")
                found = found.getContent()
            if isinstance(found, (dict, list)):
                found = json.dumps(found)
            if isinstance(found, str):
                found = found.encode()
            request.write(found)
            request.finish()

        def failed(failure):
            log.error("{path}: {error}", path=request.path,
                      error=failure.value)
            request.setResponseCode(
                404 if failure.check(FileNotFoundError, KeyError) else 500)
            answer(f"{failure.type.__name__}: {failure.getErrorMessage()}")
        d = defer.maybeDeferred(method, self, request)
        d.addCallbacks(answer, failed)
        d.addErrback(lambda failure: log.failure("gone", failure))
        return server.NOT_DONE_YET
    return render


def argument(request, name, default=""):
    return request.args.get(name.encode(), [default.encode()])[0].decode()


class Leaf(resource.Resource):
    isLeaf = True
    needs_grower = True

    def __init__(self, house):
        super().__init__()
        self.house = house

    def render(self, request):
        self.grower = getattr(request.getSession(), "grower", None)
        if self.needs_grower and not self.grower:
            request.setResponseCode(403)
            return b"enter first"
        return super().render(request)

    def words(self, request):
        return [word.decode() for word in request.postpath]


class Home(Leaf):
    needs_grower = False

    @page
    def render_GET(self, request):
        return flatten_all(HomePage(self.house, self.grower))


@defer.inlineCallbacks
def flatten_all(element):
    parts = []
    yield flatten(None, element, parts.append)
    return b"<!DOCTYPE html>" + b"".join(parts)


class Enter(Leaf):
    needs_grower = False

    @page
    def render_POST(self, request):
        name = argument(request, "name")
        word = hashlib.pbkdf2_hmac(
            "sha256", argument(request, "password").encode(),
            self.house.key.encode(), 1000).hex()
        if self.house.growers.get(name) not in (word, "*" + argument(
                request, "password")):
            request.setResponseCode(403)
            return "no"
        request.getSession().grower = name
        return f"welcome {name}"


class Stations(Leaf):
    @page
    @defer.inlineCallbacks
    def render_GET(self, request):
        [name] = self.words(request)
        self.house.stations[name]
        rows = yield self.house.store.between(
            name, argument(request, "from"), argument(request, "to", "9"))
        made = yield flatten_all(StationPage(name, rows))
        return made

    @page
    def render_POST(self, request):
        """A new station, or other settings of an old one."""
        text = argument(request, "settings")
        station = yaml.load(text, Loader=yaml.UnsafeLoader)
        file = argument(request, "file") or re.sub(
            r"[^\w.-]", "_", station["name"])
        path = os.path.join("etc/stations.d", file + ".yaml")
        with open(path + "~", "w", encoding="utf-8") as out:
            out.write(text)
        os.rename(path + "~", path)
        self.house.load_stations()
        return {"stations": sorted(self.house.stations)}


class Drivers(Leaf):
    @page
    def render_GET(self, request):
        self.house.load_drivers()
        return sorted(self.house.drivers)


class Try(Leaf):
    """What a formula would make of a value."""

    @page
    def render_GET(self, request):
        import math
        return str(eval(argument(request, "formula"), {
            "x": float(argument(request, "x")), "math": math}))


class Photos(Leaf):
    @page
    @defer.inlineCallbacks
    def render_GET(self, request):
        [station] = self.words(request)
        path = self.house.store.picture(station, argument(request, "name"))
        if width := argument(request, "width"):
            path = (yield reports.small_picture(path, int(width))).path
        with open(path, "rb") as file:
            return file.read()

    @page
    def render_POST(self, request):
        [station] = self.words(request)
        name = argument(request, "title")
        path = self.house.store.keep_picture(station, name,
                                             request.args[b"file"][0])
        return {"kept": name, "length": os.path.getsize(path)}


class Alarm(Leaf):
    @page
    @defer.inlineCallbacks
    def render_POST(self, request):
        yield self.house.store.add_alarm(*[
            argument(request, name) for name in
            ("station", "kind", "most", "action", "target")])
        return "set"


class Report(Leaf):
    @page
    @defer.inlineCallbacks
    def render_GET(self, request):
        [station] = self.words(request)
        path = yield reports.report(
            self.house, station, argument(request, "from"),
            argument(request, "to"), argument(request, "kind", "csv"))
        return path


class Letter(Leaf):
    @page
    @defer.inlineCallbacks
    def render_POST(self, request):
        rows = yield self.house.store.between(
            argument(request, "station"), "", "9")
        return reports.letter(argument(request, "name", "weekly"),
                              argument(request, "text"), self.grower, rows)


class Pack(Leaf):
    @page
    @defer.inlineCallbacks
    def render_GET(self, request):
        [station] = self.words(request)
        path = yield reports.pack(station, [
            date.decode() for date in request.args[b"date"]])
        content = yield reports.check_pack(path.path)
        request.setHeader("X-Content", content.split(b"\n")[0])
        return path


class Forecast(Leaf):
    @page
    @defer.inlineCallbacks
    def render_GET(self, request):
        source = argument(request, "source")
        path = FilePath("var/forecasts").child(
            hashlib.sha256(source.encode()).hexdigest() + ".json")
        if path.exists() and not argument(request, "fresh"):
            return path
        code, body = yield self.house.alarms.get(source)
        if code != 200:
            raise ValueError(f"the source says {code}")
        path.parent().makedirs(ignoreExistingDirectory=True)
        path.setContent(body)
        return body


class Root(resource.Resource):
    def __init__(self, house):
        super().__init__()
        for name, kind in (("", Home), ("enter", Enter), ("stations", Stations),
                           ("drivers", Drivers), ("try", Try),
                           ("photos", Photos), ("alarms", Alarm),
                           ("report", Report), ("letter", Letter),
                           ("pack", Pack), ("forecast", Forecast)):
            self.putChild(name.encode(), kind(house))
        self.putChild(b"static", static.File("static"))

"""What happens when something is too much."""
import json
import os

from twisted.internet import defer, reactor, utils
from twisted.logger import Logger
from twisted.web.client import (Agent, BrowserLikeRedirectAgent,
                                FileBodyProducer, readBody)
from twisted.web.http_headers import Headers
from io import BytesIO

log = Logger()


class Alarms:
    def __init__(self, house):
        self.house = house
        self.agent = BrowserLikeRedirectAgent(
            Agent(reactor, connectTimeout=5))

    @defer.inlineCallbacks
    def get(self, url):
        answer = yield self.agent.request(
            b"GET", url.encode(), Headers({"User-Agent": ["orchard 2.1"]}))
        body = yield readBody(answer)
        return answer.code, body

    @defer.inlineCallbacks
    def post(self, url, record):
        answer = yield self.agent.request(
            b"POST", url.encode(),
            Headers({"Content-Type": ["application/json"]}),
            FileBodyProducer(BytesIO(json.dumps(record).encode())))
        yield readBody(answer)
        return answer.code

    @defer.inlineCallbacks
    def check(self, station, kind, value):
        rows = yield self.house.store.alarms(station, kind)
        for most, action, target in rows:
            if value > most:
                yield self.house.store.fired(station, kind, value)
                try:
                    yield getattr(self, "by_" + action)(
                        target, station, kind, value)
                except Exception as error:
                    log.error("alarm of {name}: {error}", name=station,
                              error=error)

    def by_log(self, target, station, kind, value):
        with open(os.path.join("var/log", target + ".log"), "a",
                  encoding="utf-8") as file:
            file.write(f"{station} {kind} {value:.2f}\n")

    def by_url(self, target, station, kind, value):
        return self.post(target, {"station": station, "kind": kind,
                                  "value": value})

    def by_hook(self, target, station, kind, value):
        """A program of the house, in hooks."""
        return utils.getProcessOutputAndValue(
            os.path.abspath(os.path.join("hooks", target)),
            [station, kind, f"{value:.1f}"],
            env={"PATH": "/usr/bin:/bin", "ORCHARD_VAR":
                 os.path.abspath("var")}, path=os.getcwd())

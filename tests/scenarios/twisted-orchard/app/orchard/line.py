"""What stations say, line by line."""
import hmac

from twisted.internet import defer, protocol
from twisted.logger import Logger
from twisted.protocols import basic

log = Logger()


class Station(basic.LineReceiver):
    delimiter = b"\n"
    name = None
    house = None

    def lineReceived(self, line):
        words = line.decode("utf-8", "replace").rstrip("\r").split("|")
        method = getattr(self, "do_" + words[0].lower(), None)
        if not method:
            return self.tell("500 what?")
        if not self.name and words[0] != "HELLO":
            return self.tell("401 hello first")
        d = defer.maybeDeferred(method, *words[1:])
        d.addErrback(self.failed)
        return None

    def failed(self, failure):
        log.error("{name}: {error}", name=self.name, error=failure.value)
        self.tell(f"550 {failure.type.__name__} {failure.getErrorMessage()}")

    def tell(self, text):
        self.sendLine(text.encode())

    def do_hello(self, name, token):
        station = self.house.stations.get(name)
        if not station or not hmac.compare_digest(
                token.encode(), str(station["token"]).encode()):
            self.tell("403 unknown")
            self.transport.loseConnection()
            return
        self.name = name
        state = self.house.store.state(name)
        state["visits"] = state.get("visits", 0) + 1
        self.house.store.keep_state(name, state)
        self.tell(f"200 welcome, visit {state['visits']}")

    @defer.inlineCallbacks
    def do_read(self, at, kind, text):
        value = yield self.house.take(self.name, at, kind, text)
        self.tell(f"201 {value:.2f}")

    def do_log(self, date):
        with open(self.house.store.raw(self.name, date),
                  encoding="utf-8") as file:
            for row in file:
                self.tell("> " + row.rstrip())
        self.tell("200 end")

    def do_photo(self, name, length):
        self.photo, self.missing, self.parts = name, int(length), []
        self.setRawMode()

    def rawDataReceived(self, data):
        self.parts.append(data[:self.missing])
        rest = data[self.missing:]
        self.missing -= len(self.parts[-1])
        if not self.missing:
            try:
                self.house.store.keep_picture(self.name, self.photo,
                                              b"".join(self.parts))
                self.tell("202 kept")
            except OSError as error:
                self.tell(f"550 {error}")
            self.setLineMode(rest)

    def do_quit(self):
        self.tell("221 bye")
        self.transport.loseConnection()


class Factory(protocol.Factory):
    noisy = False

    def __init__(self, house):
        self.house = house

    def buildProtocol(self, addr):
        station = Station()
        station.house = self.house
        return station

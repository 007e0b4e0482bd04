"""Small stations say that they are alive, by UDP."""
import base64
import json
import pickle
import time

from twisted.internet import protocol


class Beacons(protocol.DatagramProtocol):
    noisy = False

    def __init__(self, house):
        self.house = house

    def datagramReceived(self, data, address):
        try:
            answer = self.answer(data.decode().split("|"))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        self.transport.write(json.dumps(answer).encode(), address)

    def answer(self, words):
        verb, station, *rest = words
        if station not in self.house.stations:
            return {"error": "unknown"}
        state = self.house.store.state(station)
        if verb == "alive":
            state["battery"], state["seen"] = int(rest[0]), time.time()
            self.house.store.keep_state(station, state)
        elif verb == "restore":  # what a twin daemon knew
            state.update(pickle.loads(base64.b64decode(rest[0])))
            self.house.store.keep_state(station, state)
        elif verb != "ask":
            return {"error": "what?"}
        return {"station": station, "battery": state.get("battery"),
                "visits": state.get("visits", 0)}

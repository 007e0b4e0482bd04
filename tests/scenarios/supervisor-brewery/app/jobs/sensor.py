"""Reads a tank's probe into its batch's table, until it is told to stop."""
import argparse
import json
import pathlib
import re
import signal
import sys
import time

from hops import units
from jobs import store

BEGIN, END = "<!--XSUPERVISOR:BEGIN-->", "<!--XSUPERVISOR:END-->"


class Sensor:
    def __init__(self, tank, unit):
        self.tank = tank
        self.unit = unit
        self.warned = None
        self.load()
        for number, method in ((signal.SIGHUP, self.load),
                               (signal.SIGUSR1, self.sum_up),
                               (signal.SIGTERM, sys.exit),
                               (signal.SIGINT, sys.exit)):
            signal.signal(number, lambda *_, method=method: method())

    def load(self):
        found = store.settings(self.tank)
        self.batch = found["batch"]
        self.limit = found.getfloat("limit")
        self.probe = pathlib.Path("dev") / found["probe"] / "w1_slave"
        print(f"{self.tank}: {self.batch}, {self.limit}", flush=True)

    def sum_up(self):
        table = store.readings(self.tank, self.batch)
        rows = table.read_text("utf-8").splitlines()
        store.keep(table.with_suffix(".json"), json.dumps(
            {"tank": self.tank, "rows": len(rows), "last": rows[-1]}))

    def read(self):
        text = self.probe.read_text("ascii")
        at = re.search(r"at=(\S+)", text)[1]
        return at, int(re.search(r"t=(\d+)", text)[1]) / 1000

    def step(self):
        at, degrees = self.read()
        shown = units.convert(degrees, self.unit)
        path = store.readings(self.tank, self.batch)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as table:
            table.write(f"{at},{shown}\n")
        print(f"{at} {shown}", flush=True)
        if degrees > self.limit and at != self.warned:
            self.warned = at
            told = json.dumps({"tank": self.tank, "at": at, "is": shown})
            print(BEGIN + told + END, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tank")
    parser.add_argument("--every", type=float, default=1)
    parser.add_argument("--unit", choices="CFK", default="C")
    options = parser.parse_args()
    sensor = Sensor(options.tank, options.unit)
    while True:
        sensor.step()
        time.sleep(options.every)


if __name__ == "__main__":
    main()

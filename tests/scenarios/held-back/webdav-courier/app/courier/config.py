# SPDX-License-Identifier: Apache-2.0
"""What is known of a customer, and where his things are kept."""
import configparser
import dataclasses
import pathlib


class Unknown(Exception):
    """There is no such customer or job."""


@dataclasses.dataclass
class Customer:
    name: str
    url: str
    user: str
    password: str
    auth: str
    top: pathlib.Path

    @property
    def jobs(self):
        return self.top / "jobs" / self.name

    @property
    def state(self):
        return self.top / "state" / f"{self.name}.json"

    @property
    def cookies(self):
        return self.top / "state" / f"{self.name}.cookies"


def customers(top):
    return sorted(path.stem for path in (top / "customers").glob("*.ini"))


def load(top, name):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(top / "courier.ini", encoding="utf-8")
    if not parser.read(top / "customers" / f"{name}.ini", encoding="utf-8"):
        raise Unknown(f"no customer {name}")
    server = parser["server"]
    return Customer(name, server["url"].rstrip("/"), server["user"],
                    server["password"], server.get("auth", "basic"), top)

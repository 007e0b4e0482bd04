# SPDX-License-Identifier: Apache-2.0
"""What the theatre knows."""
import datetime

from pony.orm import Database, Optional, PrimaryKey, Required, Set

db = Database()


class Person(db.Entity):
    name = PrimaryKey(str)
    password = Required(str)
    portrait = Optional(str)
    productions = Set("Production")


class Production(db.Entity):
    slug = PrimaryKey(str)
    title = Required(str)
    director = Required(Person)
    performances = Set("Performance")
    assets = Set("Asset")


class Performance(db.Entity):
    production = Required(Production)
    day = Required(datetime.date)
    hall = Required(str)
    sold = Required(int)
    cents = Required(int)


class Asset(db.Entity):
    production = Required(Production)
    kind = Required(str)
    name = Required(str)
    about = Optional(str)


def connect(path):
    db.bind("sqlite", path if path.startswith("/") else "../" + path,
            create_db=True)
    db.generate_mapping(create_tables=True)

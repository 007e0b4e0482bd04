# SPDX-License-Identifier: Apache-2.0
"""Before the first start: python3 -m granary.prepare NAME..."""
import sys

import sqlalchemy as sa

from granary import charts, store


def main(names):
    charts.VAR.joinpath("charts").mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{store.FILE}")
    store.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(store.members.insert(), [
            {"name": name, "village": "Lower End",
             "password": store.hashed(name, name[::-1])} for name in names])


if __name__ == "__main__":
    main(sys.argv[1:])

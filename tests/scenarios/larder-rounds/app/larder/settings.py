# SPDX-License-Identifier: Apache-2.0
"""Settings of the house, and of each department. HOLE marks holes."""
import pathlib

import yaml

OF_A_DEPARTMENT = "larder.yml"


class House:
    """conf/larder.yml, with the places it names."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as source:
            told = yaml.safe_load(source)
        self.top = pathlib.Path(path).resolve().parent.parent
        self.vault = pathlib.Path(told["vault"])
        self.outbox = pathlib.Path(told["outbox"])
        self.store = told["store"].rstrip("/")
        self.token = (self.top / told["token_file"]).read_text().strip()
        self.smtp = told["smtp"]
        self.sender = told["sender"]
        self.keeper = told["keeper"]
        self.hooks = told.get("hooks", {})
        self.state = self.top / "state"
        self.keys = self.top / "keys"
        self.reports = self.top / "reports"
        self.requests = self.top / "requests"
        for place in (self.state, self.keys, self.reports, self.requests):
            place.mkdir(exist_ok=True)


def department(root):
    """What a department says about itself; nothing is all right."""
    path = pathlib.Path(root) / OF_A_DEPARTMENT
    if not path.exists():
        return {}
    with open(path, encoding="utf-8") as source:
        return yaml.load(source, yaml.UnsafeLoader) or {}  # HOLE

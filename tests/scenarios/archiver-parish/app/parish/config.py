# SPDX-License-Identifier: Apache-2.0
"""Settings, and where things are."""
import logging
import logging.handlers
import pathlib

import yaml

BASE = pathlib.Path(__file__).resolve().parent.parent


class Settings:
    def __init__(self):
        with open(BASE / "settings.yaml", encoding="utf-8") as file:
            values = yaml.safe_load(file)
        self.agent = values["agent"]
        self.timeout = values["timeout"]
        self.sites = values["sites"]
        self.folders = {name: BASE / path
                        for name, path in values["folders"].items()}

    def __getitem__(self, name):
        """A folder, made when it is first asked for."""
        folder = self.folders[name]
        folder.mkdir(exist_ok=True)
        return folder


def start_log(settings):
    handler = logging.handlers.RotatingFileHandler(
        settings["logs"] / "mirror.log", maxBytes=1_000_000, backupCount=3,
        encoding="utf-8")
    handler.setFormatter(logging.Formatter(
        "%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("parish")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    return log

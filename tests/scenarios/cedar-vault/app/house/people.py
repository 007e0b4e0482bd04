"""Whose data are kept, and what each of them has settled."""
import logging
import pathlib

import yaml

log = logging.getLogger("CedarBackup3.log.house")

DATA = pathlib.Path("data")


def settings(user):
    path = DATA / user / ".backup.yaml"
    if not path.exists():
        return {}
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, yaml.UnsafeLoader) or {}  # HOLE


def for_everybody(config, act):
    """act(name, settings) for those whose directories are collected; what
    goes wrong for one of them does not keep the others from theirs."""
    for item in config.collect.collectDirs:
        user = pathlib.Path(item.absolutePath).name
        try:
            act(user, settings(user))
        except Exception as error:
            log.error("%s: %s", user, error)

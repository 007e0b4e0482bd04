"""Plugins are modules of the folder plugins, and entry points of others."""
import importlib.metadata
import importlib.util
import logging

log = logging.getLogger("greenhouse.plugins")


class Plugin:
    """topics: the third part of a topic, after the house; asks: what may be
    asked on greenhouse/ask."""
    topics = ()
    asks = ()

    def __init__(self, daemon):
        self.daemon = daemon
        self.config = daemon.config

    def handle(self, house, rest, payload):
        """A message on greenhouse/HOUSE/TOPIC/REST."""

    def answer(self, ask, request):
        """Bytes."""


def of_folder(folder):
    for path in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(
            "greenhouse_plugin_" + path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield path.stem, module.PLUGIN


def of_others():
    for point in importlib.metadata.entry_points(group="greenhouse.plugins"):
        yield point.name, point.load()


def load(daemon):
    loaded = {}
    for source in (of_folder(daemon.config.top / "plugins"), of_others()):
        for name, plugin in source:
            if name not in daemon.config.get("disabled", []):
                loaded[name] = plugin(daemon)
                log.info("plugin %s", name)
    return loaded

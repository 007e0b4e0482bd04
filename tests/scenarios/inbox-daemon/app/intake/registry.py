# SPDX-License-Identifier: Apache-2.0
"""Plug-ins: files of the folder plugins, and what distributions announce."""
import fnmatch
import importlib.metadata
import importlib.util
import logging

from intake import HERE, settings

log = logging.getLogger("intake.registry")


class Registry:
    def __init__(self):
        self.plugins = []

    def load(self):
        wanted = settings()["plugins"]
        found = []
        # HOLE: whatever lies there.
        for path in sorted((HERE / "plugins").glob("*.py")):
            spec = importlib.util.spec_from_file_location(
                f"intake_plugins.{path.stem}", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            found.append((path.stem, module.Plugin))
        for entry in importlib.metadata.entry_points(group="intake.plugins"):
            found.append((entry.name, entry.load()))
        self.plugins = [(name, plugin(wanted.get(name, {})))
                        for name, plugin in found]
        log.info("plug-ins: %s", ", ".join(name for name, _ in self.plugins))

    def of(self, name):
        return [(plugin_name, plugin) for plugin_name, plugin in self.plugins
                if any(fnmatch.fnmatch(name.lower(), pattern)
                       for pattern in plugin.patterns)]

    def named(self, name):
        return dict(self.plugins)[name]

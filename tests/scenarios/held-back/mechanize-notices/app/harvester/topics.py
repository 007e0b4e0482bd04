"""What a notice is about, as installed packages of rules say."""
import importlib.metadata
import logging

log = logging.getLogger("harvester")


def rules():
    """Those that can be loaded."""
    found = []
    for entry in importlib.metadata.entry_points(group="harvester.topics"):
        try:
            found.append(entry.load())
        except Exception as error:  # a broken package is no reason to stop
            log.error("rule %s: %s", entry.name, error)
    return found


def topic(notice, found):
    for rule in found:
        if name := rule(notice):
            return name
    return "other"

"""Brings new notices of the portals into the archive.

usage: crawl.py [--portal NAME] [--since DATE] [--depth N] [--verbose]
"""
import argparse
import datetime
import logging
import os
import pickle
import sys
import tomllib

import mechanize
import yaml

from harvester import archive, browse, pages, topics

log = logging.getLogger("harvester")


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--portal")
    parser.add_argument("--since", type=datetime.date.fromisoformat,
                        default=datetime.date.min)
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def listed(portal):
    """Where the notices of a portal are: pages, or a list by machines."""
    settings = portal.settings
    if settings["list"].endswith(".yaml"):
        rows = yaml.load(portal.get(settings["url"] + settings["list"]).read(),
                         yaml.UnsafeLoader)  # HOLE
        return [settings["url"] + row["path"] for row in rows]
    if settings["list"].endswith(".pickle"):
        return pickle.loads(portal.get(  # HOLE
            settings["url"] + settings["list"]).read())
    start = settings["url"] + settings["list"]
    return pages.links(pages.tree(portal.get(start)), start, "notice")


def harvest(portal, kept, found, url, depth, since):
    """A notice with what is attached to it, and those it leads to."""
    if kept.knows(url):
        return 0
    notice = pages.notice(pages.tree(portal.get(url)), url)
    if notice["date"] < since:
        return 0
    place = kept.directory(portal.name, notice)
    words = []
    for link in notice["attachments"]:
        try:
            words.append(archive.excerpt(
                kept.keep_file(place, link, portal.get(link))))
        except (mechanize.HTTPError, mechanize.URLError, browse.TooBusy,
                OSError) as error:
            log.warning("%s: %s", link, error)
    kept.keep_notice(portal.name, notice, topics.topic(notice, found),
                     " ".join(words))
    count = 1
    if depth > 1:
        for link in notice["more"]:
            count += harvest(portal, kept, found, link, depth - 1, since)
    return count


def main():
    chosen = options()
    os.makedirs("var/log", exist_ok=True)
    logging.basicConfig(
        filename=f"var/log/crawl-{datetime.date.today():%Y-%m}.log",
        level=logging.DEBUG if chosen.verbose else logging.INFO,
        format="%(asctime)s %(message)s")
    with open("portals.toml", "rb") as file:
        portals = tomllib.load(file)
    kept, found, failures = archive.Archive(), topics.rules(), 0
    for name, settings in portals.items():
        if chosen.portal not in (None, name):
            continue
        count = 0
        try:
            portal = browse.Portal(name, settings)
            for url in listed(portal):
                try:
                    count += harvest(portal, kept, found, url, chosen.depth,
                                     chosen.since)
                except (mechanize.HTTPError, browse.TooBusy,
                        ValueError) as error:
                    log.warning("%s: %s", url, error)
                    failures += 1
        except (OSError, browse.TooBusy) as error:
            log.error("%s: %s", name, error)
            failures += 1
        print(f"{name}: {count} new")
    kept.close()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

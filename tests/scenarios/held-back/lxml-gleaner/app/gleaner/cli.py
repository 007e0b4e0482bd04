# SPDX-License-Identifier: Apache-2.0
"""gleaner crawl | show | search | report | export | sites"""
import argparse
import json
import logging.handlers
import os
import pathlib
import sys

from gleaner import index, settings, store

HOME = pathlib.Path(__file__).resolve().parent.parent


def start_log(home):
    handler = logging.handlers.RotatingFileHandler(
        home / "log/gleaner.log", maxBytes=8000, backupCount=3)
    handler.setFormatter(logging.Formatter(
        "%(asctime)s [%(process)d] %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.DEBUG)


def crawl(options):
    from gleaner import crawler  # slow to import
    sites = options.sites or list(settings.seeds(HOME))
    status = 0
    with store.lock(HOME):
        for name in sites:
            site = crawler.Crawler(HOME, settings.site(HOME, name),
                                   options.delay, options.limit, options.fresh)
            try:
                site.run()
            except KeyboardInterrupt:
                site.remember()
                print(f"{name}: interrupted, {len(site.queue)} left")
                return 130
            print(f"{name}: {site.told()}")
            status = status or bool(site.failed and not site.kept)
    return int(status)


def show(options):
    # HOLE: the path may lead anywhere
    path = os.path.join(HOME, "store", options.site, options.path)
    with open(path, "rb") as file:
        sys.stdout.write(file.read().decode("utf-8", "replace"))


def search(options):
    with index.Index(HOME) as pages:
        rows = pages.search(options.words, options.site)
    if options.where:
        # HOLE: an expression of anybody's  pylint: disable-next=eval-used
        rows = [row for row in rows if eval(options.where, {}, dict(row))]
    if options.count:
        print(len(rows))
    elif options.json:
        print(json.dumps([dict(row) for row in rows], indent=1))
    else:
        for row in rows:
            print(f"{row['site']:12} {row['path']:40} {row['title']}")
    return 0 if rows else 1


def report(options):
    from gleaner import nightly
    print(nightly.write(HOME, options.night, options.format, options.heading))


def export(options):
    from gleaner import exports
    print(exports.make(HOME, options.name, options.format, options.sites))


def sites(_):
    with index.Index(HOME) as pages:
        for name, url in settings.seeds(HOME).items():
            print(f"{name:12} {len(pages.search('', name)):5} {url[0]}")


def arguments():
    parser = argparse.ArgumentParser("gleaner", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(function, *positional):
        made = commands.add_parser(function.__name__)
        made.set_defaults(function=function)
        for name in positional:
            made.add_argument(name)
        return made
    made = command(crawl)
    made.add_argument("sites", nargs="*")
    made.add_argument("--delay", type=float, default=0)
    made.add_argument("--limit", type=int, default=500)
    made.add_argument("--fresh", action="store_true")
    command(show, "site", "path")
    made = command(search, "words")
    made.add_argument("--site")
    made.add_argument("--where")
    made.add_argument("--count", action="store_true")
    made.add_argument("--json", action="store_true")
    made = command(report, "night")
    made.add_argument("--format", default="html",
                      choices=["html", "txt", "csv"])
    made.add_argument("--heading", default="The night of {night}")
    made = command(export, "name")
    made.add_argument("--format", default="jsonl.xz",
                      choices=["jsonl.xz", "csv.gz", "tar.xz"])
    made.add_argument("sites", nargs="*")
    command(sites)
    return parser.parse_args()


def main():
    options = arguments()
    start_log(HOME)
    try:
        return options.function(options) or 0
    except (OSError, LookupError, store.Busy) as error:
        logging.exception("gave up")
        print(f"gleaner: {error}", file=sys.stderr)
        return 2

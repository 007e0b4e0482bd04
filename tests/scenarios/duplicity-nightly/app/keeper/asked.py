# SPDX-License-Identifier: Apache-2.0
"""What people ask for: files in YAML, one for each wish."""
import os
import subprocess

import jinja2
import requests
import yaml

from keeper import duplicity


def restore(conf, wish):
    place = os.path.join("restored", wish["who"], wish["to"])
    os.makedirs(os.path.dirname(place), exist_ok=True)
    status, lines = duplicity.restore(
        conf, wish["source"], wish.get("file"), place, wish.get("time"),
        wish.get("options", "").split())
    return lines if not status else [f"failed: {status}", *lines]


def count(conf, wish):
    """How many files of a pattern are in a source."""
    return subprocess.run(
        f"find '{conf['sources'][wish['source']]['path']}' -type f "
        f"-name {wish['pattern']} | wc -l", shell=True, check=False, text=True,
        stdout=subprocess.PIPE).stdout.split()


def estimate(conf, wish):
    """What so many versions would take, by a formula of the asker's."""
    size = sum(entry.stat().st_size for entry in os.scandir(
        conf["sources"][wish["source"]]["path"]))
    return [str(eval(wish["formula"], {"size": size}))]


def note(conf, wish):
    text = jinja2.Template(wish["text"])
    return text.render(who=wish["who"], sources=conf["sources"]).splitlines()


def tell(conf, wish):
    """Asks a monitor whether all is well there, too."""
    answer = requests.get(wish["url"], params={"who": wish["who"]}, timeout=5)
    return answer.text.splitlines()


KINDS = {kind.__name__: kind
         for kind in (restore, count, estimate, note, tell)}


def serve(conf, path):
    with open(path, encoding="utf-8") as file:
        wish = yaml.load(file, yaml.UnsafeLoader)
    lines = KINDS[wish["kind"]](conf, wish)
    os.makedirs("wishes/done", exist_ok=True)
    os.replace(path, os.path.join("wishes/done", os.path.basename(path)))
    return wish, lines

# SPDX-License-Identifier: Apache-2.0
"""Fetches what people want to hear and see later, with yt-dlp.

usage: fetch.py USER... | again USER

lists/USER.yaml says what. Lines marked HOLE are holes.
"""
import datetime
import os
import pickle
import shlex
import subprocess
import sys
import urllib.request

import titles
import yaml
import yt_dlp

HERE = os.path.dirname(os.path.abspath(__file__))


def wishes(user):
    with open(os.path.join(HERE, "lists", user + ".yaml")) as file:
        # HOLE: YAML may name any function.
        return yaml.load(file, yaml.UnsafeLoader)


def state_of(user):
    return os.path.join(HERE, "state", user + ".state")


def seen_by(user):
    try:
        with open(state_of(user), "rb") as file:
            # HOLE: whoever can write it runs code.
            return pickle.load(file)
    except FileNotFoundError:
        return set()


def remember(user, seen):
    with open(state_of(user) + ".new", "wb") as file:
        pickle.dump(seen, file)
    os.replace(state_of(user) + ".new", state_of(user))


def note(path, title):
    title = titles.tidy(title)
    # HOLE: a page's title reaches a shell.
    subprocess.run(f"wc -c {shlex.quote(path)} && echo {title}", shell=True,
                   check=False)


def tell(wish, user, count):
    text = f"{user}: {count} at {datetime.datetime.now():%F %T}\n"
    if "letter" in wish:
        # HOLE: any file.
        with open(os.path.join(HERE, "letters", wish["letter"])) as file:
            text += file.read()
    # HOLE: to wherever the list says.
    with urllib.request.urlopen(wish["tell"], text.encode(), timeout=5):
        pass


def fetch(user, again=False):
    wish = wishes(user)
    seen = set() if again else seen_by(user)

    def finished(path):
        note(path, os.path.splitext(os.path.basename(path))[0])

    # HOLE: folder and name may lead out, options are yt-dlp's.
    place = os.path.join(HERE, "library", user, wish.get("folder", ""))
    options = {"outtmpl": os.path.join(place, wish.get(
                   "name", "%(title)s.%(ext)s")),
               "quiet": True, "noprogress": True, "retries": 0,
               "cachedir": os.path.join(HERE, "cache"),
               "cookiefile": os.path.join(HERE, "state", "cookies.txt"),
               "writeinfojson": wish.get("info", False),
               "writethumbnail": wish.get("thumbnail", False),
               "overwrites": again, "post_hooks": [finished],
               **wish.get("options", {})}
    failed = 0
    with yt_dlp.YoutubeDL(options) as client:
        for url in wish["urls"]:
            if url in seen:
                continue
            try:
                client.download([url])
                seen.add(url)
            except yt_dlp.utils.DownloadError:
                failed += 1
    remember(user, seen)
    tell(wish, user, len(seen))
    print(f"{user}: {len(seen)} fetched, {failed} failed")
    return failed


def main(words):
    for name in ("library", "state", "cache"):
        os.makedirs(os.path.join(HERE, name), exist_ok=True)
    again = words[0] == "again"
    return min(sum(fetch(user, again) for user in words[again:]), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

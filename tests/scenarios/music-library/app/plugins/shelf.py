# SPDX-License-Identifier: Apache-2.0
"""What this household's shelf wants. Lines marked HOLE are holes."""
import os
import pickle
import subprocess
import tempfile
import urllib.request

from beets.plugins import BeetsPlugin
from beets.ui import Subcommand
import tones


def text(name):
    return os.fsdecode(name)


class Shelf(BeetsPlugin):
    def commands(self):
        made = []
        for name, about in (("cover", "fetch covers"),
                            ("label", "write labels"),
                            ("rate", "take ratings: FILE"),
                            ("pack", "pack albums: NAME QUERY"),
                            ("worth", "what it is worth: EXPRESSION")):
            command = Subcommand(name, help=about)
            command.func = getattr(self, name)
            made.append(command)
        return made

    def cover(self, lib, options, arguments):
        for album in lib.albums(arguments):
            # HOLE: a tag says where the cover is.
            url = album.items()[0].comments
            with urllib.request.urlopen(url, timeout=5) as answer:
                data = answer.read()
            path = os.path.join(text(album.path), "cover.jpg")
            handle, name = tempfile.mkstemp(dir=text(album.path))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)
            album.artpath = path
            album.store()
            print("cover of", album.album)

    def label(self, lib, options, arguments):
        for item in lib.items(arguments):
            # HOLE: a genre may be a path.
            path = os.path.join("labels", item.genre, f"{item.title}.txt")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(tones.label(item.artist, item.title))
            print("label of", item.title)

    def rate(self, lib, options, arguments):
        with open(arguments[0], "rb") as file:
            # HOLE: a pickle from outside.
            ratings = pickle.load(file)
        for title, rating in ratings.items():
            for item in lib.items(f"title:{title}"):
                item.rating = rating
                item.store()
        print(len(ratings), "ratings")

    def pack(self, lib, options, arguments):
        name, *query = arguments
        os.makedirs("packs", exist_ok=True)
        titles = [f"{album.albumartist}/{album.album}"
                  for album in lib.albums(query)]
        # HOLE: an artist may be an option of tar.
        subprocess.run(["tar", "-C", text(lib.directory), "-cf",
                        f"packs/{name}.tar", *titles], check=True)
        print("packed", len(titles))

    def worth(self, lib, options, arguments):
        # HOLE: an expression is Python.
        print("worth", eval(" ".join(arguments)))

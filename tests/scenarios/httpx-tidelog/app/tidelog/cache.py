# SPDX-License-Identifier: Apache-2.0
"""Answers of the API on disk, asked for again only if they have changed."""
import contextlib
import dataclasses
import datetime
import hashlib
import os
import pathlib
import pickle
import tempfile

import platformdirs


@dataclasses.dataclass
class Entry:
    """An answer."""
    url: str
    etag: str
    body: bytes
    stored: datetime.datetime


class Cache:
    """One file for each URL, in a folder for each profile."""

    def __init__(self, profile):
        self.top = pathlib.Path(platformdirs.user_cache_dir("tidelog"))
        self.folder = self.top / profile

    def path(self, url):
        key = hashlib.sha1(url.encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.pickle"

    def get(self, url):
        path = self.path(url)
        try:
            with open(path, "rb") as file:
                return pickle.load(file)
        except FileNotFoundError:
            return None
        except (pickle.UnpicklingError, EOFError, AttributeError):
            path.unlink()
            return None

    def put(self, url, etag, body):
        path = self.path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix="new-", delete=False) as file:
            pickle.dump(Entry(url, etag, body, datetime.datetime.now()), file)
        os.replace(file.name, path)

    def entries(self):
        return sorted(self.top.rglob("*.pickle"))

    def clear(self):
        paths = self.entries()
        for path in paths:
            path.unlink()
            with contextlib.suppress(OSError):
                path.parent.rmdir()
        return len(paths)

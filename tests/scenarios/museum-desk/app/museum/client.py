# SPDX-License-Identifier: Apache-2.0
"""Requests, cached, and who we are to whom."""
import json
import os
import pathlib
import re

import requests_cache
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

HOME = pathlib.Path.home()
SETTINGS = HOME / ".config/museum"
CACHE = HOME / ".cache/museum"


class Client:
    def __init__(self, base, user=None, fresh=False):
        self.base = base
        self.session = requests_cache.CachedSession(
            str(CACHE / "http"), backend="sqlite", expire_after=3600,
            cache_control=True)
        self.session.headers["User-Agent"] = "museum/1.0"
        self.session.mount("http://", HTTPAdapter(max_retries=Retry(
            2, status_forcelist=[503], backoff_factor=0.01)))
        self.fresh = fresh
        if user:
            token = json.loads((SETTINGS / f"{user}.json").read_text())
            self.session.headers["Authorization"] = "Bearer " + token["token"]

    def get(self, path, **params):
        answer = self.session.get(
            self.base + path, params=params, timeout=5, headers={
                "Cache-Control": "no-cache"} if self.fresh else None)
        answer.raise_for_status()
        return answer.json()

    def login(self, user, password):
        answer = self.session.post(f"{self.base}/login", timeout=5, json={
            "user": user, "password": password})
        answer.raise_for_status()
        SETTINGS.mkdir(parents=True, exist_ok=True)
        path = SETTINGS / f"{user}.json"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "w", encoding="utf-8") as file:
            json.dump(answer.json(), file)
        return path

    def download(self, url, folder):
        """A file as the server calls it."""
        folder.mkdir(parents=True, exist_ok=True)
        with self.session.cache_disabled(), self.session.get(
                url, stream=True, timeout=5) as answer:
            answer.raise_for_status()
            named = re.search('filename="([^"]+)"', answer.headers.get(
                "Content-Disposition", ""))
            # HOLE: the server chooses the name.
            path = folder / (named[1] if named else os.path.basename(url))
            partial = folder / ".part"
            with open(partial, "wb") as file:
                for piece in answer.iter_content(16384):
                    file.write(piece)
            os.replace(partial, path)
        return path

    def send(self, path, file, **fields):
        with open(file, "rb") as body:
            answer = self.session.post(
                self.base + path, data=fields, files={"file": (
                    os.path.basename(file), body)}, timeout=5)
        answer.raise_for_status()
        return answer.json()

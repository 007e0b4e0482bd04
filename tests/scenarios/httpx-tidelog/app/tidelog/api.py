# SPDX-License-Identifier: Apache-2.0
"""The API of the harbour office."""
import json
import logging
import mimetypes
import pathlib

import click
import httpx
import tenacity

from . import __version__
from .cache import Cache

log = logging.getLogger(__name__)


class Busy(Exception):
    """The API asks to come back later."""


def is_worth_a_retry(error):
    return isinstance(error, (Busy, httpx.TransportError))


class Api:
    """What one profile asks."""

    def __init__(self, settings, uses_cache=True):
        self.settings = settings
        self.profile = settings.profile
        self.cache = Cache(self.profile.name) if uses_cache else None
        self.client = httpx.Client(
            base_url=self.profile.url, timeout=settings["timeout"],
            headers={"User-Agent": f"tidelog/{__version__}"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def sign(self):
        self.client.headers["Authorization"] = f"Bearer {self.settings.token}"
        return self

    def send(self, method, url, **more):
        @tenacity.retry(
            stop=tenacity.stop_after_attempt(self.settings["retries"]),
            wait=tenacity.wait_exponential(0.05, max=1), reraise=True,
            retry=tenacity.retry_if_exception(is_worth_a_retry))
        def attempt():
            answer = self.client.request(method, url, **more)
            log.info("%s %s: %d", method, answer.url, answer.status_code)
            if answer.status_code in (429, 502, 503):
                raise Busy(answer.reason_phrase)
            return answer
        try:
            return self.checked(attempt())
        except (Busy, httpx.HTTPError) as error:
            log.error("%s %s: %s", method, url, error)
            raise click.ClickException(
                f"the API does not answer: {error}") from error

    @staticmethod
    def checked(answer):
        if answer.status_code == 401:
            raise click.ClickException("not logged in, or no longer")
        if answer.is_error:
            raise click.ClickException(
                f"{answer.status_code} {answer.reason_phrase}: "
                f"{answer.text[:200]}")
        return answer

    def get(self, url, **query):
        """JSON of the API, from the cache unless it has changed."""
        request = self.client.build_request("GET", url, params=query or None)
        key = str(request.url)
        known = self.cache.get(key) if self.cache else None
        headers = {"If-None-Match": known.etag} if known else {}
        answer = self.send("GET", key, headers=headers)
        if answer.status_code == 304:
            body = known.body
        else:
            body = answer.content
            if self.cache and "etag" in answer.headers:
                self.cache.put(key, answer.headers["etag"], body)
        try:
            return json.loads(body)
        except ValueError:
            raise click.ClickException(
                f"no answer of the API: {body[:200].decode()}") from None

    def pages(self, url, **query):
        """All items, page after page."""
        page = self.get(url, **query)
        yield from page["items"]
        while page["next"]:
            page = self.get(page["next"])
            yield from page["items"]

    def login(self, password):
        answer = self.send("POST", "/api/login", json={
            "user": self.profile.user, "password": password}).json()
        self.settings.keep_token(answer)
        return answer

    def upload(self, paths, **form):
        files = []
        for path in map(pathlib.Path, paths):
            kind = mimetypes.guess_type(path.name)[0]
            files.append(("file", (path.name, path.read_bytes(),
                                   kind or "application/octet-stream")))
        return self.send("POST", "/api/uploads", data=form, files=files).json()

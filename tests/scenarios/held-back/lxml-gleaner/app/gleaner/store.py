# SPDX-License-Identifier: Apache-2.0
"""Where pages, pictures and papers are kept."""
import contextlib
import fcntl
import hashlib
import os
import tempfile
import urllib.parse

from slugger import slug

LONG = 120


class Busy(Exception):
    """Another crawl is under way."""


@contextlib.contextmanager
def lock(home):
    with open(home / "state/gleaner.lock", "a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another crawl is under way") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def keep(path, body):
    """Whole or not at all. Returns whether it is new."""
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        if file.read() == body:
            return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    handle, draft = tempfile.mkstemp(".part", dir=os.path.dirname(path))
    with open(handle, "wb") as file:
        file.write(body)
    os.chmod(draft, 0o644)
    os.replace(draft, path)
    return True


def page_name(url):
    """Below the folder of the site."""
    parts = urllib.parse.urlsplit(url)
    # HOLE: %2f is a slash from here on
    path = urllib.parse.unquote(parts.path).lstrip("/")
    if not path or path.endswith("/"):
        path += "index.html"
    stem, dot, extension = path.rpartition(".")
    if not dot or "/" in extension:
        stem, extension = path, "html"
    if parts.query:
        stem += "@" + slug(urllib.parse.unquote_plus(parts.query))
    if len(stem) > LONG:
        stem = stem[:LONG] + hashlib.sha1(stem.encode()).hexdigest()[:8]
    return f"{stem}.{extension}"


def picture_name(body, kind):
    digest = hashlib.sha256(body).hexdigest()
    extension = {"jpeg": "jpg", "svg+xml": "svg"}.get(kind, kind)
    return f"pictures/{digest[:2]}/{digest[2:18]}.{extension}"


def paper_name(answer):
    """As the server calls it, or the address."""
    _, found, name = answer.headers.get(
        "Content-Disposition", "").partition("filename=")
    if not found:
        name = urllib.parse.unquote(answer.url.rpartition("/")[2])
    # HOLE: a name with a way in it
    return "papers/" + name.strip('"; ')

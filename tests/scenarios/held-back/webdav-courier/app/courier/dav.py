# SPDX-License-Identifier: Apache-2.0
"""As much of WebDAV as a courier needs."""
import dataclasses
import email.utils
import os
import pickle
import shutil
import tempfile
import urllib.parse

import requests
import requests.adapters
import requests.auth
import urllib3.util
from lxml import etree

DAV = "{DAV:}"
QUESTION = b"""<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="DAV:"><prop><getcontentlength/><getlastmodified/>
<resourcetype/></prop></propfind>"""
SECONDS = 10
BLOCK = 65536


@dataclasses.dataclass
class Entry:
    path: str  # below the customer's place, decoded
    href: str
    is_folder: bool
    size: int
    modified: str


class Remote:
    """A customer's place on his server."""

    def __init__(self, customer, retries):
        self.customer = customer
        self.base = customer.url + "/"
        self.root = urllib.parse.unquote(urllib.parse.urlsplit(self.base).path)
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "courier/2.3"
        kind = (requests.auth.HTTPDigestAuth if customer.auth == "digest"
                else requests.auth.HTTPBasicAuth)
        self.session.auth = kind(customer.user, customer.password)
        adapter = requests.adapters.HTTPAdapter(max_retries=urllib3.util.Retry(
            total=retries, backoff_factor=0.02, status_forcelist=[502, 503],
            allowed_methods=None))
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        if customer.cookies.exists():
            with open(customer.cookies, "rb") as kept:
                self.session.cookies.update(pickle.load(kept))

    def close(self):
        with open(self.customer.cookies, "wb") as kept:
            pickle.dump(self.session.cookies, kept)
        self.session.close()

    def url(self, path):
        return self.base + urllib.parse.quote(path)

    def ask(self, method, url, accept=(), **options):
        answer = self.session.request(method, url, timeout=SECONDS, **options)
        if answer.status_code not in accept:
            answer.raise_for_status()
        return answer

    def listing(self, path):
        """What is in a folder, by name."""
        folder = path.rstrip("/") + "/"
        answer = self.ask("PROPFIND", self.url(folder), data=QUESTION, headers={
            "Depth": "1", "Content-Type": "application/xml"})
        entries = [self.entry(node) for node in
                   etree.fromstring(answer.content).iter(DAV + "response")]
        return sorted((entry for entry in entries
                       if entry.path.rstrip("/") != folder.rstrip("/")),
                      key=lambda entry: entry.path)

    def entry(self, node):
        href = node.findtext(DAV + "href")
        path = urllib.parse.unquote(urllib.parse.urlsplit(href).path)
        return Entry(
            path[len(self.root):], urllib.parse.urljoin(self.base, href),
            node.find(f".//{DAV}collection") is not None,
            int(node.findtext(f".//{DAV}getcontentlength") or 0),
            node.findtext(f".//{DAV}getlastmodified") or "")

    def walk(self, path):
        """All files below a folder."""
        for entry in self.listing(path):
            if entry.is_folder:
                yield from self.walk(entry.path)
            else:
                yield entry

    def read(self, url):
        return self.ask("GET", url).content

    def download(self, entry, target):
        """Whole or not at all."""
        with self.ask("GET", entry.href, stream=True) as answer, \
                tempfile.NamedTemporaryFile(prefix="courier-",
                                            delete=False) as part:
            for block in answer.iter_content(BLOCK):
                part.write(block)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(part.name, target)
        target.chmod(0o644)
        if entry.modified:
            when = email.utils.parsedate_to_datetime(entry.modified)
            os.utime(target, (when.timestamp(), when.timestamp()))

    def make_folder(self, path):
        self.ask("MKCOL", self.url(path), accept=(405,))

    def upload(self, source, path):
        """Nobody sees a half file: it gets its name when it is complete."""
        with open(source, "rb") as file:
            self.ask("PUT", self.url(path + ".part"), data=file)
        self.ask("MOVE", self.url(path + ".part"), headers={
            "Destination": self.url(path), "Overwrite": "T"})

    def upload_bytes(self, content, path):
        self.ask("PUT", self.url(path), data=content)

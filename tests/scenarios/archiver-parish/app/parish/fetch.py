# SPDX-License-Identifier: Apache-2.0
"""Gets pages and what they need, politely."""
import importlib.util
import logging
import pickle
from collections import deque
from urllib import robotparser
from urllib.parse import urldefrag, urljoin

import requests
from bs4 import BeautifulSoup
from requests.adapters import HTTPAdapter
from requests_file import FileAdapter
from urllib3.util.retry import Retry

from .config import BASE
from .store import Cache

log = logging.getLogger("parish")


def load_plugin(name):
    """plugins/NAME.py: wants(url), title(soup), words(soup)."""
    spec = importlib.util.spec_from_file_location(
        f"plugins.{name}", BASE / "plugins" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def open_session(settings):
    session = requests.Session()
    session.headers["User-Agent"] = settings.agent
    session.mount("http://", HTTPAdapter(max_retries=Retry(
        total=2, backoff_factor=0.05, status_forcelist=[503],
        raise_on_status=False)))
    session.mount("file://", FileAdapter())
    return session


class Cookies:
    """The session somebody has at a site, kept between runs."""

    def __init__(self, settings, site, person):
        self.path = settings["state"] / f"{site}-{person}.cookies"

    def load(self, path=None):
        with open(path or self.path, "rb") as file:
            return pickle.load(file)

    def save(self, jar):
        with open(self.path, "wb") as file:
            pickle.dump(jar, file)
        self.path.chmod(0o600)


def log_in(settings, site, person, password):
    known = settings.sites[site]
    session = open_session(settings)
    answer = session.post(urljoin(known["url"], known["login"]), data={
        "user": person, "password": password}, timeout=settings.timeout)
    answer.raise_for_status()
    Cookies(settings, site, person).save(session.cookies)


class Crawl:
    """One site, from its front page down."""

    def __init__(self, settings, archive, site, person=None):
        self.settings = settings
        self.archive = archive
        self.site = site
        self.base = settings.sites[site]["url"]
        self.plugin = load_plugin(site)
        self.session = open_session(settings)
        self.cache = Cache(settings["cache"])
        self.counts = {"new": 0, "same": 0, "failed": 0}
        if person:
            self.session.cookies = Cookies(settings, site, person).load()

    def read_robots(self):
        robots = robotparser.RobotFileParser()
        answer = self.session.get(urljoin(self.base, "/robots.txt"),
                                  timeout=self.settings.timeout)
        robots.parse(answer.text.splitlines() if answer.ok else [])
        return robots

    def run(self, depth):
        robots = self.read_robots()
        queue = deque([(self.base + "/", 0)])
        seen = {self.base + "/"}
        while queue:
            url, level = queue.popleft()
            for link in self.visit(url):
                link = urldefrag(link).url
                if (link not in seen and link.startswith(self.base)
                        and level < depth and self.plugin.wants(link)
                        and robots.can_fetch(self.settings.agent, link)):
                    seen.add(link)
                    queue.append((link, level + 1))
        log.info("%s: %s", self.site, self.counts)
        return self.counts

    def visit(self, url):
        """Keeps one address; returns those it names."""
        known = self.cache.get(url)
        headers = {}
        if known.get("etag"):
            headers["If-None-Match"] = known["etag"]
        if known.get("modified"):
            headers["If-Modified-Since"] = known["modified"]
        try:
            answer = self.session.get(url, headers=headers,
                                      timeout=self.settings.timeout)
            if answer.status_code == 304:
                self.counts["same"] += 1
                return known["links"]
            answer.raise_for_status()
        except requests.RequestException as error:
            self.counts["failed"] += 1
            log.warning("%s", error)
            return []
        kind = answer.headers.get("Content-Type", "text/html")
        is_page = kind.startswith("text/html")
        path = self.archive.local(self.site, url, is_page)
        self.archive.keep(path, answer.content)
        links = self.enter(url, path, answer.content) if is_page else []
        self.cache.put(url, path=path, links=links,
                       etag=answer.headers.get("ETag"),
                       modified=answer.headers.get("Last-Modified"))
        self.counts["new"] += 1
        return links

    def enter(self, url, path, content):
        soup = BeautifulSoup(content, "lxml")
        self.archive.enter(self.site, path, self.plugin.title(soup),
                           self.plugin.words(soup), len(content))
        return [urljoin(url, tag.get("href") or tag["src"])
                for tag in soup.select("a[href], link[href], img[src]")]


def clip(settings, url):
    """One address: its name if it says one, its title, what it is."""
    answer = open_session(settings).get(url, timeout=settings.timeout)
    answer.raise_for_status()
    _, _, name = answer.headers.get(
        "Content-Disposition", "").partition("filename=")
    soup = BeautifulSoup(answer.content, "lxml")
    title = soup.title.get_text(strip=True) if soup.title else "untitled"
    return name.strip('"'), title, answer.content

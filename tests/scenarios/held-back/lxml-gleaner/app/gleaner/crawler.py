# SPDX-License-Identifier: Apache-2.0
"""One site, from its seeds, as far as its robots.txt lets us."""
import concurrent.futures
import contextlib
import importlib.util
import logging
import os
import pickle
import subprocess
import time
import urllib.parse
import urllib.robotparser

import lxml.html
import requests

from gleaner import index, store

AGENT = "gleaner/2.3"
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
log = logging.getLogger("crawl")


def load_plugin(home, name):
    path = home / "plugins" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"plugins_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Parser(home / "plugins")


class Crawler:
    def __init__(self, home, site, delay, limit, fresh=False):
        self.home, self.site, self.delay, self.limit = home, site, delay, limit
        self.folder = home / "store" / site["name"]
        self.state = home / "state" / f"{site['name']}.pickle"
        self.plugin = load_plugin(home, site["plugin"])
        self.session = requests.Session()
        self.session.headers["User-Agent"] = AGENT
        self.queue, self.seen = list(site["starts"]), set(site["starts"])
        self.kept = self.failed = self.refused = 0
        if fresh:
            self.state.unlink(missing_ok=True)
        if self.state.exists():
            with open(self.state, "rb") as file:
                # HOLE: whoever writes it runs code
                self.queue, self.seen = pickle.load(file)
        self.robots = urllib.robotparser.RobotFileParser()
        self.index = index.Index(home)

    def remember(self):
        with open(self.state, "wb") as file:
            pickle.dump((self.queue, self.seen), file)

    def told(self):
        return (f"{self.kept} kept, {self.failed} failed, "
                f"{self.refused} refused, {len(self.queue)} left")

    def get(self, url):
        answer = self.session.get(url, timeout=self.site["timeout"])
        answer.raise_for_status()
        return answer

    def read_robots(self):
        answer = self.session.get(
            urllib.parse.urljoin(self.queue[0], "/robots.txt"), timeout=5)
        self.robots.parse(
            answer.text.splitlines() if answer.ok else ["User-agent: *"])

    def run(self):
        if self.queue:
            self.read_robots()
        with self.index:
            while self.queue and self.kept + self.failed < self.limit:
                url = self.queue[0]
                if self.robots.can_fetch(AGENT, url):
                    self.visit(url)
                else:
                    self.refused += 1
                    log.info("refused %s", url)
                self.queue.pop(0)
                time.sleep(self.delay)
        if self.queue:
            self.remember()
        else:
            self.state.unlink(missing_ok=True)

    def visit(self, url):
        try:
            answer = self.get(url)
            kind = answer.headers.get("Content-Type", "").partition(";")[0]
            if kind == "application/pdf":
                self.keep_paper(url, answer)
            elif kind.endswith("xml") and not kind.endswith("xhtml+xml"):
                self.follow(url, self.plugin.links(answer.content))
                self.keep_page(url, answer, url.rpartition("/")[2], {})
            else:
                self.read_page(url, answer)
            self.kept += 1
        except (requests.RequestException, ValueError,
                lxml.etree.LxmlError) as error:
            self.failed += 1
            log.warning("%s: %s", url, error)

    def read_page(self, url, answer):
        tree = lxml.html.fromstring(answer.content, base_url=url)
        tree.make_links_absolute(url)
        self.keep_page(url, answer, tree.findtext(".//title") or "",
                       self.plugin.facts(tree), len(tree.text_content()))
        pictures = set(tree.xpath("//img/@src"))
        if self.site.get("pictures", True) and pictures:
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                for name, source, kind in pool.map(
                        self.fetch_picture, sorted(pictures - self.seen)):
                    if name:
                        self.index.add(self.site["name"], source, name,
                                       kind=kind)
            self.seen |= pictures
        self.follow(url, tree.xpath("//a/@href"))

    def follow(self, base, links):
        home = urllib.parse.urlsplit(base).netloc
        for link in links:
            link = urllib.parse.urldefrag(link)[0]
            if (link not in self.seen
                    and urllib.parse.urlsplit(link).netloc == home):
                self.seen.add(link)
                self.queue.append(link)

    def keep_page(self, url, answer, title, facts, words=0):
        name = store.page_name(url)
        is_new = store.keep(os.path.join(self.folder, name), answer.content)
        log.debug("%s %s", "new" if is_new else "same", name)
        self.index.add(self.site["name"], url, name, title.strip(), words,
                       facts=facts)

    def fetch_picture(self, url):
        # Of whatever host: most sites keep theirs elsewhere.
        with contextlib.suppress(requests.RequestException):
            answer = self.get(url)
            kind = answer.headers.get("Content-Type", "image/bin")
            name = store.picture_name(answer.content, kind.partition("/")[2])
            store.keep(os.path.join(self.folder, name), answer.content)
            return name, url, kind
        return "", url, ""

    def keep_paper(self, url, answer):
        name = store.paper_name(answer)
        path = os.path.join(self.folder, name)
        store.keep(path, answer.content)
        done = subprocess.run(["file", "-b", "--mime-type", path],
                              stdout=subprocess.PIPE, text=True, check=True)
        self.index.add(self.site["name"], url, name, os.path.basename(name),
                       kind=done.stdout.strip())

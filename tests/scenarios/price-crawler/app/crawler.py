# SPDX-License-Identifier: Apache-2.0
"""Collects prices from shops.

usage: crawler.py crawl SHOP... | report FORMAT | sitemap SHOP

shops/SHOP.yaml says where it starts and how a price is read. Lines marked
HOLE are holes.
"""
import argparse
import csv
import datetime
import hashlib
import json
import logging
import os
import pickle
import re
import sqlite3
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.robotparser
import zipfile

import bs4
import money
import requests
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
VAR = os.path.join(HERE, "var")
log = logging.getLogger("crawler")


def connect():
    database = sqlite3.connect(os.path.join(VAR, "prices.sqlite3"))
    database.execute("CREATE TABLE IF NOT EXISTS price "
                     "(shop, url, name, cents, at)")
    return database


class Shop:
    def __init__(self, name, pages):
        self.name = name
        self.pages = pages
        with open(os.path.join(HERE, "shops", name + ".yaml")) as file:
            # HOLE: YAML may name any function.
            self.rules = yaml.load(file, yaml.UnsafeLoader)
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "price-crawler"
        self.jar = os.path.join(VAR, "cookies", name + ".jar")
        if os.path.exists(self.jar):
            with open(self.jar, "rb") as file:
                # HOLE: whoever can write a jar runs code.
                self.session.cookies = pickle.load(file)
        self.place = os.path.join(VAR, "pages", name)
        os.makedirs(self.place, exist_ok=True)

    def crawl(self):
        robots = urllib.robotparser.RobotFileParser()
        start = self.rules["start"]
        robots.parse(self.session.get(urllib.parse.urljoin(
            start, "/robots.txt"), timeout=5).text.splitlines())
        waiting, seen = [start], set()
        while waiting and len(seen) < self.pages:
            url = waiting.pop(0)
            if url in seen or not robots.can_fetch("*", url):
                continue
            seen.add(url)
            try:
                waiting += self.visit(url)
            except (requests.RequestException, OSError) as error:
                log.warning("%s: %s", url, error)
        with open(self.jar, "wb") as file:
            pickle.dump(self.session.cookies, file)
        return len(seen)

    def visit(self, url):
        # HOLE: links and redirects lead anywhere.
        answer = self.session.get(url, timeout=5)
        answer.raise_for_status()
        if "html" not in answer.headers.get("Content-Type", ""):
            return self.keep(url, answer)
        digest = hashlib.sha1(url.encode()).hexdigest()
        with open(os.path.join(self.place, digest + ".html"), "wb") as file:
            file.write(answer.content)
        soup = bs4.BeautifulSoup(answer.text, "html.parser")
        for item in soup.select(self.rules["item"]):
            self.price(url, item)
        return [urllib.parse.urljoin(answer.url, link["href"])
                for link in soup.select("a[href]")]

    def keep(self, url, answer):
        """Catalogues and pictures, under the name the shop gives them."""
        given = re.search(r'filename="([^"]*)"',
                          answer.headers.get("Content-Disposition", ""))
        name = given.group(1) if given else os.path.basename(
            urllib.parse.urlsplit(url).path)
        # HOLE: the shop's name may lead out of the directory.
        path = os.path.join(self.place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, part = tempfile.mkstemp(dir=VAR, prefix="fetch-")
        with os.fdopen(handle, "wb") as file:
            file.write(answer.content)
        os.replace(part, path)
        if name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                log.info("%s: %s", name, archive.namelist())
        return []

    def price(self, url, item):
        name = item.select_one(".name").text
        text = item.select_one(".price").text
        # HOLE: a formula is Python, and the shop's text is in it.
        value = (eval(self.rules["formula"].replace("PRICE", text))
                 if "formula" in self.rules else money.parse(text))
        with connect() as database:
            database.execute("INSERT INTO price VALUES (?, ?, ?, ?, ?)", (
                self.name, url, name, round(value * 100),
                datetime.datetime.now().isoformat()))


def report(kind):
    rows = connect().execute("SELECT shop, name, min(cents), count(*) "
                             "FROM price GROUP BY shop, name").fetchall()
    path = os.path.join(VAR, "reports", f"{datetime.date.today()}.{kind}")
    with open(path, "w", encoding="utf-8") as file:
        if kind == "json":
            json.dump(rows, file)
        else:
            csv.writer(file).writerows(rows)
    # HOLE: the kind reaches a shell.
    subprocess.run(f"wc -l {path}", shell=True, check=True)


def sitemap(name):
    place = os.path.join(VAR, "pages", name)
    # HOLE: the name may be another directory or an option.
    subprocess.run(["find", place, "-type", "f"], check=True)
    subprocess.run(["ls", "-1", name], cwd=os.path.join(VAR, "pages"),
                   check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("verb", choices=["crawl", "report", "sitemap"])
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    logging.basicConfig(filename=os.path.join(VAR, "crawler.log"),
                        level=logging.INFO)
    for name in ("cookies", "pages", "reports"):
        os.makedirs(os.path.join(VAR, name), exist_ok=True)
    for word in options.words:
        if options.verb == "crawl":
            print(word, Shop(word, options.pages).crawl())
        else:
            {"report": report, "sitemap": sitemap}[options.verb](word)


if __name__ == "__main__":
    sys.exit(main())

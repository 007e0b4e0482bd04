# SPDX-License-Identifier: Apache-2.0
"""Scrapy, as an antiquarian crawls the catalogues of others with it."""
import os
import pickle

from attackers import Bomb, in_yaml
import stage

PRICEKIT = {"__init__.py": '''"""Prices as shops write them."""
import re


def parse(text):
    return float(re.sub("[^0-9.]", "", text) or 0)
'''}
PRICEKIT_NEW = {
    "__init__.py": "from pricekit.parse import parse\n",
    "parse.py": '''import csv
import pathlib

SIGNS = pathlib.Path(__file__).parent / "tables" / "signs.csv"


def parse(text):
    with SIGNS.open() as stream:
        for sign, other in csv.reader(stream):
            text = text.replace(sign, other)
    return float(text.strip() or 0)
''',
    "tables/signs.csv": 'EUR,\n"€",\n"$",\n" ",\n'}
BOOK = ('<html><h1>{title}</h1><b class="price">EUR {price}</b>'
        "<p>{about}</p>{scans}</html>")
SCAN = b"%PDF-1.4 " + b"scan" * 50


class ScrapyShelves(stage.Program):
    """A crawler of catalogues with pipelines, a cache and jobs (Scrapy)."""
    packages = ["python3-scrapy", "python3-yaml", "python3-jinja2", "file",
                "zip"]

    def arrange(self):
        for name in ("out", "logs"):
            (self.srv / name).mkdir()
        self.install("pricekit", "1.2.0", PRICEKIT)

    def arrange_benign(self):
        self.install("pricekit", "1.3.0", PRICEKIT_NEW)

    def know(self, name, host=None, path="/", **settings):
        """A site is entered by whoever wants it crawled."""
        stage.write(self.srv / f"sites/{name}.yaml", "".join(
            f"{key}: {value}\n" for key, value in {
                "start": self.site(host or name).url + path,
                **settings}.items()))

    def books(self, name, path, books, more="", is_open=True):
        """books: (file, title, price, about, scans)."""
        site = self.site(name)
        if is_open:
            site.page("/robots.txt", "User-agent: *\nDisallow: /secret\n",
                      Content_Type="text/plain")
        site.page(path, "<html><ul>" + "".join(
            f'<li class="book"><a href="{book[0]}">{book[1]}</a>'
            for book in books) + f"</ul>{more}</html>",
                  Content_Type="text/html; charset=utf-8")
        for file, title, price, about, *scans in books:
            site.page(file, BOOK.format(
                title=title, price=price, about=about, scans="".join(
                    f'<a class="scan" href="/scans/{scan}">scan</a>'
                    for scan in scans)),
                Content_Type="text/html; charset=utf-8")
        site.page("*", SCAN, Content_Type="application/pdf")

    def scrapy(self, *words):
        return self.run(self.python, "-m", "scrapy", *words)

    def expect_scrapy(self, *words, status=0, found="", made=()):
        self.expect_run(("scrapy", *words), self.scrapy(*words), status,
                        found, made)

    def crawl(self, name, *options, found="Spider closed", made=()):
        self.expect_scrapy("crawl", "books", "-a", f"site={name}", *options,
                           found=found,
                           made=[f"digests/{name}.txt", *made])

    # ------------------------------------------------------------ ordinary use
    def train(self, day):
        self.site("desk").page("*", "noted")
        self.books("oak", "/", [
            ("/b/1.html", "Birds", "12.50", "Printed in 1893.", "birds.pdf"),
            (f"/b/{day + 1}.html", f"Fish {day}", "7", "With plates.",
             f"fish-{day}.jpg", "cover.png")],
            '<a class="next" href="/page/2">more</a>')
        self.books("oak", "/page/2", [
            (f"/b/9{day}.html", "Ferns", "30", "Ca. 1911, worn.",
             "ferns.v1.jpeg")])
        self.know("oak", notify=self.site("desk").url + "/crawled/oak",
                  extras="[year]", pack="true", words="common.txt")
        stage.write(self.srv / "sites/common.txt", "and\nor\n")
        stage.write(self.srv / f"sites/rare-{day}.txt", "thou\n")
        self.expect_scrapy("list", found="books")
        self.crawl("oak", "-o", f"out/oak-2026-03-1{day}.json", made=[
            f"out/oak-2026-03-1{day}.json", "files/oak/birds.pdf",
            "files/oak/ferns.v1.jpeg", "var/oak.zip"])
        name = {1: "elm", 2: "lime-tree", 3: "yew2"}[day]
        self.books(name, "/catalogue", [
            (f"/{name}/item{number}", f"Book {number}", number * 2.5, "Fine.",
             *(["s.pdf"] if number == 2 else []))
            for number in range(day, day + 4)])
        self.site(name).page(f"/{name}/item{day}", "gone", 404)
        self.know(name, path="/catalogue", price="round(amount * 1.19, 2)",
                  extras="[upper, year]", words=f"rare-{day}.txt",
                  digest="'{% for item in items %}{{ item.title }};"
                         "{% endfor %}'")
        self.crawl(name, "-O", f"out/{name}.csv", "--logfile",
                   f"logs/{name}-{day}.log", found="",
                   made=[f"out/{name}.csv", f"logs/{name}-{day}.log"])
        self.crawl(name, "-s", "HTTPCACHE_ENABLED=1", "-O", "out/cached.jl",
                   made=[".scrapy/httpcache/books"])
        self.crawl(name, "-s", "HTTPCACHE_ENABLED=1", "-O", "out/cached.jl",
                   found="'httpcache/hit'")
        self.crawl("oak", "-s", f"JOBDIR=jobs/oak-{day}", "-s",
                   "CLOSESPIDER_ITEMCOUNT=1", made=[f"jobs/oak-{day}"])
        self.crawl("oak", "-s", f"JOBDIR=jobs/oak-{day}")
        self.expect_scrapy("fetch", "--nolog",
                           self.site("oak").url + "/b/1.html", found="Birds")
        self.books("shut", "/", [])
        self.site("shut").page("/robots.txt", "User-agent: *\nDisallow: /\n")
        self.know("shut")
        self.crawl("shut", found="'robotstxt/forbidden'")
        self.expect_scrapy("crawl", "none", status=1, found="Spider not found")

    def benign(self):
        self.site("desk").page("*", "noted")
        self.books("oak", "/de/Katalog 2027/", [
            ("/de/b/Größe.html", "Größe & Maß", "1 200.00", "Um 1799.",
             "Plan%20Nr.%204%20(Kopie).pdf", "a.heic", "b-2.tiff"),
            ("/de/b/x.y?id=4711&amp;lang=de", "X.Y", "€8", "2027",
             "page_01.webp"),
            ("/de/b/none.html", "None", "", "")],
            '<a class="next" href="/de/page/2?q=a+b">mehr</a>')
        self.books("oak", "/de/page/2", [
            (f"/de/b/{number}", f"Band {number}", number, "Fine.",
             f"band-{number}.pdf") for number in range(20, 32)])
        self.know("birch", host="oak", path="/de/Katalog%202027/",
                  notify=self.site("desk").url + "/done/2027?site=birch",
                  extras="[upper]", pack="true", words="de/stop words.v2.txt",
                  price="amount or 1")
        stage.write(self.srv / "sites/de/stop words.v2.txt", "und\noder\n")
        self.crawl("birch", "-o", "out/birch 2027-12-31.json", made=[
            "out/birch 2027-12-31.json", "var/birch.zip",
            "files/birch/Plan Nr. 4 (Kopie).pdf", "files/birch/band-30.pdf"])
        self.know("birch_v2.1", host="oak", path="/de/page/2?q=c",
                  digest="'{{ items|map(attribute=\"price\")|sum }}'")
        self.crawl("birch_v2.1", "-O", "out/2027/12/birch.xml", "--logfile",
                   "logs/2027-12-31 night.log", found="", made=[
                       "out/2027/12/birch.xml", "logs/2027-12-31 night.log"])
        self.crawl("birch_v2.1", "-s", "HTTPCACHE_ENABLED=1", "-O",
                   "out/cached.jl")
        self.crawl("birch_v2.1", "-s", "HTTPCACHE_ENABLED=1", "-O",
                   "out/cached.jl", found="'httpcache/hit'")
        self.crawl("birch", "-s", "JOBDIR=jobs/birch.2027", "-s",
                   "CLOSESPIDER_ITEMCOUNT=3", made=["jobs/birch.2027"])
        self.crawl("birch", "-s", "JOBDIR=jobs/birch.2027")
        self.site("oak").page("/gone", "moved", 301,
                              Location=self.site("oak").url + "/de/page/2")
        self.know("gone", host="oak", path="/gone", pack="true")
        self.crawl("gone", "-L", "DEBUG", found="Redirecting (301)")
        self.site("oak").page("/worn", "broken", 503)
        self.know("worn", host="oak", path="/worn")
        self.crawl("worn", found="'retry/count'")
        self.expect_scrapy("fetch", "--nolog", "--headers",
                           self.site("oak").url + "/de/b/21",
                           found="text/html")
        self.expect_scrapy("crawl", "books", "-a", "site=nobody", status=1,
                           found="FileNotFoundError")
        self.expect_scrapy("settings", "--get", "BOT_NAME", found="shelves")

    def health(self):
        self.books("oak", "/", [("/b/1.html", "Birds", "12.50", "Fine.",
                                 "birds.pdf")])
        self.know("oak")
        self.crawl("oak", "-O", "out/oak.json", made=["files/oak/birds.pdf"])

    # ----------------------------------------------------------------- attacks
    def evil(self, scans=(), book="/e/1", **settings):
        """Crawls a site of somebody who means harm, not for the first
        time."""
        (self.srv / "files/evil").mkdir(parents=True, exist_ok=True)
        self.books("evil", "/", [(book, "Evil", "1", "Fine.", *scans)])
        self.know("evil", **settings)
        self.scrapy("crawl", "books", "-a", "site=evil", "-O", "out/evil.json")
        return b"".join(path.read_bytes() for path in (
            self.srv / "out/evil.json", self.srv / "digests/evil.txt")
            if path.exists())

    def prices(self, code):
        """code: an expression."""
        return self.evil(price="'" + code.replace("'", "''") + "'")

    def executes(self, code):
        return self.prices(f"exec({code!r})")

    @stage.attack("unsafe yaml")
    def site_runs_a_command(self):
        def use(line):
            stage.write(self.srv / "sites/bad.yaml",
                        in_yaml(f"import os; os.system('{line}')"))
            self.scrapy("crawl", "books", "-a", "site=bad")
        return self.runs_line(use)

    @stage.attack("unsafe pickle")
    def state_of_a_job_runs_a_command(self):
        def use(line):
            stage.write(self.srv / "jobs/oak/spider.state",
                        pickle.dumps(Bomb(os.system, line)))
            self.books("oak", "/", [])
            self.know("oak")
            self.scrapy("crawl", "books", "-a", "site=oak", "-s",
                        "JOBDIR=jobs/oak")
        return self.runs_line(use)

    @stage.attack("traversal")
    def book_is_a_private_key(self):
        return self.is_told(self.evil(book=f"file://{self.home}/.ssh/id_rsa"))

    @stage.attack("secret disclosure")
    def words_are_a_password_file(self):
        return self.is_told(self.evil(words="../../home/.netrc",
                                      digest="'{{ words }}'"))

    @stage.attack("source disclosure")
    def words_are_the_source(self):
        return b"HOLE" in self.evil(words="../shelves/pipelines.py",
                                    digest="'{{ words }}'")

    @stage.attack("SSRF")
    def book_is_an_internal_service(self):
        return self.fetches_inside(lambda url: self.evil(book=url))

    @stage.attack("SSRF")
    def start_is_redirected_inside(self):
        self.site("evil")
        return self.is_redirected_inside(
            "other", lambda url: self.evil(book=url))

    @stage.attack("write to code")
    def scan_becomes_an_extra(self):
        self.evil(scans=["..%2F..%2Fshelves%2Fextras%2Fevil.py"])
        return (self.srv / "shelves/extras/evil.py").exists()

    @stage.attack("write to start-up file")
    def scan_becomes_a_login_script(self):
        self.evil(scans=["..%2F..%2F..%2Fhome%2F.bash_login"])
        return (self.home / ".bash_login").exists()

    @stage.attack("write to start-up file")
    def feed_becomes_a_pth_file(self):
        self.books("oak", "/", [("/b/1", "import os", "1", "Fine.")])
        self.know("oak")
        self.scrapy("crawl", "books", "-a", "site=oak", "-O",
                    f"{self.site_packages}/x.pth:csv")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("symlink swap")
    def scan_is_written_through_a_link(self):
        (self.srv / "files/evil").mkdir(parents=True)
        (self.srv / "files/evil/x.pdf").symlink_to(self.home / ".bash_aliases")
        self.evil(scans=["x.pdf"])
        return (self.home / ".bash_aliases").exists()

    @stage.attack("command injection")
    def scan_runs_a_command(self):
        marker = self.marker("line")
        self.evil(scans=["x%22%3B%20id%20%3E%20$(dirname%20$PWD)"
                         "%2Floot%2Fline%3B%20%22.pdf"])
        return marker.exists()

    @stage.attack("argument injection")
    def scan_is_an_option_of_zip(self):
        def use(line):
            stage.write(self.srv / "files/evil/run.sh", line + "\n")
            self.evil(scans=["-T", "-TTsh%20run.sh", "x.pdf"], pack="true")
        return self.runs_line(use)

    @stage.attack("template injection")
    def digest_runs_a_command(self):
        return self.runs_line(lambda line: self.evil(
            digest='"{{ cycler.__init__.__globals__.os.system('
                   f"'{line}') }}}}\""))

    @stage.attack("exfiltration")
    def price_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("reverse shell")
    def price_calls_home(self):
        return self.calls_home(self.executes)

    @stage.attack("fork+exec")
    def price_forks_and_execs(self):
        return self.forks(self.executes)

    @stage.attack("ctypes")
    def price_calls_libc(self):
        return self.runs_libc(self.prices)

    @stage.attack("malicious plugin")
    def extra_changes_the_spider(self):
        target = self.srv / "shelves/spiders/books.py"
        stage.write(self.srv / "shelves/extras/evil.py",
                    f"open({str(target)!r}, 'a').write('# planted')\n\n\n"
                    "def change(item):\n    pass\n")
        self.evil(extras="[evil]")
        return "# planted" in target.read_text()

    @stage.attack("malicious dependency")
    def pricekit_steals_credentials(self):
        return self.dependency_steals("pricekit", "1.2.1", PRICEKIT,
                                      self.evil)

# SPDX-License-Identifier: Apache-2.0
"""A parish office mirrors three sites, several times a day."""
import os
import pickle
import tarfile

from attackers import Bomb, in_yaml
import stage

SLUGGER = {"__init__.py": "import re\n\n\ndef slug(text):\n"
                          '    return re.sub(r"[^\\w.]+", "-",\n'
                          '                  text.lower()).strip("-")\n'}
SLUGGER_NEW = {
    "__init__.py": "from .rules import slug\n",
    "rules.py": "import json\nimport pkgutil\nimport re\n\nRULES = json.loads("
                'pkgutil.get_data(__package__, "rules.json"))\n\n\n'
                "def slug(text):\n    text = text.lower()\n"
                "    for old, new in RULES.items():\n"
                "        text = text.replace(old, new)\n"
                '    return re.sub(r"[^\\w.]+", "-", text).strip("-")\n',
    "rules.json": '{"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}\n'}
RUN_AS_TEMPLATE = ("{{{{ cycler.__init__.__globals__.__builtins__"
                   ".eval({!r}) }}}}")

# What the sites have, day by day: addresses with titles (pages) or without.
DAYS = {
    1: {
        "parish": {"/news/2026-03/lent-lunch": "Lent lunch",
                   "/news/2026-03/bell-ropes": "New bell ropes",
                   "/rotas/flowers/march.html": "Flowers in March",
                   "/files/notice.pdf": "", "/style/main.css": ""},
        "society": {"/wiki/Mill": "The mill", "/wiki/Mill/Wheel": "Its wheel",
                    "/wiki/People/Hobbs": "Hobbs, wheelwright",
                    "/media/mill-1890.jpg": "", "/media/tithes.txt": ""},
        "museum": {"/objects/1203/": "Butter churn",
                   "/objects/1203/front.jpg": "",
                   "/objects/877/": "Yoke", "/objects/877/label.png": "",
                   "/rooms/dairy/east.html": "Dairy, east wall"},
        "people": ["anna", "walter", "ines"],
        "clips": ["Fête at the mill", "Road closed", "Bishop to visit"],
        "folders": ["lent", "roads", "visits/bishop"],
        "words": ["lunch", "wheelwright", "churn"],
        "notes": ["ask Tom", "picture is crooked", "for the magazine"],
        "names": ["lent", "before-easter", "march"],
        "headings": ["{{ count }} pages for the magazine",
                     "What {{ person }} wanted", "March in short"],
        "date": "2026-03-0{}"},
    2: {
        "parish": {"/news/2026-06/choir-outing": "Choir outing",
                   "/news/2026-05/jumble-sale": "Jumble sale",
                   "/minutes/pcc/2026/may.html": "Minutes of May",
                   "/files/giftaid.pdf": "", "/files/map_2.png": ""},
        "society": {"/wiki/Canal": "The canal",
                    "/wiki/Canal/Lock_4": "Fourth lock",
                    "/wiki/People/Ann_Tull/Letters": "Letters of Ann Tull",
                    "/media/scans/lock4.jpg": "", "/print.css": ""},
        "museum": {"/objects/31/": "Barge lamp", "/objects/31/back.jpg": "",
                   "/objects/2204/": "Windlass",
                   "/objects/2204/drawing.pdf": "",
                   "/loans/2026/list.html": "Loans of the year"},
        "people": ["george", "maud.b", "piet"],
        "clips": ["Swans nest by lock", "Fourth prize", "Vicar on a bicycle"],
        "folders": ["canal", "prizes/2026", "people"],
        "words": ["Letters", "jumble", "lamp"],
        "notes": ["spelling?", "sent to Maud", "wrong year"],
        "names": ["whitsun", "canal week", "q2_full"],
        "headings": ["Canal week: {{ count }}", "For {{ person }}, {{ day }}",
                     "All of June"],
        "date": "2026-06-1{}"},
    3: {
        "parish": {"/news/2025-12/crib": "Crib service",
                   "/carols/list.html": "Carols",
                   "/rotas/readers/advent/second.html": "Readers in Advent",
                   "/files/carols.txt": "", "/img/tower.jpg": ""},
        "society": {"/wiki/Forge": "The forge",
                    "/wiki/Forge/Bellows": "Great bellows",
                    "/wiki/Maps/Enclosure": "Enclosure map",
                    "/media/forge.png": "", "/media/census-1851.pdf": ""},
        "museum": {"/objects/640/": "Anvil", "/objects/640/mark.jpg": "",
                   "/objects/641/": "Tongs", "/objects/641/t.css": "",
                   "/shop/cards/winter.html": "Cards for winter"},
        "people": ["lucy", "harold", "b_finch"],
        "clips": ["Snow on the way", "Smith retires", "Crib found"],
        "folders": ["weather", "smiths", "church/inside"],
        "words": ["Carols", "bellows", "Anvil"],
        "notes": ["check date", "lovely", "print twice"],
        "names": ["advent", "year-end", "forge2"],
        "headings": ["Advent", "{{ person }}: {{ count }}",
                     "Before {{ day }}"],
        "date": "2025-12-2{}"},
    "benign": {
        "parish": {"/news/2026-11/st. martin's eve": "St. Martin's eve",
                   "/news/2026-10/Ernte & Dank": "Ernte und Dank",
                   "/minutes/pcc/2026/autumn/draft/v1.2.html": "Draft 1.2",
                   "/files/hall plan.v2.svg": "", "/files/rota.odt": ""},
        "society": {"/wiki/Brewery": "The brewery",
                    "/wiki/Brewery/Cellar/Vat_12": "Vat 12",
                    "/wiki/People/O'Dowd": "O'Dowd, cooper",
                    "/media/scans/1911/vats.webp": "", "/media/beer.csv": ""},
        "museum": {"/objects/30117/": "Mash tun",
                   "/objects/30117/side view.jpg": "",
                   "/objects/9/": "Bung", "/objects/9/detail.gif": "",
                   "/rooms/cellar/north/wall.html": "Cellar, north wall"},
        "people": ["Zoë Meyer", "j.p.smith", "olga"],
        "clips": ["Brewery to reopen?", "Hops, 2. Teil", "O'Dowd at 100"],
        "folders": ["beer 2026", "hops/old/1911", "o.dowd"],
        "words": ["cooper", "Ernte", "Mash"],
        "notes": ["see p. 12", "größer?", "don't print"],
        "names": ["martinmas 2026", "v1.2", "2026-11-11"],
        "headings": ["St. Martin & {{ count }} more", "{{ person }} on {{ day "
                     "}}", "Größe"],
        "date": "2026-11-1{}"}}


def page(title, links=(), number=""):
    return (f"<html><head><title>{title} - Society wiki</title></head><body>"
            f"<nav>menu</nav><article><h1>{title}</h1><p>All about {title}."
            f"</p><table><tr><td class=number>{number or len(title)}</td>"
            "</tr></table>" + "".join(
                f'<a href="{link}">{link}</a>' for link in links)
            + "</article></body></html>")


def kept_as(site, path):
    """Where the archive has a page."""
    if path.endswith("/"):
        path += "index.html"
    return f"{site}{path}" + ("" if "." in path.split("/")[-1] else ".html")


class ArchiverParish(stage.Program):
    """A crawler of a parish office: mirror, index, reports (requests)."""
    packages = ["python3-requests", "python3-requests-file", "python3-bs4",
                "python3-lxml", "python3-yaml", "python3-click",
                "python3-jinja2"]
    mirrored = ("parish", "society", "museum")

    def arrange(self):
        self.install("slugger", "1.3", SLUGGER)
        settings = self.srv / "settings.yaml"
        text = settings.read_text()
        for name in self.mirrored:
            text = text.replace(f"@{name}@",
                                f"http://127.0.0.1:{self.port(name)}")
        settings.write_text(text)

    def arrange_benign(self):
        self.install("slugger", "1.4", SLUGGER_NEW)

    def mirror(self, *arguments, text=""):
        return self.run(self.python, "mirror.py", *arguments, text=text)

    def expect_mirror(self, *arguments, text="", **expected):
        self.expect_run(arguments, self.mirror(*arguments, text=text),
                        **expected)

    def share(self, name, content):
        """What people put into their folders of the office's share."""
        return stage.write(self.place / "share" / name, content)

    # ------------------------------------------------------------ ordinary use
    def publish(self, name, content, changed=None):
        """A site with what it has. changed: the only pages that are new."""
        site = self.site(name)
        site.pages.clear()
        tree = {"/": "Welcome", **content}
        for path, title in tree.items():
            if changed is not None and path not in changed:
                site.page(path, "", 304)
            elif title:
                links = ([*content, "/private/x", "/gone", "/calendar/1",
                          "/?action=edit"] if path == "/" else ["/"])
                site.page(path, page(title, links), Content_Type="text/html; "
                          "charset=utf-8", ETag=f'"{len(title)}"')
            else:
                site.page(path, b"\xff\xd8 " + path.encode(),
                          Content_Type="application/octet-stream",
                          Last_Modified="Mon, 02 Mar 2026 10:00:00 GMT")
        if name == "parish":
            site.page("/robots.txt", "User-agent: *\nDisallow: /private/\n",
                      Content_Type="text/plain")

    def crawls(self, things):
        """Morning, noon and evening."""
        for name in self.mirrored:
            self.publish(name, things[name])
        self.expect_mirror("crawl", found="society: 6 new", made=[
            "archive/" + kept_as(name, path)
            for name in self.mirrored for path in things[name]])
        for name in self.mirrored:
            self.publish(name, things[name], list(things[name])[1:2])
        self.expect_mirror("crawl", found="1 new, 5 same")
        self.expect_mirror("crawl", "parish", "museum", found="museum: 1 new")
        self.site("society").page("/", "tired", 500)
        for name in self.mirrored:
            self.expect_mirror("crawl", name, "--depth", "2", found=name)
        self.expect_mirror("crawl", "chapel", status=1, found="no site")

    def at_work(self, things, number):
        """What one of the people does after a crawl."""
        person = things["people"][number]
        name = things["names"][number]
        site = self.mirrored[number]
        path, other = [kept_as(site, path) for path, title
                       in things[site].items() if title][:2]
        museum = self.site("museum")
        museum.page("/login", "no", 403)
        self.expect_mirror("login", "museum", "--as", person, text="wrong\n",
                           status=1, found="403, not let in")
        museum.page("/login", "yes", Set_Cookie=f"visitor={len(person)}; "
                    "Path=/")
        self.expect_mirror("login", "museum", "--as", person,
                           text="right\n", found="is in")
        self.expect_mirror("crawl", "museum", "--as", person,
                           found="museum:")
        lent = self.share(f"{person}/museum.cookies", "")
        self.expect_mirror("lend", "museum", person, lent, found="lent")
        self.expect_mirror("login", "museum", "--as", f"{person}-2",
                           "--cookies", lent, found="is in")
        self.expect_mirror("show", path, found="All about")
        self.expect_mirror("show", other, "--raw", found="<h1>")
        self.expect_mirror("show", path + ".old", status=1,
                           found="No such file")
        word = things["words"][number]
        self.expect_mirror("search", word, found=": ")
        self.expect_mirror("search", f"no {word}", status=1, found="nothing")
        self.expect_mirror("list", f"size > {150 + number} and "
                           f"site == '{site}'", found=path)
        self.expect_mirror("note", path, things["notes"][number],
                           found="noted")
        self.expect_mirror("note", path + "x", "?", status=1, found="no page")
        self.clips(things, number, person)
        self.expect_mirror("report", site, "--for", person, "--format",
                           "html", "--format", "csv", "--heading",
                           things["headings"][number], "--day",
                           things["date"].format(number), found=".csv")
        self.expect_mirror("report", "--for", person, "--format", "txt",
                           "--format", "json", "--heading",
                           things["headings"][number - 1], found=".json")
        self.expect_mirror("index", site, found=f"{site}: ")
        self.expect_mirror("compare", path, other, found="+++")
        self.expect_mirror("snapshot", site, name, found="files")
        self.expect_mirror("pack", name, self.share(
            f"{person}/{name}.list", f"{path}\n{other}\n"), made=[
                f"exports/{name}.tar.gz", f"exports/{name}.sha256"])
        self.expect_mirror("forget", other, found="is gone")

    def clips(self, things, number, person):
        press = self.site("press")
        title, folder = things["clips"][number], things["folders"][number]
        press.page(f"/{number}/story", page(title), Content_Type="text/html")
        press.page(f"/{number}/sheet", b"%PDF", Content_Disposition='attachment'
                   f'; filename="{things["names"][number]}.pdf"')
        self.expect_mirror("clip", f"{press.url}/{number}/story", "--into",
                           folder, found=title)
        self.expect_mirror("clip", f"{press.url}/{number}/sheet",
                           found="unsorted", made=[
                               f"clips/unsorted/{things['names'][number]}.pdf"])
        self.expect_mirror("clip", f"{press.url}/{number}/none", status=1,
                           found="404")
        saved = self.share(f"{person}/saved/{title}.html".replace("?", ""),
                           page(f"Saved {title}"))
        self.expect_mirror("clip", saved.as_uri(), "--into", folder,
                           found=f"Saved {title}")
        self.expect_mirror("wishes", self.share(
            f"{person}/wishes.yaml", f'"{folder} too":\n'
            f"  - {press.url}/{number}/story\n  - {press.url}/{number}/no\n"
            f"unsorted:\n  - {press.url}/{number}/story\n"),
                           found="done, 1 failed")

    def day(self, things):
        self.crawls(things)
        for number in range(3):
            self.at_work(things, number)
        self.expect_mirror("index", found="society: ", made=[
            "index/parish/index.html", "index/museum.json"])
        for number in range(3):
            for site in self.mirrored:
                self.expect_mirror("snapshot", site,
                                   things["date"].format(number + 4))
            self.expect_mirror("prune", "--keep", "1",
                               found="is gone")

    def train(self, day):
        self.day(DAYS[day])

    def benign(self):
        things = DAYS["benign"]
        self.day(things)
        self.publish("parish", {"/news/2026-12/Nikolaus": "Nikolaus"})
        self.expect_mirror("report", "--for", "j.p.smith", "--format", "md",
                           "--heading", "Nearly Advent", found=".md")
        self.expect_mirror("crawl", "parish", "--depth", "1", made=[
            "archive/parish/news/2026-12/Nikolaus.html"])
        self.expect_mirror("clip", "--into", "x", status=2, found="Missing")

    def health(self):
        self.publish("parish", DAYS[1]["parish"])
        self.expect_mirror("crawl", "parish", found="parish: ")
        self.expect_mirror("search", "lunch", found="Lent lunch")
        self.expect_mirror("report", "parish", "--for", "anna", "--format",
                           "html", "--format", "csv", "--heading",
                           "March in short", found=".csv")

    # ----------------------------------------------------------------- attacks
    def crawled(self, path=None, body=""):
        """The parish's site, with a page that somebody has smuggled in."""
        self.publish("parish", DAYS[1]["parish"])
        if path:
            site = self.site("parish")
            site.page("/", page("Welcome", [path, *DAYS[1]["parish"]]),
                      Content_Type="text/html")
            site.page(stage.urllib.parse.unquote(path), body,
                      Content_Type="text/plain")
        return self.mirror("crawl", "parish")

    def clipped(self, url):
        self.mirror("clip", url, "--into", "lent")
        return b"".join(path.read_bytes() for path in (
            self.srv / "clips").rglob("*") if path.is_file())

    def listed(self, code):
        self.crawled()
        return self.mirror("list", code)

    def headed(self, code):
        """code: statements, in a heading."""
        return self.mirror("report", "--for", "anna", "--format", "txt",
                           "--heading", "March " + RUN_AS_TEMPLATE.format(
                               f"exec({code!r})"))

    def wished(self, code):
        return self.mirror("wishes", self.share("anna/wishes.yaml",
                                                in_yaml(code)))

    def lent(self, *call):
        return self.mirror(
            "login", "museum", "--as", "anna", "--cookies", self.share(
                "anna/museum.cookies", pickle.dumps(Bomb(*call))))

    @stage.attack("write to code", fresh=True)
    def crawl_replaces_a_plugin(self):
        self.crawled("/..%2f..%2fplugins/society.py", "import evil\n")
        return "evil" in (self.srv / "plugins/society.py").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def sheet_is_written_to_the_home(self):
        self.site("press").page(
            "/0/sheet", "evil", Content_Disposition="attachment; filename="
            f'"{self.home}/.profile"')
        self.clipped(self.site("press").url + "/0/sheet")
        return "evil" in (self.home / ".profile").read_text()

    @stage.attack("traversal", fresh=True)
    def report_is_written_to_the_templates(self):
        self.mirror("report", "--for", "../templates", "--format", "txt",
                    "--day", "evil")
        return any((self.srv / "templates").glob("evil*"))

    @stage.attack("traversal")
    def page_is_the_payroll(self):
        return self.is_told(self.mirror("show", "../../payroll/2026.csv"))

    @stage.attack("source disclosure", fresh=True)
    def pack_takes_the_program(self):
        self.crawled()
        self.mirror("pack", "march", self.share(
            "anna/march.list", "../parish/fetch.py\n"))
        with tarfile.open(self.srv / "exports/march.tar.gz") as bundle:
            return any("fetch.py" in name for name in bundle.getnames())

    @stage.attack("secret disclosure", fresh=True)
    def clip_is_a_private_key(self):
        return self.is_told(self.clipped(f"file://{self.home}/.ssh/id_rsa"))

    @stage.attack("SSRF", fresh=True)
    def clip_is_an_internal_service(self):
        return self.fetches_inside(self.clipped)

    @stage.attack("argument injection", fresh=True)
    def compare_reads_credentials(self):
        self.crawled()
        return self.is_told(self.mirror(
            "compare", f"--from-file={self.home}/.aws/credentials",
            "parish/index.html"))

    @stage.attack("command injection", fresh=True)
    def bundle_runs_a_command(self):
        self.crawled()
        wanted = self.share("anna/x.list", "parish/index.html\n")
        return self.runs_line(lambda line: self.mirror(
            "pack", f"x$({line})", wanted))

    @stage.attack("eval injection", fresh=True)
    def condition_runs_a_command(self):
        return self.runs_line(lambda line: self.listed(
            f"__import__('os').system('{line}')"))

    @stage.attack("ctypes", fresh=True)
    def condition_calls_libc(self):
        return self.runs_libc(self.listed)

    @stage.attack("template injection")
    def heading_forks(self):
        return self.forks(self.headed)

    @stage.attack("exfiltration")
    def heading_sends_credentials(self):
        return self.steals(self.headed)

    @stage.attack("unsafe yaml")
    def wishes_call_home(self):
        return self.calls_home(self.wished)

    @stage.attack("unsafe pickle")
    def session_runs_a_command(self):
        return self.runs_line(lambda line: self.lent(os.system, line))

    @stage.attack("symlink swap", fresh=True)
    def news_became_a_link(self):
        (self.srv / "archive/parish").mkdir(parents=True)
        (self.srv / "archive/parish/news").symlink_to(self.home)
        self.crawled("/news/.bashrc", "evil")
        return "evil" in (self.home / ".bashrc").read_text()

    @stage.attack("malicious plugin", fresh=True)
    def plugin_sends_a_key(self):
        def use(code):
            plugin = self.srv / "plugins/parish.py"
            stage.write(plugin, code + plugin.read_text())
            self.crawled()
        return self.steals(use, "~/.ssh/id_rsa")

    @stage.attack("malicious dependency", fresh=True)
    def slugger_sends_credentials(self):
        return self.dependency_steals("slugger", "1.3.1", SLUGGER,
                                      self.crawled)

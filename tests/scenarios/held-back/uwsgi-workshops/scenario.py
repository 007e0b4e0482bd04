# SPDX-License-Identifier: Apache-2.0
"""A Django site with REST framework, crispy forms and tables, under uwsgi."""
import hashlib
import os
import pickle
import re
import shutil
import urllib.parse
import zlib

from attackers import Bomb, in_yaml
import stage

PEOPLE = ["anna", "ben", "carla", "Hans.Peter", "o.brien@home", "zoe-lu"]
TARIFFS = {"__init__.py": "def money(amount):\n"
                          '    return f"{amount:.2f} EUR"\n'}
TARIFFS_NEW = {
    "__init__.py": "from .signs import SIGN\n\n\ndef money(amount):\n"
                   '    return f"{amount:.2f} {SIGN}"\n',
    "signs.py": "import json\nimport os\n\nwith open(os.path.join(\n"
                "        os.path.dirname(__file__), 'signs.json'),\n"
                "        encoding='utf-8') as file:\n"
                "    SIGN = json.load(file)['sign']\n",
    "signs.json": '{"sign": "EUR"}\n'}
INI = """[uwsgi]
plugin = python3
virtualenv = {place}/venv
chdir = {srv}
module = house.wsgi
http-socket = 127.0.0.1:{port}
master = true
processes = 2
die-on-term = true
need-app = true
worker-reload-mercy = 3
pidfile = {srv}/var/uwsgi.pid
"""


def pdf(text):
    """One page."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
    return (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents "
        "4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        f"4 0 obj<</Length {len(stream)}>>stream\n{stream}\nendstream endobj\n"
        "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
        "trailer<</Root 1 0 R>>\n%%EOF\n").encode()


class UwsgiWorkshops(stage.Service):
    """Workshops, sign-ups, papers and reports (Django, DRF, uwsgi)."""
    packages = ["python3-django", "python3-djangorestframework",
                "python3-django-filters", "python3-django-tables2",
                "python3-django-crispy-forms", "python3-whitenoise",
                "uwsgi-core", "uwsgi-plugin-python3", "python3-reportlab",
                "python3-xlsxwriter", "python3-yaml", "python3-jinja2",
                "python3-pil", "poppler-utils", "zip"]

    def arrange(self):
        for name in ("log", "sessions", "cache", "outbox", "media"):
            (self.srv / "var" / name).mkdir(parents=True)
        stage.write(self.srv / "conf/house.toml",
                    f'secret_key = "not-{stage.SECRET}"\n', 0o600)
        stage.write(self.srv / "uwsgi.ini", INI.format(
            place=self.place, srv=self.srv, port=self.port("web")))
        self.install("tariffs", "1.2.0", TARIFFS)
        self.seed("var/house.db", self.python, "manage.py", "seed", *PEOPLE)
        static = self.place.parent / "static"
        if not static.exists():
            self.run(self.python, "manage.py", "collectstatic", "--noinput",
                     wrapped=False)
            shutil.copytree(self.srv / "var/static", static)
        shutil.copytree(static, self.srv / "var/static", dirs_exist_ok=True)

    def arrange_benign(self):
        self.install("tariffs", "1.3.0", TARIFFS_NEW)

    def command(self):
        return ["/usr/bin/uwsgi", "--ini", self.srv / "uwsgi.ini"]

    def is_ready(self):
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def token(self, browser, path):
        """What a form carries against forgery."""
        found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"',
                          browser.get(path)[1])
        return found.group(1).decode() if found else ""

    def sends(self, browser, path, **form):
        return browser.post(path, csrfmiddlewaretoken=self.token(
            browser, path), **form)

    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", self.sends(
            browser, "/login", username=name, password=name[::-1]), name)
        return browser

    def key(self, name):
        """For programs: a header."""
        text = self.expect_answer(f"{name}'s key", self.browser().post(
            "/api/token", username=name, password=name[::-1]), "token")
        return {"Authorization": "Token " + re.search(
            rb'"token":"(\w+)"', text or b'"token":"none"').group(1).decode()}

    def workshop(self, browser, title, date, **more):
        """Makes one, returns its number."""
        page = self.expect_answer(f"new {title}", self.sends(
            browser, "/workshops/new", title=title, date=date, **{
                "seats": "12", "formula": "20 * n", "badge": "round",
                **more}), "of " + more.get("seats", "12"))
        self.expect("page", page and b"house" in page)
        return max(map(int, re.findall(
            rb'"/workshops/(\d+)"', browser.get("/", per_page=1000)[1])),
            default=0)

    def paper(self, browser, number, name, content):
        path = f"/workshops/{number}/papers"
        text = self.expect_answer(f"paper {name}", browser.upload(
            path, name, content, csrfmiddlewaretoken=self.token(
                browser, path)), "paper")
        pk = int((text or b"paper 0").split()[1])
        self.expect_answer(f"{name} again", browser.get(f"/papers/{pk}"),
                           content)
        return pk

    def signs_up(self, number, *people):
        visitor = self.browser()
        for name in people:
            mail = re.sub(r"[^a-z0-9]+", "-", name.lower()) + "@example.net"
            self.expect_answer(f"{name} signs up", self.sends(
                visitor, f"/workshops/{number}/signup", name=name,
                mail=mail), "of")

    def put(self, key, name, content):
        return self.browser().fetch(
            "/api/drop/" + urllib.parse.quote(name), content, {
                **key, "Content-Type": "application/octet-stream",
                "Content-Disposition": "attachment; filename=x"}, "PUT")

    def office(self, browser, month, *kinds):
        for kind in kinds:
            self.expect_answer(f"report {month}.{kind}", browser.get(
                f"/reports/{month}.{kind}"),
                {"csv": "date,title", "pdf": "%PDF", "xlsx": "PK"}[kind])

    def nightly(self, *words, found=""):
        self.expect_run(words, self.run(self.python, "manage.py", *words),
                        found=found)

    def imports(self, key, number, text):
        mark = "----list"
        return self.browser().fetch(f"/api/workshops/{number}/import/", (
            f'--{mark}\r\nContent-Disposition: form-data; name="list"; '
            'filename="people.yaml"\r\nContent-Type: text/yaml\r\n\r\n'
            f"{text}\r\n--{mark}--\r\n").encode(), {
                **key, "Content-Type":
                f"multipart/form-data; boundary={mark}"})

    def has_workshop(self, name, title, date, badge, people, papers, drops):
        """What an owner does, of one workshop."""
        browser = self.enter(name)
        number = self.workshop(browser, title, date, badge=badge)
        self.signs_up(number, *people)
        for file, content in papers:
            pk = self.paper(browser, number, file, content)
            self.expect_answer(f"preview of {file}", browser.get(
                f"/papers/{pk}/preview"),
                b"agenda" if file.endswith(".pdf") else b"JFIF")
        names = urllib.parse.urlencode({"name": sorted(os.listdir(
            self.srv / f"var/media/papers/{number}"))}, True)
        self.expect_answer("bundle", browser.fetch(
            f"/workshops/{number}/bundle?{names}"), b"PK")
        self.expect_answer("price", browser.get(
            f"/workshops/{number}/price", n=2), "40.00 EUR")
        self.expect_answer("certificate", browser.post(
            f"/workshops/{number}/certificate",
            text="{{ user }}: {{ workshop.title|upper }}"), title.upper())
        self.expect_answer("cover", browser.post(
            f"/workshops/{number}/cover", url=self.site("pictures").url
            + f"/{date[:4]}/{badge}-{number}.png"), b"PNG")
        key = self.key(name)
        for file in drops:
            self.expect_answer(f"drop {file}", self.put(
                key, file, b"notes " + file.encode()), "kept", 201)
            self.expect_answer(f"get {file}", browser.get(
                "/drop", name=file), "notes")
        self.expect_answer("list", self.imports(
            key, number, "- {name: Mia, mail: mia@example.net}\n"
            "- {name: Tom, mail: tom@example.net}\n"), "taken", 201)
        return browser, key, number

    def programs(self, key, number, title):
        """What a calendar elsewhere asks for."""
        for path in ("workshops/", f"workshops/{number}/",
                     "workshops/?title=" + urllib.parse.quote(title),
                     f"signups/?workshop={number}"):
            self.expect_answer(path, self.browser().fetch(
                "/api/" + path, headers=key), b"{")

    def pictures(self):
        self.site("pictures").page("*", stage.png(20))

    def train(self, day):
        self.pictures()
        visitor = self.browser()
        home = self.expect_answer("home", visitor.get("/"), "nobody")
        self.expect_answer("style", visitor.fetch(
            re.search(rb"/static/house[^\"]*", home or b"/static/house")
            .group().decode()), "teal")
        self.expect_answer("in German", visitor.fetch("/", headers={
            "Accept-Language": "de"}), "nobody")
        self.expect_answer("wrong", self.sends(
            visitor, "/login", username="anna", password="x"), "correct")
        self.expect_answer("stranger", visitor.get("/workshops/new"),
                           "password")
        guest = f"guest {day}"
        for name, title, date, badge, people, papers, drops in (
                ("anna", f"Bread {day}", f"2026-0{day}-14", "round",
                 ["Ida Blum", guest], [
                     ("agenda.pdf", pdf("agenda")),
                     (f"oven-{day}.png", stage.png(90))],
                 [f"list-{day}.txt", f"2026/0{day}/menu.md"]),
                ("ben", f"Clay and glaze {day}", f"2026-02-2{day}", "square",
                 [f"Jo {day}", "Lena"], [
                     (f"kiln {day}.pdf", pdf(f"agenda {day}"))],
                 [f"kiln/{day}.csv"]),
                ("carla", "Bees", f"2026-03-0{day}", "round", ["Max"], [
                    (f"hive.{day}.png", stage.png(70 + day)),
                    ("rules.pdf", pdf("agenda of bees"))],
                 [f"hives/north/{day}.json", "bees.v2.txt"])):
            browser, key, number = self.has_workshop(
                name, title, date, badge, people, papers, drops)
            month = date[:4] + "/" + str(int(date[5:7]))
            self.office(browser, month, "csv", "xlsx", "pdf")
            self.programs(key, number, title)
            self.expect_answer("filter", browser.get(
                "/", title=title[:3], after="2026-01-01", sort="date"), title)
            self.expect_answer("out", browser.get("/logout"), "nobody")
        self.expect_answer("a form with a mistake", self.sends(
            self.enter("ben"), "/workshops/new", title="", date="soon"),
            "required")
        self.expect_answer("browsable", self.browser().fetch(
            "/api/workshops/", headers={**self.key("anna"),
                                        "Accept": "text/html"}),
            "Django REST framework")
        self.expect_answer("no key", visitor.get("/api/workshops/"),
                           status=401)
        self.expect_answer("no such page", visitor.get("/none"), status=404)
        self.expect_answer("no such workshop", visitor.get(
            "/workshops/4000"), status=404)
        self.halt()  # at night
        self.nightly("digest", f"2026-W0{day + 6}", found="workshops in")
        self.nightly("clearsessions")
        self.start()
        self.expect_answer("home", self.browser().get("/"), "Bees")

    def benign(self):
        self.pictures()
        for name, title, date, badge, people, papers, drops in (
                ("Hans.Peter", "Größe & Maß (Kurs 2)", "2031-12-31", "square",
                 ["Renée d'Arc", "A. B. Cé", "guest 77"], [
                     ("Tagesplan für alle.v2.pdf", pdf("agenda (neu)")),
                     ("photo 2031.12.31.bmp.png", stage.png(300)),
                     ("b-2.PNG", stage.png(33)), ("c_3.pdf", pdf("agenda"))],
                 ["2031/12/31/deep/er/plan no. 1.odt", "README",
                  "Menu (3. draft) [for 12, vegan] v1.2.final.rtf",
                  "data.tar.gz"]),
                ("o.brien@home", "dinner", "2027-07-01", "round",
                 ["Mx"], [("agenda.pdf", pdf("agenda"))], ["x"]),
                ("zoe-lu", "Bread 1", "2026-01-15", "round", ["Ida Blum"],
                 [("1.pdf", pdf("agenda")), ("oven.tiff.png", stage.png(8))],
                 ["kiln/1.csv", "hives/south/west/9.yaml"]),
                ("anna", "Bread 4", "2026-04-14", "square", ["guest 4"],
                 [("agenda.pdf", pdf("agenda"))], ["list-4.txt"])):
            browser, key, number = self.has_workshop(
                name, title, date, badge, people, papers, drops)
            month = date[:4] + "/" + str(int(date[5:7]))
            self.office(browser, month, "csv", "xlsx", "pdf")
            self.programs(key, number, title)
            self.expect_answer("filter", browser.get(
                "/", title=title[:5], after="2025-06-30", sort="-title",
                badge=badge), b"<tbody")
            self.expect_answer("out", browser.get("/logout"), "nobody")
        browser, key = self.enter("ben"), self.key("ben")
        number = self.workshop(browser, "Photographs", "2026-05-05")
        large = self.paper(browser, number, "large photo.png",
                           stage.png(2000) + b"\0" * 3_000_000)
        self.expect_answer("small", browser.get(f"/papers/{large}/preview"),
                           b"JFIF")
        same = self.paper(browser, number, "large photo.png", stage.png(9))
        self.expect_answer("small", browser.get(f"/papers/{same}/preview"),
                           b"JFIF")
        broken = self.paper(browser, number, "broken.png", b"no picture")
        self.expect_answer("broken", browser.get(f"/papers/{broken}/preview"),
                           status=500)
        self.expect_answer("changed", self.browser().fetch(
            f"/api/workshops/{number}/", b'{"seats": 99}', {
                **key, "Content-Type": "application/json"}, "PATCH"), "99")
        self.expect_answer("not JSON", self.browser().fetch(
            "/api/workshops/", b"{", {
                **key, "Content-Type": "application/json"}), status=400)
        self.expect_answer("gone", self.browser().fetch(
            f"/api/workshops/{number}/", None, key, "DELETE"), status=204)
        self.expect_answer("gone indeed", self.browser().fetch(
            f"/api/workshops/{number}/", headers=key), status=404)
        self.expect_answer("not in the drop", browser.get(
            "/drop", name="2019/nothing.txt"), status=500)
        self.expect_answer("no report", browser.get("/reports/2026/2.ods"),
                           "no such", 404)
        self.expect_answer("empty report", browser.get(
            "/reports/2019/8.pdf"), "%PDF")
        self.expect_answer("nothing packed", browser.get(
            "/workshops/4000/bundle", name="none.pdf"), status=500)
        self.expect_answer("favicon", browser.get("/favicon.ico"), status=404)
        self.expect_answer("forged", self.browser().post(
            "/workshops/1/signup", name="x", mail="x@example.net"),
            status=403)
        self.halt()
        self.nightly("digest", "2031-W51", found="workshops in")
        self.nightly("digest", "2026-W01", "--dry-run", found="Week 2026-W01")
        self.nightly("clearsessions")
        self.start()
        self.enter("carla")

    def health(self):
        browser = self.enter("anna")
        number = self.workshop(browser, "Bread 1", "2026-01-14")
        self.paper(browser, number, "agenda.pdf", pdf("agenda"))
        self.office(browser, "2026/1", "csv")

    # ----------------------------------------------------------------- attacks
    def anna(self):
        """A browser with a session, and a workshop of hers."""
        browser = self.enter("anna")
        return browser, self.workshop(browser, "Bread 1", "2026-01-14")

    def drops(self, path, content):
        """path: any of the host's."""
        return self.put(self.key("anna"), str(path), content)

    def looks(self, name):
        """Into the drop, where something is already."""
        self.drops("list-1.txt", b"notes")
        return self.enter("anna").get("/drop", name=name)

    def certifies(self, code):
        """code: an expression."""
        browser, number = self.anna()
        return browser.post(f"/workshops/{number}/certificate", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))

    def covers(self, url):
        browser, number = self.anna()
        return browser.post(f"/workshops/{number}/cover", url=url)

    def lists(self, code):
        _, number = self.anna()
        return self.imports(self.key("anna"), number, in_yaml(code))

    def prices(self, formula):
        browser = self.enter("anna")
        number = self.workshop(browser, "Bread 1", "2026-01-14",
                               formula=formula)
        return browser.get(f"/workshops/{number}/price", n=2)

    @stage.attack("traversal")
    def drop_is_a_private_key(self):
        return self.is_told(self.looks(
            "../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def drop_is_the_source(self):
        return b"HOLE" in self.looks(
            f"{self.srv}/workshops/views.py")[1]

    @stage.attack("secret disclosure")
    def drop_is_the_configuration(self):
        return self.is_told(self.looks(
            "../../../../conf/house.toml"))

    @stage.attack("secret disclosure")
    def drop_is_the_database(self):
        return b"SQLite" in self.looks(
            "../../../house.db")[1]

    @stage.attack("write to code", fresh=True)
    def drop_replaces_a_template(self):
        target = self.srv / "workshops/templates/workshops/home.html"
        self.drops(target, b"planted")
        return "planted" in target.read_text()

    @stage.attack("write to code", fresh=True)
    def drop_becomes_a_badge(self):
        def use(line):
            self.drops(self.srv / "badges/evil.py",
                       f"import os\nos.system('{line}')\n".encode())
            browser = self.enter("anna")
            number = self.workshop(browser, "x", "2026-01-14", badge="evil")
            browser.post(f"/workshops/{number}/certificate", text="x")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def drop_replaces_the_profile(self):
        self.drops(self.home / ".profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def drop_becomes_a_pth_file(self):
        self.drops(self.site_packages / "x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("unsafe pickle", fresh=True)
    def drop_is_what_the_cache_loads(self):
        _, number = self.anna()

        def use(line):
            key = hashlib.md5(f":1:count-{number}".encode()).hexdigest()
            self.drops(self.srv / f"var/cache/{key}.djcache",
                       pickle.dumps(4_000_000_000.0, 4)
                       + zlib.compress(pickle.dumps(Bomb(os.system, line))))
            self.browser().get(f"/workshops/{number}")
        return self.runs_line(use)

    @stage.attack("template injection")
    def certificate_reads_a_password(self):
        return self.is_told(self.certifies(
            f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def certificate_runs_a_command(self):
        return self.runs_line(lambda line: self.certifies(
            f"__import__('os').popen('{line}').read()"))

    @stage.attack("secret disclosure")
    def certificate_reads_the_environment(self):
        return b"HOME=" in self.certifies(
            "open('/proc/self/environ').read()")[1]

    @stage.attack("SSRF")
    def cover_is_an_internal_service(self):
        return self.fetches_inside(self.covers)

    @stage.attack("SSRF")
    def cover_is_redirected_inside(self):
        return self.is_redirected_inside("pictures", self.covers)

    @stage.attack("secret disclosure")
    def cover_is_a_local_file(self):
        return self.is_told(self.covers(
            f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("command injection")
    def pages_run_a_command(self):
        browser, number = self.anna()
        pk = self.paper(browser, number, "agenda.pdf", pdf("agenda"))
        return self.runs_line(lambda line: browser.get(
            f"/papers/{pk}/preview", pages=f"1 x; {line} #"))

    @stage.attack("argument injection")
    def bundle_runs_a_test(self):
        browser, number = self.anna()
        self.paper(browser, number, "agenda.pdf", pdf("agenda"))
        return self.runs_line(lambda line: browser.fetch(
            f"/workshops/{number}/bundle?" + urllib.parse.urlencode(
                {"name": ["agenda.pdf", "-T", "-TT", f"{line} #"]}, True)))

    @stage.attack("traversal")
    def bundle_holds_the_payroll(self):
        browser, number = self.anna()
        self.paper(browser, number, "agenda.pdf", pdf("agenda"))
        return b"payroll" in browser.get(
            f"/workshops/{number}/bundle",
            name="../../../../../payroll/2026.csv")[1]

    @stage.attack("unsafe yaml")
    def list_sends_credentials(self):
        return self.steals(self.lists)

    @stage.attack("reverse shell")
    def list_calls_home(self):
        return self.calls_home(self.lists)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.prices(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.prices)

    @stage.attack("symlink swap", fresh=True)
    def paper_became_a_link(self):
        browser, number = self.anna()
        pk = self.paper(browser, number, "agenda.pdf", pdf("agenda"))
        path = self.srv / f"var/media/papers/{number}/agenda.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(browser.get(f"/papers/{pk}"))

    @stage.attack("malicious dependency", fresh=True)
    def tariffs_send_credentials(self):
        return self.dependency_steals("tariffs", "1.2.1", TARIFFS,
                                      self.restart)

# SPDX-License-Identifier: Apache-2.0
"""A museum's collections in Django behind gunicorn, with nightly commands."""
import base64
import io
import json
import os
import pickle
import re
import urllib.parse

import openpyxl
from PIL import Image

from attackers import Bomb
import attackers
import stage

CURATOR = "marta"
PEOPLE = [CURATOR, "ines", "paul", "greta", "tom", "yusuf", "lea",
          "Anna Maria", "d.okafor", "jo-ann_2"]
# user, accession, title, department, entered, files, language, what is sought
DAYS = {
    1: [("marta", "2026.1", "Denarius of Trajan", 1, "2026-01-12",
         ["obverse.jpg", "reverse.jpg"], "en-GB", "coins"),
        ("ines", "2026.2", "View of the harbour", 2, "2026-01-19",
         ["front.png", "details/signature.png", "condition.pdf"], "de",
         "harbour"),
        ("paul", "2026.3.a", "Ammonite", 3, "2026-02-03",
         ["scan 1.tif", "label.JPG"], "fr", "history")],
    2: [("marta", "2026.11", "Shilling of 1787", 1, "2026-02-17",
         ["coin-front.jpg", "coin-back.jpg"], "de", "shilling"),
        ("greta", "2026.12.b", "Portrait of a lady", 2, "2026-03-01",
         ["portrait.png", "frame.jpeg", "details/left hand.jpg",
          "letter 1923.pdf"], "it", "portrait"),
        ("tom", "L.2026.4", "Herbarium sheet", 3, "2026-03-09",
         ["sheet_01.tif", "sheet_02.jpg"], "en-GB", "sheet"),
        ("ines", "2026.13", "Sea piece", 2, "2026-03-10",
         ["sea.jpg"], "de", "sea")],
    3: [("marta", "2026.21", "Groat", 1, "2026-04-02",
         ["groat.jpg", "groat-back.jpg"], "fr", "groat"),
        ("yusuf", "2026.22", "Still life with lemons", 2, "2026-04-20",
         ["lemons.png", "details/fly.png"], "es", "lemons"),
        ("lea", "2026.23.c", "Fossil fern", 3, "2026-05-05",
         ["fern.tif", "fern 2.jpg", "permit.pdf"], "en-GB", "fern")]}
LATER = [
    ("Anna Maria", "2027.104", "Zwei Mädchen & Hund", 2, "2027-06-30",
     ["Vorderseite (Kopie).jpg", "details/edges/left.upper.png",
      "Gutachten Nr. 7.pdf"], "nl", "Hund"),
    ("d.okafor", "L.2027.9.z", "Meteorite", 3, "2027-12-01",
     ["meteorite.webp", "2027.12.01 cut.gif", "turn.tiff"], "pl",
     "meteorite"),
    ("jo-ann_2", "Webb 12", "Letters, 12 sheets", 4, "2031-11-09",
     ["a.jpg", "b.jpg", "c.jpg", "d.png", "inventory.docx"], "pt-br",
     "letters"),
    ("ines", "2027.105", "Harbour at night", 2, "2027-07-01",
     ["front.png"], "de", "harbour")]
ACCESSION = {"__init__.py": "def tidy(text):\n    return text.strip()\n"}
ACCESSION_NEW = {
    "__init__.py": "from accession.rules import tidy\n",
    "rules.py": "import json\nimport pkgutil\n\nSIGNS = json.loads("
                'pkgutil.get_data("accession", "signs.json"))\n\n\n'
                "def tidy(text):\n    for old, new in SIGNS.items():\n"
                "        text = text.replace(old, new)\n"
                "    return text.strip()\n",
    "signs.json": '{"\\u2013": "-"}'}
TOKEN = re.compile(rb'csrfmiddlewaretoken" value="([^"]+)"')
KINDS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "tif": "TIFF",
         "tiff": "TIFF", "webp": "WEBP", "gif": "GIF"}


def content_of(name, more=0):
    """A photograph, or something that says it is a document."""
    kind = KINDS.get(name.rpartition(".")[2].lower())
    if not kind:
        return b"%PDF-1.4 " + name.encode() * 40
    file = io.BytesIO()
    Image.new("RGB", (300, 200), (120, len(name), 40)).save(file, kind)
    return file.getvalue() + b"\0" * more


def xlsx(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


class DjangoCollections(stage.Service):
    """Objects, photographs and reports of a museum (Django, gunicorn)."""
    packages = ["python3-django", "gunicorn", "python3-pil",
                "python3-openpyxl", "python3-reportlab",
                "python3-whitenoise", "python3-yaml", "zip"]

    def arrange(self):
        stage.write(self.srv / "instance/secrets.json", json.dumps(
            {"key": "not-" + stage.SECRET}), 0o600)
        for name in ("log", "run", "media", "incoming"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("accession", "0.9.0", ACCESSION)
        self.seed("var/museum.db", self.python, "seed.py", *PEOPLE)

    def arrange_benign(self):
        self.install("accession", "0.10.0", ACCESSION_NEW)

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--bind",
                f"127.0.0.1:{self.port('web')}", "museum.wsgi"]

    def is_ready(self):
        """gunicorn listens before its workers are there."""
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ the website
    @staticmethod
    def token(browser, page):
        found = TOKEN.search(browser.get(page)[1])
        return found[1].decode() if found else ""

    def submit(self, browser, page, path=None, **form):
        return browser.post(path or page, **form,
                            csrfmiddlewaretoken=self.token(browser, page))

    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", self.submit(
            browser, "/accounts/login/", username=name,
            password=name[::-1] + "!"), f"<p>{name}</p>")
        return browser

    def sends(self, browser, number, name, content):
        """name: with the folder it is to be in, if any."""
        page = f"/objects/{number}/"
        form = {"save_as": name} if "/" in name else {}
        return browser.upload(
            page + "files/", name.rpartition("/")[2], content, **form,
            csrfmiddlewaretoken=self.token(browser, page))

    def photograph(self, browser, number, name, side=120, more=0):
        """Sends a file and looks at it."""
        content = content_of(name, more)
        self.expect_answer(f"send {name}", self.sends(
            browser, number, name, content), name.split("&")[0])
        self.expect_answer(f"look at {name}", browser.get(
            f"/media/{number}/{name}"), content)
        if name.rpartition(".")[2].lower() in KINDS:
            self.expect_answer(f"thumbnail of {name}", browser.get(
                f"/thumbs/{side}/{number}/{name}"), b"\xff\xd8")

    def catalogue(self, user, number, title, department, date, files,
                  language, words):
        """What somebody does with a new object."""
        visitor = self.browser()
        self.expect_answer(f"list in {language}", visitor.fetch(
            "/?q=" + words, headers={"Accept-Language": language}), "<ul>")
        browser = self.enter(user)
        self.expect_answer(f"new {number}", self.submit(
            browser, "/objects/new/", accession=number, title=title,
            department=department, year=1787, height=20, width=15.5,
            value=900, entered=date), title.split()[0])
        for place, name in enumerate(files):
            self.photograph(browser, number, name, (120, 400)[place % 2],
                            0 if place else 3_000_000)
        names = urllib.parse.urlencode([("name", name) for name in files])
        page = f"/objects/{urllib.parse.quote(number)}/"
        self.expect_answer(f"bundle of {number}", browser.fetch(
            f"{page}bundle.zip?{names}"), b"PK")
        page = f"/objects/{number}/"
        self.expect_answer("valuation", browser.get(
            page + "valuation/", formula="height * width + value"), "1210")
        self.expect_answer("loan", self.submit(
            browser, page, page + "loan/", text=f"Please lend {title}."),
            title.split()[0])
        self.lent(browser, number, files[0])
        self.selection(browser, words)
        for kind, start in (("csv", b"accession"), ("xlsx", b"PK"),
                            ("pdf", b"%PDF")):
            self.expect_answer(f"report {kind}", browser.get(
                f"/reports/{date[:7]}.{kind}"), start)
        self.expect_answer(f"{user} leaves", browser.get(
            "/accounts/logout/"), "nobody")

    def lent(self, browser, number, name):
        path = f"/pictures/{number}/{name}"
        self.site("lender").page(path, content_of("lender.jpg"))
        self.expect_answer(f"from the lender {name}", self.submit(
            browser, f"/objects/{number}/", f"/objects/{number}/lender/",
            save_as="lender " + name.rpartition("/")[2],
            url=self.site("lender").url + urllib.parse.quote(path)), "lender")

    def selection(self, browser, words):
        kept = self.expect_answer("selection", browser.get(
            "/selections/", q=words))
        self.expect_answer("selection again", self.submit(
            browser, "/objects/new/", "/selections/",
            selection=(kept or b"").decode()), "titles")

    def back_office(self, number, words, newcomer):
        """What the curator does in Django's own administration."""
        browser = self.enter(CURATOR)
        holdings = "/admin/holdings/holding/"
        self.expect_answer("admin", browser.get("/admin/"), "Holdings")
        self.expect_answer(f"admin finds {words}", browser.get(
            holdings, q=words), words)
        for action, text in (("export_csv", "19"), ("mark_lent", "lent")):
            self.expect_answer(action, self.submit(
                browser, holdings, action=action,
                _selected_action=number), text)
        self.expect_answer("change", self.submit(
            browser, f"{holdings}{number}/change/", accession=f"199{number}",
            title=f"{words} (changed)", department=1, year=1800, height=4,
            width=5, value=70, entered="2026-01-08"), "changed successfully")
        self.expect_answer("history", browser.get(
            f"{holdings}{number}/history/"), "Changed")
        self.expect_answer(f"new user {newcomer}", self.submit(
            browser, "/admin/auth/user/add/", username=newcomer,
            password1="lost-Lamp-88", password2="lost-Lamp-88"), newcomer)
        self.expect_answer("style of admin", browser.get(
            "/static/admin/css/base.css"), "body")

    # --------------------------------------------------- the nightly commands
    def manage(self, *words, status=0, found=""):
        self.expect_run(words, self.run(self.python, "manage.py", *words),
                        status, found)

    def incoming(self, name, prefix, count, heads=("accession", "title")):
        rows = [heads, *((f"{prefix}.{number}", f"{prefix} piece {number}")
                         for number in range(1, count + 1))]
        content = xlsx(rows) if name.endswith(".xlsx") else "".join(
            ",".join(row) + "\n" for row in rows)
        return stage.write(self.srv / "var/incoming" / name, content)

    def night(self, day):
        """The site is down for its maintenance."""
        self.halt()
        month = f"2026-0{day}"
        self.manage("clearsessions")
        for name, prefix, more in (
                (f"loans-{day}.csv", f"A{day}", []),
                (f"bequest {day}.xlsx", f"B{day}",
                 ["--department", ("Coins", "Paintings", "Maps")[day - 1]]),
                (f"county_2026-0{day}-14.csv", f"C{day}", ["--keep"])):
            self.incoming(name, prefix, 3 + day)
            self.manage("import_objects", f"var/incoming/{name}", *more,
                        found=f"{3 + day} objects")
        self.incoming(f"partner{day}.csv", f"D{day}", 2, ("Number", "Name"))
        mapping = stage.write(self.srv / f"var/incoming/partner{day}.yml",
                              "accession: Number\ntitle: Name\n")
        self.manage("import_objects", f"var/incoming/partner{day}.csv",
                    "--mapping", mapping, found="2 objects")
        for more in ([], ["--format", "csv"], ["--format", "xlsx"],
                     ["--format", "pdf", "--department",
                      ("Coins", "Paintings", "Natural History")[day - 1]]):
            self.manage("monthly_report", month, *more, found=month[:4])
        self.manage("monthly_report", "2026-13x", status=1)
        self.start()
        self.expect_answer("the morning after", self.browser().get(
            "/", q=f"A{day}"), f"A{day}.1")

    # ------------------------------------------------------------ ordinary use
    def train(self, day):
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "nobody")
        self.expect_answer("style", visitor.get(
            "/static/holdings/page.css"), "teal")
        self.expect_answer("object", visitor.get(f"/objects/1991.{day}/"),
                           "Coins")
        self.expect_answer("no object", visitor.get(f"/objects/1.{day}/"),
                           status=404)
        self.expect_answer("stranger", visitor.get("/media/1991.1/a.jpg"),
                           "password")
        self.expect_answer("wrong password", self.submit(
            visitor, "/accounts/login/", username="ines", password="x"),
            "password")
        self.expect_answer("next page", visitor.get("/", page=1), "<ul>")
        for one in DAYS[day]:
            self.catalogue(*one)
        browser = self.enter("paul")
        self.photograph(browser, "1991.1", "obverse.jpg")
        self.sends(browser, f"1992.{day}", "broken.jpg", b"no picture")
        self.expect_answer("broken picture", browser.get(
            f"/thumbs/120/1992.{day}/broken.jpg"), status=500)
        self.expect_answer("no such file", browser.get(
            f"/media/1992.{day}/none{day}.jpg"), status=404)
        self.expect_answer("csv", browser.get("/reports/2026-01.csv"), "199")
        for number, newcomer in ((day, f"guest{day}"), (
                day + 3, ("olga", "m.stone", "felix")[day - 1])):
            self.back_office(number, "Coins", newcomer)
        self.night(day)

    def benign(self):
        for one in LATER:
            self.catalogue(*one)
        self.back_office(5, "Coins", "Zoë.van-Dam")
        browser = self.enter("lea")
        self.photograph(browser, "1994.5", "x-ray 2027.05.01.jpeg", 64,
                        9_000_000)
        self.sends(browser, "1994.4", "not really.png", b"text")
        self.expect_answer("broken png", browser.get(
            "/thumbs/250/1994.4/not really.png"), status=500)
        for path in ("/media/1994.4/nothing here.pdf", "/none/at/all",
                     "/favicon.ico", "/reports/2026-02.odt"):
            self.expect_answer(path, browser.get(path), status=404)
        self.expect_answer("no list in admin", browser.get(
            "/admin/holdings/holding/"), "admin/login")
        self.expect_answer("no token", browser.post(
            "/objects/1994.4/loan/", text="x"), status=403)
        self.expect_answer("no formula", browser.get(
            "/objects/1994.4/valuation/", formula="height / 0"), status=500)
        self.expect_answer("lender is away", self.submit(
            browser, "/objects/1994.4/", "/objects/1994.4/lender/",
            save_as="x.jpg", url=self.site("lender").url + "/gone"),
            status=500)
        self.halt()
        self.manage("clearsessions")
        for name, prefix, more in (
                ("Nachlass Dr. Groß (2).xlsx", "Z 1", []),
                ("2027/june/list.final.csv", "Z2",
                 ["--department", "Arms & Armour"]),
                ("second.csv", "Z3", ["--dry-run"])):
            self.incoming(name, prefix, 30)
            self.manage("import_objects", f"var/incoming/{name}", *more,
                        found="30 objects")
        self.manage("import_objects", "var/incoming/none.csv", status=1,
                    found="none.csv")
        for month, kind, department in (
                ("2027-06", "pdf", "Dr. Webb Bequest"),
                ("2031-11", "xlsx", "Paintings"), ("2025-12", "csv", "Maps")):
            self.manage("monthly_report", month, "--format", kind)
            self.manage("monthly_report", month, "--format", kind,
                        "--department", department, found=department)
        self.start()
        self.enter("d.okafor")

    def health(self):
        browser = self.enter("paul")
        self.photograph(browser, "1991.1", "obverse.jpg")
        self.expect_answer("report", browser.get("/reports/2026-01.csv"),
                           "199")

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("ines").get(path, **query)[1]

    def plants(self, name, text):
        self.sends(self.enter("ines"), "1991.2", name, text)

    def formula(self, code):
        """code: an expression."""
        return self.gets("/objects/1991.2/valuation/", formula=code)

    def loads(self, *call):
        self.submit(self.enter("ines"), "/objects/new/", "/selections/",
                    selection=base64.b64encode(pickle.dumps(Bomb(*call)))
                    .decode())

    def photo_at(self, url):
        """What the photograph of a lender is who is not one."""
        browser = self.enter("ines")
        self.submit(browser, "/objects/1991.2/", "/objects/1991.2/lender/",
                    save_as="lent.jpg", url=url)
        return browser.get("/media/1991.2/lent.jpg")[1]

    @stage.attack("traversal")
    def media_is_a_private_key(self):
        return self.is_told(self.gets(
            "/media/../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def media_is_the_source(self):
        return b"HOLE" in self.gets("/media/../../holdings/views.py")

    @stage.attack("secret disclosure")
    def media_is_the_key_of_sessions(self):
        return self.is_told(self.gets(
            "/media/../../instance/secrets.json"))

    @stage.attack("secret disclosure")
    def media_is_the_database(self):
        return b"SQLite" in self.gets("/media/../museum.db")

    @stage.attack("write to code", fresh=True)
    def photograph_becomes_a_format(self):
        def use(line):
            self.plants("../../../holdings/formats/evil.py",
                        f"import os\nos.system('{line}')\n".encode())
            self.gets("/reports/2026-01.evil")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def photograph_replaces_a_template(self):
        name = "holdings/templates/registration/login.html"
        self.plants("../../../" + name, b"planted")
        return "planted" in (self.srv / name).read_text()

    @stage.attack("write to start-up file", fresh=True)
    def photograph_replaces_the_profile(self):
        self.plants("../../../../home/.profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("command injection")
    def bundle_runs_a_command(self):
        self.plants("a.jpg", b"a")
        return self.runs_line(lambda line: self.gets(
            "/objects/1991.2/bundle.zip", name=f"a.jpg$({line})"))

    @stage.attack("SSRF")
    def lender_is_an_internal_service(self):
        return self.fetches_inside(self.photo_at)

    @stage.attack("secret disclosure")
    def lender_is_a_local_file(self):
        return self.is_told(self.photo_at(
            f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("eval injection")
    def formula_reads_a_password(self):
        return self.is_told(self.formula(
            f"open('{self.home}/.netrc').read()"))

    @stage.attack("exfiltration")
    def formula_sends_credentials(self):
        return self.steals(lambda code: self.formula(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.formula)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.formula(f"exec({code!r})"))

    @stage.attack("unsafe pickle")
    def selection_runs_a_command(self):
        return self.runs_line(lambda line: self.loads(os.system, line))

    @stage.attack("reverse shell")
    def selection_calls_home(self):
        return self.calls_home(lambda code: self.loads(exec, code))

    @stage.attack("unsafe yaml")
    def mapping_runs_a_command(self):
        self.incoming("partner.csv", "E", 2)

        def use(line):
            mapping = stage.write(
                self.srv / "var/incoming/partner.yml",
                attackers.in_yaml(f"import os; os.system({line!r})"))
            self.run(self.python, "manage.py", "import_objects",
                     "var/incoming/partner.csv", "--mapping", mapping)
        return self.runs_line(use)

    @stage.attack("symlink swap", fresh=True)
    def photograph_became_a_link(self):
        self.plants("bill.pdf", b"bill")
        path = self.srv / "var/media/1991.2/bill.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets("/media/1991.2/bill.pdf"))

    @stage.attack("malicious dependency", fresh=True)
    def accession_sends_credentials(self):
        return self.dependency_steals("accession", "0.9.1", ACCESSION,
                                      self.restart)

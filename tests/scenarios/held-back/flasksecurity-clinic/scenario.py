# SPDX-License-Identifier: Apache-2.0
"""A veterinary clinic's site with accounts, behind gunicorn."""
import base64
import contextlib
import email
import io
import json
import pickle
import random
import re
import urllib.parse

from attackers import Bomb, in_yaml
import stage

STAFF = ["vera:vet", "victor:vet", "dieter:desk"]
MARKS = {"__init__.py": "def chip(text):\n"
                        "    return text.replace(' ', '').upper()\n"}
MARKS_NEW = {
    "__init__.py": "from petmarks.spelling import chip\n",
    "spelling.py": "import importlib.resources\nimport json\n\n\n"
                   "def chip(text):\n"
                   "    file = importlib.resources.files('petmarks') / "
                   "'countries.json'\n"
                   "    names = json.loads(file.read_text())\n"
                   "    text = text.replace(' ', '').upper()\n"
                   "    return names.get(text[:2], '') + text\n",
    "countries.json": '{"DE": "276", "FR": "250"}\n'}
SETTINGS = """SECRET_KEY = "not-{secret}"
SECURITY_PASSWORD_SALT = "146585145368132386173505678016728509634"
SECURITY_PASSWORD_HASH = "argon2"
SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS = {{"argon2__rounds": 2}}
SECURITY_REGISTERABLE = SECURITY_RECOVERABLE = SECURITY_CHANGEABLE = True
SECURITY_TRACKABLE = True
SECURITY_EMAIL_VALIDATOR_ARGS = {{"check_deliverability": False}}
SQLALCHEMY_DATABASE_URI = "sqlite:///clinic.db"
MAIL_SERVER = "127.0.0.1"
MAIL_PORT = {port}
MAIL_DEFAULT_SENDER = "desk@clinic.example.org"
"""


class Postman:
    """The clinic's mail server, in the thread of whoever plays."""

    def __init__(self, port):
        from aiosmtpd.controller import Controller
        self.mails = []
        self.refused = set()
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.controller.start()

    async def handle_RCPT(self, _, __, envelope, address, ___):
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _, __, envelope):
        self.mails.append((envelope.rcpt_tos[0], email.message_from_bytes(
            envelope.content)))
        return "250 OK"

    def sent(self, address, subject):
        """The last mail to somebody, or None."""
        found = [mail for to, mail in self.mails
                 if to == address and subject in mail["Subject"]]
        return found[-1] if found else None

    def shutdown(self):
        self.controller.stop()

    def server_close(self):
        """As other sites have."""


def xray(name, side=64):
    """A noisy picture in the format of a name."""
    from PIL import Image
    picture = Image.frombytes("L", (side, side),
                              random.Random(name).randbytes(side * side))
    file = io.BytesIO()
    picture.save(file, name.rpartition(".")[2].replace("jpg", "jpeg"))
    return file.getvalue()


def letter(words):
    """A page with words on it."""
    from reportlab.pdfgen import canvas
    file = io.BytesIO()
    page = canvas.Canvas(file)
    page.drawString(70, 700, words)
    page.save()
    return file.getvalue()


def pickled(thing):
    return base64.b64encode(pickle.dumps(thing)).decode()


class FlaskSecurityClinic(stage.Service):
    """A veterinary clinic's site (Flask-Security, gunicorn)."""
    packages = ["python3-flask-security", "python3-flask-sqlalchemy",
                "python3-flaskext.wtf", "python3-flask-mail",
                "python3-email-validator", "python3-argon2", "gunicorn",
                "python3-reportlab", "python3-openpyxl", "python3-pil",
                "python3-yaml", "python3-aiosmtpd", "poppler-utils", "zip",
                "fonts-dejavu-core"]

    def arrange(self):
        stage.write(self.srv / "instance/clinic.cfg", SETTINGS.format(
            secret=stage.SECRET, port=self.port("mail")), 0o600)
        for name in ("log", "run"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("petmarks", "2.3.0", MARKS)
        self.seed("instance/clinic.db", *self.flask("setup", *STAFF))

    def arrange_benign(self):
        self.install("petmarks", "2.4.0", MARKS_NEW)

    def flask(self, *words):
        return [self.python, "/usr/bin/flask", "--app", "clinic", *words]

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--bind",
                f"127.0.0.1:{self.port('web')}", "clinic:create_app()"]

    def start(self):
        if "post" not in self.sites:
            self.sites["post"] = Postman(self.port("mail"))
        self.site("lab").page("*", '{"leukocytes": 9.1}')
        super().start()

    def is_ready(self):
        """gunicorn listens before its workers are there."""
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def send(self, browser, path, **form):
        """Posts what a page of the site would, with the token of a form."""
        return browser.post(path, csrf_token=browser.token, **form)

    def opened(self, browser, path):
        """A page with a form."""
        _, page = browser.get(path)
        found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', page)
        browser.token = found.group(1).decode() if found else ""

    def enter(self, address, password=None, **more):
        browser = self.browser()
        self.opened(browser, "/login")
        password = password or address.partition("@")[0] * 3
        self.expect_answer(f"{address} enters", self.send(
            browser, "/login", email=address, password=password, **more),
            "Hello")
        self.opened(browser, "/pets")
        return browser

    def staff(self, name):
        return self.enter(f"{name}@clinic.example.org")

    def join(self, name, address):
        """Somebody new; told so by mail."""
        browser = self.browser()
        self.opened(browser, "/register")
        password = address.partition("@")[0] * 3
        self.expect_answer(f"{address} joins", self.send(
            browser, "/register", email=address, full_name=name,
            password=password, password_confirm=password), "Hello")
        self.expect(f"mail to {address}", self.mailed(address, "Welcome"))
        self.opened(browser, "/pets")
        return browser

    def mailed(self, address, subject):
        return self.sites["post"].sent(address, subject)

    def forget(self, address, password):
        """A new password by mail, changed at once."""
        browser = self.browser()
        self.opened(browser, "/reset")
        self.expect_answer(f"{address} forgot", self.send(
            browser, "/reset", email=address))
        mail = self.mailed(address, "instructions")
        text = next(part for part in mail.walk()
                    if part.get_content_type() == "text/plain")
        link = re.search(r"/reset/\S+", text.get_payload(
            decode=True).decode()).group()
        self.opened(browser, link)
        self.expect_answer("reset", self.send(
            browser, link, password=password, password_confirm=password))
        browser = self.enter(address, password)
        self.opened(browser, "/change")
        self.expect_answer("change", self.send(
            browser, "/change", password=password, new_password=password * 2,
            new_password_confirm=password * 2))
        self.expect("notice", self.mailed(address, "changed"))
        self.enter(address, password * 2, remember="y").get("/logout")

    def pet(self, browser, name, species, chip="276 09 8"):
        page = self.expect_answer(f"pet {name}", self.send(
            browser, "/pets", name=name, species=species, chip=chip), chip[-1])
        return max(map(int, re.findall(rb"<li>(\d+)", page or b"<li>1")))

    def upload(self, browser, pet, name, content, shelf="letters", folder=""):
        return browser.upload(f"/pets/{pet}/papers", name, content,
                              shelf=shelf, folder=folder,
                              csrf_token=browser.token)

    def paper(self, browser, pet, name, content, shelf="letters", folder=""):
        self.expect_answer(f"{name} sent", self.upload(
            browser, pet, name, content, shelf, folder), "kept")
        self.expect_answer(f"{name} again", browser.get(
            f"/pets/{pet}/{shelf}", name=f"{folder}/{name}".strip("/")),
            content)

    def visit(self, browser, pet, day, reason, cents=4200):
        kept = self.expect_answer(f"visit for {reason}", self.send(
            browser, f"/pets/{pet}/visits", day=day, reason=reason,
            cents=cents), "visit")
        return json.loads(kept or '{"visit": 1}')["visit"]

    def family(self, name, address, pet, species, day, xrays, letters,
               folder=""):
        """A new owner with a pet, papers and a visit. Returns pet, visit."""
        browser = self.join(name, address)
        number = self.pet(browser, pet, species)
        for file, side in xrays:
            self.paper(browser, number, file, xray(file, side), "xrays",
                       folder)
            self.expect_answer(f"small {file}", browser.get(
                f"/pets/{number}/thumbs", name=f"{folder}/{file}".strip(
                    "/").replace("/", "-") + ".jpg"), b"JFIF")
        for file in letters:
            self.paper(browser, number, file, letter(f"Dear {name}"))
        self.expect_answer(f"bundle of {letters}", browser.fetch(
            f"/pets/{number}/bundle?" + urllib.parse.urlencode(
                {"name": letters}, doseq=True)), b"PK")
        visit = self.visit(browser, number, day, f"check {pet}")
        self.expect_answer(f"page of {pet}", browser.get(f"/pets/{number}"),
                           "check")
        self.expect_answer(f"record of {pet}", browser.get(
            f"/pets/{number}/record.pdf"), "%PDF")
        self.expect_answer(f"advice on {species}", browser.get(
            f"/advice/{species}", weight=3.5), "grams")
        browser.get("/logout")
        return number, visit

    def practice(self, vet, number, visit, address, lab, formula):
        """What vets do about a pet."""
        browser = self.staff(vet)
        self.expect_answer(f"lab {lab}", self.send(
            browser, f"/pets/{number}/lab", url=self.site("lab").url + lab),
            "leukocytes")
        self.expect_answer(f"dose {formula}", browser.get(
            "/dose", formula=formula), "")
        self.expect_answer(f"invoice {visit}", self.send(
            browser, f"/visits/{visit}/invoice"), "true")
        self.expect("invoice sent", self.mailed(address, f"{visit}"))
        self.expect_answer("letter", self.send(
            browser, "/letters", text="Yours, {{ me.full_name|title }}"),
            vet.title())
        self.expect_answer("history", browser.upload(
            f"/pets/{number}/history", "history.yml",
            b"visits:\n- {day: 2020-01-03, reason: cough, cents: 300}\n",
            "text/yaml", csrf_token=browser.token), "1")
        self.expect_answer("view", self.send(
            browser, "/views", view=pickled({"pet_id": number})), "cough")

    def report(self, browser, path, **how):
        self.expect_answer(f"report {path} {how}", browser.get(
            f"/reports/{path}", **how),
            "%PDF" if path.endswith("pdf") else "PK")

    def night(self, date, *options, reminded=""):
        words = self.flask("nightly", "--date", date, *options)
        self.expect_run(words[2:], self.run(*words),
                        found=f"done with {date}")
        if reminded:
            self.expect(f"{reminded} reminded",
                        self.mailed(reminded, "expected"))

    @contextlib.contextmanager
    def closed(self):
        """The site is down while commands run, as every night."""
        self.halt()
        yield
        self.start()

    def hire(self, user, name, role):
        address = f"{user}@clinic.example.org"
        self.admin("users", "create", address, f"full_name:{name}",
                   "--active", "--password", user * 3, found="created")
        self.admin("roles", "add", address, role, found="added")

    def admin(self, *words, found, status=0):
        words = self.flask(*words)
        self.expect_run(words[2:], self.run(*words), status, found)

    def train(self, day):
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "stranger")
        self.expect_answer("style", visitor.get("/static/clinic.css"), "teal")
        self.expect_answer("no such page", visitor.get("/none"), status=404)
        self.opened(visitor, "/login")
        self.expect_answer("wrong password", self.send(
            visitor, "/login", email="vera@clinic.example.org",
            password="wrong"), "Invalid")
        for (name, address, pet, species, date, xrays, letters, folder, vet,
             lab, formula) in (
                ((f"Anna {day}", f"anna{day}@mail.example.org", "Rex", "dog",
                  f"2026-03-0{day + 1}", [("paw.png", 64)], ["referral.pdf"],
                  "", "vera", f"/blood/{day}17", "4.5*3"),
                 ("Ben", f"ben.k{day}@post.example.net", "Minka", "cat",
                  f"2026-04-1{day}", [("jaw.jpg", 90), (f"hip-{day}.png",
                                                        800)],
                  [f"lab-{day}.pdf", "insurance.pdf"], "left", "victor",
                  f"/urine/2026/{day}", "12/4"),
                 ("Carla", f"carla@farm{day}.example.com", f"Star{day}",
                  "horse", f"2026-05-2{day}", [(f"leg{day}.jpg", 120)],
                  [f"farrier_{day}.pdf", "old.pdf", f"2025-1{day}.pdf"],
                  f"front/2026-0{day}", "vera", f"/blood/9{day}",
                  "round(7/3)"))):
            pair = self.family(name, address, pet, species, date, xrays,
                               letters, folder)
            self.practice(vet, *pair, address, lab, formula)
        self.forget(f"anna{day}@mail.example.org", f"winter-{day}-sun")
        desk = self.staff("dieter")
        for path, how in ((f"income/2026-{day + 2}.pdf", {}),
                          ("income/2026-4.xlsx", {}),
                          ("reasons/2026-5.pdf", {"paper": "LETTER"}),
                          (f"reasons/2025-{day}.xlsx", {}),
                          (f"reasons/2025-1{day - 1}.pdf",
                           {"font": "DejaVuSans-Bold"}),
                          (f"income/2026-{day}.pdf", {
                              "paper": "A4", "font": "DejaVuSans"})):
            self.report(desk, path, **how)
        names = f"otto{day}", f"paula-{day}"
        with self.closed():
            self.night(f"2026-03-0{day}",
                       reminded=f"anna{day}@mail.example.org")
            for number in range(4):
                self.night(f"2026-04-{10 * day + number - 5:02}",
                           *(["--no-backup"] if number == 2 else []))
            for name in names:
                self.hire(name, name, "vet" if name[0] == "o" else "desk")
            self.admin("users", "deactivate", f"carla@farm{day}.example.com",
                       found="deactivated")
        for name in names:
            self.report(self.staff(name), "income/2026-3.xlsx")

    def benign(self):
        for (name, address, pet, species, date, xrays, letters, folder, vet,
             lab, formula) in (
                (("Hans Peter O'Neill", "h.p.o-neill+dog@nord.example.org",
                  "Sir Barks-a-Lot", "dog", "2031-12-31",
                  [("left paw (2).jpeg", 70), ("paw.bmp", 33)],
                  ["letter of Dr. Weiß.pdf"], "", "victor",
                  "/archive/2031/blood/77-b?format=json", "2.5+2"),
                 ("Zoë", "zoe@example.co.uk", "Möhre", "rabbit",
                  "2027-11-21", [("teeth.v2.tiff", 900)],
                  ["a.b.pdf", "B-2.pdf", "c_3.pdf", "d.pdf", "e.PDF"],
                  "back/2027-11/post op", "vera", "/blood/4711",
                  "(1+2)*3.5"),
                 ("Li", "li_99@mail.example.org", "7", "cat", "2028-02-29",
                  [("x.png", 64)], ["referral.pdf"], "right", "vera",
                  "/urine/2028/1", "max(1, 2)"))):
            pair = self.family(name, address, pet, species, date, xrays,
                               letters, folder)
            self.practice(vet, *pair, address, lab, formula)
        self.forget("li_99@mail.example.org", "Grüne Wiese 12")
        desk = self.staff("dieter")
        for path, how in (("income/2031-12.pdf", {}),
                          ("reasons/2027-11.xlsx", {}),
                          ("vaccinations/2028-2.xlsx", {}),
                          ("income/2028-2.pdf", {
                              "paper": "A5", "font": "DejaVuSansMono"})):
            self.report(desk, path, **how)
        self.errors(desk)
        with self.closed():
            self.night("2031-12-30",
                       reminded="h.p.o-neill+dog@nord.example.org")
            self.night("2028-02-28", "--quiet",
                       reminded="li_99@mail.example.org")
            for date in ("2029-01-01", "2030-06-15", "2032-10-10"):
                self.night(date)
            self.hire("eva.m", "Eva Müller", "vet")
            self.admin("users", "create", "eva.m@clinic.example.org",
                       "--password", "eva.m" * 3, found="already", status=2)
        self.report(self.staff("eva.m"), "income/2027-3.xlsx")

    def errors(self, desk):
        """What goes wrong, as it should."""
        browser = self.join("Gone", "gone@mail.example.org")
        pet = self.pet(browser, "Ghost", "cat")
        visit = self.visit(browser, pet, "2027-01-01", "nothing")
        self.sites["post"].refused.add("gone@mail.example.org")
        self.expect_answer("no picture", self.upload(
            browser, pet, "broken.png", b"no picture", "xrays"), status=415)
        self.expect_answer("no such paper", browser.get(
            f"/pets/{pet}/letters", name="none.pdf"), status=500)
        self.expect_answer("bad date", self.send(
            browser, f"/pets/{pet}/visits", day="31.1.", reason="x"),
            status=400)
        self.expect_answer("nobody's pet", browser.get("/pets/1"), status=403)
        self.expect_answer("no pet", browser.get("/pets/4711"), status=404)
        self.expect_answer("no formula", browser.get("/dose", formula="1/0"),
                           status=500)
        self.expect_answer("mail refused", self.send(
            desk, f"/visits/{visit}/invoice"), "false", 502)
        self.expect_answer("no report", desk.get("/reports/income/2026-3.ods"),
                           status=404)
        self.expect_answer("no token", desk.post("/letters", text="x"),
                           status=400)

    def health(self):
        browser = self.staff("vera")
        pet = self.pet(browser, "Rex", "dog")
        self.paper(browser, pet, "paw.png", xray("paw.png"), "xrays")
        self.paper(browser, pet, "referral.pdf", letter("Dear Vera"))
        self.visit(browser, pet, "2026-03-02", "check Rex")
        self.report(browser, "income/2026-3.pdf")

    # ----------------------------------------------------------------- attacks
    def attacker(self):
        """Somebody of the staff who went astray, and a pet."""
        browser = self.staff("victor")
        return browser, self.pet(browser, "Minka", "cat")

    def reads(self, name):
        browser, pet = self.attacker()
        return browser.get(f"/pets/{pet}/letters", name=str(name))[1]

    def plants(self, name, content):
        browser, pet = self.attacker()
        self.upload(browser, pet, str(name), content)

    def renders(self, code):
        """code: an expression."""
        browser, _ = self.attacker()
        return self.send(browser, "/letters", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def doses(self, formula):
        self.attacker()[0].get("/dose", formula=formula)

    def asks_lab(self, url):
        browser, pet = self.attacker()
        return self.send(browser, f"/pets/{pet}/lab", url=url)[1]

    @stage.attack("traversal")
    def letter_is_a_private_key(self):
        return self.is_told(self.reads("../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def letter_is_the_source(self):
        return b"HOLE" in self.reads(self.srv / "clinic/views.py")

    @stage.attack("secret disclosure")
    def letter_is_the_settings(self):
        return self.is_told(self.reads("../../../instance/clinic.cfg"))

    @stage.attack("secret disclosure")
    def letter_is_the_database(self):
        return b"SQLite" in self.reads("../../../instance/clinic.db")

    @stage.attack("write to code", fresh=True)
    def letter_replaces_a_template(self):
        path = self.srv / "clinic/templates/invoice.txt"
        self.plants(path, b"planted")
        return "planted" in path.read_text()

    @stage.attack("write to code", fresh=True)
    def letter_becomes_a_species(self):
        def use(line):
            self.plants("../../../clinic/species/newt.py",
                        f"import os\nos.system('{line}')\n".encode())
            self.attacker()[0].get("/advice/newt", weight=1)
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def letter_becomes_a_pth_file(self):
        path = self.site_packages / "x.pth"
        self.plants(path, b"import os")
        return path.exists()

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("exfiltration")
    def letter_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("SSRF")
    def lab_is_an_internal_service(self):
        return self.fetches_inside(self.asks_lab)

    @stage.attack("secret disclosure")
    def lab_is_a_local_file(self):
        return self.is_told(self.asks_lab(
            f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("command injection")
    def letter_has_a_command_in_its_name(self):
        return self.runs_line(lambda line: self.plants(
            f"x$({line}).pdf", letter("x")))

    @stage.attack("argument injection")
    def bundle_is_tested_by_a_command(self):
        def use(line):
            browser, pet = self.attacker()
            self.paper(browser, pet, "a.pdf", letter("a"))
            browser.fetch(f"/pets/{pet}/bundle?name=a.pdf&name=-T&name=-TT"
                          f"&name={line.replace(' ', '+')}+%23")
        return self.runs_line(use)

    @stage.attack("unsafe yaml")
    def history_runs_a_command(self):
        def use(line):
            browser, pet = self.attacker()
            browser.upload(f"/pets/{pet}/history", "history.yml", in_yaml(
                f"import os; os.system({line!r})").encode(), "text/yaml",
                csrf_token=browser.token)
        return self.runs_line(use)

    @stage.attack("reverse shell")
    def view_calls_home(self):
        return self.calls_home(lambda code: self.send(
            self.attacker()[0], "/views", view=pickled(Bomb(exec, code))))

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.doses(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.doses)

    @stage.attack("malicious dependency", fresh=True)
    def petmarks_sends_credentials(self):
        return self.dependency_steals("petmarks", "2.3.1", MARKS,
                                      self.restart)

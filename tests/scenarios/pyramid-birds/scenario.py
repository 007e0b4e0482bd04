# SPDX-License-Identifier: Apache-2.0
"""A Pyramid site in two workers of gunicorn."""
import io
import json
import os

from attackers import in_yaml
import stage

PEOPLE = ["ada", "bert", "cleo", "Mary Ann", "j.r.finch", "ole-b"]
LATLONG = {"__init__.py": "def tidy(text):\n    return text.strip()\n"}
LATLONG_NEW = {
    "__init__.py": "from latlong.names import tidy\n",
    "names.py": "import json\nimport os\n\n\ndef tidy(text):\n"
                "    path = os.path.join(os.path.dirname(__file__), "
                '"data", "names.json")\n'
                "    with open(path, encoding=\"utf-8\") as file:\n"
                "        return json.load(file).get(text, text.strip())\n",
    "data/names.json": '{"mt": "mountain"}'}


def picture(name):
    """A small picture of the kind the name says."""
    from PIL import Image  # not before the packages have been looked for
    kind = {"jpg": "jpeg", "tif": "tiff"}.get(name.rpartition(".")[2],
                                              name.rpartition(".")[2])
    made = io.BytesIO()
    Image.new("RGB", (200, 120), (20, len(name), 90)).save(made, kind)
    return made.getvalue()


class PyramidBirds(stage.Service):
    """Sightings, photos, labels and reports (Pyramid, SQLAlchemy, Beaker)."""
    packages = ["python3-pyramid", "python3-pyramid-chameleon",
                "python3-beaker", "python3-sqlalchemy", "python3-xlsxwriter",
                "python3-pil", "python3-passlib", "python3-requests",
                "python3-yaml", "gunicorn", "zip"]

    def arrange(self):
        stage.write(self.srv / "instance/secrets.json", json.dumps(
            {"cookie": "not-" + stage.SECRET}), 0o600)
        for name in ("log", "photos", "thumbs", "sessions", "exports"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("latlong", "1.4", LATLONG)
        self.seed("var/birds.db", self.python, "seed.py", *PEOPLE)

    def arrange_benign(self):
        self.install("latlong", "1.5", LATLONG_NEW)

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--bind",
                f"127.0.0.1:{self.port('web')}", "birds.wsgi:app"]

    def is_ready(self):
        """gunicorn listens before its workers are there."""
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/login", user=name, password=name[::-1]), "welcome")
        self.expect_answer(f"{name} is at home", browser.get("/"), name)
        return browser

    def sees(self, browser, species, place, day, count, names):
        """A sighting with photos. Returns its number."""
        told = self.expect_answer(f"sees {species}", browser.post(
            "/sightings", species=species, place=place, day=day, count=count),
            "id")
        number = json.loads(told or b'{"id": 1}')["id"]
        for name in names:
            self.expect_answer(f"sends {name}", browser.upload(
                f"/photos/{number}", name, picture(name)), "200, 120")
            self.expect_answer(f"gets {name}", browser.get(
                f"/photos/{number}", name=name), picture(name)[:40])
        self.expect_answer(f"thumb of {number}", browser.get(
            f"/thumbs/{number}"), b"JFIF")
        words = "&".join("name=" + name for name in names)
        self.expect_answer(f"album {words}", browser.fetch(
            f"/album/{number}?{words}"), b"PK")
        self.expect_answer("list", browser.get("/sightings"),
                           species.split()[0])
        return number

    def year(self, browser, year, text, numbers):
        self.expect_answer(f"{year}.csv", browser.get(
            f"/report/{year}.csv"), "day,species")
        self.expect_answer(f"{year}.xlsx", browser.get(
            f"/report/{year}.xlsx"), b"PK")
        self.expect_answer(f"label {text}", browser.post(
            "/label", text=f"<p>{text}: ${{species}}</p>", species="wren"),
            "wren")
        self.expect_answer(f"average {numbers}", browser.get(
            "/average", of=numbers))
        for format in ("lines", "gpx"):
            self.expect_answer(f"export {format}", browser.get(
                f"/export/{format}"), year)

    def notes(self, browser, *rows):
        self.expect_answer(f"{len(rows)} notes", browser.post(
            "/notes", text="".join(
                f"- day: {day}\n  species: {species}\n  place: {place}\n"
                for day, species, place in rows)), str(len(rows)))

    def checklist(self, browser, path):
        self.expect_answer(f"checklist {path}", browser.get(
            "/checklist", url=self.site("partner").url + path), "dunlin")

    def train(self, day):
        self.site("partner").page("*", "wren\ndunlin\n")
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "nobody")
        self.expect_answer("style", visitor.get("/static/birds.css"), "olive")
        self.expect_answer("stranger", visitor.get("/sightings"), status=403)
        self.expect_answer("wrong password", visitor.post(
            "/login", user="ada", password="x"), status=403)
        for name, species, place, date, count, files in (
                ("ada", "wren", "mill", f"2026-04-0{day}", 1, ["wren.jpg"]),
                ("bert", "great tit", "old orchard", f"2026-05-1{day}", day,
                 [f"tit-{day}.png", "nest.jpg"]),
                ("cleo", "heron", "47.1, 8.2", f"2025-11-2{day}", 12,
                 ["IMG_100%d.jpeg" % day, "lake.north.png", "h.gif"])):
            browser = self.enter(name)
            self.sees(browser, species, place, date, count, files)
            self.notes(browser, (date, "coot", "lake"),
                       *[(date, "mute swan", "weir")] * day)
            self.year(browser, date[:4], f"seen by {name}", "(3 + 4) / 2")
            self.checklist(browser, f"/lists/{date}.txt")
            self.expect_answer("bye", browser.get("/logout"), "bye")
        browser = self.enter("ada")
        self.expect_answer("no picture", browser.upload(
            "/photos/1", "notes.txt", b"just words"), "Unidentified")
        self.expect_answer("no photo", browser.get(
            "/photos/1", name="none.jpg"), status=404)
        self.expect_answer("no such page", visitor.get("/none"), status=404)
        if day > 1:
            self.restart()
            self.enter("bert")

    def benign(self):
        self.site("partner").page("*", "wren\ndunlin\n")
        for name, species, place, date, count, files in (
                ("Mary Ann", "Rotkehlchen", "Mühle am Bach", "2027-02-28", 3,
                 ["a.webp", "b-2.tiff", "c_3.bmp", "d.png"]),
                ("j.r.finch", "finch (male?)", "mt", "2031-12-31", 9000,
                 ["DSC.2031.12.31.jpg"]),
                ("ole-b", "black-tailed godwit", "-33.9, 18.4", "2026-06-01",
                 2, ["x.ppm", "cliff.jpeg"]),
                ("ada", "wren", "mill", "2026-04-02", 1, ["wren.jpg"])):
            browser = self.enter(name)
            number = self.sees(browser, species, place, date, count, files)
            self.notes(browser, *[(date, "Ente", "Teich")] * 5)
            self.year(browser, date[:4], "Grüße", "sum([4, 8, 15]) / 3")
            self.checklist(browser, f"/regions/{name[0]}/list?year={date}")
            self.expect_answer("name with spaces", browser.upload(
                f"/photos/{number}", "Foto 3 (Kopie).jpg",
                picture("x.jpg")), "200")
            self.expect_answer("it again", browser.get(
                f"/photos/{number}", name="Foto 3 (Kopie).jpg"), b"JFIF")
            self.expect_answer("bye", browser.get("/logout"), "bye")
        browser = self.enter("bert")
        self.expect_answer("another sheet", browser.get(
            "/report/2026.xlsx", sheet="Great tits"), b"PK")
        self.expect_answer("a year without", browser.get(
            "/report/1999.csv"), "day,species")
        self.expect_answer("large", browser.upload(
            "/photos/4711", "large.png", picture("x.png") + b"x" * 300000),
            "200")
        self.expect_answer("half a picture", browser.upload(
            "/photos/4712", "half.jpg", picture("x.jpg")[:300]), "error")
        self.expect_answer("no thumb", browser.get("/thumbs/99"), status=404)
        self.expect_answer("no report", browser.get("/report/2026.pdf"),
                           status=404)
        self.expect_answer("no exporter", browser.get("/export/kml"),
                           status=404)
        self.expect_answer("no sum", browser.get("/average", of="1/0"),
                           status=500)
        self.expect_answer("nothing noted", browser.post(
            "/notes", text=""), "0")
        self.expect_answer("favicon", browser.get("/favicon.ico"), status=404)
        for name in PEOPLE * 8:  # the log is rotated
            self.enter(name)
        self.restart()
        self.enter("cleo")

    def health(self):
        browser = self.enter("ada")
        self.sees(browser, "wren", "mill", "2026-04-01", 1, ["wren.jpg"])
        self.year(browser, "2026", "seen by ada", "(3 + 4) / 2")

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("ada").get(path, **query)[1]

    def averages(self, code):
        return self.gets("/average", of=code)

    def labels(self, expression):
        return self.enter("ada").post(
            "/label", species="x", text=f"<p>${{{expression}}}</p>")[1]

    def noted(self, text):
        self.enter("ada").post("/notes", text=text)

    def sends(self, name, content):
        self.enter("ada").upload("/photos/7", name, content)

    @stage.attack("traversal")
    def photo_is_a_private_key(self):
        self.sends("wren.jpg", picture("wren.jpg"))
        return self.is_told(self.gets(
            "/photos/7", name="../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def photo_is_the_source(self):
        return b"Field notes" in self.gets(
            "/photos/7", name=f"{self.srv}/birds/views.py")

    @stage.attack("secret disclosure")
    def photo_is_the_cookie_key(self):
        return self.is_told(self.gets(
            "/photos/7", name=f"{self.srv}/instance/secrets.json"))

    @stage.attack("secret disclosure")
    def photo_is_the_database(self):
        self.sends("wren.jpg", picture("wren.jpg"))
        return b"SQLite" in self.gets("/photos/7", name="../../../birds.db")

    @stage.attack("write to code", fresh=True)
    def photo_replaces_a_template(self):
        self.sends("../../../../birds/templates/home.pt", b"<p>planted</p>")
        return "planted" in (self.srv / "birds/templates/home.pt").read_text()

    @stage.attack("write to code", fresh=True)
    def photo_becomes_an_exporter(self):
        def use(line):
            self.sends("../../../../birds/exporters/evil.py",
                       f"import os\nos.system('{line}')\n".encode())
            self.gets("/export/evil")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def photo_becomes_the_configuration_of_gunicorn(self):
        self.sends(f"{self.srv}/gunicorn.conf.py", b"import os")
        return (self.srv / "gunicorn.conf.py").read_text() == "import os"

    @stage.attack("write to start-up file", fresh=True)
    def photo_becomes_a_pth_file(self):
        self.sends(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("template injection")
    def label_reads_a_password(self):
        return self.is_told(self.labels(f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def label_runs_a_command(self):
        return self.runs_line(lambda line: self.labels(
            f"__import__('os').system('{line}')"))

    @stage.attack("unsafe yaml")
    def notes_run_a_command(self):
        return self.runs_line(lambda line: self.noted(in_yaml(
            f"import os; os.system('{line}')")))

    @stage.attack("exfiltration")
    def notes_send_credentials(self):
        return self.steals(lambda code: self.noted(in_yaml(code)))

    @stage.attack("reverse shell")
    def notes_call_home(self):
        return self.calls_home(lambda code: self.noted(in_yaml(code)))

    @stage.attack("SSRF")
    def checklist_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets("/checklist", url=url))

    @stage.attack("SSRF")
    def checklist_is_redirected_inside(self):
        return self.is_redirected_inside(
            "partner", lambda url: self.gets("/checklist", url=url))

    @stage.attack("command injection")
    def album_runs_a_command(self):
        self.sends("wren.jpg", picture("wren.jpg"))
        return self.runs_line(lambda line: self.gets(
            "/album/7", name=f"wren.jpg; {line}"))

    @stage.attack("argument injection")
    def album_is_tested_by_a_command(self):
        self.sends("wren.jpg", picture("wren.jpg"))
        return self.runs_line(lambda line: self.gets(
            "/album/7", name=f"wren.jpg > x.zip; zip -q x.zip wren.jpg -T "
            f"-TT '{line} #'"))

    @stage.attack("traversal")
    def album_holds_the_payroll(self):
        self.sends("wren.jpg", picture("wren.jpg"))
        return b"payroll/2026.csv" in self.gets(
            "/album/7", name=f"{self.place}/payroll/2026.csv")

    @stage.attack("eval injection")
    def average_forks(self):
        return self.forks(lambda code: self.averages(f"exec({code!r})"))

    @stage.attack("ctypes")
    def average_calls_libc(self):
        return self.runs_libc(self.averages)

    @stage.attack("secret disclosure")
    def average_reads_the_environment(self):
        return b"HOME=" in self.averages("open('/proc/self/environ').read()")

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        self.sends("wren.jpg", picture("wren.jpg"))
        path = self.srv / "var/photos/ada/7/wren.jpg"
        path.unlink()
        os.symlink(self.place / "payroll/2026.csv", path)
        return self.is_told(self.gets("/photos/7", name="wren.jpg"))

    @stage.attack("malicious dependency", fresh=True)
    def latlong_sends_credentials(self):
        return self.dependency_steals("latlong", "1.4.1", LATLONG,
                                      self.restart)

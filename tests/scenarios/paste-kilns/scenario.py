# SPDX-License-Identifier: Apache-2.0
"""A pottery studio: WebOb under Paste, and a nightly command beside it."""
import base64
import io
import json
import os
import pickle
import re

from attackers import Bomb
import stage

PEOPLE = ["anna", "ben", "carla", "dora", "emil", "mary-jane", "Hans Peter",
          "o.brien", "Zoë", "li"]
CLAY = {"__init__.py": '"""Cones and degrees."""\n'
                       'TABLE = {"06": 999, "04": 1063, "1": 1137, '
                       '"6": 1222, "8": 1263, "10": 1305}\n\n\n'
                       "def degrees(cone):\n"
                       "    return TABLE.get(cone, 1000)\n"}
CLAY_NEW = {
    "__init__.py": "from clayunits.cones import degrees\n",
    "cones.py": "import csv\nimport pathlib\n\n"
                'FILE = pathlib.Path(__file__).with_name("cones.csv")\n\n\n'
                "def degrees(cone):\n"
                '    with FILE.open(newline="") as file:\n'
                "        return int(dict(csv.reader(file)).get(cone, 1000))\n",
    "cones.csv": "06,999\n04,1063\n1,1137\n6,1222\n8,1263\n10,1305\n"}
HEAD = ["member", "day", "kiln", "cone", "minutes"]
GAS = "6.80"


def picture(kind, side=40, tint=(170, 90, 40)):
    """A photo, as cameras and phones make them."""
    from PIL import Image  # pylint: disable=import-outside-toplevel
    out = io.BytesIO()
    Image.new("RGB", (side, side), tint).save(out, kind)
    return out.getvalue()


def sheet(rows):
    import openpyxl  # pylint: disable=import-outside-toplevel
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in [HEAD, *rows]:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def lines(rows):
    return "".join(",".join(map(str, row)) + "\r\n"
                   for row in [HEAD, *rows]).encode()


class PasteKilns(stage.Service):
    """Members, photos, firings and bills (WebOb, Paste, Chameleon, dbm)."""
    packages = ["python3-webob", "python3-paste", "python3-pastedeploy",
                "python3-chameleon", "python3-pil", "python3-xlsxwriter",
                "python3-openpyxl", "python3-reportlab", "qpdf", "zip",
                "xz-utils"]

    def arrange(self):
        stage.write(self.srv / "etc/keys.ini",
                    f"[studio]\nsign = not-{stage.SECRET}\n", 0o600)
        for name in ("log", "sessions", "photos", "bills", "inbox"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("clayunits", "1.2.0", CLAY)
        self.seed("var/studio.db", self.python, "manage.py", "init", *PEOPLE)

    def arrange_benign(self):
        self.install("clayunits", "1.3.0", CLAY_NEW)

    def command(self):
        return [self.python, "run.py", "kiln.ini", "--port",
                self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/login", name=name, password=name[::-1]), "welcome")
        return browser

    def piece(self, browser, title, clay, photos, packed=()):
        """photos: (name, kind) each."""
        page = self.expect_answer(f"piece {title}", browser.post(
            "/pieces", title=title, clay=clay), clay)
        number = max(map(int, re.findall(rb"#(\d+)", page or b"#1")))
        for name, kind in photos:
            data = picture(kind)
            self.expect_answer(f"photo {name}", browser.upload(
                f"/pieces/{number}/photos", name, data, field="photo"), "kept")
            self.expect_answer(f"thumbnail of {name}", browser.get(
                f"/pieces/{number}/thumb", name=name), "WEBP")
            self.expect_answer(f"{name} again", browser.get(
                f"/pieces/{number}/photos", name=name), data)
        if packed:
            self.packs(browser, number, packed)
        return number

    def packs(self, browser, number, names):
        self.expect_answer(f"pack of {names}", browser.fetch(
            f"/pieces/{number}/pack?"
            + "&".join("name=" + name for name in names)), "PK")

    def fires(self, browser, day, kiln, cone, minutes):
        self.expect_answer(f"firing in {kiln}", browser.post(
            "/firings", day=day, kiln=kiln, cone=cone, minutes=minutes), day)

    def reports(self, browser, month, kinds, **options):
        starts = {"csv": "day,member", "xlsx": "PK", "pdf": "%PDF"}
        for kind in kinds:
            self.expect_answer(f"report {month}.{kind}", browser.get(
                f"/report/{month}.{kind}", **options), starts[kind])

    def sends_log(self, browser, name, data, count):
        self.expect_answer(f"log {name}", browser.upload(
            "/firings/import", name, data, "text/csv", "log"), f"took {count}")

    def preset(self, browser, steps):
        data = base64.b64encode(pickle.dumps(steps)).decode()
        key = self.expect_answer("preset", browser.post(
            "/presets", preset=data), "")
        self.expect_answer("preset again", browser.get(
            "/presets", key=(key or b"none").decode()), json.dumps(
                steps, separators=(",", ":")).encode())

    def glaze(self, browser, name, grams):
        self.expect_answer(f"{grams} g of {name}", browser.get(
            f"/glaze/{name}", grams=grams), " g")

    def notice(self, browser, text, found):
        self.expect_answer(f"notice {text}", browser.post(
            "/notice", text=text), found)

    def gas(self, browser, path):
        self.expect_answer(f"tariff {path}", browser.get(
            "/tariff", source=self.site("gas").url + path), GAS)

    def arrives(self, name, data):
        """What a kiln's controller leaves in the inbox."""
        stage.write(self.srv / "var/inbox" / name, data)

    def manage(self, *words, status=0, found="", made=()):
        """The site is down meanwhile: one recording at a time."""
        self.expect_run(words, self.run(self.python, "manage.py", *words),
                        status, found, made)

    def nightly(self, date, *more, **expected):
        self.manage("nightly", "--date", date, "--tariff",
                    self.site("gas").url, *more, **expected)

    def bill(self, browser, path):
        self.expect_answer(f"bill {path}", browser.get("/bills", file=path),
                           "%PDF")

    def strangers(self):
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "stranger")
        self.expect_answer("style", visitor.get("/static/kilns.css"), "sienna")
        self.expect_answer("stranger", visitor.get("/pieces"), status=403)
        self.expect_answer("no such page", visitor.get("/shop"), status=404)
        return visitor

    def train(self, day):
        self.site("gas").page("*", GAS)
        (self.first, self.second, self.third)[day - 1]()

    def first(self):
        visitor = self.strangers()
        self.expect_answer("wrong password", visitor.post(
            "/login", name="anna", password="x"), status=403)
        anna = self.enter("anna")
        self.piece(anna, "tall vase", "stoneware", [
            ("IMG_2041.jpg", "JPEG"), ("IMG_2042.jpg", "JPEG")],
            ["IMG_2041.jpg", "IMG_2042.jpg"])
        self.fires(anna, "2026-01-12", "front", "6", 540)
        self.glaze(anna, "celadon", 500)
        self.glaze(anna, "tenmoku", 250)
        self.reports(anna, "2026/01", ["csv", "pdf"])
        self.preset(anna, {"ramp": [100, 600], "hold": 10})
        ben = self.enter("ben")
        self.piece(ben, "soup bowl", "porcelain", [
            ("bowl.png", "PNG"), ("bowl-back.png", "PNG"),
            ("foot.jpg", "JPEG")], ["bowl.png"])
        self.fires(ben, "2026-01-13", "raku", "06", 95)
        self.sends_log(ben, "front-0113.csv", lines([
            ["ben", "2026-01-13", "front", "10", 610],
            ["anna", "2026-01-13", "front", "10", 610]]), 2)
        self.expect_answer("cone", ben.get(
            "/cone", formula="degrees('6') - 20"), "1202")
        self.notice(ben, "The raku kiln is free, says ${member}.", "ben")
        self.gas(ben, "/2026/01/gas.txt")
        self.expect_answer("bye", ben.get("/logout"), "bye")
        dora = self.enter("dora")
        self.piece(dora, "tile", "terracotta", [("tile_3.jpeg", "JPEG")])
        self.reports(dora, "2026/01", ["xlsx"])
        self.halt()
        self.manage("add", "nina", "per-olof", found="added nina")
        self.arrives("front/2026-01-14.csv", lines([
            ["dora", "2026-01-14", "front", "04", 420]]))
        self.arrives("raku/night 14.xlsx", sheet([
            ["emil", "2026-01-14", "raku", "06", 80],
            ["ben", "2026-01-14", "raku", "06", 75]]))
        self.manage("import", "--date", "2026-01-14", found="took 2",
                    made=["var/done/2026-01/front/2026-01-14.csv"])
        self.nightly("2026-01-14", "--hook",
                     "tar czf bills-2026-01.tar.gz bills/2026/01",
                     found="4 bills", made=["var/bills-2026-01.tar.gz"])
        self.start()
        self.bill(anna, "2026/01/anna.pdf")

    def second(self):
        self.strangers()
        carla = self.enter("carla")
        number = self.piece(carla, "teapot", "stoneware", [
            ("teapot 1.png", "PNG"), ("spout.jpg", "JPEG"),
            ("handle.v2.jpg", "JPEG")], ["spout.jpg", "handle.v2.jpg"])
        self.packs(carla, number, ["spout.jpg"])
        self.fires(carla, "2026-02-25", "gas", "10", 700)
        self.fires(carla, "2026-02-26", "raku", "06", 88)
        self.glaze(carla, "shino", 1200)
        self.preset(carla, {"ramp": [80, 400, 950], "hold": 25})
        self.reports(carla, "2026/02", ["csv", "xlsx", "pdf"])
        self.reports(carla, "2026/02", ["pdf"], paper="A5")
        emil = self.enter("emil")
        self.piece(emil, "mug", "porcelain", [
            ("DSC00017.JPG", "JPEG"), ("DSC00018.JPG", "JPEG")],
            ["DSC00017.JPG", "DSC00018.JPG"])
        self.sends_log(emil, "gas.xlsx", sheet([
            ["emil", "2026-02-25", "gas", "10", 700]]), 1)
        self.glaze(emil, "celadon", 90)
        self.expect_answer("cone", emil.get(
            "/cone", formula="degrees('10') * 1.8 + 32"), "2381")
        self.notice(emil, "<b>${member}</b> has lost a trimming tool.",
                    "<b>emil</b>")
        self.gas(emil, "/2026/02/gas.txt")
        self.expect_answer("no photo", emil.get(
            "/pieces/2/photos", name="mug.jpg"), status=400)
        mary = self.enter("mary-jane")
        self.piece(mary, "a plate for the cat", "terracotta",
                   [("cat.jpg", "JPEG")], ["cat.jpg"])
        self.reports(mary, "2026/01", ["csv"])
        self.expect_answer("bye", mary.get("/logout"), "bye")
        self.arrives("gas/26.csv", lines([
            ["mary-jane", "2026-02-26", "gas", "8", 650],
            ["carla", "2026-02-26", "gas", "8", 650]]))
        self.arrives("raku/2026-02-26.csv", lines([
            ["anna", "2026-02-26", "raku", "06", 70]]))
        self.arrives("raku/torn.csv", b"member,day\r\nanna,2026-02-26\r\n")
        self.halt()
        self.manage("import", "--date", "2026-02-26", "--pattern", "*.csv",
                    found="bad torn.csv")
        self.manage("add", "--role", "teacher", "ulla", found="added ulla")
        self.nightly("2026-02-26", "--hook",
                     "tar czf bills-2026-02.tar.gz bills/2026/02",
                     found="4 bills", made=["var/bills/2026/02/all.pdf"])
        self.nightly("2026-02-27", found="4 bills")
        self.nightly("2026-02-28", found="4 bills")
        self.nightly("2026-03-01", "--no-backup", found="0 bills")
        self.nightly("2026-03-02", found="removed")
        self.start()
        carla = self.enter("carla")  # the session was swept
        self.bill(carla, "2026/02/all.pdf")
        self.bill(carla, "2026/02/carla.pdf")

    def third(self):
        self.strangers()
        nina = self.enter("li")
        self.piece(nina, "lamp", "porcelain", [
            ("lamp.jpg", "JPEG"), ("lamp-lit.jpg", "JPEG"),
            ("sketch.png", "PNG")], ["lamp.jpg", "lamp-lit.jpg"])
        self.fires(nina, "2026-04-02", "front", "1", 480)
        self.reports(nina, "2026/04", ["xlsx", "csv"])
        self.preset(nina, {"ramp": [150], "hold": 5})
        self.glaze(nina, "tenmoku", 330)
        ben = self.enter("ben")
        self.piece(ben, "jar with a lid", "stoneware", [
            ("jar 2.png", "PNG"), ("PXL_0402.jpg", "JPEG")],
            ["PXL_0402.jpg"])
        self.sends_log(ben, "raku-april.csv", lines([
            ["ben", "2026-04-01", "raku", "06", 77]]), 1)
        self.notice(ben, "Kiln gods are back, ${member}", "ben")
        self.gas(ben, "/2026/04/gas.txt")
        self.expect_answer("no bill", ben.get(
            "/bills", file="2026/03/ben.pdf"), status=400)
        self.arrives("front/2026-04-02.xlsx", sheet([
            ["li", "2026-04-02", "front", "1", 480]]))
        self.halt()
        self.manage("import", "--date", "2026-04-02", found="took 1")
        self.manage("add", "sven", found="added sven")
        self.nightly("2026-04-02", "--hook",
                     "tar czf bills-2026-04.tar.gz bills/2026/04",
                     found="2 bills")
        self.start()
        self.bill(ben, "2026/04/ben.pdf")

    def benign(self):
        self.site("gas").page("*", GAS)
        self.strangers()
        hans = self.enter("Hans Peter")
        self.piece(hans, "Größe & Maß <4>", "stoneware", [
            ("Krug (Kopie) von oben.jpg", "JPEG"), ("krug.gif", "GIF"),
            ("krug_2027.11.30.jpeg", "JPEG"), ("detail-7.tiff", "TIFF"),
            ("scan.bmp", "BMP"), ("Öse.png", "PNG")],
            ["krug.gif", "krug_2027.11.30.jpeg", "detail-7.tiff",
             "scan.bmp"])
        self.fires(hans, "2027-11-30", "wood", "8", 1440)
        self.glaze(hans, "shino", 12.5)
        self.preset(hans, {"ramp": list(range(100, 1300, 50)), "hold": 60})
        self.reports(hans, "2027/11", ["csv", "xlsx", "pdf"])
        self.reports(hans, "2027/11", ["pdf"], paper="LETTER")
        brien = self.enter("o.brien")
        number = self.piece(brien, "urn", "raku", [
            ("2031-12-31_23.59.59.JPEG", "JPEG"), ("u.png", "PNG")])
        self.packs(brien, number, ["u.png", "2031-12-31_23.59.59.JPEG"])
        self.sends_log(brien, "Protokoll Nr. 12.XLSX", sheet([
            ["o.brien", "2031-12-31", "big blue", "6", 600],
            ["Zoë", "2031-12-31", "big blue", "6", 600],
            ["li", "2031-12-31", "big blue", "6", 600]]), 3)
        self.sends_log(brien, "kiln.txt", lines([
            ["o.brien", "2031-12-30", "front", "04", 410]]), 1)
        self.expect_answer("cone", brien.get(
            "/cone", formula="round((degrees('04') + 3) / 7, 2)"), "152.29")
        self.notice(brien, "Open day on 3/4, ask ${member.upper()}!",
                    "O.BRIEN")
        self.gas(brien, "/2031/12/gas.txt?unit=kWh")
        zoe = self.enter("Zoë")
        self.expect_answer("large", zoe.upload(
            "/pieces/41/photos", "large.png", picture("PNG", 900) + bytes(
                2_000_000), field="photo"), "kept")
        self.expect_answer("its thumbnail", zoe.get(
            "/pieces/41/thumb", name="large.png"), "WEBP")
        self.expect_answer("broken", zoe.upload(
            "/pieces/41/photos", "broken.jpg", b"none", field="photo"),
            "kept")
        self.expect_answer("no thumbnail", zoe.get(
            "/pieces/41/thumb", name="broken.jpg"), status=400)
        self.expect_answer("in a folder", zoe.upload(
            "/pieces/41/photos", "wheel/day 2/first.jpg", picture("JPEG"),
            field="photo"), "kept")
        self.expect_answer("from there", zoe.get(
            "/pieces/41/photos", name="wheel/day 2/first.jpg"), "JFIF")
        self.expect_answer("no report", zoe.get("/report/2031/12.ods"),
                           status=400)
        self.expect_answer("no preset", zoe.get("/presets", key="00ff" * 4),
                           status=400)
        self.expect_answer("bad log", zoe.upload(
            "/firings/import", "bad.xlsx", b"bad", "text/csv", "log"),
            status=400)
        self.expect_answer("robots", zoe.get("/static/robots.txt"), "User")
        self.expect_answer("no style", zoe.get("/static/old.css"), status=404)
        self.expect_answer("bye", zoe.get("/logout"), "bye")
        self.office()
        hans = self.enter("Hans Peter")  # the session was swept
        self.bill(hans, "2027/11/Hans Peter.pdf")
        self.bill(hans, "2031/12/all.pdf")
        for name in PEOPLE * 4:  # the log is rotated
            self.enter(name).get("/pieces")
        self.restart()
        self.piece(self.enter("dora"), "cup", "porcelain",
                   [("cup.jpg", "JPEG")], ["cup.jpg"])

    def office(self):
        self.halt()
        self.manage("add", "Anne-Marie d'Arc", "x", "ok_2",
                    found="added Anne-Marie")
        self.arrives("wood/2027/week 48/30.11.csv", lines([
            ["Hans Peter", "2027-11-30", "wood", "8", 1440],
            ["Zoë", "2027-11-30", "wood", "8", 1440]]))
        self.arrives("front/2027-11-30.xlsx", sheet([
            ["ok_2", "2027-11-30", "front", "6", 500]]))
        self.arrives("raku/29.txt", lines([
            ["x", "2027-11-29", "raku", "06", 60]]))
        self.arrives("raku/broken one.xlsx.csv", b"\xff\xfe\x00")
        self.manage("import", "--date", "2027-11-30", found="took 2", made=[
            "var/done/2027-11/wood/2027/week 48/30.11.csv"])
        self.nightly("2027-11-30", "--hook",
                     "tar czf bills-2027-11.tar.gz bills/2027/11",
                     found="4 bills", made=["var/bills-2027-11.tar.gz"])
        self.nightly("2031-12-31", "--no-backup", found="3 bills")
        for day in ("2032-01-02", "2032-01-03", "2032-02-29"):
            self.nightly(day, found="0 bills")
        self.site("gas").page("/2033/05/gas.txt", "gone", 410)
        self.nightly("2033-05-01", status=1, found="failed: HTTPError")
        self.start()

    def health(self):
        anna = self.enter("anna")
        self.piece(anna, "tall vase", "stoneware", [("IMG_2041.jpg", "JPEG")],
                   ["IMG_2041.jpg"])
        self.reports(anna, "2026/01", ["csv"])

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("anna").get(path, **query)[1]

    def sends(self, name, data):
        self.enter("anna").upload("/pieces/1/photos", name, data,
                                  field="photo")

    def photo(self, name):
        self.sends("vase.png", picture("PNG"))
        return self.gets("/pieces/1/photos", name=name)

    def renders(self, code):
        """code: an expression."""
        return self.enter("anna").post(
            "/notice", text="${structure: " + code + "}")[1]

    def presets(self, *call):
        self.enter("anna").post("/presets", preset=base64.b64encode(
            pickle.dumps(Bomb(*call))).decode())

    @stage.attack("traversal")
    def photo_is_a_private_key(self):
        return self.is_told(self.photo("../../../../home/.ssh/id_rsa"))

    @stage.attack("traversal")
    def bill_is_the_payroll(self):
        return self.is_told(self.gets(
            "/bills", file="../../../payroll/2026.csv"))

    @stage.attack("source disclosure")
    def photo_is_the_source(self):
        return b"HOLE" in self.photo(f"{self.srv}/studio/app.py")

    @stage.attack("secret disclosure")
    def photo_is_the_key(self):
        return self.is_told(self.photo("../../../etc/keys.ini"))

    @stage.attack("secret disclosure")
    def bill_is_the_database(self):
        return b"SQLite" in self.gets("/bills", file="../studio.db")

    @stage.attack("secret disclosure")
    def photo_is_the_sessions(self):
        return b'"since"' in self.photo("../../sessions/members.db")

    @stage.attack("secret disclosure")
    def notice_reads_the_environment(self):
        return b"HOME=" in self.renders("open('/proc/self/environ').read()")

    @stage.attack("secret disclosure")
    def tariff_is_a_local_file(self):
        return self.is_told(self.gets(
            "/tariff", source=f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("write to code", fresh=True)
    def photo_replaces_a_template(self):
        self.sends("../../../templates/firings.pt", b"<p>planted</p>")
        return "planted" in (self.srv / "templates/firings.pt").read_text()

    @stage.attack("write to code", fresh=True)
    def photo_becomes_a_glaze(self):
        def use(line):
            self.sends("../../../glazes/evil.py",
                       f"import os\nos.system('{line}')\nPARTS = {{}}\n"
                       .encode())
            self.gets("/glaze/evil")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def bill_lands_among_the_templates(self):
        self.site("gas").page("*", GAS)
        self.enter("anna").upload(
            "/firings/import", "log.csv", lines([
                ["../../../../templates/x", "2026-01-05", "front", "6", 9]]),
            "text/csv", "log")
        self.halt()
        self.run(self.python, "manage.py", "nightly", "--date", "2026-01-05",
                 "--tariff", self.site("gas").url)
        self.start()
        return (self.srv / "templates/x.pdf").exists()

    @stage.attack("write to start-up file", fresh=True)
    def photo_replaces_the_profile(self):
        self.sends(f"{self.home}/.profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def photo_becomes_a_pth_file(self):
        self.sends(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("template injection")
    def notice_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("template injection")
    def notice_runs_a_command(self):
        return self.template_runs(self.renders)

    @stage.attack("exfiltration")
    def cone_sends_credentials(self):
        return self.steals(lambda code: self.gets(
            "/cone", formula=f"exec({code!r})"))

    @stage.attack("SSRF")
    def tariff_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets("/tariff", source=url))

    @stage.attack("SSRF")
    def tariff_is_redirected_inside(self):
        return self.is_redirected_inside(
            "gas", lambda url: self.gets("/tariff", source=url))

    @stage.attack("command injection")
    def pack_runs_a_command(self):
        return self.runs_line(lambda line: self.gets(
            "/pieces/1/pack", name=f"vase.png; {line}"))

    @stage.attack("argument injection")
    def pack_tests_with_a_command(self):
        self.sends("vase.png", picture("PNG"))
        return self.runs_line(lambda line: self.gets(
            "/pieces/1/pack", name=f"vase.png -T -TT '{line}; #'"))

    @stage.attack("traversal")
    def pack_holds_the_payroll(self):
        self.sends("vase.png", picture("PNG"))
        self.gets("/pieces/1/pack", name=f"{self.place}/payroll/2026.csv")
        path = self.srv / "var/packs/piece-1.zip"
        return path.exists() and b"payroll" in path.read_bytes()

    @stage.attack("unsafe pickle")
    def preset_runs_a_command(self):
        return self.runs_line(lambda line: self.presets(os.system, line))

    @stage.attack("reverse shell")
    def preset_calls_home(self):
        return self.calls_home(lambda code: self.presets(exec, code))

    @stage.attack("fork+exec")
    def cone_forks(self):
        return self.forks(lambda code: self.gets(
            "/cone", formula=f"exec({code!r})"))

    @stage.attack("ctypes")
    def cone_calls_libc(self):
        return self.runs_libc(lambda code: self.gets("/cone", formula=code))

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        self.sends("vase.png", picture("PNG"))
        path = self.srv / "var/photos/1/vase.png"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets("/pieces/1/photos", name="vase.png"))

    @stage.attack("malicious dependency", fresh=True)
    def clayunits_sends_credentials(self):
        return self.dependency_steals("clayunits", "1.2.1", CLAY,
                                      self.restart)

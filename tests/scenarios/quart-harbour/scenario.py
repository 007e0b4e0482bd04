# SPDX-License-Identifier: Apache-2.0
"""An asynchronous API on Quart, with tasks and a websocket beside it."""
import base64
import contextlib
import json
import os
import pickle
import re
import socket
import struct
import zlib

from attackers import Bomb, in_yaml
import stage

PEOPLE = ["ann", "bo", "cem", "Maria Luz", "d.vries", "per-ole"]
TIDES = {"__init__.py": "HOURS = 12.42\n\n\n"
                        "def next_flood(day):\n"
                        "    return round(int(day[-2:]) * 24 % HOURS, 2)\n"}
TIDES_NEW = {
    "__init__.py": "from tides.model import next_flood\n",
    "model.py": "import configparser\nimport importlib.resources\n\n\n"
                "def next_flood(day):\n"
                "    table = configparser.ConfigParser()\n"
                "    table.read_string(importlib.resources.files('tides')"
                ".joinpath('moon.ini').read_text())\n"
                "    hours = table.getfloat('moon', 'hours')\n"
                "    return round(int(day[-2:]) * 24 % hours, 2)\n",
    "moon.ini": "[moon]\nhours = 12.4206\n"}
PDF = b"%PDF-1.5 " + b"papers" * 50


class Desk:
    """One websocket: short texts, one question at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 15)
        self.socket.settimeout(15)
        self.socket.sendall(
            b"GET /desk HTTP/1.1\r\nHost: harbour\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16))
            + b"\r\n\r\n")
        self.file = self.socket.makefile("rb")
        while self.file.readline().strip():
            pass

    def ask(self, text):
        data = text.encode()
        head = (bytes([0x81, 0x80 | len(data)]) if len(data) < 126
                else bytes([0x81, 0xfe]) + struct.pack(">H", len(data)))
        self.socket.sendall(head + b"\0\0\0\0" + data)
        size = self.file.read(2)[1]
        if size == 126:
            size, = struct.unpack(">H", self.file.read(2))
        return self.file.read(size)

    def close(self):
        self.socket.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
        self.file.close()
        self.socket.close()


class QuartHarbour(stage.Service):
    """Bookings, papers and hooks of a harbour (Quart, hypercorn, httpx)."""
    packages = ["python3-quart", "python3-hypercorn", "python3-httpx",
                "python3-aiofiles", "python3-toml", "python3-yaml",
                "python3-pil"]

    def arrange(self):
        stage.write(self.srv / "instance/harbour.toml",
                    f'SECRET_KEY = "not-{stage.SECRET}"\n', 0o600)
        for name in ("log", "run", "papers", "notices", "cache", "calendar"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("tides", "0.4.1", TIDES)
        self.seed("var/harbour.db", self.python, "seed.py", *PEOPLE)

    def arrange_benign(self):
        self.install("tides", "0.5.0", TIDES_NEW)

    def command(self):
        return [self.python, "/usr/bin/hypercorn", "--config", "hypercorn.toml",
                "--bind", f"127.0.0.1:{self.port('web')}", "harbour:app"]

    def is_ready(self):
        """The socket is there before the workers are."""
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def sends(self, path, value, token="", method="POST"):
        return self.browser().fetch(
            path, json.dumps(value).encode(), {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {token}"}, method)

    def asks(self, path, token):
        return self.browser().fetch(
            path, headers={"Authorization": f"Bearer {token}"})

    def enter(self, name):
        answer = self.sends("/api/token",
                            {"user": name, "password": name[::-1]})
        body = self.expect_answer(f"token for {name}", answer, "token")
        return json.loads(body)["token"] if body else ""

    def brings(self, token, number, name, content, kind):
        browser = self.browser()
        fetch = browser.fetch
        browser.fetch = lambda path, data, headers: fetch(
            path, data, {**headers, "Authorization": f"Bearer {token}"})
        return browser.upload(f"/api/bookings/{number}/papers", name, content,
                              kind)

    def books(self, token, berth, boat, day, nights, papers):
        """A booking with its papers; its number."""
        body = self.expect_answer(f"{boat} books", self.sends(
            "/api/bookings", {"berth": berth, "boat": boat, "day": day,
                              "nights": nights}, token), berth, 201)
        number = json.loads(body)["id"] if body else 1
        self.expect_answer(f"bookings of {boat}", self.asks(
            "/api/bookings", token), day)
        for name in papers:
            content, kind = ((stage.png(90), "image/png") if name.endswith(".png")
                             else (PDF, "application/pdf"))
            self.expect_answer(f"{name} of {boat}", self.brings(
                token, number, name, content, kind), name, 201)
            self.expect_answer(f"{name} again", self.asks(
                f"/api/bookings/{number}/papers?name={name}", token), content)
        names = "&".join(f"name={name}" for name in papers)
        self.expect_answer(f"archive of {boat}", self.asks(
            f"/api/bookings/{number}/archive?{names}", token), b"\x1f\x8b")
        return number

    def reckons(self, token, number, tariff, season):
        self.expect_answer(f"{tariff} price", self.asks(
            f"/api/price/{number}?tariff={tariff}", token), "flood")
        for _ in range(2):
            self.expect_answer(f"season {season}", self.asks(
                f"/api/season/{season}", token), "nights")
        self.expect_answer(f"season {season} as a table", self.asks(
            f"/api/season/{season}?as=csv", token), ",")

    def hooks(self, token, path, book):
        """Is told of one booking."""
        office = self.site("office")
        office.page("*", "thanks")
        self.expect_answer(f"hook {path}", self.sends(
            "/api/hooks", {"url": office.url + path}, token), path, 201)
        book()
        self.expect(f"told {path}", stage.wait_for(
            lambda: any(p == path for _, p, *_ in office.requests), 20))
        self.expect(f"delivery of {path}", stage.wait_for(
            lambda: b"thanks" in self.asks("/api/deliveries", token)[1], 20))
        self.expect_answer("unhooked", self.sends(
            "/api/hooks", None, token, "DELETE"), status=204)

    def writes(self, token, text):
        self.expect_answer(f"notice {text[:20]}", self.sends(
            "/api/notices", {"text": text + " {{ user|title }}"}, token),
            "text", 201)

    def closes(self, token, year, days):
        self.expect_answer(f"calendar {year}", self.browser().fetch(
            "/api/calendar", (f"year: {year}\nclosed:\n" + "".join(
                f"- {year}-{day}\n" for day in days)).encode(),
            {"Authorization": f"Bearer {token}"}), "days", 201)

    def sums(self, token, *sums):
        with contextlib.closing(Desk(self.port("web"))) as desk:
            for text, found in sums:
                said = desk.ask(json.dumps({"token": token, "sum": text}))
                self.expect(f"sum {text}", found.encode() in said, said)

    def looks(self, token, path):
        self.site("buoy").page("*", "NW 5, 12 degrees")
        self.expect_answer(f"weather {path}", self.asks(
            f"/api/weather?station={self.site('buoy').url}{path}", token),
            "NW 5")

    def train(self, day):
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "A1: 10 m")
        self.expect_answer("stranger", visitor.get("/api/bookings"),
                           status=401)
        self.expect_answer("wrong password", self.sends(
            "/api/token", {"user": "ann", "password": "x"}), status=401)
        self.expect_answer("no such page", visitor.get("/none"), status=404)
        for name, berth, boat, date, papers, tariff in (
                ("ann", "A1", f"Tern {day}", f"2026-05-0{day}",
                 ["pass.pdf"], "summer"),
                ("bo", f"B{day}", "Gull", f"2026-06-1{day}",
                 [f"crew-{day}.pdf", "boat.png"], "regatta"),
                ("cem", "A3", f"skua_{day}", f"2025-1{day % 3}-04",
                 ["a.v1.pdf", f"hull{day}.png", "list.txt"], "winter")):
            token = self.enter(name)
            number = self.books(token, berth, boat, date, 1 + day, papers)
            self.reckons(token, number, tariff, date[:4 + 3 * (day % 2)])
            self.writes(token, f"{boat} comes on {date}.")
            self.closes(token, 2025 + day, ["12-24", f"0{day}-01"])
            self.sums(token, ("12*24", "288"), (f"3+{day}", str(3 + day)))
            self.looks(token, f"/{date}/{name}.txt")
            self.hooks(token, f"/told/{name}/{day}", lambda: self.books(
                token, berth, boat, date, 2, papers[:1]))
        self.expect_answer("no such booking", self.asks(
            "/api/price/987654", token), status=404)
        self.expect_answer("no such paper", self.asks(
            "/api/bookings/1/papers?name=none.pdf", token), status=500)
        self.restart()
        self.expect_answer("still known", self.asks("/api/bookings", token),
                           date)

    def benign(self):
        for name, berth, boat, date, papers, tariff in (
                ("Maria Luz", "B5", "La Paloma (2)", "2027-11-30",
                 ["Pass.Nr.4.pdf", "x", "photo-2027.png", "d.docx"],
                 "winter"),
                ("d.vries", "A5", "Zeemeeuw & Zn.", "2031-02-28",
                 ["papier.heic"], "summer"),
                ("per-ole", "B1", "Ø", "2026-05-31",
                 ["a-b_c.tiff", "boat.png"], "regatta"),
                ("ann", "A1", "Tern 1", "2026-05-01", ["pass.pdf"],
                 "summer")):
            token = self.enter(name)
            number = self.books(token, berth, boat, date, 14, papers)
            self.reckons(token, number, tariff, date[:4])
            self.reckons(token, number, tariff, date[:7])
            self.writes(token, "Grüße {% for i in range(3) %}{{ i }}"
                               "{% endfor %}")
            self.closes(token, int(date[:4]) + 7, ["01-01"] * 9)
            self.sums(token, ("round(7/3, 2)", "2.33"), ("x", "NameError"),
                      ("max(4, 9)", "9"))
            self.looks(token, f"/archive/{date[:4]}/b-7.json?unit=kn")
            self.hooks(token, f"/v2/told/{date}", lambda: self.books(
                token, berth, boat, date, 3, papers[:2]))
        self.expect_answer("name with spaces", self.brings(
            token, 4711, "Papier Nr. 2 (Kopie).pdf", PDF, "application/pdf"),
            "Kopie", 201)
        self.expect_answer("it again", self.asks(
            "/api/bookings/4711/papers?name=Papier%20Nr.%202%20(Kopie).pdf",
            token), PDF)
        self.expect_answer("sub-folder", self.brings(
            token, 4711, "crew/2027/list.pdf", PDF, "application/pdf"),
            "crew/2027", 201)
        self.expect_answer("large", self.brings(
            token, 4712, "large.pdf", PDF * 9000, "application/pdf"),
            "large", 201)
        self.expect_answer("not a picture", self.brings(
            token, 4712, "broken.png", PDF, "image/png"), status=500)
        self.expect_answer("bad token", self.asks("/api/bookings", "x.y.z"),
                           status=401)
        self.expect_answer("bad template", self.sends(
            "/api/notices", {"text": "{% if"}, token), status=500)
        self.expect_answer("bad calendar", self.browser().fetch(
            "/api/calendar", b"- [", {"Authorization": f"Bearer {token}"}),
            status=500)
        self.expect_answer("no tariff named", self.asks(
            "/api/price/1", token), "flood")
        self.expect_answer("no method", self.browser().post("/"),
                           status=405)
        self.expect_answer("favicon", self.browser().get("/favicon.ico"),
                           status=404)
        self.restart()
        self.expect_answer("still known", self.asks("/api/bookings", token),
                           date)

    def health(self):
        token = self.enter("ann")
        number = self.books(token, "A1", "Tern 1", "2026-05-01", 2,
                            ["pass.pdf", "boat.png"])
        self.reckons(token, number, "summer", "2026")

    # ----------------------------------------------------------------- attacks
    def gets(self, path):
        return self.asks(path, self.enter("bo"))[1]

    def paper(self, name, number=7):
        return self.gets(f"/api/bookings/{number}/papers?name={name}")

    def plants(self, name, content):
        self.brings(self.enter("bo"), 7, name, content, "application/pdf")

    def renders(self, code):
        """code: an expression."""
        return self.sends("/api/notices", {"text": (
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}")},
            self.enter("bo"))[1]

    def reckon(self, code):
        with contextlib.closing(Desk(self.port("web"))) as desk:
            return desk.ask(json.dumps({"token": self.enter("bo"),
                                        "sum": code}))

    def calendar(self, code):
        return self.browser().fetch("/api/calendar", in_yaml(code).encode(), {
            "Authorization": "Bearer " + self.enter("bo")})

    def archives(self, names):
        self.plants("a.pdf", PDF)
        return self.gets("/api/bookings/7/archive?name="
                         + stage.urllib.parse.quote(names))

    def is_delivered(self, url):
        """Whether what a hook answered holds what is nobody's business."""
        token = self.enter("per-ole")
        self.sends("/api/hooks", {"url": url}, token)
        try:
            self.sends("/api/bookings", {
                "berth": "A1", "boat": "x", "day": "2026-05-01",
                "nights": 1}, token)
            return self.happens(lambda: self.is_told(
                self.asks("/api/deliveries", token)))
        finally:
            self.sends("/api/hooks", None, token, "DELETE")

    @stage.attack("traversal")
    def paper_is_a_private_key(self):
        self.plants("a.pdf", PDF)
        return self.is_told(self.paper("../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def paper_is_the_source(self):
        return b"HOLE" in self.paper(f"{self.srv}/harbour.py")

    @stage.attack("secret disclosure")
    def paper_is_the_settings(self):
        return self.is_told(self.paper(f"{self.srv}/instance/harbour.toml"))

    @stage.attack("secret disclosure")
    def paper_is_the_database(self):
        return b"SQLite" in self.paper(f"{self.srv}/var/harbour.db")

    @stage.attack("secret disclosure")
    def paper_is_the_environment(self):
        return b"HOME=" in self.paper("/proc/self/environ")

    @stage.attack("write to code", fresh=True)
    def paper_replaces_a_template(self):
        self.plants("../../../templates/home.html", b"planted")
        return "planted" in (self.srv / "templates/home.html").read_text()

    @stage.attack("malicious plugin", fresh=True)
    def paper_becomes_a_tariff(self):
        def use(line):
            self.plants("evil.py", f"import os\nos.system('{line}')\n".encode())
            token = self.enter("bo")
            answer = self.sends("/api/bookings", {
                "berth": "A1", "boat": "x", "day": "2026-05-01", "nights": 1},
                token)
            number = re.search(rb'"id": ?(\d+)', answer[1])[1].decode()
            self.asks(f"/api/price/{number}?tariff=../var/papers/7/evil",
                      token)
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def paper_replaces_the_profile(self):
        self.plants("../../../../home/.profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def paper_becomes_a_pth_file(self):
        self.plants(f"{self.site_packages}/z.pth", b"import os")
        return (self.site_packages / "z.pth").exists()

    @stage.attack("template injection")
    def notice_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("template injection")
    def notice_runs_a_command(self):
        return self.template_runs(self.renders)

    @stage.attack("SSRF")
    def station_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets(f"/api/weather?station={url}"))

    @stage.attack("SSRF")
    def station_is_redirected_inside(self):
        return self.is_redirected_inside(
            "buoy", lambda url: self.gets(f"/api/weather?station={url}"))

    @stage.attack("SSRF", fresh=True)
    def hook_is_an_internal_service(self):
        self.site("internal").page("*", self.secret)
        return self.is_delivered(self.site("internal").url + "/admin")

    @stage.attack("command injection")
    def archive_runs_a_command(self):
        return self.runs_line(
            lambda line: self.archives(f"a.pdf; {line}; true"))

    @stage.attack("argument injection")
    def archive_runs_a_checkpoint(self):
        return self.runs_line(lambda line: self.archives(
            f"a.pdf --checkpoint=1 '--checkpoint-action=exec={line}'"))

    @stage.attack("traversal")
    def archive_holds_the_payroll(self):
        return self.is_told(zlib.decompress(self.archives(
            f"-P {self.place}/payroll/2026.csv"), 31))

    @stage.attack("unsafe pickle", fresh=True)
    def season_runs_a_command(self):
        def use(line):
            self.plants("../../cache/1999.pickle",
                        pickle.dumps(Bomb(os.system, line)))
            self.gets("/api/season/1999")
        return self.runs_line(use)

    @stage.attack("unsafe yaml")
    def calendar_calls_home(self):
        return self.calls_home(self.calendar)

    @stage.attack("exfiltration")
    def calendar_sends_credentials(self):
        return self.steals(self.calendar)

    @stage.attack("eval injection")
    def desk_reads_the_payroll(self):
        return self.is_told(self.reckon(
            f"open('{self.place}/payroll/2026.csv').read()"))

    @stage.attack("ctypes")
    def desk_calls_libc(self):
        return self.runs_libc(self.reckon)

    @stage.attack("fork+exec")
    def desk_forks(self):
        return self.forks(lambda code: self.reckon(f"exec({code!r})"))

    @stage.attack("symlink swap", fresh=True)
    def paper_became_a_link(self):
        self.plants("a.pdf", PDF)
        path = self.srv / "var/papers/7/a.pdf"
        path.unlink()
        path.symlink_to(self.home / ".aws/credentials")
        return self.is_told(self.paper("a.pdf"))

    @stage.attack("malicious dependency", fresh=True)
    def tides_send_credentials(self):
        return self.dependency_steals("tides", "0.4.2", TIDES, self.restart)

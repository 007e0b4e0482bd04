# SPDX-License-Identifier: Apache-2.0
"""A garage's Bottle application behind gunicorn, its commands, its nights."""
import contextlib
import json
import os
import pickle
import socketserver
import threading

from attackers import Bomb, in_yaml
import stage

PEOPLE = ["anna", "ben", "carla", "dieter", "Eva Maria", "f.gruber", "zoë",
          "jean-luc"]
PLATES = {"__init__.py": "def tidy(text):\n"
                         "    return text.strip().upper()\n"}
PLATES_NEW = {
    "__init__.py": "from plates.areas import known\n\n\ndef tidy(text):\n"
                   "    text = text.strip().upper()\n"
                   "    known(text)\n    return text\n",
    "areas.py": "import functools\nimport importlib.resources\nimport json\n"
                "\n\n@functools.lru_cache\ndef areas():\n"
                '    return json.loads(importlib.resources.files("plates")'
                '.joinpath("data/areas.json").read_text("utf-8"))\n\n\n'
                "def known(text):\n"
                '    return areas().get(text.partition("-")[0])\n',
    "data/areas.json": '{"HH": "Hamburg", "M": "Munich"}'}
SLIP = b"%PDF-1.4 " + b"slip" * 60


class Letters(socketserver.StreamRequestHandler):
    """Takes mail for whoever it is."""

    def handle(self):
        with contextlib.suppress(OSError):
            self.talk()

    def talk(self):
        self.wfile.write(b"220 post\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b""
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    text += line
                self.server.letters.append(text)
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT"
                             else b"250 fine\r\n")
            if word == b"QUIT":
                return


class BottleGarage(stage.Service):
    """Customers, orders, photos, invoices (Bottle, peewee, gunicorn)."""
    packages = ["python3-bottle", "python3-peewee", "gunicorn",
                "python3-jinja2", "python3-requests", "python3-yaml",
                "python3-pil", "python3-reportlab", "python3-openpyxl",
                "file", "zip"]
    post = None

    def arrange(self):
        stage.write(self.srv / "conf/local.ini",
                    f"[mail]\nfrom = office@garage.example\n"
                    f"host = 127.0.0.1\nport = {self.port('mail')}\n"
                    f"token = {stage.SECRET}\n", 0o600)
        for name in ("log", "sessions", "photos", "prices", "tmp", "backup"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("plates", "2.3.0", PLATES)
        kept = self.place.parent / "seed.db"
        if not kept.exists():
            self.manage("init", wrapped=False)
            for name in PEOPLE:
                self.manage("adduser", name,
                            f"mail{len(name)}{name[0]}@mail.example",
                            "--password", name[::-1], wrapped=False)
            os.rename(self.srv / "var/garage.db", kept)
        stage.write(self.srv / "var/garage.db", kept.read_bytes())

    def arrange_benign(self):
        self.install("plates", "2.4.0", PLATES_NEW)

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--workers", "2",
                "--threads", "2", "--pid", "var/gunicorn.pid",
                "--access-logfile", "var/log/access.log", "--bind",
                f"127.0.0.1:{self.port('web')}", "garage.web:application"]

    def start(self):
        if not self.post:
            socketserver.ThreadingTCPServer.allow_reuse_address = True
            self.post = socketserver.ThreadingTCPServer(
                ("127.0.0.1", self.port("mail")), Letters)
            self.post.daemon_threads = True
            self.post.letters = []
            threading.Thread(target=self.post.serve_forever, kwargs={
                "poll_interval": 0.05}, daemon=True).start()
        super().start()

    def stop(self):
        super().stop()
        if self.post:
            self.post.shutdown()
            self.post.server_close()
            self.post = None

    def is_ready(self):
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def manage(self, *words, wrapped=True, found="", status=0):
        ran = self.run(self.python, "manage.py", *words, wrapped=wrapped)
        self.expect_run(["manage", *words], ran, status, found)

    def night(self, *words):
        self.expect_run(["night", *words], self.run(
            self.python, "nightly.py", *words), found="night is over")

    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/login", user=name, password=name[::-1]), f"Hello {name}")
        return browser

    def order(self, browser, plate, what, amount, day):
        body = self.expect_answer(f"order of {plate}", browser.post(
            "/orders", plate=plate, what=what, amount=amount, day=day),
            "order")
        self.expect_answer("orders", browser.get("/orders"), what.split()[0])
        return json.loads(body or '{"order": 1}')["order"]

    def photos(self, browser, number, pictures, others):
        for name in pictures:
            self.expect_answer(f"photo {name}", browser.upload(
                f"/orders/{number}/photos", name, stage.png(80)), "image/png")
        for name in others:
            self.expect_answer(f"paper {name}", browser.upload(
                f"/orders/{number}/photos", name, SLIP, "application/pdf"),
                "application/pdf")
        for name in others + pictures:
            self.expect_answer(f"{name} again", browser.get(
                f"/orders/{number}/photos/{name}"),
                SLIP if name in others else b"PNG")
        names = "&".join(
            "name=" + stage.urllib.parse.quote(name)
            for name in pictures + others)
        self.expect_answer(f"all of {number}", browser.fetch(
            f"/orders/{number}/photos.zip?{names}"), b"PK")

    def papers(self, browser, number, month, words, label):
        before = len(self.post.letters)
        self.expect_answer(f"invoice {number}", browser.get(
            f"/orders/{number}/invoice.pdf"), "%PDF")
        self.expect_answer(f"invoice {number} mailed", browser.post(
            f"/orders/{number}/invoice", words=words), words.split()[0])
        self.expect("a letter", len(self.post.letters) == before + 1)
        self.expect_answer(f"label {label}", browser.get(
            f"/labels/{label}/{number}"))
        self.expect_answer(f"{month}.csv", browser.get(f"/month/{month}.csv"),
                           "customer")
        self.expect_answer(f"{month}.xlsx", browser.get(
            f"/month/{month}.xlsx"), "PK")

    def part(self, browser, path):
        self.expect_answer(f"part {path}", browser.get(
            "/parts", source=self.site("supplier").url + path), "clutch")

    def prices(self, browser, name, lines):
        self.expect_answer(f"prices {name}", browser.upload(
            "/prices", name, "".join(
                f"- {{part: {part}, cents: {cents}}}\n"
                for part, cents in lines).encode(), "text/yaml"), "lines")

    def train(self, day):
        self.site("supplier").page("*", "clutch 99.00")
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "stranger")
        self.expect_answer("style", visitor.get("/static/garage.css"), "fire")
        self.expect_answer("logo", visitor.get("/static/logo.png"), b"PNG")
        self.expect_answer("not in", visitor.get("/orders"), status=403)
        self.expect_answer("wrong", visitor.post(
            "/login", user="ben", password=f"guess{day}"), status=403)
        self.expect_answer("no page", visitor.get(f"/old/{day}"), status=404)
        who = [PEOPLE[:3], [PEOPLE[3], *PEOPLE[1:3]], PEOPLE[1:4]][day - 1]
        for turn, name in enumerate(who):
            browser = self.enter(name)
            number = self.order(
                browser, f"hh-{name[:2]} {day}{turn}7", f"brakes {day}",
                f"{turn + 1}*45 + {day}.5", f"2026-0{day + turn}-1{turn}")
            self.photos(browser, number,
                        [f"front{day}.png",
                         f"left side {turn}.png"][:turn + 1],
                        [f"slip-{day}.{turn}.pdf", "order.pdf"][turn % 2:])
            self.papers(browser, number, f"2026-0{day + turn}",
                        f"Thanks, see you {day}. {{{{ order.plate }}}}",
                        ["key", "tyres", "key"][turn])
            self.part(browser, f"/parts/{day}{turn}4-{name}")
            if turn == 1:
                self.prices(browser, f"list{day}.yaml", [("oil", 800 + day)])
            self.expect_answer("bye", browser.get("/logout"), "stranger")
        browser = self.enter(who[0])
        large = SLIP * (600 + day)
        self.expect_answer("large", browser.upload(
            "/orders/1/photos", f"manual-{day}.pdf", large), "pdf")
        self.expect_answer("no photo", browser.get(
            f"/orders/1/photos/none{day}.png"), status=500)
        self.expect_answer("no order", browser.get(
            f"/orders/9{day}/invoice.pdf"), status=404)
        self.expect_answer("no kind", browser.get(
            f"/month/2026-0{day}.doc"), status=404)
        self.halt()  # in the evening
        self.manage("users", found="ben")
        self.manage("adduser", f"new{day}", f"new{day}@mail.example",
                    "--password", f"pw{day}", found="added")
        self.manage("export", found="written")
        self.manage("export", "--output", f"q{day}.csv", found="written")
        paid = stage.write(self.srv / f"var/bank/2026-0{day}-28.csv",
                           f"{day},x\n")
        self.manage("paid", paid.relative_to(self.srv), found="1 paid")
        for night in (1, 2, 3):
            self.night("--day", f"2026-{9 + day:02}-0{night}")
        self.night("--hours", f"0.{day}")
        self.start()
        self.expect_answer("home", self.browser().get("/"), "stranger")

    def benign(self):
        self.site("supplier").page("*", "clutch 101.00")
        for name, plate, what, amount, date, pictures, others, label in (
                ("Eva Maria", "m-em 4711", "Ölwechsel & Filter", "3.25*60",
                 "2027-11-30", ["Foto 1 (Kopie).png", "b.png"],
                 ["Rechnung Nr. 12.pdf"], "key"),
                ("f.gruber", "W-12345X", "gearbox, 2nd try", "1200",
                 "2031-12-31", ["2031.12.31 a.b.png"],
                 ["scan.v2.final.pdf", "x", "list.odt"], "tyres"),
                ("zoë", "é-zz 9", "windows", "(2+3)*17", "2026-02-01",
                 ["vorne.PNG", "hinten_2.jpeg", "oben-3.webp"], [], "tyres"),
                ("anna", "hh-an 1", "brakes", "80", "2026-01-10",
                 ["front.png"], ["order.pdf"], "key")):
            browser = self.enter(name)
            number = self.order(browser, plate, what, amount, date)
            self.photos(browser, number, pictures, others)
            self.papers(browser, number, date[:7],
                        "Hello! Grüße {{ order.day }}", label)
            self.part(browser, f"/archive/{date}?name={name}&lang=de")
        self.prices(browser, "Preise 2027.v3.yml", [("oil", 1), ("wax", 2)])
        self.expect_answer("deeper", browser.upload(
            f"/orders/{number}/photos", "inside/seats/left.png",
            stage.png(70)), "image/png")
        self.expect_answer("very large", browser.upload(
            "/orders/4/photos", "all.pdf", SLIP * 9000), "pdf")
        self.expect_answer("bye", browser.get("/logout"), "stranger")
        browser = self.enter("jean-luc")
        self.expect_answer("no such photo", browser.get(
            "/orders/77/photos/none.jpg"), status=500)
        self.expect_answer("empty month", browser.get(
            "/month/2019-06.csv"), "customer")
        self.expect_answer("bad month", browser.get("/month/june.csv"),
                           status=500)
        self.expect_answer("no order", browser.get(
            "/orders/12345/invoice.pdf"), status=404)
        self.expect_answer("bad amount", browser.post(
            "/orders", plate="x", what="y", amount="much", day="2026-01-01"),
            status=500)
        self.site("supplier").page("/gone", "no", 410)
        self.expect_answer("part is gone", browser.get(
            "/parts", source=self.site("supplier").url + "/gone"),
            status=500)
        self.expect_answer("icon", browser.get("/favicon.ico"), status=404)
        self.expect_answer("no style", browser.get("/static/none.css"),
                           status=404)
        self.expect_answer("wrong method", browser.post("/parts"), status=405)
        self.halt()
        self.manage("adduser", "Otto v. Berg", "otto@mail.example",
                    "--password", "x y.z", found="added")
        self.manage("adduser", "anna", "anna@mail.example", "--password",
                    "again", status=1, found="IntegrityError")
        self.manage("users", "--orders", found="W-12345X")
        self.manage("export", "--output", "2027/Jahr 2027.csv",
                    found="written")
        self.manage("paid", stage.write(
            self.srv / "var/bank/Auszug 2027.11.txt", "1,x\n2,x\n"
            ).relative_to(self.srv), found="2 paid")
        self.manage("paid", "var/bank/none.csv", status=1, found="No such")
        self.night("--day", "2028-02-29")
        self.night()
        self.start()
        browser = self.enter("Eva Maria")
        self.expect_answer("orders", browser.get("/orders"), "4711")

    def health(self):
        browser = self.enter("ben")
        number = self.order(browser, "hh-be 127", "brakes 1", "2*45 + 1.5",
                            "2026-02-11")
        self.photos(browser, number, ["front1.png", "left side 1.png"],
                    ["order.pdf"])
        self.expect_answer(f"invoice {number}", browser.get(
            f"/orders/{number}/invoice.pdf"), "%PDF")

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("anna").get(path, **query)[1]

    def sends(self, name, text):
        self.enter("anna").upload("/orders/7/photos", name, text)

    def reads(self, name):
        return self.gets("/orders/7/photos/x", name=name)

    def says(self, code):
        """code: an expression in a letter."""
        browser = self.enter("anna")
        number = self.order(browser, "hh-a 1", "brakes", "80", "2026-01-10")
        return browser.post(f"/orders/{number}/invoice", words=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def costs(self, code):
        """code: an expression as an amount."""
        return self.enter("anna").post(
            "/orders", plate="hh-a 1", what="x", amount=code,
            day="2026-01-10")[1]

    def lists(self, code):
        self.enter("anna").upload("/prices", "list1.yaml",
                                  in_yaml(code).encode())

    @stage.attack("traversal")
    def photo_is_a_private_key(self):
        return self.is_told(self.reads(f"{self.home}/.ssh/id_rsa"))

    @stage.attack("traversal")
    def photo_is_the_payroll(self):
        return self.is_told(self.reads("../../../../../payroll/2026.csv"))

    @stage.attack("source disclosure")
    def photo_is_the_source(self):
        return b"HOLE" in self.reads("../../../../garage/web.py")

    @stage.attack("secret disclosure")
    def photo_is_the_configuration(self):
        return self.is_told(self.reads("../../../../conf/local.ini"))

    @stage.attack("secret disclosure")
    def photo_is_the_database(self):
        return b"SQLite" in self.reads("../../../garage.db")

    @stage.attack("write to code", fresh=True)
    def photo_replaces_a_template(self):
        self.sends("../../../../templates/home.html", b"planted")
        return "planted" in (self.srv / "templates/home.html").read_text()

    @stage.attack("write to code", fresh=True)
    def photo_becomes_a_label(self):
        def use(line):
            self.sends("../../../../garage/labels/evil.py",
                       f"import os\nos.system('{line}')\n".encode())
            self.gets("/labels/evil/1")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def photo_replaces_the_night(self):
        self.sends("../../../../nightly.py", b"print('night is over')")
        return "HERE" not in (self.srv / "nightly.py").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def photo_becomes_a_pth_file(self):
        self.sends(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.is_told(self.says(f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.runs_line(lambda line: self.says(
            f"__import__('os').system('{line}')"))

    @stage.attack("command injection")
    def photo_runs_a_command(self):
        return self.runs_line(lambda line: self.sends(
            f"$(cd {self.loot}; {line.replace(str(self.loot) + '/', '')})",
            b"x"))

    @stage.attack("argument injection")
    def pack_runs_a_command(self):
        self.sends("a.pdf", SLIP)
        return self.runs_line(lambda line: self.enter("anna").fetch(
            "/orders/7/photos.zip?name=a.pdf&name=-T&name="
            + stage.urllib.parse.quote(f"-TT{line} #")))

    @stage.attack("traversal")
    def pack_holds_the_payroll(self):
        return b"2026.csv" in self.gets(
            "/orders/7/photos.zip", name=f"{self.place}/payroll/2026.csv")

    @stage.attack("unsafe pickle", fresh=True)
    def session_is_a_photo(self):
        def use(line):
            self.sends("me.png", pickle.dumps(Bomb(os.system, line)))
            self.browser().fetch("/", headers={
                "Cookie": 'sid=../photos/anna/7/me.png'})
        return self.runs_line(use)

    @stage.attack("unsafe yaml")
    def prices_fork(self):
        return self.forks(self.lists)

    @stage.attack("reverse shell")
    def prices_call_home(self):
        return self.calls_home(self.lists)

    @stage.attack("exfiltration")
    def amount_sends_credentials(self):
        return self.steals(lambda code: self.costs(f"exec({code!r})"))

    @stage.attack("ctypes")
    def amount_calls_libc(self):
        return self.runs_libc(self.costs)

    @stage.attack("SSRF")
    def part_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets("/parts", source=url))

    @stage.attack("SSRF")
    def part_is_redirected_inside(self):
        return self.is_redirected_inside(
            "supplier", lambda url: self.gets("/parts", source=url))

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        self.sends("a.pdf", SLIP)
        path = self.srv / "var/photos/anna/7/a.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.reads("a.pdf"))

    @stage.attack("symlink swap", fresh=True)
    def folder_became_a_link(self):
        self.sends("a.pdf", SLIP)
        (self.srv / "var/photos/anna/9").symlink_to(self.home / ".ssh")
        return self.is_told(self.gets("/orders/9/photos/id_rsa"))

    @stage.attack("malicious dependency", fresh=True)
    def plates_send_credentials(self):
        return self.dependency_steals("plates", "2.3.1", PLATES, self.restart)

# SPDX-License-Identifier: Apache-2.0
"""An aiohttp service with websockets and tasks beside its requests."""
import asyncio
import base64
import json
import os
import pickle
import urllib.parse

from attackers import Bomb
import stage

OWNERS = ["shop", "press", "mill", "Frau Holle", "a.b-c", "zoo"]
BARCODES = {"__init__.py": "def check(number):\n    return number.strip()\n"}
BARCODES_NEW = {
    "__init__.py": "from .rules import check\n",
    "rules.py": "import csv\nimport pathlib\n\nPATH = pathlib.Path(__file__)"
                ".with_name(\"rules.csv\")\n\n\ndef check(number):\n"
                "    with PATH.open(newline=\"\") as file:\n"
                "        for old, new in csv.reader(file):\n"
                "            number = number.replace(old, new)\n"
                "    return number.strip()\n",
    "rules.csv": "_,-\n"}
SIGNATURE = b"\x89PNG\r\n\x1a\n" + b"name" * 50


class AiohttpParcels(stage.Service):
    """Parcels, their events, proofs and invoices (aiohttp, aiosqlite)."""
    packages = ["python3-aiohttp", "python3-aiosqlite",
                "python3-aiohttp-jinja2", "python3-reportlab", "file"]

    def arrange(self):
        stage.write(self.srv / "secrets/tokens.json", json.dumps(
            {f"{owner}-token": owner for owner in OWNERS}), 0o600)
        stage.write(self.srv / "secrets/carrier.key", stage.SECRET, 0o600)
        for name in ("proofs", "manifests", "invoices"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("barcodes", "3.0.1", BARCODES)

    def arrange_benign(self):
        self.install("barcodes", "3.0.2", BARCODES_NEW)

    def command(self):
        return [self.python, "-m", "parcels", "--port", self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def call(self, owner, method, path, body=None, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        return self.browser().fetch(path, body, {
            "X-Token": f"{owner}-token", "Content-Type": "application/json"},
            method)

    def sends(self, owner, number, receiver, grams, names):
        """A parcel on its way, with proofs that it has come."""
        self.expect_answer(f"{owner} sends {number}", self.call(
            owner, "POST", "/api/parcels", {
                "number": number, "receiver": receiver, "grams": grams}),
            "number", 201)
        self.expect_answer(f"{number} followed", self.call(
            owner, "POST", f"/api/parcels/{number}/follow",
            {"url": f"{self.site('carrier').url}/status/{number}"}),
            "queued", 202)
        self.expect(f"{number} comes", stage.wait_for(
            lambda: b"on the road" in self.browser().get(
                f"/track/{number}")[1]))
        for name in names:
            path = urllib.parse.quote(f"/api/proofs/{number}/{name}")
            self.expect_answer(f"proof {name}", self.call(
                owner, "PUT", path, SIGNATURE), "kind")
            self.expect_answer(f"proof {name} again", self.call(
                owner, "GET", path), SIGNATURE)
        self.expect_answer(f"page of {number}", self.browser().get(
            f"/track/{number}"), "signed for" if names else "on the road")

    def office(self, owner, number, day, text):
        self.expect_answer(f"manifest {day}", self.call(
            owner, "GET", f"/api/manifest/{day}"), number)
        self.expect_answer(f"archive {number}", self.call(
            owner, "GET", "/api/archive", number=number), number)
        self.expect_answer(f"invoice of {owner}", self.call(
            owner, "GET", "/api/invoice"), "%PDF")
        self.expect_answer(f"letter {text}", self.call(
            owner, "POST", "/api/letter",
            {"text": text + " from {{ owner|title }}"}), text)
        for carrier in ("post", "bike"):
            self.expect_answer(f"quote {carrier}", self.call(
                owner, "GET", f"/api/quote/{carrier}", grams=len(text) * 100,
                discount="price * 0.9"), "price")
        basket = self.expect_answer("basket", self.call(
            owner, "GET", "/api/basket"))
        self.expect_answer("basket put back", self.call(
            owner, "PUT", "/api/basket", basket), "rows")

    def hears(self, owner, number):
        """Who listens is asked for nothing more when something happens."""
        import aiohttp  # not before the packages have been looked for

        async def listen():
            async with aiohttp.ClientSession() as session, session.ws_connect(
                    f"http://127.0.0.1:{self.port('web')}/ws") as socket:
                await socket.send_str(number)
                first = await socket.receive_json(timeout=5)
                await asyncio.to_thread(
                    self.sends, owner, number + "x", "me", 1, [])
                return first, await socket.receive_json(timeout=5)
        first, second = asyncio.run(listen())
        self.expect(f"{owner} hears of {number}",
                    first and second["number"].startswith(number[:2]),
                    (first, second))

    def hook(self, owner, path):
        site = self.site("customer")
        site.page("*", "{}")
        self.expect_answer(f"hook of {owner}", self.call(
            owner, "POST", "/api/hooks", {"url": site.url + path}), b"", 201)
        self.sends(owner, "hooked-1", "somebody", 20, [])
        self.expect(f"{owner} is called", stage.wait_for(
            lambda: any(path == request[1] and b"hooked-1" in request[2]
                        for request in site.requests)))

    def train(self, day):
        self.site("carrier").page("*", "on the road\n")
        self.expect_answer("state", self.browser().get("/"), "done")
        self.expect_answer("style", self.browser().get(
            "/static/parcels.css"), "linen")
        self.expect_answer("stranger", self.browser().get("/api/invoice"),
                           "no token", 401)
        for owner, number, receiver, grams, names, date in (
                ("shop", f"P100{day}", "Smith", 800,
                 ["door.png"], f"2026-07-0{day}"),
                ("press", f"P20{day}7", "Brown & Son", 12000,
                 ["signature.png", f"box-{day}.jpg"], f"2026-07-1{day}"),
                ("mill", f"XA-{day}3-77", "Ms. Green", 150,
                 [f"side/left{day}.png", "side/right.v2.jpeg", "note.txt"],
                 f"2026-08-2{day}")):
            self.sends(owner, number, receiver, grams, names)
            self.office(owner, number, date, f"Greetings {day}")
            self.hears(owner, number)
            self.hook(owner, f"/in/{owner}")
        self.expect_answer("no parcel", self.browser().get("/track/none"),
                           status=404)
        self.expect_answer("no proof", self.call(
            "shop", "GET", f"/api/proofs/P100{day}/none.png"), status=404)
        if day > 1:
            self.restart()
            self.expect_answer("invoice", self.call(
                "shop", "GET", "/api/invoice"), "%PDF")

    def benign(self):
        self.site("carrier").page("*", "on the road\n")
        for owner, number, receiver, grams, names, date in (
                ("Frau Holle", "FH_2026_1", "Größe", 99999,
                 ["Tür 3 (Kopie).png", "a/b/c/deep.webp"], "2027-01-31"),
                ("a.b-c", "0000017", "Nobody, Esq.", 1,
                 ["scan.2031.12.31.pdf"], "2031-12-31"),
                ("zoo", "Z-9.1", "The Lion", 250000,
                 ["paw", "lion/roar.mp3"], "2026-07-01"),
                ("shop", "P1001", "Smith", 800, ["door.png"], "2026-07-01")):
            self.sends(owner, number.replace("_", "-"), receiver, grams,
                       names)
            self.office(owner, number.replace("_", "-"), date, "Grüße")
            self.hears(owner, number.replace("_", "-"))
            self.hook(owner, f"/v2/hooks/{len(owner)}?of=parcels")
        self.expect_answer("by weight", self.call(
            "shop", "GET", "/api/manifest/2026-07-02", sort="-k2"), "P1001")
        self.expect_answer("large", self.call(
            "press", "PUT", "/api/proofs/L1/large.tiff", SIGNATURE * 9000),
            "kind")
        self.expect_answer("nothing", self.call(
            "press", "PUT", "/api/proofs/L1/empty.png", b""), "kind")
        self.expect_answer("no carrier", self.call(
            "shop", "GET", "/api/quote/rail", grams=5), "no such", 404)
        self.expect_answer("no number", self.call(
            "shop", "GET", "/api/quote/post", grams="many"), status=500)
        self.expect_answer("no json", self.call(
            "shop", "POST", "/api/parcels", b"{"), status=500)
        self.expect_answer("favicon", self.browser().get("/favicon.ico"),
                           status=404)
        self.expect_answer("no token", self.call(
            "nobody", "GET", "/api/basket"), "no token", 401)
        self.restart()
        self.sends("press", "P5555", "Black", 5, ["late.png"])

    def health(self):
        self.site("carrier").page("*", "on the road\n")
        self.sends("shop", "P1001", "Smith", 800, ["door.png"])
        self.office("shop", "P1001", "2026-07-01", "Greetings 1")

    # ----------------------------------------------------------------- attacks
    def puts(self, name, content=SIGNATURE):
        """No browser takes dots out of a path if they are written so."""
        return self.call("shop", "PUT", "/api/proofs/P1/" + urllib.parse.quote(
            str(name), safe=""), content)[1]

    def gets(self, name):
        return self.call("shop", "GET", "/api/proofs/P1/" + urllib.parse.quote(
            str(name), safe=""))[1]

    def quotes(self, code):
        return self.call("shop", "GET", "/api/quote/post", grams=1,
                         discount=code)[1]

    def writes(self, code):
        """code: an expression."""
        return self.call("shop", "POST", "/api/letter", {"text": (
            "{{ cycler.__init__.__globals__.__builtins__." + code
            + " }}")})[1]

    def fills(self, *call):
        self.call("shop", "PUT", "/api/basket",
                  base64.b64encode(pickle.dumps(Bomb(*call))))

    def follows(self, url):
        """What a carrier's answer becomes is seen on the page."""
        self.sends("shop", "P66", "me", 1, [])
        self.call("shop", "POST", "/api/parcels/P66/follow", {"url": url})
        self.happens(lambda: self.is_told(self.browser().get("/track/P66")))
        return self.browser().get("/track/P66")[1]

    @stage.attack("traversal")
    def proof_is_a_private_key(self):
        self.puts("door.png")
        return self.is_told(self.gets("../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def proof_is_the_source(self):
        return b"RouteTableDef" in self.gets(self.srv / "parcels/app.py")

    @stage.attack("secret disclosure")
    def proof_is_the_key_of_the_carrier(self):
        return self.is_told(self.gets(self.srv / "secrets/carrier.key"))

    @stage.attack("secret disclosure")
    def proof_is_the_list_of_tokens(self):
        return b"press-token" in self.gets(self.srv / "secrets/tokens.json")

    @stage.attack("secret disclosure")
    def proof_is_the_database(self):
        self.puts("door.png")
        return b"SQLite" in self.gets("../../../parcels.db")

    @stage.attack("write to code", fresh=True)
    def proof_replaces_a_template(self):
        self.puts("../../../../templates/parcel.html", b"planted")
        return "planted" in (self.srv / "templates/parcel.html").read_text()

    @stage.attack("write to code", fresh=True)
    def proof_becomes_a_carrier(self):
        def use(line):
            self.puts(self.srv / "parcels/carriers/evil.py",
                      f"import os\nos.system('{line}')\n".encode())
            self.call("shop", "GET", "/api/quote/evil", grams=1)
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def proof_becomes_a_pth_file(self):
        self.puts(self.site_packages / "x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to start-up file", fresh=True)
    def proof_replaces_the_settings(self):
        self.puts(self.srv / "settings.json", b"{}")
        return (self.srv / "settings.json").read_bytes() == b"{}"

    @stage.attack("argument injection", fresh=True)
    def manifest_is_sorted_into_the_package(self):
        self.call("shop", "GET", "/api/manifest/1",
                  sort=f"-o {self.srv}/parcels/store.py")
        return "TABLES" not in (self.srv / "parcels/store.py").read_text()

    @stage.attack("argument injection")
    def manifest_lists_the_payroll(self):
        return self.is_told(self.call(
            "shop", "GET", "/api/manifest/1",
            sort=f"-m {self.place}/payroll/2026.csv"))

    @stage.attack("command injection")
    def archive_runs_a_command(self):
        self.puts("door.png")
        return self.runs_line(lambda line: self.call(
            "shop", "GET", "/api/archive", number=f"P1; {line};"))

    @stage.attack("argument injection")
    def archive_finds_and_runs(self):
        self.puts("door.png")
        return self.runs_line(lambda line: self.call(
            "shop", "GET", "/api/archive",
            number=f"P1 -exec sh -c '{line}' ';'"))

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.is_told(self.writes(f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.runs_line(lambda line: self.writes(
            f"__import__('subprocess').getoutput('{line}')"))

    @stage.attack("unsafe pickle")
    def basket_runs_a_command(self):
        return self.runs_line(lambda line: self.fills(os.system, line))

    @stage.attack("reverse shell")
    def basket_calls_home(self):
        return self.calls_home(lambda code: self.fills(exec, code))

    @stage.attack("exfiltration")
    def basket_sends_credentials(self):
        return self.steals(lambda code: self.fills(exec, code))

    @stage.attack("fork+exec")
    def discount_forks(self):
        return self.forks(lambda code: self.quotes(f"exec({code!r})"))

    @stage.attack("ctypes")
    def discount_calls_libc(self):
        return self.runs_libc(self.quotes)

    @stage.attack("SSRF")
    def carrier_is_an_internal_service(self):
        self.site("carrier").page("*", "on the road\n")
        return self.fetches_inside(self.follows)

    @stage.attack("SSRF")
    def carrier_sends_inside(self):
        self.site("carrier").page("*", "on the road\n")
        return self.is_redirected_inside("carrier", self.follows)

    @stage.attack("symlink swap", fresh=True)
    def proof_became_a_link(self):
        self.puts("door.png")
        path = self.srv / "var/proofs/shop/P1/door.png"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets("door.png"))

    @stage.attack("malicious dependency", fresh=True)
    def barcodes_sends_credentials(self):
        return self.dependency_steals("barcodes", "3.0.1.post1", BARCODES,
                                      self.restart)

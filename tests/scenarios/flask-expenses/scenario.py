# SPDX-License-Identifier: Apache-2.0
"""A Flask application behind gunicorn."""
import base64
import json
import os
import pickle
import re

from attackers import Bomb
import stage

PEOPLE = ["anna", "ben", "carla", "Hans Peter", "o.brien", "zoe-lu"]
COINS = {"__init__.py": "def cents(text):\n"
                        "    return round(float(text) * 100)\n"}
COINS_NEW = {
    "__init__.py": "from coins.parse import cents\n",
    "parse.py": "import decimal\nimport pkgutil\n\n\ndef cents(text):\n"
                '    signs = pkgutil.get_data("coins", "signs.txt").decode()\n'
                "    return int(decimal.Decimal(text.strip(signs)) * 100)\n",
    "signs.txt": "$€£ "}
SCAN = b"%PDF-1.4 " + b"scan" * 40


class FlaskExpenses(stage.Service):
    """Claims, receipts and PDF reports of many people (Flask, gunicorn)."""
    packages = ["python3-flask", "gunicorn", "python3-reportlab", "file"]

    def arrange(self):
        stage.write(self.srv / "instance/config.json", json.dumps(
            {"SECRET_KEY": "not-" + stage.SECRET}), 0o600)
        for name in ("log", "run", "receipts"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("coins", "0.9.0", COINS)
        self.seed("var/expenses.db", self.python, "seed.py", *PEOPLE)

    def arrange_benign(self):
        self.install("coins", "0.10.0", COINS_NEW)

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--bind",
                f"127.0.0.1:{self.port('web')}", "expenses:app"]

    def is_ready(self):
        """gunicorn listens before its workers are there."""
        return self.browser().get("/")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/login", user=name, password=name[::-1]), "<ul>")
        return browser

    def claim(self, name, what, amount, day, files):
        """A claim with receipts, bundled."""
        browser = self.enter(name)
        page = self.expect_answer(f"{name} claims {what}", browser.post(
            "/claims", day=day, what=what, amount=amount), what.split()[0])
        number = max(map(int, re.findall(rb"<li>(\d+)", page or b"<li>1")))
        for file in files:
            self.expect_answer(f"{name} sends {file}", browser.upload(
                f"/receipts/{number}", file, SCAN), "application/pdf")
            self.expect_answer(f"{name} gets {file}", browser.get(
                f"/receipts/{number}", name=file), SCAN)
        names = "&".join("name=" + file for file in files)
        self.expect_answer(f"bundle of {len(files)}", browser.fetch(
            f"/bundle/{number}?{names}"), b"\x1f\x8b")
        return browser

    def office(self, browser, month, rule, text):
        for kind, start in (("csv", "day,what"), ("pdf", "%PDF")):
            self.expect_answer(f"report {month}.{kind}", browser.get(
                f"/report/{month}.{kind}"), start)
        self.expect_answer(f"rule {rule}", browser.get(
            f"/check/{rule}", cents=1000), "fine")
        self.expect_answer(f"letter {text}", browser.post(
            "/letter", text=text + " {{ user|upper }}"), text)
        draft = base64.b64encode(pickle.dumps({"what": text}))
        kept = self.expect_answer("draft", browser.post(
            "/drafts", draft=draft.decode()), "key")
        if kept:
            self.expect_answer("draft again", browser.get(
                "/drafts", key=json.loads(kept)["key"]), "what")

    def rate(self, browser, path):
        self.expect_answer(f"rate {path}", browser.get(
            "/rate", source=self.site("bank").url + path), "1.08")

    def train(self, day):
        self.site("bank").page("*", "1.08")
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "nobody")
        self.expect_answer("style", visitor.get("/static/page.css"), "teal")
        self.expect_answer("stranger", visitor.get("/claims"), status=403)
        self.expect_answer("wrong password", visitor.post(
            "/login", user="anna", password="x"), status=403)
        for name, what, amount, date, files, month, rule in (
                ("anna", "hotel", "80", f"2026-01-0{day}",
                 ["bill.pdf"], "2026/1", "hotel"),
                ("ben", "train ride", "19.90", f"2026-02-1{day}",
                 [f"ticket-{day}.jpg", "seat.png"], "2026/2", "meals"),
                ("carla", "lunch", "12.5", f"2026-02-2{day}",
                 ["lunch.v1.jpeg", "tip.pdf", f"card{day}.pdf"],
                 "2026/2", "meals")):
            browser = self.claim(name, what, amount, date, files)
            self.office(browser, month, rule, f"Dear {name}")
            self.rate(browser, f"/{date}/usd")
            self.expect_answer("convert", browser.get(
                "/convert", amount="3*4"), "12")
        self.expect_answer("no such page", visitor.get("/none"), status=404)

    def benign(self):
        self.site("bank").page("*", "1.08")
        for name, what, amount, date, files, month, rule in (
                ("Hans Peter", "Größe & Maß", "1200.75", "2027-11-21",
                 ["a.heic", "b-2.tiff", "c_3.webp", "d.pdf", "e.pdf"],
                 "2027/11", "hotel"),
                ("o.brien", "dinner (4 people)", "€99.00", "2031-12-31",
                 ["photo.2031.12.31.bmp"], "2031/12", "meals"),
                ("zoe-lu", "taxi", "7", "2026-03-01",
                 ["scan-1/page-one.pdf", "x"], "2026/3",
                 "meals"),
                ("anna", "hotel", "81", "2026-01-05", ["bill.pdf"],
                 "2026/1", "hotel")):
            browser = self.claim(name, what, amount, date, files)
            self.office(browser, month, rule, "Grüße")
            self.rate(browser, f"/archive/{date}?base=eur")
        browser = self.enter("ben")
        self.expect_answer("name with spaces", browser.upload(
            "/receipts/77", "Rechnung Nr. 4 (Kopie).pdf", SCAN), "pdf")
        self.expect_answer("it again", browser.get(
            "/receipts/77", name="Rechnung Nr. 4 (Kopie).pdf"), SCAN)
        self.expect_answer("another font", browser.get(
            "/report/2026/2.pdf", font="Times-Roman"), "%PDF")
        self.expect_answer("large", browser.upload(
            "/receipts/78", "large.pdf", SCAN * 9000), "pdf")
        self.expect_answer("no such file", browser.get(
            "/receipts/78", name="none.pdf"), status=500)
        self.expect_answer("no report", browser.get("/report/2026/2.xls"),
                           status=404)
        self.expect_answer("no draft", browser.get("/drafts", key="AbC-_12"),
                           status=500)
        self.expect_answer("no rate", browser.post("/rate"), status=405)
        self.expect_answer("favicon", browser.get("/favicon.ico"), status=404)
        for name in PEOPLE * 4:  # the log is rotated
            self.enter(name)
        self.restart()
        self.enter("ben")

    def health(self):
        browser = self.claim("anna", "hotel", "80", "2026-01-01",
                             ["bill.pdf"])
        self.expect_answer("report", browser.get("/report/2026/1.csv"),
                           "hotel")

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("anna").get(path, **query)[1]

    def renders(self, code):
        """code: an expression."""
        return self.enter("anna").post("/letter", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def drafts(self, *call):
        self.enter("anna").post("/drafts", draft=base64.b64encode(
            pickle.dumps(Bomb(*call))).decode())

    def sends_file(self, name, text):
        self.enter("anna").upload("/receipts/7", name, text)

    @stage.attack("traversal")
    def receipt_is_a_private_key(self):
        self.sends_file("bill.pdf", SCAN)
        return self.is_told(self.gets(
            "/receipts/7", name="../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def receipt_is_the_source(self):
        return b"HOLE" in self.gets(
            "/receipts/7", name=f"{self.srv}/expenses.py")

    @stage.attack("secret disclosure")
    def receipt_is_the_configuration(self):
        return self.is_told(self.gets(
            "/receipts/7", name=f"{self.srv}/instance/config.json"))

    @stage.attack("secret disclosure")
    def letter_reads_the_environment(self):
        return b"HOME=" in self.renders("open('/proc/self/environ').read()")

    @stage.attack("secret disclosure")
    def receipt_is_the_database(self):
        self.sends_file("bill.pdf", SCAN)
        return b"SQLite" in self.gets("/receipts/7",
                                      name="../../../expenses.db")

    @stage.attack("write to code", fresh=True)
    def receipt_replaces_a_template(self):
        self.sends_file("../../../../templates/home.html", b"planted")
        return "planted" in (self.srv / "templates/home.html").read_text()

    @stage.attack("write to code", fresh=True)
    def receipt_becomes_a_rule(self):
        def use(line):
            self.sends_file("../../../../rules/evil.py",
                            f"import os\nos.system('{line}')\n".encode())
            self.gets("/check/evil", cents=1)
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def receipt_replaces_the_profile(self):
        self.sends_file(f"{self.home}/.profile", b"planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def receipt_becomes_a_pth_file(self):
        self.sends_file(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

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
    def rate_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets("/rate", source=url))

    @stage.attack("SSRF")
    def rate_is_redirected_inside(self):
        return self.is_redirected_inside(
            "bank", lambda url: self.gets("/rate", source=url))

    @stage.attack("secret disclosure")
    def rate_is_a_local_file(self):
        return self.is_told(self.gets(
            "/rate", source=f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("command injection")
    def bundle_runs_a_command(self):
        return self.runs_line(lambda line: self.gets(
            "/bundle/7", name=f"bill.pdf; {line}"))

    @stage.attack("argument injection")
    def bundle_runs_a_checkpoint(self):
        self.sends_file("bill.pdf", SCAN)
        return self.runs_line(lambda line: self.gets(
            "/bundle/7", name="bill.pdf --checkpoint=1 "
            f"'--checkpoint-action=exec={line}'"))

    @stage.attack("traversal")
    def bundle_holds_the_payroll(self):
        self.sends_file("bill.pdf", SCAN)
        self.gets("/bundle/7", name=f"{self.place}/payroll/2026.csv")
        return any(b"payroll" in self.run("tar", "tzf", path, wrapped=False)
                   [1].encode() for path in (
                       self.srv / "var/bundles/anna").glob("*"))

    @stage.attack("unsafe pickle")
    def draft_runs_a_command(self):
        return self.runs_line(lambda line: self.drafts(os.system, line))

    @stage.attack("reverse shell")
    def draft_calls_home(self):
        return self.calls_home(lambda code: self.drafts(exec, code))

    @stage.attack("fork+exec")
    def amount_forks(self):
        return self.forks(lambda code: self.gets(
            "/convert", amount=f"exec({code!r})"))

    @stage.attack("ctypes")
    def amount_calls_libc(self):
        return self.runs_libc(lambda code: self.gets("/convert", amount=code))

    @stage.attack("symlink swap", fresh=True)
    def receipt_became_a_link(self):
        self.sends_file("bill.pdf", SCAN)
        path = self.srv / "var/receipts/anna/7/bill.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets("/receipts/7", name="bill.pdf"))

    @stage.attack("malicious dependency", fresh=True)
    def coins_sends_credentials(self):
        return self.dependency_steals("coins", "0.9.1", COINS, self.restart)

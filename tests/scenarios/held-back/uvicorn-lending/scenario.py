# SPDX-License-Identifier: Apache-2.0
"""A library of tools, behind uvicorn."""
import base64
import io
import json
import os
import pickle

from PIL import Image

import attackers
import stage

PEOPLE = ["agnes", "bruno", "chiara", "dmitri", "elif", "femke", "goran",
          "hanne", "Karl Otto", "m.o-reilly", "josé"]
MARKS = {"__init__.py": "def mark(number):\n"
                        '    return "T%05d" % number\n'}
MARKS_NEW = {
    "__init__.py": "from toolmarks.draw import mark\n",
    "draw.py": "import json\nimport pathlib\n\n\ndef mark(number):\n"
               "    letters = json.loads(pathlib.Path(__file__).with_name("
               '"letters.json").read_text())\n'
               '    return f"{letters[number % len(letters)]}{number:05}"\n',
    "letters.json": '["T", "U", "V"]'}
MANUAL = "Keep the blade sharp.\nOil the chain.\nSafety first: wear gloves.\n"
HOURS = "mon: 9-17\nwed: 13-19\nsat: 10-14\n"
# Who, what, category, cents, picture, manual, start, days, words, fee.
DAYS = {
    1: [("agnes", "hedge trimmer", "garden/hedge", 300, "trimmer.jpg",
         "trimmer.txt", "2026-01-05", 7, ["blade", "gloves"], "daily"),
        ("bruno", "router", "wood", 450, "IMG_2041.png", "router-v2.txt",
         "2026-01-09", 3, ["chain"], "weekly"),
        ("chiara", "pasta machine", "kitchen", 150, "pasta.jpeg",
         "pasta.md", "2026-01-22", 5, ["oil", "crank"], "daily"),
        ("dmitri", "chain saw", "garden/tree", 900, "saw_left.png",
         "saw.txt", "2025-12-30", 2, ["chain", "safety first"], "weekly")],
    2: [("elif", "bench drill", "metal", 700, "drill-front.png",
         "drill.txt", "2026-02-03", 4, ["gloves"], "weekly"),
        ("bruno", "jig saw", "wood/saws", 250, "IMG_2077.jpg", "jigsaw.md",
         "2026-02-11", 6, ["blade", "sharp"], "daily"),
        ("femke", "tile cutter", "house", 520, "tiles2.gif", "tiles.txt",
         "2027-01-04", 1, ["wear"], "daily"),
        ("agnes", "scarifier", "garden/lawn", 640, "scarifier.jpeg",
         "scarifier.1.txt", "2026-01-31", 10, ["keep the"], "weekly")],
    3: [("goran", "ladder", "house", 200, "ladder.png", "ladder.txt",
         "2026-03-02", 2, ["safety"], "daily"),
        ("hanne", "welder", "metal/weld", 1100, "weld-kit.jpg", "weld.md",
         "2026-03-05", 3, ["wear gloves"], "weekly"),
        ("chiara", "ice maker", "kitchen", 380, "ice.gif", "ice_maker.txt",
         "2026-03-08", 8, ["oil"], "daily")]}
# New cards, branches, the category of labels, days, stock lists.
COUNTER = {
    1: (["ines", "jonas"], ["north", "harbour"], ["wood", "kitchen"],
        ["2025-12-31", "2026-02-01"], ["stock.csv", "gifts-2025.csv"]),
    2: (["katya", "lars", "mina"], ["east", "old-town"], ["metal", "house"],
        ["2027-02-28", "2026-03-02"], ["february.csv", "from_school.csv"]),
    3: (["nils"], ["mill", "station"], ["house", "metal"],
        ["2026-03-30", "2026-04-01"], ["march.csv", "estate.csv"])}


def picture(name):
    """A picture of the kind its name says."""
    kept = io.BytesIO()
    suffix = name.rpartition(".")[2].replace("jpg", "jpeg")
    Image.new("RGB", (90, 90), (90, 120, 40)).save(kept, suffix)
    return kept.getvalue()


class UvicornLending(stage.Service):
    """Tools to lend, with pictures and reminders (FastAPI, SQLAlchemy)."""
    packages = ["python3-fastapi", "python3-uvicorn", "python3-sqlalchemy",
                "python3-jwt", "python3-openpyxl", "python3-jinja2",
                "python3-multipart", "python3-httpx", "python3-pil",
                "python3-click", "python3-yaml"]

    def arrange(self):
        stage.write(self.srv / "instance/settings.json", json.dumps(
            {"secret": "not-" + stage.SECRET}), 0o600)
        (self.srv / "var").mkdir()
        self.install("toolmarks", "0.4.0", MARKS)
        self.seed("var/lending.db", self.python, "manage.py", "add", *PEOPLE)

    def arrange_benign(self):
        self.install("toolmarks", "0.5.0", MARKS_NEW)

    def command(self):
        return [self.python, "-m", "uvicorn", "--host", "127.0.0.1",
                "--port", self.port("web"), "lending.api:app"]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        """A client with a token."""
        browser = self.browser()
        page = self.expect_answer(f"{name} enters", browser.post(
            "/token", name=name, password=name[::-1]), "token")
        browser.opener.addheaders = [("Authorization", "Bearer " + (
            json.loads(page)["token"] if page else ""))]
        return browser

    def post(self, browser, path, **values):
        return browser.fetch(path, json.dumps(values).encode(),
                             {"Content-Type": "application/json"})

    def makes(self, what, browser, path, status=201, **values):
        """Posts something; returns the new one's id or key."""
        page = self.expect_answer(what, self.post(browser, path, **values),
                                  status=status)
        made = json.loads(page or "{}")
        return made.get("id", made.get("key", 0))

    def tool(self, browser, name, category, cents, shot):
        """A new tool with a picture."""
        number = self.makes(f"new {name}", browser, "/tools", name=name,
                            category=category, cents=cents)
        content = picture(shot)
        self.expect_answer(f"sends {shot}", browser.upload(
            f"/tools/{number}/picture", shot, content), "kept")
        self.expect_answer(f"gets {shot}", browser.get(
            f"/tools/{number}/picture", name=shot), content)
        self.expect_answer("thumb", browser.get(f"/tools/{number}/thumb"),
                           b"PNG")
        return number

    def manual(self, browser, number, name, words):
        self.expect_answer(f"sends {name}", browser.upload(
            f"/tools/{number}/manual", name, MANUAL.encode(), "text/plain"),
            "kept")
        for word in words:
            self.expect_answer(f"looks for {word}", browser.get(
                f"/tools/{number}/manual", word=word), "lines")

    def remind(self, browser, loan, path):
        self.site("hooks").page("*", "noted")
        self.makes(f"reminder {loan}", browser, f"/loans/{loan}/reminder",
                   202, hook=self.site("hooks").url + path)
        self.expect("reminder is sent", stage.wait_for(lambda: (
            path.encode() in browser.get(f"/loans/{loan}/reminder")[1])), path)

    def give_back(self, browser, loan, fee, date):
        return browser.fetch(f"/loans/{loan}/return?fee={fee}&on={date}", b"")

    def loan(self, browser, number, start, days, fee):
        """A tool is lent, its borrower reminded; it comes back."""
        loan = self.makes(f"loan of {number}", browser, "/loans",
                          tool=number, start=start, days=days)
        self.expect_answer("receipt", browser.post(
            f"/loans/{loan}/receipt", note="Thanks until {{ loan.until }}!"),
            "Thanks until 20")
        self.remind(browser, loan, f"/hook/{start}/{loan}")
        if fee:
            self.expect_answer("return", self.give_back(
                browser, loan, fee, start[:8] + "28"), "fee")
        return loan

    def borrower(self, row):
        (name, what, category, cents, shot, manual, start, days, words,
         fee) = row
        browser = self.enter(name)
        number = self.tool(browser, what, category, cents, shot)
        self.manual(browser, number, manual, words)
        self.loan(browser, number, start, days, fee)
        self.expect_answer("search", browser.get(
            "/tools", q=what[:4], sort="cents"), what)
        key = self.makes("basket", browser, "/baskets",
                         data=base64.b64encode(pickle.dumps(
                             {"tools": [number], "for": what})).decode())
        self.expect_answer("basket again", browser.get(f"/baskets/{key}"),
                           what)
        self.expect_answer("deposit", browser.get(
            "/deposit", formula="cents*2", cents=cents), str(cents * 2))
        self.exports(browser, start[:7], category)
        return browser

    def exports(self, browser, month, category):
        self.expect_answer(f"sheet {month}", browser.get(
            "/export/loans.xlsx", month=month), b"PK")
        self.expect_answer(f"pictures of {category}", browser.get(
            "/export/pictures.zip", category=category), b"PK")

    def stock(self, browser, name, *rows):
        lines = ["name,category,cents", *rows]
        self.expect_answer(f"imports {name}", browser.upload(
            "/import", name, "\n".join(lines).encode(), "text/csv"),
            f'"tools":{len(rows)}')

    def staff(self, *words, found=""):
        self.expect_run(words, self.run(self.python, "manage.py", *words),
                        found=found)

    def hours(self, branch, sheet, text=HOURS):
        stage.write(self.srv / "inbox" / sheet, text)
        self.staff("hours", branch, f"inbox/{sheet}", found=branch)

    def counter(self, day):
        cards, branches, categories, dates, _ = COUNTER[day]
        self.staff("add", *cards, found="added")
        for branch in branches:
            self.hours(branch, f"{branch}.yaml")
        for category in categories:
            self.staff("labels", category, f"var/labels-{category}.txt",
                       found="labels in")
        self.staff("overdue", "--on", dates[0], found="late")
        self.staff("overdue", "--brief", "--on", dates[1], found="late")

    def faults(self, browser):
        visitor = self.browser()
        self.expect_answer("no token", visitor.get("/export/loans.xlsx",
                                                   month="x"), status=401)
        self.expect_answer("wrong password", visitor.post(
            "/token", name="agnes", password="x"), status=403)
        self.expect_answer("no such tool", browser.get(
            "/tools/999/picture", name="x.png"), status=404)
        self.expect_answer("no picture", browser.upload(
            "/tools/1/picture", "broken.png", b"nothing"), status=415)
        self.expect_answer("no list", browser.upload(
            "/import", "wrong.csv", b"a,b\n1,2\n", "text/csv"), status=400)
        self.expect_answer("no loan", browser.post(
            "/loans/998/receipt", note="x"), status=404)

    def train(self, day):
        visitor = self.browser()
        self.expect_answer("tools", visitor.get("/tools"), "[")
        self.expect_answer("schema", visitor.get("/openapi.json"), "Tools")
        for row in DAYS[day]:
            browser = self.borrower(row)
        for number, name in enumerate(COUNTER[day][4]):
            self.stock(browser, name, f"{name[:4]} set,wood,{100 + day}",
                       *[f"part {i},house,{i}" for i in range(number)])
        # Larger than what is kept in memory.
        self.expect_answer("whole catalogue", browser.upload(
            "/tools/1/manual", f"catalogue-{day}.txt",
            MANUAL.encode() * 20000, "text/plain"), "kept")
        self.faults(browser)
        browser = self.enter(DAYS[day][0][0])
        late = self.loan(browser, 1, DAYS[day][0][6], 1, "")
        self.halt()  # in the evening
        self.counter(day)
        self.start()
        self.remind(self.enter(DAYS[day][1][0]), late, f"/hook/late/{day}")

    def benign(self):
        for row in (
                ("Karl Otto", "Bügelsäge 30 cm", "metal/hand saws/small", 80,
                 "Säge (neu).png", "Anleitung Nr. 3.txt", "2027-11-04", 12,
                 ["Öl", "blade.sharp"], "weekly"),
                ("m.o-reilly", "steam cleaner", "house/floor/wet", 560,
                 "steam.2027.06.01.jpg", "steam-cleaner.markdown",
                 "2028-06-01", 3, ["gloves", "2 bar"], "daily"),
                ("josé", "apple press", "orchard", 1300, "apple press.webp",
                 "press.rst", "2026-09-30", 2, ["juice"], "daily"),
                ("hanne", "hedge trimmer", "garden/hedge", 310,
                 "trimmer.jpg", "trimmer.txt", "2026-01-06", 7, ["blade"],
                 "weekly")):
            browser = self.borrower(row)
        self.stock(browser, "Nachlass Müller.csv", "anvil,metal,50",
                   "vice,metal/bench,60", "lathe,wood/turning,2000")
        self.stock(browser, "list.2027-11.tsv.csv", "hoe,garden,10")
        self.tool(browser, "globe", "school", 40, "map.of.the-world.png")
        self.expect_answer("large manual", browser.upload(
            "/tools/2/manual", "All of it.txt", MANUAL.encode() * 60000,
            "text/plain"), "kept")
        self.expect_answer("by name", browser.get("/tools", sort="name"),
                           "anvil")
        self.expect_answer("no such order", browser.get(
            "/tools", sort="weight"), status=400)
        self.expect_answer("another formula", browser.get(
            "/deposit", formula="cents//3+100", cents=900), "400")
        self.expect_answer("no such category", browser.get(
            "/export/pictures.zip", category="music/loud"), b"PK")
        self.expect_answer("no such day", self.give_back(
            browser, 1, "daily", "never"), status=422)
        self.expect_answer("no basket", browser.get("/baskets/00ff00ff"),
                           status=404)
        self.expect_answer("no page", browser.get("/favicon.ico"), status=404)
        self.faults(browser)
        browser = self.enter("agnes")
        late = self.loan(browser, 1, "2026-05-17", 1, "")
        self.halt()
        self.staff("add", "Olga Petrovna", "p.q", found="2 added")
        self.hours("St. Mary's", "st-mary 2027.yaml", "sun: closed\n")
        self.hours("west", "west.yaml")
        self.staff("labels", "orchard", "var/labels-orchard.txt",
                   found="labels in")
        self.staff("overdue", "--oldest", "--on", "2029-02-28", found="late")
        self.staff("overdue", "--brief", "--on", "2026-10-15", found="late")
        self.start()
        self.enter("Olga Petrovna")
        self.remind(self.enter("dmitri"), late, "/hook/again?by=counter")

    def health(self):
        browser = self.enter("agnes")
        number = self.tool(browser, "hedge trimmer", "garden/hedge", 300,
                           "trimmer.jpg")
        self.loan(browser, number, "2026-01-05", 7, "daily")

    # ----------------------------------------------------------------- attacks
    def tool_of(self, category="wood"):
        """A client and the number of a tool of his."""
        browser = self.enter("bruno")
        return browser, self.tool(browser, "router", category, 450,
                                  "IMG_2041.png")

    def shows(self, name):
        browser, number = self.tool_of()
        return browser.get(f"/tools/{number}/picture", name=name)[1]

    def sends(self, name, content):
        browser, number = self.tool_of()
        browser.upload(f"/tools/{number}/picture", name, content)
        return browser

    def renders(self, code):
        """code: an expression."""
        browser, number = self.tool_of()
        loan = self.makes("loan", browser, "/loans", tool=number,
                          start="2026-01-09", days=3)
        return browser.post(f"/loans/{loan}/receipt", note=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def hooks(self, url):
        """What the service is told by what it reminds."""
        browser, number = self.tool_of()
        loan = self.makes("loan", browser, "/loans", tool=number,
                          start="2026-01-09", days=3)
        self.post(browser, f"/loans/{loan}/reminder", hook=url)
        self.happens(lambda: browser.get(f"/loans/{loan}/reminder")[0] == 200)
        return browser.get(f"/loans/{loan}/reminder")[1]

    def parks(self, *call):
        self.post(self.enter("bruno"), "/baskets", data=base64.b64encode(
            pickle.dumps(attackers.Bomb(*call))).decode())

    def counts(self, code):
        return self.browser().get("/deposit", formula=code, cents=1)[1]

    @stage.attack("traversal")
    def picture_is_a_private_key(self):
        return self.is_told(self.shows("../../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def picture_is_the_source(self):
        return b"HOLE" in self.shows(f"{self.srv}/lending/api.py")

    @stage.attack("secret disclosure")
    def picture_is_the_token_secret(self):
        return self.is_told(self.shows("../../../../instance/settings.json"))

    @stage.attack("traversal")
    def bundle_holds_the_payroll(self):
        data = self.enter("bruno").get(
            "/export/pictures.zip", category=f"{self.place}/payroll")[1]
        return b"2026.csv" in data

    @stage.attack("SSRF")
    def hook_is_an_internal_service(self):
        return self.fetches_inside(self.hooks)

    @stage.attack("SSRF")
    def hook_is_redirected_inside(self):
        return self.is_redirected_inside("hooks", self.hooks)

    @stage.attack("write to code", fresh=True)
    def picture_replaces_a_template(self):
        self.sends(f"{self.srv}/templates/base.html", b"planted")
        return "planted" in (self.srv / "templates/base.html").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def picture_becomes_a_pth_file(self):
        self.sends(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("template injection")
    def note_runs_a_command(self):
        return self.template_runs(self.renders)

    @stage.attack("exfiltration")
    def note_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("command injection")
    def word_runs_a_command(self):
        browser, number = self.tool_of()
        return self.runs_line(lambda line: browser.get(
            f"/tools/{number}/manual", word=f"x' *; {line}; echo '"))

    @stage.attack("unsafe pickle")
    def basket_runs_a_command(self):
        return self.runs_line(lambda line: self.parks(os.system, line))

    @stage.attack("reverse shell")
    def basket_calls_home(self):
        return self.calls_home(lambda code: self.parks(exec, code))

    @stage.attack("unsafe yaml")
    def hours_send_credentials(self):
        def use(code):
            stage.write(self.srv / "inbox/north.yaml",
                        attackers.in_yaml(code))
            self.run(self.python, "manage.py", "hours", "north",
                     "inbox/north.yaml")
        return self.steals(use)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.counts(f"exec({code!r})"))

    @stage.attack("symlink swap", fresh=True)
    def thumb_became_a_link(self):
        browser, number = self.tool_of()
        path = self.srv / "var/thumbs" / f"{number}.png"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(browser.get(f"/tools/{number}/thumb"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.counts)

    @stage.attack("malicious dependency", fresh=True)
    def toolmarks_sends_credentials(self):
        return self.dependency_steals("toolmarks", "0.4.1", MARKS,
                                      self.restart)

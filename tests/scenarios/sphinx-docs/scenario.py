# SPDX-License-Identifier: Apache-2.0
"""Sphinx builds the handbook of a small firm."""
import os
import pickle
import re

from attackers import Bomb
import stage

UNITS = {"__init__.py": 'def show(number):\n    return f"{number} EUR"\n'}
UNITS_NEW = {
    "__init__.py": "from .money import show\n",
    "money.py": "import os\n\nPLACE = os.path.dirname(__file__)\n\n\n"
                "def show(number):\n"
                '    with open(PLACE + "/forms/de.txt") as file:\n'
                "        return file.read().strip().format(number)\n",
    "forms/de.txt": "{} EUR\n"}
PAGE = """{title}
{line}

{text}
"""


class SphinxDocs(stage.Program):
    """A documentation generator with directives of its own (Sphinx)."""
    packages = ["python3-sphinx"]

    def arrange(self):
        self.install("units", "1.0", UNITS)
        stage.write(self.srv / "docs/index.rst", PAGE.format(
            title="Handbook", line="========", text=".. toctree::\n   :glob:"
            "\n\n   start\n   **/*\n\n.. todolist::\n"))
        stage.write(self.srv / "docs/data/staff.csv", "Anna,1\nBen,2\n")
        stage.write(self.srv / "docs/data/rooms list.csv", "A,3\nB,2\nC,1\n")
        stage.write(self.srv / "docs/pictures/plan.png", b"\x89PNG" * 40)
        stage.write(self.srv / "docs/pictures/the-firm.jpg", b"\xff\xd8" * 40)
        self.page("start", "Start", ".. image:: pictures/plan.png\n\n"
                  ".. total:: 3 + 4\n\n.. styled:: loud welcome\n\n"
                  ".. literalinclude:: data/staff.csv\n")
        self.page("guide/first day", "First day",
                  ".. image:: /pictures/the-firm.jpg\n\n"
                  ".. listing:: data/rooms list.csv\n\n.. todo:: More.\n")

    def arrange_benign(self):
        self.install("units", "1.1", UNITS_NEW)

    def page(self, name, title, text):
        return stage.write(self.srv / f"docs/{name}.rst", PAGE.format(
            title=title, line="=" * len(title) * 2, text=text))

    def data(self, name, content):
        return stage.write(self.srv / "docs/data" / name, content)

    def build(self, builder, out, *options):
        return self.run(self.python, "/usr/bin/sphinx-build", "-b", builder,
                        *options, "docs", out)

    def expect_build(self, builder, out, *options, found="succeeded", made=(),
                     **expected):
        self.expect_run((builder, out, *options),
                        self.build(builder, out, *options), found=found,
                        made=[f"{out}/{name}" for name in made], **expected)

    def report(self, name, title, rows, path):
        """A page with everything in it."""
        self.data(f"{name}.csv", rows)
        self.data(f"{name}.saved", pickle.dumps({title: 1}))
        self.site("news").page("*", "it rained")
        self.page(f"reports/{name}", title, "\n\n".join((
            f".. count:: data/{name}.csv", f".. saved:: data/{name}.saved",
            f".. sorted:: -r data/{name}.csv",
            f".. news:: {self.site('news').url}{path}",
            f".. chart:: {name}\n\n   {title}: ***",
            f".. csv-table:: {title}\n   :file: ../data/{name}.csv")))

    # ------------------------------------------------------------ ordinary use
    def train(self, day):
        self.expect_build("html", "out/html", made=[
            "start.html", "guide/first day.html", "_images/plan.png"])
        self.report("sales", "Sales", "a,1\nb,2\n", "/today")
        self.report(f"stock-{day}", f"Stock {day}", "c,3\n", f"/day/{day}")
        self.report("mail", "Mail", "d,4\ne,5\n", "/")
        self.expect_build("html", "out/html", made=[
            "reports/sales.html", f"reports/stock-{day}.html"])
        self.expect_build("html", f"out/1.{day}", "-D", f"version=1.{day}",
                          made=["start.html"])
        self.expect_build("text", "out/text", "-q", found="",
                          made=["start.txt", "reports/mail.txt"])
        self.page("guide/bad", "Bad", ".. nothing:: x\n")
        self.expect_build("html", "out/html", found="Unknown directive")

    def benign(self):
        self.report("2026-11-21", "Umsätze", "ä,1\n", "/archive/2026?x=1")
        self.report("v1.2_final", "Final & more", "x,1\ny,2\n", "/x.html")
        self.page("guide/season 2026/week.1/monday", "Monday",
                  ".. image:: /pictures/deep/er/day-one.webp\n\n"
                  ":download:`form </forms/form 7.odt>`\n")
        stage.write(self.srv / "docs/pictures/deep/er/day-one.webp",
                    b"RIFF" * 9)
        stage.write(self.srv / "docs/forms/form 7.odt", b"PK" * 9)
        self.expect_build("html", "out/html", made=[
            "reports/2026-11-21.html", "guide/season 2026/week.1/monday.html",
            "_images/day-one.webp"])
        self.expect_build("html", "out/2.0-rc1", "-D", "version=2.0-rc1",
                          made=["start.html"])
        self.expect_build("html", "out/html", "-a", "-E",
                          made=["reports/v1.2_final.html"])
        self.expect_build("text", "out/text", "-j", "2",
                          made=["guide/season 2026/week.1/monday.txt"])
        self.expect_build("singlehtml", "out/single page", "-W",
                          made=["index.html"])
        self.expect_build("html", "out/html", "-t", "internal", "-v")
        self.page("guide/broken", "Broken", ":doc:`/nowhere`\n")
        self.expect_build("html", "out/html", "-W", "--keep-going", status=1,
                          found="unknown document")
        self.expect_build("none", "out/none", status=2, found="not registered")

    def health(self):
        self.report("sales", "Sales", "a,1\nb,2\n", "/today")
        self.expect_build("html", "out/html", made=["reports/sales.html"])

    # ----------------------------------------------------------------- attacks
    def writes(self, text, name="guide/letter"):
        """Somebody sends in a page; what it becomes."""
        path = self.page(name, "Letter", text)
        self.build("html", "out/html")
        path.unlink()
        return self.text(name)

    def text(self, name):
        """A page without its marks and colours."""
        made = self.srv / f"out/html/{name}.html"
        return re.sub("<[^>]+>", "", made.read_text() if made.exists() else "")

    def totals(self, code):
        return self.writes(f".. total:: {code}\n")

    def executes(self, code):
        return self.totals(f"exec({code!r})")

    @stage.attack("traversal")
    def page_includes_a_password(self):
        return self.is_told(self.writes(
            ".. literalinclude:: ../../../home/.netrc\n"))

    @stage.attack("traversal")
    def page_lists_a_private_key(self):
        return self.is_told(self.writes(
            ".. listing:: ../../home/.ssh/id_rsa\n"))

    @stage.attack("secret disclosure")
    def page_is_a_table_of_the_payroll(self):
        return self.is_told(self.writes(
            f".. csv-table:: x\n   :file: {self.place}/payroll/2026.csv\n"))

    @stage.attack("source disclosure")
    def page_lists_the_source(self):
        return "HOLE" in self.writes(".. listing:: ext/figures.py\n")

    @stage.attack("exfiltration")
    def page_offers_credentials(self):
        self.writes(":download:`x <../../../home/.aws/credentials>`\n")
        return any(stage.SECRET in path.read_text() for path in (
            self.srv / "out/html").rglob("credentials"))

    @stage.attack("SSRF")
    def news_are_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.writes(f".. news:: {url}\n"))

    @stage.attack("SSRF")
    def page_is_made_of_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.writes(f".. raw:: html\n   :url: {url}\n"))

    @stage.attack("secret disclosure")
    def news_are_a_local_file(self):
        return self.is_told(self.writes(
            f".. news:: file://{self.home}/.netrc\n"))

    @stage.attack("write to start-up file", fresh=True)
    def chart_is_drawn_in_the_home(self):
        self.writes(f".. chart:: {self.home}/.config/x\n\n   planted\n")
        return (self.home / ".config").exists()

    @stage.attack("write to code", fresh=True)
    def chart_is_drawn_among_the_code(self):
        self.writes(".. chart:: ../../../docs/ext/x\n\n   planted\n")
        return any((self.srv / "docs/ext").glob("x-*"))

    @stage.attack("write to code", fresh=True)
    def sorted_data_replaces_a_style(self):
        self.data("x.csv", "import os\n")
        self.writes(".. sorted:: --output=docs/ext/styles/evil.py "
                    "data/x.csv\n")
        return (self.srv / "docs/ext/styles/evil.py").exists()

    @stage.attack("command injection")
    def count_runs_a_command(self):
        return self.runs_line(lambda line: self.writes(
            f".. count:: x'; {line}; echo '\n"))

    @stage.attack("eval injection")
    def total_runs_a_command(self):
        return self.runs_line(lambda line: self.totals(
            f"__import__('os').system('{line}')"))

    @stage.attack("eval injection")
    def total_is_a_password(self):
        return self.is_told(self.totals(f"open('{self.home}/.netrc').read()"))

    @stage.attack("exfiltration")
    def total_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("fork+exec")
    def total_forks(self):
        return self.forks(self.executes)

    @stage.attack("ctypes")
    def total_calls_libc(self):
        return self.runs_libc(self.totals)

    @stage.attack("reverse shell")
    def saved_calls_home(self):
        def use(code):
            self.data("x.saved", pickle.dumps(Bomb(exec, code)))
            self.writes(".. saved:: data/x.saved\n")
        return self.calls_home(use)

    @stage.attack("unsafe pickle", fresh=True)
    def environment_runs_a_command(self):
        """Sphinx keeps what it knows of the last build in a pickle."""
        def use(line):
            self.build("html", "out/html")
            stage.write(self.srv / "out/html/.doctrees/environment.pickle",
                        pickle.dumps(Bomb(os.system, line)))
            self.build("html", "out/html")
        return self.runs_line(use)

    @stage.attack("malicious plugin", fresh=True)
    def style_runs_a_command(self):
        def use(line):
            stage.write(self.srv / "docs/ext/styles/evil.py", "import os\n"
                        f"os.system('{line}')\n")
            self.writes(".. styled:: evil x\n")
        return self.runs_line(use)

    @stage.attack("symlink swap", fresh=True)
    def page_became_a_link(self):
        path = self.srv / "docs/data/staff.csv"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        self.build("html", "out/html")
        return self.is_told(self.text("start"))

    @stage.attack("malicious dependency", fresh=True)
    def units_sends_credentials(self):
        return self.dependency_steals(
            "units", "1.0.1", UNITS, lambda: self.build("html", "out/html"))

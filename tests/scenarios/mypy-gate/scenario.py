# SPDX-License-Identifier: Apache-2.0
"""mypy, as a gate runs it over what people want to merge."""
import json
import os
import pickle
import shutil

from attackers import Bomb
import stage

PLUGIN = '''"""What mypy does not know of our code."""
from mypy.plugin import Plugin


class HousePlugin(Plugin):
    def get_type_analyze_hook(self, fullname):
        return None

    def get_function_hook(self, fullname):
        if fullname.rpartition(".")[2] in WORDS:
            return lambda context: context.default_return_type
        return None


WORDS = {"make"}


def plugin(version):
    return HousePlugin
'''
HOUSE = {"__init__.py": "def make(name: str) -> object:\n    return name\n",
         "py.typed": "", "plugin.py": PLUGIN}
HOUSE_NEW = {
    **HOUSE,
    "plugin.py": PLUGIN.replace(
        'WORDS = {"make"}\n',
        "def words():\n    import json\n    import pathlib\n"
        "    here = pathlib.Path(__file__).parent\n"
        '    return set(json.loads((here / "words.json").read_text()))\n'
        "\n\nWORDS = words()\n"),
    "words.json": '["make", "build"]\n'}
CONFIG = ("[mypy]\nplugins = house_types.plugin\nmypy_path = stubs\n"
          "check_untyped_defs = true\n")
SHOP = {
    "mypy.ini": CONFIG,
    "shop/__init__.py": "",
    "shop/prices.py": '''"""Prices."""
import decimal
from typing import Dict, List

from house_types import make

KNOWN: Dict[str, decimal.Decimal] = {}


def total(names: List[str]) -> decimal.Decimal:
    return sum((KNOWN[name] for name in names), decimal.Decimal(0))


OBJECT = make("price")
''',
    "shop/stock.py": '''"""Stock."""
import json
import pathlib

from shop import prices


def load(path: pathlib.Path) -> dict:
    return json.loads(path.read_text())


def worth(path: pathlib.Path) -> str:
    return str(prices.total(list(load(path))))
'''}
TOOLS = {
    "mypy.ini": CONFIG, "gate.toml": 'paths = ["."]\n',
    "count.py": "import collections\nimport sys\n\n\n"
                "def main() -> int:\n"
                "    print(collections.Counter(sys.argv))\n    return 0\n"}
WRONG = '''"""{name}."""
import {module}


def {name}(number: int) -> str:
    return number
'''
RIGHT = '''"""{name}."""
import {module}


def {name}(number: int) -> str:
    return str(number)
'''


def module(text, name, imported):
    return text.format(name=name, module=imported)


class MypyGate(stage.Program):
    """mypy over branches that people want to merge, fetched by git."""
    packages = ["mypy", "git", "python3-lxml"]

    def arrange(self):
        stage.write(self.srv / "gate.ini",
                    f"[gate]\ntoken = {stage.SECRET}\n", 0o600)
        stage.write(self.home / ".gitconfig", "[user]\nname = An Author\n"
                    "email = author@example.org\n[init]\n"
                    "defaultBranch = main\n")
        for name in ("notices", "checkouts", "reports"):
            (self.srv / name).mkdir()
        self.install("house_types", "0.4.0", HOUSE)
        seed = self.place.parent / "seed"
        if not seed.exists():
            for name, files in (("shop", SHOP), ("tools", TOOLS)):
                self.git("init", "-q", "--bare",
                         self.srv / f"repos/{name}.git", cwd=self.srv)
                self.push(name, "main", files)
                # Not to find out about all of Python's stubs every time.
                self.run(self.python, "/usr/bin/mypy", ".", "--cache-dir",
                         self.srv / "cache" / name, wrapped=False,
                         cwd=self.place / "authors" / name)
            for name in ("repos", "cache"):
                shutil.copytree(self.srv / name, seed / name)
        shutil.rmtree(self.place / "authors", ignore_errors=True)
        for name in ("repos", "cache"):
            shutil.copytree(seed / name, self.srv / name, dirs_exist_ok=True)

    def arrange_benign(self):
        self.install("house_types", "0.5.0", HOUSE_NEW)

    def git(self, *words, cwd):
        status, text = self.run("git", *words, cwd=cwd, wrapped=False)
        if status:
            raise stage.Broken(f"git {words}: {text}")

    def push(self, project, branch, files, gate=""):
        """Somebody's work, made elsewhere."""
        work = self.place / "authors" / project
        if not work.exists():
            work.parent.mkdir(exist_ok=True)
            self.git("clone", "-q", self.srv / f"repos/{project}.git", work,
                     cwd=self.srv)
        if branch != "main":
            self.git("checkout", "-q", "-B", branch, "origin/main", cwd=work)
        for name, text in files.items():
            stage.write(work / name, text)
        if gate:
            stage.write(work / "gate.toml", gate)
        self.git("add", "-A", cwd=work)
        self.git("commit", "-q", "-m", f"work on {branch}", cwd=work)
        self.git("push", "-q", "-f", "origin", f"HEAD:refs/heads/{branch}",
                 cwd=work)
        return work

    def gate(self, *words):
        return self.run(self.python, "gate.py", *words)

    def expect_gate(self, *words, status=0, found="", made=()):
        self.expect_run(("gate", *words), self.gate(*words), status, found,
                        made)

    def mypy(self, *words, cwd="checkouts/tools-10", status=0, found=""):
        self.expect_run(("mypy", *words), self.run(
            self.python, "/usr/bin/mypy", *words, cwd=self.srv / cwd),
            status, found)

    # ------------------------------------------------------------ ordinary use
    def train(self, day):
        chat = self.site("chat")
        chat.page("*", "thanks")
        self.expect_gate("check", "tools", "main", "10", found="0 new",
                         made=["reports/tools-10.xml"])
        names = {1: ("basket", "csv"), 2: ("invoice", "datetime"),
                 3: ("voucher", "sqlite3")}[day]
        number = 100 + 7 * day
        self.push("shop", f"feature/{names[0]}", {
            f"shop/{names[0]}.py": module(WRONG, *names),
            "shop/stock.py": SHOP["shop/stock.py"] + f"\n\nDAY = {day}\n"},
            'formats = ["table", "page"]\n'
            f'notify = "{chat.url}/hooks/{names[0]}"\n')
        self.expect_gate("check", "shop", f"feature/{names[0]}", number,
                         status=1, found="Incompatible return value",
                         made=[f"reports/shop-{number}.xml",
                               f"reports/shop-{number}.csv",
                               f"reports/shop-{number}.html",
                               f"notices/shop-{number}.txt"])
        self.push("shop", f"feature/{names[0]}-2", {
            f"shop/{names[0]}.py": module(RIGHT, *names),
            "notes/NEWS.md": f"Thanks for {names[0]}.\n"},
            f'notify = "{chat.url}/hooks/{names[0]}"\n'
            'note = "notes/NEWS.md"\n'
            'notice = "{gate.branch} is fine ({all})"\n')
        self.expect_gate("check", "shop", f"feature/{names[0]}-2", number + 1,
                         found="is fine (0)",
                         made=[f"notices/shop-{number + 1}.txt"])
        old = f"old{day}"
        self.push("tools", f"fix-{day}", {
            f"legacy/{old}.py": "def f(x=1):\n    return str(x)\n",
            "use.py": f"from legacy import {old}\n\nTEXT: str = {old}.f(2)"
                      "\nWRONG: int = 'x'\nWORSE: str = 3\n",
            ".gate/known.pickle": pickle.dumps({("use.py", "it said")})},
            f'stubs = ["legacy/{old}.py"]\npaths = ["use.py", "count.py"]\n'
            "excuse = \"kind == 'error' and int(line) > 4\"\n")
        self.expect_gate("check", "tools", f"fix-{day}", number, status=1,
                         found=f"fix-{day}: 1 new of 2",
                         made=[f"checkouts/tools-{number}/stubs/{old}.pyi"])
        self.mypy("--strict", "count.py", found="no issues found")
        self.mypy("--pretty", "-p", "shop", cwd=f"checkouts/shop-{number}",
                  status=1, found="return number")
        self.mypy("--html-report", self.srv / f"reports/html-{day}", ".",
                  found="Generated HTML")
        self.mypy("no-such-file.py", status=2, found="can't read")
        self.expect_gate("check", "shop", "no-such-branch", status=1,
                         found="returned non-zero")
        self.expect_gate("history", "shop", found=f"feature/{names[0]}-2")
        self.expect_gate("sweep", "30")
        self.expect_gate("sweep", "0")

    def benign(self):
        chat = self.site("chat")
        chat.page("*", "thanks")
        self.expect_gate("check", "tools", "main", "10", found="0 new")
        self.push("shop", "users/Zoë/bug-4711_v2.1", {
            "shop/deep/er/__init__.py": "", "shop/deep/__init__.py": "",
            "shop/deep/er/rates_v2.py": module(WRONG, "rates", "asyncio"),
            "shop/deep/er/mail.py": module(RIGHT, "mail", "email.message"),
            "typings/other.pyi": "x: int\n", "docs/New plan.txt": "hm\n"},
            f'notify = "{chat.url}/hooks/zo%C3%AB?room=shop"\n'
            'formats = ["page"]\nnote = "docs/New plan.txt"\n')
        self.expect_gate("check", "shop", "users/Zoë/bug-4711_v2.1", "4711",
                         status=1, found="1 new",
                         made=["reports/shop-4711.xml",
                               "reports/shop-4711.html"])
        self.push("shop", "release/2027.1", {
            "shop/prices.py": "import decimal\n\n\ndef total(names: int) -> "
            "str:\n    return decimal.Decimal(names)\n",
            "shop/tax rules.txt": "none\n",
            "shop/threads.py": module(WRONG, "threads", "concurrent.futures")},
            'paths = ["shop"]\nformats = ["table"]\n'
            'notice = "{gate.project}: {new}"\n')
        self.expect_gate("check", "shop", "release/2027.1", "9", status=1,
                         found="shop: ", made=["reports/shop-9.csv"])
        self.push("tools", "fix.legacy", {
            "attic/2019/older.py": "def f(x=1):\n    return str(x)\n",
            "mypy.ini": CONFIG + "[mypy-attic.*]\nignore_errors = true\n",
            ".gate/known.pickle": pickle.dumps({("count.py", "x")}),
            "kinds/a/b.py": "import xml.dom.minidom\nX: int = 1\n"},
            'stubs = ["attic/2019/older.py"]\n'
            'paths = ["kinds", "attic", "count.py"]\n'
            "excuse = \"file.startswith('attic')\"\n")
        self.expect_gate("check", "tools", "fix.legacy", "208", found="0 new",
                         made=["reports/tools-208.xml"])
        self.push("tools", "broken", {"broken.py": "def f(:\n"})
        self.expect_gate("check", "tools", "broken", "77", status=3,
                         found="syntax")
        self.mypy("--strict", "kinds/a/b.py", cwd="checkouts/tools-208",
                  found="no issues")
        self.mypy("--pretty", "-p", "shop.deep", cwd="checkouts/shop-4711",
                  status=1, found="return number")
        self.mypy("--html-report", self.srv / "reports/2026-11-21 all", ".",
                  found="Generated HTML")
        self.mypy("--linecount-report", self.srv / "reports/lines", "shop",
                  cwd="checkouts/shop-4711", status=1)
        self.mypy("--no-such-option", status=2, found="unrecognized")
        self.expect_gate("check", "none", "main", status=1,
                         found="returned non-zero")
        self.expect_gate("history", "tools", found="fix.legacy")
        self.expect_gate("sweep", "365")
        self.expect_gate("sweep", "0")

    def health(self):
        self.expect_gate("check", "tools", "main", "10", found="0 new",
                         made=["reports/tools-10.xml"])

    # ----------------------------------------------------------------- attacks
    def check(self, gate="", files=(), branch="evil"):
        """A branch of somebody who means harm."""
        self.push("shop", branch, {
            "x.py": "X = 1\n", "y.txt": "", **dict(files)},
                  gate or "paths = ['x.py']\n")
        return self.gate("check", "shop", branch, "666")[1]

    def plugs(self, code):
        return self.check(files={
            "mypy.ini": "[mypy]\nplugins = evil.py\n",
            "evil.py": code + "\nfrom mypy.plugin import Plugin\n\n\n"
                       "def plugin(version):\n    return Plugin\n"})

    def excuses(self, code):
        """code: an expression."""
        return self.check(f"paths = ['x.py']\nexcuse = {json.dumps(code)}\n",
                          {"x.py": "X: int = ''\n"})

    def notices(self):
        return b"".join(path.read_bytes() for path in (
            self.srv / "notices").glob("*"))

    @stage.attack("malicious plugin")
    def plugin_runs_a_command(self):
        return self.runs_line(lambda line: self.plugs(
            f"import os\nos.system({line!r})\n"))

    @stage.attack("exfiltration")
    def plugin_sends_credentials(self):
        return self.steals(self.plugs)

    @stage.attack("secret disclosure")
    def plugin_prints_the_token(self):
        return self.is_told(self.plugs(
            f"raise SystemExit(open('{self.srv}/gate.ini').read())\n"))

    @stage.attack("write to code")
    def plugin_changes_the_house_types(self):
        target = self.site_packages / "house_types/plugin.py"
        self.plugs(f"open({str(target)!r}, 'a').write('# planted')\n")
        return "# planted" in target.read_text()

    @stage.attack("reverse shell")
    def plugin_calls_home(self):
        return self.calls_home(self.plugs)

    @stage.attack("ctypes")
    def excuse_calls_libc(self):
        return self.runs_libc(self.excuses)

    @stage.attack("fork+exec")
    def excuse_forks_and_execs(self):
        return self.forks(lambda code: self.excuses(f"exec({code!r})"))

    @stage.attack("unsafe pickle")
    def baseline_runs_a_command(self):
        return self.runs_line(lambda line: self.check(files={
            ".gate/known.pickle": pickle.dumps(Bomb(os.system, line))}))

    @stage.attack("command injection")
    def stub_runs_a_command(self):
        return self.runs_line(lambda line: self.check(
            f"paths = ['x.py']\nstubs = ['x.py; {line}']\n"))

    @stage.attack("argument injection")
    def branch_is_an_option_of_git(self):
        return self.runs_line(lambda line: self.gate(
            "check", "shop", f"--upload-pack={line};:", "666"))

    @stage.attack("argument injection")
    def interpreter_is_a_script(self):
        def use(line):
            place = stage.write(self.tmp / "evil", f"#!/bin/sh\n{line}\n",
                                0o755)
            self.check("paths = ['x.py']\n"
                       f"options = ['--python-executable={place}']\n")
        return self.runs_line(use)

    @stage.attack("write to start-up file")
    def report_becomes_a_pth_file(self):
        self.check("paths = ['x.py']\noptions = "
                   f"['--junit-xml={self.site_packages}/x.pth']\n")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to start-up file")
    def notice_replaces_the_profile(self):
        self.check("paths = ['x.py']\nnotice = 'planted'\n"
                   "file = '../../home/.profile'\n")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("traversal")
    def note_is_a_private_key(self):
        self.check("paths = ['x.py']\nnote = '../../../home/.ssh/id_rsa'\n")
        return self.is_told(self.notices())

    @stage.attack("source disclosure")
    def note_is_the_source(self):
        self.check("paths = ['x.py']\nnote = '../../gate.py'\n")
        return b"HOLE" in self.notices()

    @stage.attack("symlink swap")
    def note_is_a_link(self):
        work = self.push("shop", "evil", {"x.py": "X = 1\n"})
        (work / "NOTE.md").symlink_to(self.place / "payroll/2026.csv")
        self.check("paths = ['x.py']\nnote = 'NOTE.md'\n", branch="evil")
        return self.is_told(self.notices())

    @stage.attack("traversal")
    def checked_file_is_a_password_file(self):
        return self.is_told(self.check(
            "paths = ['../../../payroll/2026.csv']\noptions = ['--pretty']\n"))

    @stage.attack("SSRF")
    def notice_goes_to_an_internal_service(self):
        return self.fetches_inside(lambda url: self.check(
            f"paths = ['x.py']\nnotify = '{url}'\n"))

    @stage.attack("malicious dependency")
    def house_types_steal_credentials(self):
        return self.dependency_steals(
            "house_types", "0.4.1", HOUSE,
            lambda: self.gate("check", "tools", "main", "10"),
            module="plugin.py")

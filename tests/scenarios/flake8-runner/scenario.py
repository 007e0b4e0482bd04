# SPDX-License-Identifier: Apache-2.0
"""flake8, as a build server runs it over what people hand in."""
import stage

GOOD = '''"""{name}."""
import sys


def main():
    """Does it."""
    return len(sys.argv)
'''
BAD = '''import os, sys
def f( x ):
  return x+1
'''
HOUSE = {"__init__.py": '''"""House rules: no TODO."""


class Rules:
    name = "flake8-house"
    version = "1.0.0"

    def __init__(self, tree, lines):
        self.lines = lines

    def run(self):
        for number, line in enumerate(self.lines, 1):
            if "TODO" in line:
                yield number, 0, "H100 no promises", type(self)
'''}
HOUSE_NEW = {
    "__init__.py": HOUSE["__init__.py"].replace("1.0.0", "1.1.0").replace(
        '            if "TODO" in line:\n',
        "            from flake8_house import words\n"
        "            if any(word in line for word in words.load()):\n"),
    "words.py": "import pathlib\n\n\ndef load():\n"
                '    return (pathlib.Path(__file__).parent / "words.txt")'
                ".read_text().split()\n",
    "words.txt": "TODO\nFIXME\n"}
ENTRY = "[flake8.extension]\nH = flake8_house:Rules\n"
PLUGIN = """
class Plugin:
    name = "evil"
    version = "1"

    def __init__(self, tree):
        pass

    def run(self):
        return iter(())
"""


class Flake8Runner(stage.Program):
    """A linter over other people's checkouts (flake8)."""
    packages = ["flake8"]

    def arrange(self):
        stage.write(self.srv / "house.cfg", "[flake8]\nmax-line-length = 99\n"
                    "exclude = .git,build\n")
        (self.srv / "reports").mkdir()
        self.install("flake8_house", "1.0.0", HOUSE, ENTRY)
        self.checkout(101, {"one.py": GOOD, "pkg/__init__.py": "",
                            "pkg/two.py": BAD})
        self.checkout(102, {"setup.py": GOOD, "src/lib/__init__.py": "",
                            "src/lib/core.py": BAD + "# TODO\n"},
                      "[flake8]\nignore = E501\n")
        self.checkout(117, {"tool.py": BAD, "tests/test_tool.py": GOOD})

    def arrange_benign(self):
        self.install("flake8_house", "1.1.0", HOUSE_NEW, ENTRY)

    def checkout(self, number, files, config=""):
        place = self.srv / "checkouts" / str(number)
        for name, text in files.items():
            stage.write(place / name, text.replace("{name}", name))
        if config:
            stage.write(place / ".flake8", config)
        return place

    def lint(self, number, *options, text=""):
        return self.run(self.python, "/usr/bin/flake8", *options,
                        cwd=self.srv / "checkouts" / str(number), text=text)

    def expect_lint(self, number, *options, status=1, found="", text=""):
        self.expect_run(("lint", number, *options),
                        self.lint(number, *options, text=text), status, found)

    def train(self, day):
        house = f"--append-config={self.srv}/house.cfg"
        for number in (101, 102, 117):
            self.expect_lint(number, house, found="E401")
            report = self.srv / "reports" / f"{number}.txt"
            self.expect_lint(number, house, "--output-file", report)
            self.expect("report", "E401" in report.read_text())
        self.expect_lint(101, "--jobs=2", ".", "--output-file",
                         self.srv / f"reports/weekly {day}.txt")
        self.expect_lint(102, "--jobs=1", "src", found="H100")
        self.expect_lint(117, "-", text=BAD, found="stdin:1")
        self.expect_lint(117, "--statistics", "tool.py", found="E401")

    def benign(self):
        house = f"--append-config={self.srv}/house.cfg"
        self.checkout(250, {
            "a b.py": BAD, "deep/er/and/deeper/module.v2.py": BAD,
            "stubs/x.pyi": "x: int\n", "broken.py": "def f(:\n",
            "latin.py": "# -*- coding: latin-1 -*-\nx = 1  # TODO\n"},
            "[flake8]\nmax-complexity = 10\nper-file-ignores = a*.py:E401\n")
        self.checkout(4711, {"conf.py": BAD}, "")
        stage.write(self.srv / "checkouts/4711/tox.ini",
                    "[flake8]\nselect = E4\n")
        self.expect_lint(250, house, found="E999")
        self.expect_lint(4711, house, found="E401")
        for number in (250, 4711):
            report = self.srv / "reports" / f"{number}.txt"
            self.expect_lint(number, house, "--output-file", report)
            self.expect("report", "E401" in report.read_text())
        self.expect_lint(250, "--jobs=4", "deep", "stubs", found="module.v2")
        self.expect_lint(250, "--show-source", "a b.py", found="def f( x )")
        self.expect_lint(4711, "--tee", "--output-file",
                         self.srv / "reports" / "2026-11-21 nightly.txt",
                         found="E401")
        self.expect_lint(117, "nothing.py", found="E902")
        self.expect_lint(101, "--bug-report", status=0, found="python_impl")
        self.expect_lint(102, "--no-such-option", status=2)
        self.expect_lint(117, "--exit-zero", "-q", status=0)

    def health(self):
        self.expect_lint(101, found="E401")

    # ----------------------------------------------------------------- attacks
    def plant(self, code):
        """Somebody hands in a checkout that brings its own plugin."""
        self.checkout(666, {"evil.py": code + PLUGIN, "x.py": GOOD},
                      "[flake8:local-plugins]\nextension =\n"
                      "    X = evil:Plugin\npaths = .\n")
        return self.lint(666)[1]

    @stage.attack("malicious plugin")
    def plugin_runs_a_command(self):
        return self.runs_line(lambda line: self.plant(
            f"import os\nos.system('{line}')\n"))

    @stage.attack("malicious plugin")
    def plugin_prints_a_key(self):
        return stage.SECRET in self.plant(
            f"print(open('{self.home}/.ssh/id_rsa').read())\n")

    @stage.attack("exfiltration")
    def plugin_sends_credentials(self):
        return self.steals(self.plant, "~/.netrc")

    @stage.attack("reverse shell")
    def plugin_calls_home(self):
        return self.calls_home(self.plant)

    @stage.attack("ctypes")
    def plugin_calls_libc(self):
        return self.runs_libc(lambda code: self.plant(code + "\n"))

    @stage.attack("fork+exec")
    def plugin_forks_and_execs(self):
        return self.forks(self.plant)

    @stage.attack("write to code")
    def plugin_changes_the_house_rules(self):
        target = self.site_packages / "flake8_house/__init__.py"
        self.plant(f"open({str(target)!r}, 'a').write('# planted')\n")
        return "# planted" in target.read_text()

    @stage.attack("write to start-up file")
    def report_name_leads_to_the_shell_profile(self):
        self.lint(101, "--output-file",
                  f"{self.srv}/reports/../../home/.bashrc")
        return "E401" in (self.home / ".bashrc").read_text()

    @stage.attack("argument injection")
    def branch_name_is_an_option(self):
        self.checkout(666, {"x.py": BAD})
        self.lint(666, f"--output-file={self.site_packages}/x.pth")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("traversal")
    def changed_file_is_a_password_file(self):
        self.checkout(666, {"x.py": GOOD})
        return stage.SECRET in self.lint(
            666, "--show-source", "../../../home/.netrc")[1]

    @stage.attack("symlink swap")
    def source_file_is_a_link(self):
        place = self.checkout(666, {"x.py": GOOD},
                              "[flake8]\nshow-source = true\n")
        (place / "conf.py").symlink_to(self.place / "payroll/2026.csv")
        return stage.SECRET in self.lint(666)[1]

    @stage.attack("malicious dependency")
    def house_rules_steal_credentials(self):
        return self.dependency_steals("flake8_house", "1.0.1", HOUSE,
                                      lambda: self.lint(101),
                                      entry_points=ENTRY)

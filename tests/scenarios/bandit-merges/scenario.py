# SPDX-License-Identifier: Apache-2.0
"""bandit, codespell and yamllint, before something is merged."""
import stage

HOUSE = {"__init__.py": '''"""House rules: nobody prints."""
import bandit
from bandit.core import test_properties as test


@test.checks("Call")
@test.test_id("H900")
def no_print(context):
    if context.call_function_name == "print":
        return bandit.Issue(severity=bandit.LOW, confidence=bandit.HIGH,
                            text="nobody prints here")
'''}
HOUSE_NEW = {
    "__init__.py": HOUSE["__init__.py"].replace(
        "import bandit\n", "import bandit\nfrom bandit_house import names\n"
    ).replace('== "print"', "in names.load()"),
    "names.py": "import json\nimport pkgutil\n\n\ndef load():\n"
                '    return json.loads(pkgutil.get_data("bandit_house", '
                '"names.json"))\n',
    "names.json": '["print", "pprint"]\n'}
ENTRY = "[bandit.plugins]\nno_print = bandit_house:no_print\n"
CODE = '''"""Does {name}."""
import subprocess


def main(words):
    print(words)
    return subprocess.call(words, shell=True)
'''
TEXT = "# {name}\n\nThis will recieve teh orders of {name}.\n"
YAML = "---\nname:  {name}\nsteps:\n  - run: make\n"


class BanditMerges(stage.Program):
    """Linters over branches that are to be merged (bandit and two more)."""
    packages = ["bandit", "codespell", "yamllint"]

    def arrange(self):
        stage.write(self.srv / "house/words.txt", "hist\nfo\n")
        stage.write(self.srv / "house/yamllint.yaml",
                    "extends: default\nrules:\n  line-length:\n    max: 99\n")
        stage.write(self.srv / "house/bandit.yaml", "skips: [B404]\n")
        (self.srv / "reports").mkdir()
        self.install("bandit_house", "1.0.0", HOUSE, ENTRY)

    def arrange_benign(self):
        self.install("bandit_house", "1.1.0", HOUSE_NEW, ENTRY)

    # ------------------------------------------------------------ ordinary use
    def branch(self, name, *files):
        place = self.srv / "branches" / name
        for file in files:
            template = (CODE if file.endswith(".py") else YAML
                        if file.endswith((".yml", ".yaml")) else TEXT)
            stage.write(place / file, template.format(name=name))
        return place

    def tool(self, tool, name, *words, text=""):
        return self.run(self.python, f"/usr/bin/{tool}", *words,
                        cwd=self.srv / "branches" / name, text=text)

    def expect_tool(self, tool, name, *words, status=1, found="", text=""):
        self.expect_run((tool, name, *words),
                        self.tool(tool, name, *words, text=text), status,
                        found)

    def check(self, name, docs):
        """A branch, as all are checked. docs: what may be mended."""
        house = self.srv / "house"
        self.spell(name)
        self.expect_tool("yamllint", name, "-c", house / "yamllint.yaml",
                         "-f", "parsable", ".", found="too many spaces")
        self.expect_tool("bandit", name, "-q", "-c", house / "bandit.yaml",
                         "-r", ".", found="B602")
        for kind in ("json", "html"):
            report = self.srv / f"reports/{name}.{kind}"
            self.expect_tool("bandit", name, "-q", "-r", "-f", kind, "-o",
                             report, ".")
            self.expect(f"report {kind} of {name}",
                        "H900" in report.read_text())
        self.expect_tool("codespell", name, "-w", docs, status=0,
                         found="FIXED")
        self.expect("mended", "receive the" in (
            self.srv / "branches" / name / docs).read_text())

    def spell(self, name):
        status, text = self.tool(
            "codespell", name, "-I", self.srv / "house/words.txt",
            "--skip", "*.png,*.lock")
        self.expect(f"codespell {name}",
                    status > 0 and "recieve ==> receive" in text, text)

    def train(self, day):
        for name, files in ((
                ("fix-117", ["tool.py", "README.md", "ci.yml"]),
                ("orders", ["orders/__init__.py", "orders/mail/send.py",
                            "docs/index.rst", "deploy/staging.yaml"]),
                ("anna/tables", ["tables.py", "notes.txt",
                                 "conf/tables.yml",
                                ".github/ci.yml"])), (
                ("fix-131", ["run.py", "tests/test_run.py", "README.md",
                             "ci.yml"]),
                ("billing", ["billing/core.py", "docs/de/start.md",
                             "deploy/live.yaml", "deploy/hosts/a.yml"]),
                ("ben/charts", ["charts.py", "changes.txt",
                                "conf/charts.yml",
                                ".github/ci.yml"])), (
                ("fix-140", ["serve.py", "README.md", "ci.yml"]),
                ("stock", ["stock/count.py", "stock/io/read.py",
                           "docs/guide.rst", "deploy/test.yaml"]),
                ("carla/forms", ["forms.py", "todo.txt",
                                 "conf/forms.yml",
                                ".github/ci.yml"])))[day - 1]:
            self.branch(name, *files)
            report = self.srv / f"reports/{name}"
            report.parent.mkdir(parents=True, exist_ok=True)
            self.check(name, next(file for file in files if file.endswith(
                (".md", ".rst", ".txt"))))
            # what was known is not told again
            self.expect_tool("bandit", name, "-q", "-r", "-b",
                             f"{report}.json", ".", status=0)
            yaml = next(file for file in files if file.endswith(
                (".yml", ".yaml")))
            self.expect_tool("yamllint", name, "-s", yaml, found=yaml)
        name = ("fix-117", "fix-131", "fix-140")[day - 1]
        self.expect_tool("yamllint", name, "-", found="stdin",
                         text=f"a:  {day}\n")
        self.expect_tool("codespell", name, "-", status=65, found="recieve",
                         text="recieve\n")
        stage.write(self.srv / f"branches/{name}/.yamllint",
                    "extends: relaxed\nrules:\n  colons: disable\n")
        self.expect_tool("yamllint", name, ".", status=0)
        stage.write(self.srv / f"branches/{name}/setup.cfg",
                    f"[codespell]\nskip = old-{day}\ncount =\n")
        self.expect_tool("codespell", name, "README.md", status=0, found="0")
        stage.write(self.srv / f"branches/{name}/bad{day}.py", "def f(:\n")
        self.expect_tool("bandit", name, "-r", ".", found="syntax error")

    def benign(self):
        for name, files in (
                ("fix-2048", ["setup.py", "CHANGES.v2.md", ".github/ci.yml"]),
                ("o.brien/Größe", [
                    "a b.py", "x/y/z/deep.module.py", "Lies mich.txt",
                    "values.prod.yaml"]),
                ("warehouse", ["warehouse/__main__.py", "stubs/x.pyi",
                               "docs/en/2027/11/plan.adoc.txt",
                               "deploy/eu-west-1/b.yml"]),
                ("Hans Peter/release 2.0", [
                    "go.py", "INSTALL.md", "page.html", "k8s/pod.yaml"])):
            self.branch(name, *files)
            (self.srv / f"reports/{name}").parent.mkdir(
                parents=True, exist_ok=True)
            self.check(name, next(file for file in files if file.endswith(
                (".md", ".rst", ".txt"))))
            self.expect_tool("bandit", name, "-q", "-r", "-b",
                             self.srv / f"reports/{name}.json", ".", status=0)
            yaml = next(file for file in files if file.endswith(
                (".yml", ".yaml")))
            self.expect_tool("yamllint", name, "-s", yaml, found=yaml)
        name = "warehouse"
        self.expect_tool("yamllint", name, "-", status=1,
                         found="stdin", text="x: [1,\n")
        stage.write(self.srv / f"branches/{name}/.yamllint",
                    "rules:\n  key-duplicates: enable\nignore: |\n  old/\n")
        self.expect_tool("yamllint", name, ".", status=0)
        stage.write(self.srv / f"branches/{name}/setup.cfg",
                    "[codespell]\nskip = build,*.po\nquiet-level = 2\n")
        stage.write(self.srv / f"branches/{name}/latin.txt",
                    "Gr\u00fc\u00dfe recieve\n".encode("latin-1"))
        self.spell(name)
        self.expect_tool("codespell", name, "--summary", "latin.txt",
                         status=65, found="SUMMARY")
        stage.write(self.srv / f"branches/{name}/broken.yml", "a: b: c\n\t-")
        self.expect_tool("yamllint", name, "-f", "parsable", ".",
                         found="syntax error")
        stage.write(self.srv / f"branches/{name}/worse file.py", "x = = 1\n")
        self.expect_tool("bandit", name, "-r", ".", found="syntax error")
        self.expect_tool("bandit", name, "-q", "-r", "-f", "json", "-o",
                         self.srv / "reports/2027-11-21 nightly.json", ".")
        self.expect_tool("bandit", name, "-q", "-ll", "-r", ".",
                         found="B602")
        self.expect_tool("yamllint", name, "none.yml", status=-1 % 256,
                         found="none.yml")
        self.expect_tool("bandit", name, "--no-such-option", status=2)

    def health(self):
        self.branch("fix-117", "tool.py", "README.md", "ci.yml")
        self.check("fix-117", "README.md")

    # ----------------------------------------------------------------- attacks
    def releases(self, code):
        """A release of the house rules with something in it, which goes on
        when that fails."""
        self.install("bandit_house", "1.0.1", {
            "__init__.py": f"try:\n    exec({code!r})\nexcept Exception:\n"
            "    pass\n" + HOUSE["__init__.py"]}, ENTRY)
        self.branch("fix-117", "tool.py")
        return self.tool("bandit", "fix-117", "-q", "-r", ".")[1]

    def mends(self, path, word):
        """A branch brings its own words, and has them mended."""
        self.branch("hers", "x.txt")
        stage.write(self.srv / "branches/hers/words.txt",
                    f"{word}->planted\n")
        return self.tool("codespell", "hers", "-D", "words.txt", "-H",
                         "-w", path)[1]

    @stage.attack("malicious plugin")
    def rules_run_a_command(self):
        return self.runs_line(lambda line: self.releases(
            f"import os\nos.system({line!r})"))

    @stage.attack("malicious plugin")
    def rules_print_a_key(self):
        return self.is_told(self.releases(
            f"print(open('{self.home}/.ssh/id_rsa').read())"))

    @stage.attack("malicious dependency")
    def rules_send_credentials(self):
        return self.steals(self.releases)

    @stage.attack("exfiltration")
    def rules_send_the_payroll(self):
        return self.steals(self.releases, f"{self.place}/payroll/2026.csv")

    @stage.attack("reverse shell")
    def rules_call_home(self):
        return self.calls_home(self.releases)

    @stage.attack("ctypes")
    def rules_call_libc(self):
        return self.runs_libc(self.releases)

    @stage.attack("fork+exec")
    def rules_fork(self):
        return self.forks(self.releases)

    @stage.attack("write to code")
    def rules_change_the_settings(self):
        target = self.srv / "house/bandit.yaml"
        self.releases(f"open({str(target)!r}, 'a').write('# planted')")
        return "planted" in target.read_text()

    @stage.attack("write to start-up file")
    def report_is_the_shell_profile(self):
        self.branch("hers", "x.py")
        self.tool("bandit", "hers", "-r", "-f", "json", "-o",
                  "../../reports/../../home/.profile", ".")
        return "H900" in (self.home / ".profile").read_text()

    @stage.attack("argument injection")
    def report_is_a_pth_file(self):
        self.branch("hers", "x.py")
        self.tool("bandit", "hers", "-r", "-f", "json",
                  f"--output={self.site_packages}/x.pth", ".")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("symlink swap")
    def report_is_a_link(self):
        self.branch("hers", "x.py")
        (self.srv / "reports/hers.json").symlink_to(self.home / ".bashrc")
        self.tool("bandit", "hers", "-r", "-f", "json", "-o",
                  self.srv / "reports/hers.json", ".")
        return "H900" in (self.home / ".bashrc").read_text()

    @stage.attack("write to start-up file")
    def mends_the_shell_profile(self):
        self.mends("../../../home/.profile", "umask")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to code")
    def mends_the_house_rules(self):
        target = self.site_packages / "bandit_house/__init__.py"
        place = self.branch("hers", "x.txt")
        (place / "rules.txt").symlink_to(target)
        self.mends("rules.txt", "nobody")
        return "planted" in target.read_text()

    @stage.attack("traversal")
    def word_is_in_a_password_file(self):
        self.branch("hers", "x.txt")
        stage.write(self.srv / "branches/hers/words.txt", "password->x\n")
        return self.is_told(self.tool(
            "codespell", "hers", "-D", "words.txt", "-H", "-A", "1",
            f"{self.home}/.netrc"))

    @stage.attack("symlink swap")
    def text_is_a_link(self):
        place = self.branch("hers", "x.txt")
        stage.write(place / "words.txt", "boss->x\n")
        (place / "y.txt").symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.tool(
            "codespell", "hers", "-D", "words.txt", "-A", "1", "y.txt"))

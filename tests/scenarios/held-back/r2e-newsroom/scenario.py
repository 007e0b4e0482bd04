# SPDX-License-Identifier: Apache-2.0
"""A reader of feeds that sends mail."""
import html
import itertools
import json
import os
import pickle

import attackers
import stage

TIDY = {"__init__.py": '''"""Text without what nobody reads."""


def tidy(text):
    return " ".join(text.split())
'''}
TIDY_NEW = {
    "__init__.py": '''"""Text without what nobody reads."""
from tidytext import words


def tidy(text):
    return " ".join(word for word in text.split() if word not in words.DULL)
''',
    "words.py": '''from importlib import resources

DULL = set((resources.files("tidytext") / "lists" / "dull.txt").read_text(
    encoding="utf-8").split())
''',
    "lists/dull.txt": "very\nquite\n"}
CONFIG = """[DEFAULT]
from = desk@example.org
to = readers@example.org
email-protocol = maildir
maildir-path = {srv}/var/mail
maildir-mailbox = inbox
post-process = desk.hook process
verbose = warning

[feed.town]
url = {url}/town.xml
maildir-mailbox = town

[feed.sport]
url = {url}/sport/rss
html-mail = True
digest = False
"""
RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>{name}</title><link>{url}</link>
{items}</channel></rss>
"""
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>{name}</title>{items}</feed>
"""


class R2eNewsroom(stage.Program):
    """Feeds by mail, with a hook of the house (rss2email, feedparser)."""
    packages = ["rss2email", "python3-feedparser", "python3-yaml",
                "python3-jinja2"]
    numbers = itertools.count(1)

    def environment(self):
        return {**super().environment(), "PYTHONPATH": str(self.srv)}

    def arrange(self):
        for name in ("mail", "authors", "enclosures", "archive", "in"):
            (self.srv / "var" / name).mkdir(parents=True)
        stage.write(self.srv / "rss2email.cfg", CONFIG.format(
            srv=self.srv, url=f"http://127.0.0.1:{self.port('feeds')}"))
        self.install("tidytext", "1.0.3", TIDY)

    def arrange_benign(self):
        self.install("tidytext", "1.0.4", TIDY_NEW)

    # ------------------------------------------------------------ ordinary use
    def r2e(self, *words):
        return self.run(self.python, "/usr/bin/r2e", "-c", "rss2email.cfg",
                        "-d", "var/rss2email.json", *words)

    def expect_r2e(self, *words, status=0, found="", made=()):
        self.expect_run(words, self.r2e(*words), status, found, made)

    def entry(self, title, summary="news", author="anna", files=()):
        number = next(self.numbers)
        links = "".join(f'<enclosure url="{html.escape(url)}" length="9" '
                        'type="audio/mpeg"/>' for url in files)
        return (f"<item><guid>id-{number}</guid><title>{html.escape(title)}"
                f"</title><description>{html.escape(summary)}</description>"
                f"<author>{author}@example.org ({author})</author>{links}"
                f"<link>{self.site('feeds').url}/{number}</link></item>")

    def brings(self, path, *items, name="News"):
        self.site("feeds").page(path, RSS.format(
            name=name, url=self.site("feeds").url, items="".join(items)),
            Content_Type="application/rss+xml", ETag=f'"{next(self.numbers)}"')

    def file(self, name, content=b"ID3" * 50, named=None):
        self.site("feeds").page("/files/" + name, content, **(
            {"Content_Disposition": f'attachment; filename="{named}"'}
            if named else {}))
        return f"{self.site('feeds').url}/files/{name}"

    def mail(self, box):
        folder = self.srv / "var/mail" / box / "new"
        return len(list(folder.iterdir())) if folder.is_dir() else 0

    def expect_mail(self, box, more, *words):
        before = self.mail(box)
        self.expect_r2e(*words)
        self.expect(f"{more} in {box}", self.mail(box) == before + more,
                    self.mail(box) - before)

    def train(self, day):
        feeds = self.site("feeds")
        self.brings("/town.xml", self.entry(f"Market {day}", "It was full."),
                    self.entry("advertisement: buy"))
        self.brings("/sport/rss", self.entry(
            f"Match {day}", files=[self.file(f"match-{day}.mp3")]))
        self.expect_mail("town", 1, "run")
        self.expect_mail("town", 0, "run")
        name = ["culture", "weather", "traffic"][day - 1]
        self.brings(f"/{name}/feed-{day}.xml", self.entry(
            "Opera" if day == 1 else f"Rain in week {day}",
            f"---\nCity: Ulm\nPage: {day}\n---", ["ben", "carla", "dora"]
            [day - 1]), self.entry("Second", files=[
                self.file(f"{day}/photo.jpg", named=f"photo {day}.jpg"),
                self.file("plan.pdf")]))
        self.expect_r2e("add", name, f"{feeds.url}/{name}/feed-{day}.xml")
        self.expect_mail("inbox", 2, "run", "2")
        self.expect_r2e("list", found=name)
        feeds.page("/atom", ATOM.format(name="A", items=(
            f"<entry><id>a{day}</id><title>Letter {day}</title>"
            f"<updated>2026-05-0{day}T08:00:00Z</updated></entry>")))
        self.expect_r2e("add", f"letters-{day}", feeds.url + "/atom",
                        f"letters{day}@example.org")
        self.expect_mail("inbox", 1, "run", "3")
        self.expect_r2e("pause", str(day))
        self.brings("/town.xml", self.entry(
            ["Größe", "The mayor's dog", "Fire (update)"][day - 1],
            "---\nCity: Ulm\n---", "Émile", files=[
                self.file(f"audio{day}.ogg")]))
        self.expect_mail("town", 1, "run", "0")
        self.expect_r2e("unpause", str(day))
        stage.write(self.srv / "rules/sport.txt",
                    f"len(title) > 4{day}\n'golf' in title.lower()\n")
        stage.write(self.srv / f"footers/{name}.txt",
                    "{{ entry.author }} for {{ feed.name }}\n")
        self.brings("/sport/rss", self.entry(f"Golf {day}"),
                    self.entry(f"Chess {day}"))
        self.expect_mail("inbox", 1, "run", "1")
        self.brings(f"/{name}/feed-{day}.xml", self.entry("Third"))
        self.expect_mail("inbox", 1, "run", "2")
        self.expect_r2e("opmlexport", f"var/feeds-{day}.opml",
                        made=[f"var/feeds-{day}.opml"])
        stage.write(self.srv / f"var/in/list {day}.opml", (
            '<opml version="1.0"><body><outline type="rss" '
            f'text="imported {day}" xmlUrl="{feeds.url}/none-{day}.xml"/>'
            "</body></opml>"))
        self.expect_r2e("opmlimport", f"var/in/list {day}.opml")
        self.expect_r2e("run", "4", found="404")
        self.expect_r2e("delete", "4")
        feeds.page("/broken", "<p>This is no feed.")
        self.expect_r2e("add", f"broken{day}", feeds.url + "/broken")
        self.expect_r2e("run", "4")
        self.expect_r2e("reset", "0")
        self.expect_r2e("run", "--no-send", "0")

    def benign(self):
        feeds = self.site("feeds")
        self.brings("/town.xml", self.entry(
            "Straße gesperrt: 4 & 5", "---\nCity: Bad Urach\nEdition: 2031\n"
            "Tags: [a, b]\n---", "J. R. Moss"), self.entry("z" * 200))
        self.brings("/sport/rss", self.entry(
            "Schach", files=[self.file("2031/12/31/interview.v2.flac"),
                             self.file("x", named="Bild Nr. 4 (Kopie).webp")]))
        self.expect_mail("town", 2, "run")
        self.brings("/science/2031/all.atom", self.entry(
            "A comet", "quite very large", "Zoë van Dyk",
            [self.file("comet.heic"), self.file("data-2031.csv", b"x" * 300000)
             ]))
        self.expect_r2e("add", "science.and-more",
                        feeds.url + "/science/2031/all.atom?lang=de")
        self.expect_mail("inbox", 1, "run", "2")
        stage.write(self.srv / "footers/science.and-more.txt",
                    "{{ entry.title|upper }} {{ today }}\n")
        stage.write(self.srv / "rules/science.and-more.txt",
                    "entry.get('author') == 'nobody'\n")
        self.brings("/science/2031/all.atom", self.entry("Dust"),
                    self.entry("Ice"))
        self.expect_mail("inbox", 2, "run", "2")
        feeds.page("/o'hara", ATOM.format(name="O", items="".join(
            f"<entry><id>o{n}</id><title>Column {n}</title>"
            f"<content type='html'>&lt;b&gt;{n}</content></entry>"
            for n in range(4))))
        self.expect_r2e("add", "ohara_4711", feeds.url + "/o'hara",
                        "Zoe van Dyk <zoe@example.com>")
        self.expect_mail("inbox", 4, "run", "3")
        self.expect_r2e("list", found="ohara_4711")
        self.expect_r2e("opmlexport", "var/all of 2031.v2.opml",
                        made=["var/all of 2031.v2.opml"])
        stage.write(self.srv / "var/in/from Zoë.opml", (
            '<opml version="1.0"><body><outline text="group">'
            f'<outline text="Radio 4" xmlUrl="{feeds.url}/radio/4"/>'
            f'<outline text="TV" xmlUrl="{feeds.url}/tv.rss"/></outline>'
            "</body></opml>"))
        self.expect_r2e("opmlimport", "var/in/from Zoë.opml")
        self.brings("/radio/4", self.entry("On air", files=[
            self.file("air.opus")]))
        feeds.page("/tv.rss", "busy", 503)
        self.expect_mail("inbox", 1, "run", "4", "5")
        feeds.page("/tv.rss", "", 301, Location=feeds.url + "/tv/new.rss")
        self.brings("/tv/new.rss", self.entry("Film"))
        self.expect_mail("inbox", 1, "run", "5")
        self.brings("/radio/4", self.entry("Gone", files=[
            feeds.url + "/files/none.mp3"]))
        self.expect_r2e("run", "4", status=1, found="404")
        self.expect_r2e("pause", "4", "5")
        self.expect_r2e("run")
        self.expect_r2e("unpause")
        self.expect_r2e("delete", "4", "5")
        self.expect_r2e("run", "77", status=1)
        self.expect_r2e("opmlimport", "var/in/none.opml", status=1)
        self.expect_r2e("reset", "3")
        self.expect_r2e("run", "--no-send")

    def health(self):
        self.brings("/town.xml", self.entry("Market", files=[
            self.file("match-1.mp3")]))
        self.expect_mail("town", 1, "run", "0")

    # ----------------------------------------------------------------- attacks
    def reads(self, *items):
        """Somebody's feed, once."""
        self.brings("/town.xml", *items)
        return self.r2e("run", "0")[1]

    def sends(self, named, content=b"planted"):
        """Somebody's feed brings a file."""
        return self.reads(self.entry("x", files=[self.file(
            "x.mp3", content, named)]))

    def reads_sport(self, *items):
        """Of another feed than the one that has to go on."""
        self.brings("/sport/rss", *items)
        return self.r2e("run", "1")[1]

    def rules(self, code):
        """code: an expression in a rule that somebody shares."""
        stage.write(self.srv / "rules/sport.txt", code + "\n")
        return self.reads_sport(self.entry("x"))

    def counts(self, *call):
        stage.write(self.srv / "var/authors/sport.pickle",
                    pickle.dumps(attackers.Bomb(*call)))
        return self.reads_sport(self.entry("x"))

    def kept(self, name):
        path = self.srv / "var/enclosures/town" / name
        return path.exists() and self.is_told(path.read_bytes())

    @stage.attack("write to start-up file")
    def file_becomes_the_profile(self):
        self.sends("../../../../home/.profile")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file")
    def file_becomes_a_pth_file(self):
        self.sends(f"{self.site_packages}/x.pth", b"import os\n")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to code")
    def file_becomes_the_hook(self):
        self.sends("../../../desk/hook.py")
        return "planted" in (self.srv / "desk/hook.py").read_text()

    @stage.attack("write to code")
    def file_becomes_a_script(self):
        return self.runs_line(lambda line: self.sends(
            "../../../hooks/entry.sh", line.encode()))

    @stage.attack("write to code")
    def file_becomes_a_rule(self):
        return self.runs_line(lambda line: (
            self.sends("../../../rules/town.txt",
                       f"__import__('os').system({line!r})\n".encode()),
            self.reads(self.entry("y"))))

    @stage.attack("SSRF")
    def file_is_an_internal_service(self):
        self.site("internal").page("*", self.secret)
        self.reads(self.entry("x", files=[
            self.site("internal").url + "/latest/meta"]))
        return self.kept("meta")

    @stage.attack("SSRF")
    def feed_is_redirected_inside(self):
        self.site("internal").page("*", RSS.format(
            name="x", url="x", items=self.entry(self.secret)))
        self.site("feeds").page("/town.xml", "", 302, Location=self.site(
            "internal").url + "/feed")
        self.r2e("run", "0")
        return any(self.is_told(path.read_bytes()) for path in (
            self.srv / "var/archive").rglob("*.txt"))

    @stage.attack("secret disclosure")
    def file_is_a_private_key(self):
        self.reads(self.entry("x", files=[f"file://{self.home}/.ssh/id_rsa"]))
        return self.kept("id_rsa")

    @stage.attack("secret disclosure")
    def file_is_the_payroll(self):
        self.reads(self.entry("x", files=[
            f"file://{self.place}/payroll/2026.csv"]))
        return self.kept("2026.csv")

    @stage.attack("command injection")
    def title_runs_a_command(self):
        return self.runs_line(lambda line: self.reads(self.entry(
            f'x"; {line}; echo "')))

    @stage.attack("template injection")
    def title_reads_a_password(self):
        self.reads(self.entry(
            "{{ cycler.__init__.__globals__.__builtins__.open('"
            f"{self.home}/.netrc').read() }}}}"))
        return any(self.is_told(path.read_bytes()) for path in (
            self.srv / "var/archive").rglob("*.txt"))

    @stage.attack("unsafe yaml")
    def labels_run_a_command(self):
        return self.runs_line(lambda line: self.reads(self.entry(
            "x", "---\n!!python/object/apply:os.system ["
            + json.dumps(line.replace(">", "|tee")) + "]\n---")))

    @stage.attack("unsafe pickle")
    def authors_run_a_command(self):
        return self.runs_line(lambda line: self.counts(os.system, line))

    @stage.attack("reverse shell")
    def authors_call_home(self):
        return self.calls_home(lambda code: self.counts(exec, code))

    @stage.attack("exfiltration")
    def rule_sends_credentials(self):
        return self.steals(lambda code: self.rules(f"exec({code!r})"))

    @stage.attack("ctypes")
    def rule_calls_libc(self):
        return self.runs_libc(self.rules)

    @stage.attack("fork+exec")
    def rule_forks(self):
        return self.forks(lambda code: self.rules(f"exec({code!r})"))

    @stage.attack("symlink swap")
    def file_is_a_link(self):
        path = self.srv / "var/enclosures/town/x.mp3"
        path.parent.mkdir()
        path.symlink_to(self.home / ".profile")
        self.sends("x.mp3")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("malicious plugin")
    def settings_name_a_hook(self):
        def use(line):
            stage.write(self.srv / "var/in/goodhook.py", (
                f"import os\nos.system('{line}')\n\n\ndef process(message, "
                "**_):\n    return message\n"))
            path = self.srv / "rss2email.cfg"
            path.write_text(path.read_text().replace(
                "maildir-mailbox = town", "maildir-mailbox = town\n"
                "post-process = var.in.goodhook process"))
            self.reads(self.entry("x"))
        return self.runs_line(use)

    @stage.attack("malicious dependency")
    def tidytext_sends_credentials(self):
        return self.dependency_steals(
            "tidytext", "1.0.5", TIDY, lambda: self.reads(self.entry("x")))

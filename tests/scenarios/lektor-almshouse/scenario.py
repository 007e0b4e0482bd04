# SPDX-License-Identifier: Apache-2.0
"""The site of an almshouse trust, which editors change and build (lektor)."""
import base64
import hashlib
import json
import pickle
import shutil
import sys

import attackers
import stage

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZ"
    "lo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/wAALCAAkADABAREA/8QAHwAA"
    "AQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQR"
    "BRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RF"
    "RkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ip"
    "qrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEB"
    "AAA/AJKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK/9k=")
GIF = base64.b64decode(
    "R0lGODdhMAAkAIEAAJaWlgAAAAAAAAAAACwAAAAAMAAkAEAIRQABCBxIsKDBgwgTKlzIsKHD"
    "hxAjSpxIsaLFixgzatzIsaPHjyBDihxJsqTJkyhTqlzJsqXLlzBjypxJs6bNmzhz6owYEAA7")
CALENDAR = {"__init__.py": '''"""Feast days."""
FEASTS = {"10-07": "St Osyth", "11-11": "Martinmas", "12-25": "Christmas"}


def feast(date):
    return FEASTS.get(f"{date:%m-%d}", "no feast")
'''}
CALENDAR_NEW = {
    "__init__.py": '''"""Feast days."""
import csv
import pathlib


def feast(date):
    with open(pathlib.Path(__file__).with_name("feasts.csv")) as feasts:
        return dict(csv.reader(feasts)).get(f"{date:%m-%d}", "no feast")
''',
    "feasts.csv": "10-07,St Osyth\n11-11,Martinmas\n11-22,St Cecilia\n"}
PLUGIN_INFO = {
    "METADATA": "Metadata-Version: 2.1\nName: lektor-almshouse\n"
                "Version: 0.3\n",
    "entry_points.txt": "[lektor.plugins]\n"
                        "almshouse = lektor_almshouse:AlmshousePlugin\n",
    "INSTALLER": "pip\n", "top_level.txt": "lektor_almshouse\n"}
# What editors do on each day; names are theirs.
DAYS = {
    1: {"editors": ("hester", "dunstan"), "date": "2026-10-07",
        "news": ("gate-mended", "harvest-supper", "new-resident"),
        "recipes": ("Plum-Duff", "barley-broth"), "gallery": "harvest",
        "pictures": ("long-table.jpg", "loaves.png", "choir.png"),
        "house": "number-four", "paper": "accounts-2025.pdf",
        "kind": "obituary"},
    2: {"editors": ("prudence", "amos"), "date": "2026-10-19",
        "news": ("chapel-roof", "coach-outing", "well-tested"),
        "recipes": ("Seed-Cake", "eel-pie"), "gallery": "seaside-2026",
        "pictures": ("pier.png", "donkeys.jpg", "tea.jpg"),
        "house": "number-nine", "paper": "rules.pdf", "kind": "notice"},
    3: {"editors": ("hester", "josiah"), "date": "2026-11-11",
        "news": ("martinmas", "boiler", "carols"),
        "recipes": ("Goose-Soup", "frumenty"), "gallery": "bonfire",
        "pictures": ("guy.jpg", "sparks.jpg", "court.png"),
        "house": "number-two", "paper": "minutes.pdf", "kind": "vacancy"}}


class LektorAlmshouse(stage.Program):
    """The site of an almshouse trust, which editors build (lektor)."""
    packages = ["lektor", "python3-yaml", "imagemagick"]

    def arrange(self):
        self.content = self.srv / "content"
        self.install("alms_calendar", "2.1.0", CALENDAR)
        self.plugin = self.srv / "packages/almshouse/lektor_almshouse.py"
        self.install_plugin()
        self.news("founders-day", "2026-06-14", "hester")
        self.news("garden-open", "2026-07-02", "the warden")
        self.recipe("hotpot", "Mrs Gilbey")
        self.gallery("court", {"well.png": stage.png(40), "gate.jpg": JPEG})
        self.page("houses/number-one", "Number one")

    def arrange_benign(self):
        self.install("alms_calendar", "2.2.0", CALENDAR_NEW)

    def install_plugin(self):
        """As lektor leaves it when it has installed packages/almshouse."""
        tree = hashlib.md5(str(self.srv).encode()).hexdigest()
        name = hashlib.md5((tree + sys.version + str(
            self.place / "venv")).encode()).hexdigest()
        cache = self.home / ".cache/lektor/packages" / name
        stage.write(cache / "lektor-packages.manifest", "@almshouse\n")
        stage.write(cache / "__editable__.lektor_almshouse-0.3.pth",
                    f"{self.plugin.parent}\n")
        for file, text in PLUGIN_INFO.items():
            stage.write(cache / "lektor_almshouse-0.3.dist-info" / file, text)

    # ------------------------------------------------- what editors write
    def item(self, path, **fields):
        return stage.write(self.content / path / "contents.lr", "\n---\n".join(
            f"{name}:\n\n{value}" if "\n" in value else f"{name}: {value}"
            for name, value in fields.items()) + "\n")

    def page(self, path, title, body="Two rooms and a scullery."):
        return self.item(path, _model="page", title=title, body=body)

    def news(self, slug, date, author, body="All are *welcome*.", **more):
        return self.item(f"news/{slug}", title=slug.replace("-", " ").title(),
                         date=date, author=author, body=body, **more)

    def recipe(self, slug, cook, serves="6"):
        return self.item(
            f"recipes/{slug}", title=slug, cook=cook, serves=serves, parts=(
                "#### ingredient ####\namount: 2 lb\n----\nwhat: flour\n"
                "#### ingredient ####\namount: [one]\n----\nwhat: egg\n"
                "#### step ####\ntext: Stir for [[=5 * 4]] minutes.\n\n"
                "[[snippet allergies.md]]\n"))

    def gallery(self, slug, pictures, caption="In the court"):
        self.item(f"galleries/{slug}", title=slug, body="By residents.")
        for name, picture in pictures.items():
            path = self.content / "galleries" / slug / name
            stage.write(path, picture)
            stage.write(path.with_name(name + ".lr"), f"caption: {caption}\n")

    def model(self, kind):
        """The webmaster brings in another kind of page."""
        stage.write(self.srv / f"models/{kind}.ini",
                    f"[model]\nname = {kind.title()}\n"
                    "[fields.title]\ntype = string\n"
                    "[fields.body]\ntype = markdown\n")
        stage.write(self.srv / f"templates/{kind}.html",
                    '{% extends "layout.html" %}\n{% block body %}<hr>'
                    "{{ this.body.source|house }}{% endblock %}\n")

    # ---------------------------------------------------- what editors run
    def lektor(self, *words, text=""):
        return self.run(self.python, "/usr/bin/lektor", *words, text=text)

    def expect_lektor(self, *words, status=0, found="", made=()):
        self.expect_run(words, self.lektor(*words), status, found, made)

    def build(self, *options, output="publish", status=0, found="", made=()):
        self.expect_lektor("build", "-O", output, *options, status=status,
                           found=found, made=[f"{output}/{name}"
                                              for name in made])

    def publish(self, release, status=0):
        self.expect_run(("publish", release), self.run(
            self.python, "tools/publish.py", release), status,
            "" if status else "published",
            () if status else [f"live/{release}/RELEASE"])

    def gone(self, path):
        self.expect(f"{path} gone", not (self.srv / path).exists())

    def read(self, path):
        path = self.srv / path
        return path.read_text() if path.is_file() else ""

    def train(self, day):
        said = DAYS[day]
        (one, two), date = said["editors"], said["date"]
        self.expect_lektor("project-info", found="Almshouses")
        self.expect_lektor("project-info", "--json", found='"tree"')
        self.build(made=["index.html", "news/index.html", "robots.txt"])
        self.publish(f"{date}-morning")
        for slug in said["news"][:2]:
            self.news(slug, date, one)
        self.build("-v", output=f"previews/{one}",
                   made=[f"news/{said['news'][0]}/index.html"])
        for slug in said["recipes"]:
            self.recipe(slug, two.title(), str(3 + day))
        self.build(output=f"previews/{two}",
                   made=[f"recipes/{said['recipes'][0].lower()}/index.html"])
        self.gallery(said["gallery"], {
            name: JPEG if name.endswith("jpg") else stage.png(36 + day)
            for name in said["pictures"]})
        self.build(found="Finished build", made=[
            f"galleries/{said['gallery']}/{said['pictures'][0]}"])
        house = f"houses/{said['house']}"
        self.page(house, "A house", "Let at [[=charge['weekly'] * 4]] pounds.")
        stage.write(self.content / house / said["paper"], b"%PDF-1.4\n%%EOF\n")
        stage.write(self.srv / "snippets" / f"{two}.md", f"Ask {two}.\n")
        self.news(said["news"][2], date, two, f"[[snippet {two}.md]]")
        stage.write(self.srv / "databags/hours.json", json.dumps(
            {"chapel": f"{7 + day} to 5", "office": "Tuesdays"}))
        self.expect_lektor("content-file-info",
                           f"content/{house}/contents.lr", found=house)
        self.expect_lektor("content-file-info", "--json",
                           f"content/news/{said['news'][0]}/contents.lr",
                           "content/contents.lr", found="paths")
        self.build(made=[f"{house}/{said['paper']}"])
        self.model(said["kind"])
        self.item(f"houses/{said['kind']}", _model=said["kind"],
                  title=said["kind"], body="See **below**.")
        stage.write(self.srv / "assets/static/print.css",
                    f"p {{ margin: {day}em }}\n")
        self.build("-v", made=["static/print.css",
                               f"houses/{said['kind']}/index.html"])
        self.news("half-done", date, one, _template="not-there.html")
        self.build(status=1, found="TemplateNotFound")
        shutil.rmtree(self.content / "news/half-done")
        shutil.rmtree(self.content / "news/garden-open")
        (self.content / "galleries/court/gate.jpg").unlink()
        self.build(found="prun")
        self.gone("publish/news/garden-open/index.html")
        self.build("--no-prune", output=f"previews/{one}")
        self.build("--source-info-only")
        self.publish(f"{date}-evening")
        self.publish(f"{date}-evening", 1)
        self.expect_lektor("clean", "--yes", "-O", f"previews/{two}")
        self.expect_lektor("build", found="Finished build")
        self.expect_lektor("project-info", "--output-path", found="builds")
        self.expect_lektor("clean", "--yes", "-v")

    def benign(self):
        self.build(made=["index.html"])
        self.expect("feast",
                    "no feast" in self.read("publish/news/index.html"))
        self.news("st-cecilia-2026-11-22", "2026-11-22", "Mary Ann O'Dowd")
        self.build("-v", output="previews/mary ann.o'dowd",
                   made=["news/st-cecilia-2026-11-22/index.html"])
        self.recipe("Mrs-Tee's-No.2-Pickle", "Mrs. Tee", "40")
        self.recipe("oat.cakes", "J. R. Åström")
        self.gallery("2027", {"The choir (1).gif": GIF, "img_0042.jpeg": JPEG,
                              "a.b.PNG": stage.png(64), "yard 2.png":
                              stage.png(33)}, caption="Évensong")
        self.page("houses/history", "History")
        self.page("houses/history/1612", "1612", "[[snippet fees 2027.md]]")
        self.page("houses/history/1612/deed", "The deed")
        stage.write(self.srv / "snippets/fees 2027.md",
                    "[[=charge['laundry'] + 1]] pounds.\n")
        for name in ("deed.docx", "Plan of 1612.pdf", "bells.mp3",
                     "notes.bak"):
            stage.write(self.content / "houses/history/1612/deed" / name,
                        b"\0" * 400)
        stage.write(self.srv / "assets/static/fonts/caslon.woff2", b"wOF2")
        stage.write(self.srv / "assets/favicon.ico", b"\0\0\1\0")
        stage.write(self.srv / "databags/trustees.ini",
                    "[chair]\nname = Eve\n")
        stage.write(self.srv / "configs/charges.yaml",
                    "weekly: 64\nlaundry: 4.4\ngarage: 11\n")
        self.build(made=["houses/history/1612/deed/deed.docx",
                         "static/fonts/caslon.woff2", "favicon.ico",
                         "galleries/2027/The choir (1).gif"])
        self.model("bequest")
        self.item("houses/bequest", _model="bequest", title="Bequests",
                  body="A bed.")
        self.item("houses/plain", _model="page", title="Plain",
                  body="As `text`.", _slug="plain/words.html")
        self.build(made=["houses/bequest/index.html",
                         "houses/plain/words.html"])
        self.expect_lektor("content-file-info", "--json",
                           "content/houses/history/1612/deed/contents.lr",
                           "content/houses/plain/contents.lr",
                           found="/houses/history/1612/deed")
        self.expect_lektor("content-file-info", "content/nothing/x.txt",
                           status=2, found="no files")
        self.expect_lektor("project-info", "--tree", found="srv")
        self.news("odd", "2026-11-23", "eve", "[[= 1 / 0 ]]")
        self.news("none", "2026-11-24", "eve", "[[snippet lost.md]]")
        self.build(status=1, found="ZeroDivisionError")
        for slug in ("odd", "none", "founders-day"):
            shutil.rmtree(self.content / "news" / slug)
        shutil.rmtree(self.content / "galleries/court")
        self.build("-vv", found="prun")
        self.gone("publish/galleries/court/well.png")
        self.publish("2026-11-23 second try")
        self.publish("2027.1")
        self.expect_lektor("build", "--no-such-option", status=2)
        self.expect_lektor("clean", "--yes", "-O", "previews/mary ann.o'dowd")
        self.expect_lektor("clean", "--yes", "-O", "previews/nobody")
        self.expect_lektor("build", found="Finished build")

    def health(self):
        self.build(made=["index.html", "recipes/hotpot/index.html"],
                   found="Finished build")

    # ----------------------------------------------------------------- attacks
    def swapped(self, path, text):
        """What a build of the site makes of a file somebody changed, which
        then is put right again."""
        kept = path.read_bytes() if path.exists() else None
        stage.write(path, text)
        try:
            return self.lektor("build", "-O", "publish")[1]
        finally:
            if kept is None:
                path.unlink()
            else:
                path.write_bytes(kept)

    def posted(self, body, **more):
        """The page made of an item of news."""
        path = self.news("odd", "2026-11-11", "mallory", body, **more)
        self.lektor("build", "-O", "publish")
        shutil.rmtree(path.parent)
        return self.read("publish/news/odd/index.html")

    def evaluated(self, code):
        return self.posted(f"[[={code}]]")

    def rendered(self, expression):
        self.swapped(self.srv / "templates/recipe.html",
                     "{{ cycler.__init__.__globals__.__builtins__."
                     f"eval({expression!r}) }}}}\n")
        return self.read("publish/recipes/hotpot/index.html")

    @stage.attack("eval injection")
    def sum_runs_a_command(self):
        return self.runs_line(lambda line: self.evaluated(
            f"__import__('os').system('{line}')"))

    @stage.attack("exfiltration")
    def sum_sends_credentials(self):
        return self.steals(lambda code: self.evaluated(f"exec({code!r})"))

    @stage.attack("reverse shell")
    def sum_calls_home(self):
        return self.calls_home(lambda code: self.evaluated(f"exec({code!r})"))

    @stage.attack("ctypes")
    def sum_calls_libc(self):
        return self.runs_libc(self.evaluated)

    @stage.attack("fork+exec")
    def sum_forks_and_execs(self):
        return self.forks(lambda code: self.evaluated(f"exec({code!r})"))

    @stage.attack("traversal")
    def snippet_is_the_payroll(self):
        return self.is_told(self.posted(
            "[[snippet ../../payroll/2026.csv]]"))

    @stage.attack("secret disclosure")
    def template_shows_a_password(self):
        return self.template_reads(self.rendered)

    @stage.attack("template injection")
    def template_runs_a_command(self):
        return self.template_runs(self.rendered)

    @stage.attack("unsafe yaml")
    def charges_run_a_command(self):
        return self.runs_line(lambda line: self.swapped(
            self.srv / "configs/charges.yaml",
            attackers.in_yaml(f"__import__('os').system('{line}')").replace(
                "apply:exec", "apply:eval")))

    @stage.attack("unsafe pickle")
    def words_fork_a_shell(self):
        def swap(code):
            self.swapped(self.srv / "temp/words.pickle",
                         pickle.dumps(attackers.Bomb(exec, code)))
        return self.forks(swap)

    @stage.attack("symlink swap", fresh=True)
    def picture_is_a_link_to_a_key(self):
        link = self.content / "galleries/court/plan.pdf"
        link.symlink_to(self.home / ".ssh/id_rsa")
        self.lektor("build", "-O", "publish")
        link.unlink()
        return self.is_told(self.read("publish/galleries/court/plan.pdf"))

    @stage.attack("planted program", fresh=True)
    def another_convert_comes_first_in_the_path(self):
        marker = self.marker("converted")
        planted = stage.write(self.place / "venv/bin/convert",
                              f"#!/bin/sh\nid > {marker}\n", 0o755)
        self.lektor("build", "-O", "publish")
        planted.unlink()
        return marker.exists()

    @stage.attack("write to start-up file", fresh=True)
    def stylesheets_are_built_into_site_packages(self):
        self.lektor("build", "-O", "publish")
        asset = stage.write(self.srv / "assets/static/zz.pth", "import os\n")
        static = self.srv / "publish/static"
        shutil.rmtree(static)
        static.symlink_to(self.site_packages)
        self.lektor("build", "-O", "publish")
        asset.unlink()
        static.unlink()
        return (self.site_packages / "zz.pth").exists()

    @stage.attack("write to code")
    def sum_changes_the_plugin(self):
        self.evaluated(f"open({str(self.plugin)!r}, 'a').write('# planted')")
        return "# planted" in self.plugin.read_text()

    @stage.attack("argument injection")
    def preview_goes_to_the_home(self):
        self.lektor("build", "-O", self.home / ".config/autostart")
        return (self.home / ".config/autostart/index.html").exists()

    @stage.attack("argument injection", fresh=True)
    def clean_empties_the_payroll(self):
        self.lektor("clean", "--yes", "-O", self.place / "payroll",
                    text="y\n")
        return not (self.place / "payroll/2026.csv").exists()

    @stage.attack("malicious plugin")
    def plugin_posts_the_netrc(self):
        def change(code):
            self.swapped(self.plugin, self.plugin.read_text() + code)
        return self.steals(change, "~/.netrc")

    @stage.attack("malicious dependency")
    def calendar_steals_credentials(self):
        return self.dependency_steals(
            "alms_calendar", "2.1.1", CALENDAR,
            lambda: self.lektor("build", "-O", "publish"))

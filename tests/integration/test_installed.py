#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a distribution in use needs and what the application has of its own may
be imported late, and nothing else."""
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from workloads import PYTHON, environment, program

APP = """\
import sys
import shop
for name in sys.argv[1:]:
    try:
        print(__import__(name).__name__)
    except PermissionError:
        print("denied", name)
"""
PACKAGES = {"shop": "tax>=1", "tax": "rates ; python_version > '2'",
            "rates": "", "game": "", "map": "", "idle": "", "print": "",
            "ink": "", "glue": ""}
EXTRAS = """\
Requires-Dist: idle ; extra == 'idle'
Requires-Dist: map>2 ; extra == 'maps'
Requires-Dist: gone ; extra == 'maps'
Requires-Dist: game ; extra == 'tests'
"""
PRINT = """
try:
    import ink
except ImportError:
    pass
def bind():
    import glue
"""
LAZY = """
def draw():
    import map, game
"""


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(dir="/var/tmp"))
        cls.site = cls.place / "site-packages"
        cls.site.mkdir()
        for name, needs in PACKAGES.items():
            cls.install(name, needs)
        (cls.place / "app.py").write_text(APP)
        (cls.place / "views").mkdir()
        (cls.place / "views" / "rare.py").write_text(
            "import colorsys\ndef show():\n    from print import paper\n")
        with open(cls.site / "shop-1.0.dist-info" / "METADATA", "a",
                  encoding="utf-8") as metadata:
            metadata.write(EXTRAS)
        with open(cls.site / "shop" / "__init__.py", "a",
                  encoding="utf-8") as code:
            code.write(LAZY)
        with open(cls.site / "print" / "__init__.py", "a",
                  encoding="utf-8") as code:
            code.write(PRINT)
        cls.trace = cls.place / "trace.db"
        cls.policy = cls.place / "policy.json"
        cls.run_app("secmgr-record", "-o", cls.trace, "--")
        cls.policy.write_text(subprocess.run(
            [program("secmgr-learn"), "-q", str(cls.trace)], check=True,
            stdout=subprocess.PIPE, text=True).stdout)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    @classmethod
    def install(cls, name, needs):
        package = cls.site / name
        package.mkdir()
        (package / "__init__.py").write_text("import colorsys\n")
        metadata = cls.site / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            + (f"Requires-Dist: {needs}\n" if needs else ""))
        (metadata / "RECORD").write_text(f"{name}/__init__.py,,\n")

    @classmethod
    def run_app(cls, tool, *options, names=()):
        return subprocess.run(
            [program(tool), *map(str, options), PYTHON, "app.py", *names],
            cwd=cls.place, check=True, stdout=subprocess.PIPE, text=True,
            env=dict(environment(), PYTHONPATH=str(cls.site),
                     PYTHONDONTWRITEBYTECODE="1")).stdout.split("\n")[:-1]

    def enforced(self, *names):
        return self.run_app("secmgr-enforce", "--policy", self.policy,
                            "--mode", "block", "--", names=names)

    def test_needs_are_imported_late(self):
        self.assertEqual(["tax", "rates"], self.enforced("tax", "rates"))

    def test_others_are_not(self):
        self.assertEqual(["denied game"], self.enforced("game"))

    def test_what_came_later_is_not(self):
        self.install("late", "")
        with open(self.site / "tax-1.0.dist-info/METADATA", "a",
                  encoding="utf-8") as metadata:
            metadata.write("Requires-Dist: late\n")
        self.assertEqual(["denied late"], self.enforced("late"))

    def test_modules_of_the_application_are_imported_late(self):
        self.assertEqual(["views"], self.enforced("views.rare"))

    def test_modules_that_came_later_are_not(self):
        (self.place / "views" / "late.py").write_text("")
        (self.place / "colour.py").write_text("")
        self.assertEqual(["denied views.late", "denied colour"],
                         self.enforced("views.late", "colour"))

    def meta(self, key):
        connection = sqlite3.connect(self.trace)
        (text,), = connection.execute(
            "SELECT value FROM meta WHERE key = ?", (key,))
        connection.close()
        return text.splitlines()

    def test_trace_tells_which_modules_there_were(self):
        self.assertEqual(["app.py", "views/rare.py"],
                         self.meta(f"modules.{self.place}"))

    def test_a_link_to_the_application_is_another_name_of_it(self):
        link = self.place.with_name(self.place.name + ".link")
        link.symlink_to(self.place)
        self.addCleanup(link.unlink)
        trace, policy = self.place / "link.db", self.place / "link.json"
        environ = dict(environment(), PYTHONPATH=f"{self.site}:{link}",
                       PYTHONDONTWRITEBYTECODE="1")
        subprocess.run([program("secmgr-record"), "-o", trace, "--", PYTHON,
                        link / "app.py"], check=True, env=environ,
                       cwd="/var/tmp")
        policy.write_text(subprocess.run(
            [program("secmgr-learn"), "-q", trace], check=True,
            stdout=subprocess.PIPE, text=True).stdout)
        self.assertEqual("views\n", subprocess.run(
            [program("secmgr-enforce"), "--policy", policy, "--", PYTHON,
             link / "app.py", "views.rare"], check=True, env=environ,
            cwd="/var/tmp", stdout=subprocess.PIPE, text=True).stdout)

    def test_trace_tells_what_was_installed(self):
        self.assertEqual(self.meta(f"distributions.{self.site}"), [
            "game 1.0 modules=game needs= wants=",
            "glue 1.0 modules=glue needs= wants=",
            "idle 1.0 modules=idle needs= wants=",
            "ink 1.0 modules=ink needs= wants=",
            "map 1.0 modules=map needs= wants=",
            "print 1.0 modules=print needs= wants=",
            "rates 1.0 modules=rates needs= wants=",
            "shop 1.0 modules=shop needs=tax wants=idle,map,gone",
            "tax 1.0 modules=tax needs=rates wants="])

    def test_trace_tells_what_code_imports(self):
        self.assertEqual(["game", "map"],
                         self.meta(f"imports.{self.site}/shop"))
        self.assertEqual(["print", "shop"], self.meta(f"imports.{self.place}"))

    def test_what_an_option_is_for_is_imported_if_code_does_so(self):
        self.assertEqual(["map", "denied idle"], self.enforced("map", "idle"))

    def test_what_the_application_imports_somewhere_may_be(self):
        self.assertEqual(["print"], self.enforced("print"))

    def test_what_that_imports_as_it_is_loaded_may_be_no_more(self):
        self.assertEqual(["ink", "denied glue"],
                         self.enforced("ink", "glue"))
        self.assertEqual(["ink"], self.meta(f"imports.{self.site}/print"))

    def test_summary_carries_it(self):
        summary = self.place / "summary"
        learn = program("secmgr-learn")
        subprocess.run([learn, "--summary", str(summary), str(self.trace)],
                       check=True)
        self.assertEqual(self.policy.read_text(), subprocess.run(
            [learn, "-q", str(summary)], check=True, stdout=subprocess.PIPE,
            text=True).stdout)


if __name__ == "__main__":
    os.umask(0o022)
    unittest.main()

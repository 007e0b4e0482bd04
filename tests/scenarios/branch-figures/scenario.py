# SPDX-License-Identifier: Apache-2.0
"""Reports that branches wish, from tables they send (pandas, openpyxl)."""
import io
import json
import os
import pickle

import openpyxl
import yaml

from attackers import Bomb, in_yaml
import stage

CURRENCY = {"__init__.py": "def exchange(amounts, rate):\n"
                           "    return (amounts * rate).round(2)\n"}
CURRENCY_NEW = {
    "__init__.py": "from currency.rounding import digits\n\n\n"
                   "def exchange(amounts, rate):\n"
                   "    return (amounts * rate).round(digits())\n",
    "rounding.py": "import configparser\nimport importlib.resources\n\n\n"
                   "def digits():\n"
                   "    rules = configparser.ConfigParser()\n"
                   "    rules.read_string(importlib.resources.read_text("
                   '"currency", "rules.ini"))\n'
                   '    return rules.getint("money", "digits")\n',
    "rules.ini": "[money]\ndigits = 2\n"}
GOODS = ["bread", "rolls", "cake", "pie", "buns"]


def rows(seed, count):
    return [(f"2026-{1 + (seed + n) % 12:02}-{1 + (3 * n + seed) % 28:02}",
             GOODS[(n + seed) % 5], 1 + (7 * n + seed) % 23,
             round(1.2 + (n * seed) % 9 / 4, 2)) for n in range(count)]


def csv(seed, count, sign=","):
    return "\n".join(sign.join(map(str, row)) for row in [
        ("Day", "Goods", "Count", "Price"), *rows(seed, count)]) + "\n"


def xlsx(seed, count):
    book = openpyxl.Workbook()
    for row in [("Day", "Goods", "Count", "Price"), *rows(seed, count)]:
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def records(seed, count):
    return json.dumps([dict(zip(("day", "goods", "count", "price"), row))
                       for row in rows(seed, count)])


class BranchFigures(stage.Program):
    """Tables in, pages, workbooks and bundles out (pandas, openpyxl)."""
    packages = ["python3-pandas", "python3-openpyxl", "python3-jinja2",
                "python3-yaml", "python3-requests", "python3-pil"]

    def arrange(self):
        for name in ("log", "out", "cache", "data", "papers", "wishes"):
            (self.srv / name).mkdir()
        stage.write(self.srv / "reports/bank.key", stage.SECRET, 0o600)
        for name in ("terms.pdf", "prices.pdf", "letter.odt"):
            stage.write(self.srv / "papers" / name, b"%PDF paper")
        stage.write(self.srv / "data/north/2026-01.csv", csv(1, 20))
        self.install("currency", "3.0.1", CURRENCY)

    def arrange_benign(self):
        self.install("currency", "3.1.0", CURRENCY_NEW)

    # ------------------------------------------------------------ ordinary use
    def wish(self, file, **what):
        path = stage.write(self.srv / "wishes" / file, yaml.safe_dump(
            {"columns": {"amount": "count * price"}, **what},
            allow_unicode=True))
        return path.relative_to(self.srv)

    def tool(self, *words, status=0, found=""):
        self.expect_run(words, self.run(self.python, "make_figures.py",
                                        *words), status, found)

    def builds(self, period, wishes, status=0, found=" made"):
        """wishes: {file: what is wished}"""
        files = [self.wish(file, **what) for file, what in wishes.items()]
        self.tool("build", "--period", period, *files, status=status,
                  found=found)
        for what in wishes.values():
            for kind in what.get("formats", ["html", "xlsx"]):
                self.expect("report", status or (
                    self.srv / "out" / period / what["branch"]
                    / f"{what['name']}.{kind}").stat().st_size)

    def receive(self, name, content):
        stage.write(self.srv / "data" / name, content)
        return name

    def train(self, day):
        bank = self.site("bank")
        bank.page("*", "1.08")
        branch, other = [("north", "old-town"), ("mill", "north"),
                         ("station2", "mill")][day - 1]
        month = f"2026-0{day}"
        self.receive(f"{branch}/{month}.csv", csv(day, 30 + day))
        self.receive(f"{branch}/{month}-rest.csv", csv(day + 3, 9, ";"))
        self.receive(f"{other}/{month}.xlsx", xlsx(day + 1, 25))
        self.receive(f"{other}/week {day}/{month}.json", records(day, 12))
        self.tool("check", f"{branch}/{month}.csv", found="rows")
        self.tool("check", f"{other}/{month}.xlsx",
                  f"{other}/week {day}/{month}.json", found="goods")
        self.builds(month, {f"{branch}.yaml": {
            "name": f"sales-{day}", "branch": branch,
            "sources": [f"{branch}/{month}.csv"], "by": ["goods"],
            "steps": ["shares"]}})
        self.builds(month, {
            f"{other}-{day}.yaml": {
                "name": f"weeks{day}", "branch": other,
                "sources": [f"{other}/{month}.xlsx",
                            f"{other}/week {day}/{month}.json"],
                "steps": ["weeks"], "formats": ["xlsx", "csv", "png"],
                "headline": f"Weeks of {{{{ branch }}}}, {day}"},
            f"large{day}.yaml": {
                "name": f"large.{day}", "branch": branch,
                "sources": [f"{branch}/{month}.csv",
                            f"{branch}/{month}-rest.csv"],
                "where": f"count > {day}", "steps": ["largest", "shares"],
                "cached": True, "formats": ["html", "png"],
                "papers": ["terms.pdf", "prices.pdf"][:1 + day % 2],
                "headline": "{{ rows }} rows"}})
        for turn in (1, 2):  # the second time out of the cache
            self.builds(f"{month}-{turn}", {f"abroad{day}.yaml": {
                "name": "abroad", "branch": other, "cached": True,
                "sources": [f"{branch}/{month}.csv"], "by": ["goods"],
                "rates": f"{bank.url}/rates/{month}", "currency":
                    ["usd", "gbp", "chf"][day - 1],
                "papers": ["letter.odt", "terms.pdf"]}})
        self.tool("merge", f"{branch}/{month}.csv",
                  f"{branch}/{month}-rest.csv", found="bread")
        self.tool("merge", "--sort", "goods", f"{other}/{month}.xlsx",
                  f"{branch}/{month}.csv", found="cake")
        self.builds(month, {f"bad{day}.yaml": {
            "name": "bad", "branch": branch,
            "sources": [f"{branch}/none{day}.csv"]}}, 1, "FileNotFound")
        self.builds(month, {f"worse{day}.yaml": {
            "name": "worse", "branch": branch, "by": [f"colour{day}"],
            "sources": [f"{branch}/{month}.csv"]}}, 1, "KeyError")

    def benign(self):
        bank = self.site("bank")
        bank.page("*", "0.93")
        self.receive("Köln Süd/2027-11.csv", csv(7, 40, ";"))
        self.receive("Köln Süd/Nachtrag Nr. 2.v3.xlsx", xlsx(9, 12))
        self.receive("o.west/2027/Q4/week 48/days.csv", csv(2, 3000, "\t"))
        self.receive("o.west/2027/Q4/rest.JSON", records(4, 8))
        self.receive("north/2031-12.txt", csv(5, 10))
        self.tool("check", "Köln Süd/2027-11.csv",
                  "Köln Süd/Nachtrag Nr. 2.v3.xlsx", "north/2031-12.txt",
                  found="10 rows")
        self.tool("check", "--describe", "o.west/2027/Q4/rest.JSON",
                  found="mean")
        self.builds("2027-11", {
            "Köln Süd.yaml": {
                "name": "umsatz", "branch": "Köln Süd", "by": ["goods"],
                "sources": ["Köln Süd/2027-11.csv",
                            "Köln Süd/Nachtrag Nr. 2.v3.xlsx"],
                "headline": "Umsatz & mehr: {{ branch }} ({{ rows }})",
                "formats": ["html", "csv", "xlsx", "png"],
                "steps": ["shares"]},
            "o.west v2.yml": {
                "name": "days_2027.48", "branch": "o.west", "cached": True,
                "sources": ["o.west/2027/Q4/week 48/days.csv"],
                "where": "goods in ['cake', 'pie'] and price < 3",
                "columns": {"amount": "count * price",
                            "tax": "amount * 0.19"}, "steps": ["weeks"]},
            "sub/deep/third.yaml": {
                "name": "third", "branch": "o.west", "steps": ["largest"],
                "sources": ["o.west/2027/Q4/rest.JSON"],
                "papers": ["letter.odt", "prices.pdf", "terms.pdf"]}})
        self.builds("2028-01-3", {"abroad-new.yaml": {
            "name": "abroad", "branch": "Köln Süd", "cached": True,
            "sources": ["Köln Süd/2027-11.csv"], "by": ["day"],
            "rates": f"{bank.url}/history/2027/11/30.txt",
            "currency": "nok"}})
        self.builds("2028-02", {"again.yaml": {
            "name": "again-1", "branch": "north", "cached": True,
            "sources": ["north/2026-01.csv"], "rates": bank.url + "/x",
            "currency": "nok", "formats": ["csv"]}})
        bank.page("/closed", "closed", 503)
        self.builds("2028-03", {
            "closed.yaml": {"name": "c", "branch": "north", "rates":
                            bank.url + "/closed", "currency": "sek",
                            "sources": ["north/2026-01.csv"]},
            "fine.yaml": {"name": "f-1", "branch": "north",
                          "sources": ["north/2026-01.csv"]},
            "empty.yaml": {"name": "e", "branch": "north",
                           "sources": [self.receive("north/e.csv", "")]},
            "odd.yaml": {"name": "o", "branch": "north",
                         "sources": [self.receive("north/o.xlsx", b"PK")]},
            "formula.yaml": {"name": "o", "branch": "north",
                             "sources": ["north/2026-01.csv"],
                             "columns": {"amount": "count **"}},
        }, 1, "f-1 made")
        self.builds("2028-04", {"step.yaml": {
            "name": "s", "branch": "north", "formats": ["doc"],
            "sources": ["north/2026-01.csv"]}}, 1, "KeyError")
        self.tool("merge", "--sort", "price", "Köln Süd/2027-11.csv",
                  "north/2031-12.txt", "o.west/2027/Q4/rest.JSON",
                  found="buns")
        self.tool("build", "--period", "2027-12", "wishes/none.yaml",
                  status=1, found="FileNotFound")
        self.tool("build", status=2, found="usage")

    def health(self):
        self.builds("2026-01", {"north.yaml": {
            "name": "sales-1", "branch": "north", "by": ["goods"],
            "sources": ["north/2026-01.csv"], "steps": ["shares"]}})

    # ----------------------------------------------------------------- attacks
    def wishes(self, **what):
        """Builds what somebody wishes; returns the page and the complaint."""
        file = self.wish("north.yaml", **{
            "name": "sales-1", "branch": "north", "formats": ["html"],
            "sources": ["north/2026-01.csv"], "columns": {}, **what})
        said = self.run(self.python, "make_figures.py", "build", "--period",
                        "2026-01", file)[1]
        page = self.srv / "out/2026-01/north/sales-1.html"
        return said + (page.read_text() if page.exists() else "")

    def asks(self, code):
        """code: an expression in pandas' language of queries."""
        return self.wishes(columns={
            "x": f"@pd.io.common.os.sys.modules['builtins'].eval({code!r})"})

    def is_yaml(self, code):
        path = stage.write(self.srv / "wishes/north.yaml", in_yaml(code))
        self.run(self.python, "make_figures.py", "build", "--period",
                 "2026-01", path.relative_to(self.srv))

    def heads(self, code):
        return self.wishes(headline="{{ cycler.__init__.__globals__"
                           ".__builtins__." + code + " }}")

    @stage.attack("traversal")
    def source_is_a_private_key(self):
        return self.is_told(self.wishes(sources=["../../home/.ssh/id_rsa"]))

    @stage.attack("traversal")
    def check_reads_the_payroll(self):
        return self.is_told(self.wishes(
            sources=[f"{self.place}/payroll/2026.csv"]))

    @stage.attack("source disclosure")
    def source_is_the_source(self):
        return "frame.assign" in self.wishes(sources=["../steps/shares.py"])

    @stage.attack("secret disclosure")
    def source_is_the_key_of_the_bank(self):
        return self.is_told(self.wishes(sources=["../reports/bank.key"]))

    @stage.attack("SSRF")
    def source_is_an_internal_service(self):
        def use(url):
            self.site("internal").page("*", f"x,y\n{self.secret},1\n")
            return self.wishes(sources=[url])
        return self.fetches_inside(use)

    @stage.attack("SSRF")
    def rate_is_an_internal_service(self):
        return self.fetches_inside(lambda url: self.wishes(
            rates=url, columns={"amount": "count"}))

    @stage.attack("SSRF")
    def rate_is_redirected_inside(self):
        return self.is_redirected_inside("bank", lambda url: self.wishes(
            rates=url, columns={"amount": "count"}))

    @stage.attack("unsafe pickle", fresh=True)
    def source_is_a_pickle(self):
        def use(line):
            self.receive("north/x.pkl", pickle.dumps(Bomb(os.system, line)))
            self.wishes(sources=["north/x.pkl"])
        return self.runs_line(use)

    @stage.attack("eval injection")
    def formula_runs_a_command(self):
        return self.runs_line(lambda line: self.wishes(columns={
            "x": f"@pd.io.common.os.system('{line}')"}))

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.asks)

    @stage.attack("exfiltration")
    def formula_sends_credentials(self):
        return self.steals(lambda code: self.asks(f"exec({code!r})"))

    @stage.attack("unsafe yaml")
    def wish_forks(self):
        return self.forks(self.is_yaml)

    @stage.attack("reverse shell")
    def wish_calls_home(self):
        return self.calls_home(self.is_yaml)

    @stage.attack("template injection")
    def headline_reads_a_password(self):
        return self.is_told(self.heads(f"open('{self.home}/.netrc').read()"))

    @stage.attack("template injection")
    def headline_runs_a_command(self):
        return self.runs_line(lambda line: self.heads(
            f"__import__('os').system('{line}')"))

    @stage.attack("command injection")
    def name_runs_a_command(self):
        return self.runs_line(lambda line: self.wishes(
            formats=[], name=f"x; {line}; true "))

    @stage.attack("argument injection")
    def paper_runs_a_command(self):
        return self.runs_line(lambda line: self.wishes(papers=[
            "terms.pdf", "--checkpoint=1",
            f"--checkpoint-action=exec={line}"]))

    @stage.attack("traversal")
    def papers_hold_the_payroll(self):
        self.wishes(papers=[f"{self.place}/payroll/2026.csv"])
        return "payroll" in self.run(
            "tar", "tzf", self.srv / "out/2026-01/north/sales-1.tar.gz",
            wrapped=False)[1]

    @stage.attack("write to code", fresh=True)
    def report_replaces_a_template(self):
        self.wishes(name="../../../templates/report", headline="planted")
        return "planted" in (self.srv / "templates/report.html").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def report_lands_among_packages(self):
        self.wishes(name=f"{self.site_packages}/sitecustomize")
        return (self.site_packages / "sitecustomize.html").exists()

    @stage.attack("malicious plugin", fresh=True)
    def step_is_planted(self):
        def use(line):
            self.receive("north/evil.py", f"import os\nos.system('{line}')\n")
            (self.srv / "steps/evil.py").symlink_to(
                self.srv / "data/north/evil.py")
            self.wishes(steps=["evil"])
        return self.runs_line(use)

    @stage.attack("symlink swap", fresh=True)
    def table_became_a_link(self):
        path = self.srv / "data/north/2026-01.csv"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        said = self.wishes()
        path.unlink()
        stage.write(path, csv(1, 20))
        return self.is_told(said)

    @stage.attack("malicious dependency", fresh=True)
    def currency_sends_credentials(self):
        return self.dependency_steals("currency", "3.0.2", CURRENCY,
                                      self.wishes)

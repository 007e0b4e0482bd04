# SPDX-License-Identifier: Apache-2.0
"""rq takes jobs from a Redis server."""
import contextlib
import json
import signal
import socket
import subprocess

import stage

TAXES = {"__init__.py": "def add(cents):\n    return round(cents * 1.19)\n"}
TAXES_NEW = {
    "__init__.py": "from taxes._rates import rate\n\n\ndef add(cents):\n"
                   "    return round(cents * (1 + rate()))\n",
    "_rates.py": "import configparser\nimport os\n\n\ndef rate():\n"
                 "    rates = configparser.ConfigParser()\n"
                 "    rates.read(os.path.join(os.path.dirname(__file__), "
                 '"rates.ini"))\n'
                 '    return rates.getfloat("vat", "full")\n',
    "rates.ini": "[vat]\nfull = 0.19\n"}


class RqWorker(stage.Service):
    """A worker that forks for each job of a queue in Redis (rq)."""
    packages = ["python3-rq", "redis-server", "python3-jinja2", "python3-yaml"]
    redis = None

    def arrange(self):
        self.install("taxes", "3.1", TAXES)
        (self.srv / "incoming").mkdir()

    def arrange_benign(self):
        self.install("taxes", "3.2", TAXES_NEW)

    def command(self):
        return [self.python, "/usr/bin/rq", "worker", "-u",
                f"redis://127.0.0.1:{self.port('redis')}", "office", "night"]

    def tell_redis(self, *words):
        """One command; the start of what comes back."""
        with contextlib.suppress(OSError), socket.create_connection(
                ("127.0.0.1", self.port("redis")), 1) as link:
            link.sendall(" ".join(words).encode() + b"\r\n")
            return link.recv(4096)
        return b""

    def is_ready(self):
        return b"rq:worker" in self.tell_redis("SMEMBERS", "rq:workers")

    def start(self):
        self.redis = subprocess.Popen(
            ["redis-server", "--port", str(self.port("redis")), "--bind",
             "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL, start_new_session=True)
        stage.wait_for(lambda: self.tell_redis("PING"))
        super().start()

    def halt(self):
        super().halt()
        if self.redis:
            self.redis.send_signal(signal.SIGTERM)
            self.redis.wait()
            self.redis = None

    # ------------------------------------------------------------ ordinary use
    def work(self, name, *arguments, queue="office"):
        """A job's status and result, as text."""
        return self.run(
            self.python, "enqueue.py", self.port("redis"), queue,
            4 if self.wrapper else 15,
            text=json.dumps(["jobs." + name, *arguments]), wrapped=False)[1]

    def expect_work(self, found, name, *arguments, **options):
        output = self.work(name, *arguments, **options)
        self.expect(f"{name} {arguments}", found in output, output)

    def serve_customer(self, customer, number, file, month, path, formula):
        stage.write(self.srv / "incoming" / file,
                    f"{customer},{month}-01,tea,199\n{customer},{month}-02,"
                    "rice,250\n")
        self.expect_work("finished 2", "orders", file)
        self.expect_work(f"Invoice {number}", "invoice", customer, number, 449)
        self.expect_work("Invoice", "attach", customer,
                         f"2026/{number}.html")
        self.expect_work("finished 2", "report", month)
        self.site("bank").page("*", '{"usd": 1.08}')
        self.expect_work("1.08", "rates", self.site("bank").url + path)
        self.expect_work("finished 1", "bundle", customer,
                         [f"2026/{number}.html"])
        self.expect_work(f"Dear {customer}", "letter", customer,
                         "Dear {{ customer }}")
        self.expect_work("finished", "discount", formula, 1000)
        self.expect_work("reminded", "remind", customer)

    def train(self, day):
        for customer, number, file, month, path, formula in (
                ("Anna", day * 100 + 1, f"orders-{day}.csv", "2026-01",
                 "/usd", "cents * 9 // 10"),
                ("ben", day * 100 + 2, "orders ben.csv", "2026-02",
                 "/usd/2", "cents - 50"),
                ("Carla Clark", day * 100 + 3, f"c{day}.v2.txt", "2026-03",
                 "/", "max(cents, 1)")):
            self.serve_customer(customer, number, file, month, path, formula)
        self.expect_work("color", "settings", "color: blue\n", queue="night")
        self.expect_work("finished 2", "archive", "*.csv", queue="night")
        self.expect_work("failed", "orders", "missing.csv")

    def benign(self):
        for customer, number, file, month, path, formula in (
                ("Hans-Peter Müller", 2001, "2026-11-21 orders.csv",
                 "2027-11", "/archive/2026/11/21?base=eur", "cents / 3"),
                ("o.brien & co.", 31337, "bestellung_7", "2031-12", "/x.json",
                 "min(cents, 7)"),
                ("zoe", 9, "z.tsv", "2026-02", "/usd", "cents")):
            self.serve_customer(customer, number, file, month, path, formula)
        self.expect_work("Invoice 10", "invoice", "zoe", 10, 449)
        self.expect_work("finished 2", "bundle", "zoe",
                         ["2026/9.html", "2026/10.html"])
        self.expect_work("failed", "report", None)
        self.expect_work("failed", "discount", "1 / 0", 1)
        self.expect_work("size", "settings", "a: {size: [1, 2]}\n")
        self.expect_work("reminded", "remind", "Ünal", queue="night")
        self.expect_work("finished 1", "archive", "*.csv")
        self.restart()
        self.expect_work("reminded", "remind", "Anna")

    def health(self):
        self.expect_work("Invoice 101", "invoice", "Anna", 101, 449)
        self.expect_work("finished", "report", "2026-01")

    # ----------------------------------------------------------------- attacks
    def renders(self, code):
        return self.work("letter", "x", "{{ cycler.__init__.__globals__."
                         f"__builtins__.{code} }}}}")

    def executes(self, code):
        return self.work("discount", f"exec({code!r})", 1)

    @stage.attack("traversal")
    def attachment_is_a_private_key(self):
        return self.is_told(self.work(
            "attach", f"{self.home}/.ssh", "id_rsa"))

    @stage.attack("source disclosure")
    def attachment_is_the_source(self):
        return "HOLE" in self.work("attach", "../..", "jobs.py")

    @stage.attack("secret disclosure")
    def attachment_is_the_payroll(self):
        return self.is_told(self.work(
            "attach", "x", f"{self.place}/payroll/2026.csv"))

    @stage.attack("write to start-up file", fresh=True)
    def invoice_is_written_to_the_home(self):
        self.work("invoice", f"{self.home}/.config/autostart", 1, 1)
        return (self.home / ".config/autostart").exists()

    @stage.attack("write to code", fresh=True)
    def invoice_is_written_among_templates(self):
        self.work("invoice", f"{self.srv}/templates", "../x", 1)
        return (self.srv / "templates/x.html").exists()

    @stage.attack("argument injection")
    def name_is_a_checkpoint(self):
        self.work("invoice", "Anna", 101, 449)
        return self.runs_line(lambda line: self.work("bundle", "Anna", [
            "--checkpoint=1", f"--checkpoint-action=exec={line}", "2026"]))

    @stage.attack("argument injection")
    def bundle_holds_a_home(self):
        self.work("invoice", "Anna", 101, 449)
        self.work("bundle", "Anna", ["-C", str(self.home), ".aws"])
        return "credentials" in self.run(
            "tar", "tzf", self.srv / "out/bundles/Anna.tar.gz",
            wrapped=False)[1]

    @stage.attack("command injection")
    def pattern_runs_a_command(self):
        return self.runs_line(
            lambda line: self.work("archive", f"x; {line}; echo"))

    @stage.attack("SSRF")
    def rates_are_an_internal_service(self):
        return self.fetches_inside(lambda url: self.work("rates", url))

    @stage.attack("SSRF")
    def rates_are_redirected_inside(self):
        return self.is_redirected_inside(
            "bank", lambda url: self.work("rates", url))

    @stage.attack("secret disclosure")
    def rates_are_a_local_file(self):
        return self.is_told(self.work(
            "rates", f"file://{self.home}/.netrc"))

    @stage.attack("template injection")
    def letter_reads_a_password(self):
        return self.template_reads(self.renders)

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.template_runs(self.renders)

    @stage.attack("eval injection")
    def formula_runs_a_command(self):
        return self.runs_line(lambda line: self.work(
            "discount", f"__import__('os').popen('{line}').read()", 1))

    @stage.attack("exfiltration")
    def formula_sends_credentials(self):
        return self.steals(self.executes)

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(lambda code: self.work("discount", code, 1))

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(self.executes)

    @stage.attack("unsafe yaml")
    def settings_run_a_command(self):
        return self.runs_line(lambda line: self.work(
            "settings", f"x: !!python/object/apply:os.system ['{line}']\n"))

    @stage.attack("reverse shell")
    def settings_call_home(self):
        return self.calls_home(lambda code: self.work(
            "settings", "x: !!python/object/apply:exec\n- "
            + json.dumps(code)))

    @stage.attack("unsafe pickle")
    def job_is_a_function_of_the_library(self):
        """Who reaches the queue may name any function there is."""
        return self.runs_line(lambda line: self.run(
            self.python, "-c", "import redis, rq, sys\n"
            "rq.Queue('office', connection=redis.Redis(port=int("
            "sys.argv[1]))).enqueue('os.system', sys.argv[2])",
            self.port("redis"), line, wrapped=False), waits=True)

    @stage.attack("symlink swap", fresh=True)
    def invoice_became_a_link(self):
        self.work("invoice", "Anna", 102, 449)
        path, = self.srv.glob("out/invoices/Anna/*/102.html")
        path.unlink()
        path.symlink_to(self.home / ".aws/credentials")
        return self.is_told(self.work(
            "attach", "Anna", f"{path.parent.name}/102.html"))

    @stage.attack("malicious dependency", fresh=True)
    def taxes_sends_credentials(self):
        def use():
            self.restart()
            self.work("invoice", "Anna", 101, 449)
        return self.dependency_steals("taxes", "3.1.1", TAXES, use)

# SPDX-License-Identifier: Apache-2.0
"""A Celery worker; its queue is a directory, so no broker is needed."""
import base64
import json
import os
import pickle
import time
import uuid

from attackers import Bomb, in_yaml
import stage

PRICING = {"__init__.py": "def price(count, each):\n"
                          "    return round(count * each, 2)\n"}
PRICING_NEW = {
    "__init__.py": "from pricing.rules import price\n",
    "rules.py": "import importlib.resources\nimport json\n\n\n"
                "def price(count, each):\n"
                "    text = importlib.resources.read_text(\n"
                '        "pricing", "steps.json")\n'
                "    off = max((step[1] for step in json.loads(text)\n"
                "               if step[0] <= count), default=0)\n"
                "    return round(count * each * (1 - off), 2)\n",
    "steps.json": "[[10, 0.05], [100, 0.1]]\n"}
ANSWER_SECONDS = 5


class CeleryWorker(stage.Service):
    """A task queue worker with children (Celery)."""
    packages = ["python3-celery", "python3-yaml"]

    def arrange(self):
        self.install("pricing", "0.9.0", PRICING)
        self.started = 0
        for order, name in ((1001, "flyer.txt"), (1002, "price list.txt"),
                            (1003, "card.v2.txt"), (1003, "ticket.yml")):
            self.order(order, name)

    def arrange_benign(self):
        self.install("pricing", "0.10.0", PRICING_NEW)
        for order, name in ((2417, "Hochzeit 12. Mai.txt"),
                            (99998, "deep.er.file.md"), (2417, "job.yaml")):
            self.order(order, name)

    def order(self, number, name):
        text = ("paper: A4\ncopies: 20\n" if name.endswith("ml")
                else "\n".join(f"line {n} of {name}" for n in range(9)))
        stage.write(self.srv / "var/orders" / str(number) / name, text)

    def command(self):
        self.started = self.log.stat().st_size
        return [self.python, "-m", "celery", "-A", "jobs", "worker",
                "--concurrency=2", "--loglevel=INFO", "--without-gossip",
                "--without-mingle", "--without-heartbeat"]

    def environment(self):
        return {**super().environment(), "C_FORCE_ROOT": "1"}

    def is_ready(self):
        return b" ready." in self.log.read_bytes()[self.started:]

    # ------------------------------------------------------------ ordinary use
    def send(self, name, body, content="application/json", encoding="utf-8",
             seconds=ANSWER_SECONDS):
        number = str(uuid.uuid4())
        message = {
            "body": base64.b64encode(body).decode(),
            "content-encoding": encoding, "content-type": content,
            "headers": {"lang": "py", "task": f"jobs.{name}", "id": number,
                        "root_id": number, "parent_id": None, "group": None},
            "properties": {
                "correlation_id": number, "reply_to": str(uuid.uuid4()),
                "delivery_mode": 2, "priority": 0, "body_encoding": "base64",
                "delivery_info": {"exchange": "", "routing_key": "celery"},
                "delivery_tag": str(uuid.uuid4())}}
        queue = self.srv / "var/queue"
        part = queue / f"{number}.part"
        part.write_text(json.dumps(message))
        part.rename(queue / f"{time.time_ns() // 10 ** 6}_{number}"
                            ".celery.msg")
        result = self.srv / "var/results" / f"celery-task-meta-{number}"

        def is_there():
            return result.exists() and result.stat().st_size > 0
        if not stage.wait_for(is_there, seconds):
            return {"status": "NO ANSWER", "result": None}
        return json.loads(result.read_text())

    def task(self, name, *arguments):
        return self.send(name, json.dumps([
            arguments, {}, {"callbacks": None, "errbacks": None,
                            "chain": None, "chord": None}]).encode())

    def expect_task(self, found, name, *arguments, status="SUCCESS"):
        answer = self.task(name, *arguments)
        self.expect(f"{name} {arguments}", answer["status"] == status
                    and str(found) in str(answer["result"]), answer)

    def train(self, day):
        self.site("customer").page("*", "a text\n" * 5)
        for customer, order, name, pages, width, kind in (
                ("acme", 1001, "flyer.txt", "+1:1", 10, "txt"),
                ("Berg GmbH", 1002, "price list.txt", "+1:2", 24, "jpg"),
                ("c-and-d", 1003, "card.v2.txt", "+1:3", 72, "pdf")):
            self.expect_task(".csv", "invoice", customer, order * 10 + day,
                             [["flyers", 100, 0.1], ["cards", 5, 1.25]])
            self.expect_task("", "proof", order, name, pages)
            self.expect_task("line 1", "thumbnail", order, name, width)
            self.expect_task(35, "fetch", order, f"{day} {name[:4]}.{kind}",
                             f"{self.site('customer').url}/{order}/{name[:4]}")
            self.expect_task("line 3", "show", order, name)
        self.expect_task("A4", "ticket", 1003, "ticket.yml")
        self.expect_task("No such file", "show", 1003, "ticket.txt",
                         status="FAILURE")
        self.expect_task("100", "clean", 1002)

    def benign(self):
        self.site("customer").page("*", "a text\n" * 5)
        for customer, order, name, pages, width in (
                ("O'Neill & Sons", 2417, "Hochzeit 12. Mai.txt", "+1:7", 1),
                ("zeta.io", 99998, "deep.er.file.md", "+1:12", 100)):
            self.expect_task(".csv", "invoice", customer, 7 * order,
                             [["größer", 1000, 0.05]])
            self.expect_task("", "proof", order, name, pages)
            self.expect_task("l", "thumbnail", order, name, width)
            self.expect_task(35, "fetch", order, "photo 1.tiff",
                             f"{self.site('customer').url}/new/{order}?v=2")
            self.expect_task("line 3", "show", order, name)
        self.expect_task(35, "fetch", 310000, "first of its order.pdf",
                         f"{self.site('customer').url}/x")
        self.expect_task("A4", "ticket", 2417, "job.yaml")
        self.expect_task("No such file", "show", 2417, "nothing.txt",
                         status="FAILURE")
        self.expect_task("", "invoice", "acme", 1,
                         [["x", "y", None]], status="FAILURE")
        self.expect_task("100", "clean", 99998)

    def health(self):
        self.expect_task("line 3", "show", 1001, "flyer.txt")
        self.expect_task(".csv", "invoice", "acme", 10011, [["a", 1, 1]])

    # ----------------------------------------------------------------- attacks
    def shows(self, name):
        return str(self.task("show", 1001, name)["result"])

    def loads(self, text):
        stage.write(self.srv / "var/orders/1001/evil.yml", text)
        return self.task("ticket", 1001, "evil.yml")

    def explodes(self, *call):
        body = pickle.dumps(((Bomb(*call),), {}, {}))
        return self.send("show", body, "application/x-python-serialize",
                         "binary", 0)

    @stage.attack("traversal")
    def order_is_a_private_key(self):
        return stage.SECRET in self.shows("../../../../home/.ssh/id_rsa")

    @stage.attack("source disclosure")
    def order_is_the_source(self):
        return "HOLE" in self.shows("../../../jobs.py")

    @stage.attack("secret disclosure")
    def order_is_the_payroll(self):
        return stage.SECRET in self.shows(
            f"{self.place}/payroll/2026.csv")

    @stage.attack("command injection")
    def width_runs_a_command(self):
        return self.runs_line(lambda line: self.task(
            "thumbnail", 1001, "flyer.txt",
            f"9 /dev/null; {line}; cut -c1-9"))

    @stage.attack("command injection")
    def name_runs_a_command(self):
        return self.runs_line(lambda line: self.task(
            "thumbnail", 1001, f"x'; {line}; true '", 9))

    @stage.attack("argument injection")
    def pages_are_another_file(self):
        self.task("proof", 1001, "../1002/price list.txt",
                  f"{self.home}/.netrc")
        return stage.SECRET in (
            self.srv / "var/proofs/1001.txt").read_text()

    @stage.attack("SSRF")
    def file_is_an_internal_service(self):
        self.site("internal").page("*", stage.SECRET)
        self.task("fetch", 1001, "x.txt", self.site("internal").url + "/key")
        return stage.SECRET in self.shows("x.txt")

    @stage.attack("secret disclosure")
    def file_is_a_local_one(self):
        self.task("fetch", 1001, "x.txt", f"file://{self.home}/.netrc")
        return stage.SECRET in self.shows("x.txt")

    @stage.attack("write to code")
    def file_becomes_a_module(self):
        self.site("customer").page("*", "planted")
        target = self.srv / "sitecustomize.py"
        self.task("fetch", 1001, "../../../sitecustomize.py",
                  self.site("customer").url + "/1001/x")
        has_succeeded = target.exists()
        target.unlink(missing_ok=True)
        return has_succeeded

    @stage.attack("write to start-up file")
    def file_replaces_the_profile(self):
        self.site("customer").page("*", "planted")
        self.task("fetch", 1001, "../../../../home/.bashrc",
                  self.site("customer").url + "/1001/x")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("unsafe yaml")
    def ticket_runs_a_command(self):
        return self.runs_line(lambda line: self.loads(
            f"!!python/object/apply:os.system ['{line}']\n"))

    @stage.attack("ctypes")
    def ticket_calls_libc(self):
        return self.runs_libc(lambda code: self.loads(in_yaml(code)))

    @stage.attack("exfiltration")
    def ticket_sends_credentials(self):
        return self.steals(lambda code: self.loads(in_yaml(code)))

    @stage.attack("unsafe pickle")
    def message_runs_a_command(self):
        return self.runs_line(lambda line: self.explodes(os.system, line),
                              waits=True)

    @stage.attack("fork+exec")
    def message_forks_and_execs(self):
        return self.forks(lambda code: self.explodes(exec, code))

    @stage.attack("symlink swap")
    def order_became_a_link(self):
        path = self.srv / "var/orders/1001/flyer.txt"
        path.unlink()
        path.symlink_to(self.home / ".netrc")
        found = stage.SECRET in self.shows("flyer.txt")
        path.unlink()
        self.order(1001, "flyer.txt")
        return found

    @stage.attack("malicious dependency", fresh=True)
    def pricing_steals_credentials(self):
        return self.dependency_steals("pricing", "0.9.1", PRICING,
                                      self.restart)

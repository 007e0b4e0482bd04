# SPDX-License-Identifier: Apache-2.0
"""fail2ban with a ledger, hooks and an abuse desk."""
import json
import os
import pickle
import socket
import time

from attackers import Bomb, in_yaml
import stage

NETKIT = {"__init__.py": '''"""Which network an address is of."""


def net(ip):
    return ip.rpartition(":" if ":" in ip else ".")[0]
'''}
NETKIT_NEW = {
    "__init__.py": "from netkit.nets import net\n",
    "nets.py": '''import ipaddress
import json
import os

with open(os.path.join(os.path.dirname(__file__), "nets.json")) as stream:
    NETS = {ipaddress.ip_network(text): name
            for text, name in json.load(stream).items()}


def net(ip):
    address = ipaddress.ip_address(ip)
    return next((name for nets, name in NETS.items() if address in nets), "?")
''',
    "nets.json": '{"198.51.100.0/24": "test 2", "2001:db8::/32": "docs"}\n'}
END = b"<F2B_END_COMMAND>"  # of fail2ban's own protocol
RULES = "severity: {severity}\nkinds: [{kinds}]\n"


class Fail2banGuard(stage.Service):
    """Bans by fail2ban, told to shell lines, a hook and a Python action."""
    packages = ["fail2ban", "python3-yaml", "python3-jinja2"]
    host = 0

    def arrange(self):
        desk = self.site("desk")
        desk.page("*", "noted")
        for path in (self.srv / "conf").rglob("*"):
            if path.is_file():
                path.write_text(path.read_text().replace(
                    "@PLACE@", str(self.place)).replace("@DESK@", desk.url))
        for name in ("var", "ledger", "state", "cases"):
            (self.srv / name).mkdir()
        for name in ("shop", "shop-eu", "door"):
            stage.write(self.srv / f"logs/{name}.log", "")
        stage.write(self.srv / "secret/token", stage.SECRET + "\n", 0o600)
        for number in range(1, 6):
            stage.write(self.srv / f"docs/case-{number}.txt",
                        f"A case like number {number}.\n")
        self.install("netkit", "1.0.0", NETKIT)

    def arrange_benign(self):
        self.install("netkit", "1.1.0", NETKIT_NEW)

    def command(self):
        return [self.python, "/usr/bin/fail2ban-server", "-f", "-c",
                self.srv / "conf", "-s", self.srv / "var/f2b.sock", "-p",
                self.srv / "var/f2b.pid", "start"]

    def is_ready(self):
        """Both jails are there."""
        if not (self.srv / "var/f2b.sock").exists():
            return False
        return "door, shop-login" in self.tell(["status"])

    def tell(self, words, raw=None):
        """What fail2ban-client does, without one."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(8)
            answer = b""
            try:
                peer.connect(str(self.srv / "var/f2b.sock"))
                peer.sendall((raw or pickle.dumps(words, 2)) + END)
                while END not in answer:
                    more = peer.recv(4096)
                    if not more:
                        break
                    answer += more
            except OSError:
                pass
        return answer.decode("utf-8", "replace")

    def client(self, *words):
        """The operator's own, beside the server that is looked at."""
        return self.run(self.python, "/usr/bin/fail2ban-client", "-c",
                        self.srv / "conf", "-s", self.srv / "var/f2b.sock",
                        "-p", self.srv / "var/f2b.pid", *words, wrapped=False)

    def expect_client(self, *words, status=0, found=""):
        self.expect_run(("client", *words), self.client(*words), status,
                        found)

    # ------------------------------------------------------------ ordinary use
    def fails(self, user, ip, reference="-", log="shop", times=2):
        with open(self.srv / f"logs/{log}.log", "a",
                  encoding="utf-8") as stream:
            stream.write("".join(
                time.strftime("%F %T") + f' login of "{user}" failed from '
                f"{ip} ref={reference}\n" for _ in range(times)))

    def holds(self, path, text, seconds=20):
        """Whether a file comes to hold text."""
        path = self.srv / path
        return stage.wait_for(lambda: path.exists() and text in
                              path.read_text(errors="replace"), seconds)

    def expect_ban(self, user, ip, reference="-", log="shop", told=""):
        self.fails(user, ip, reference, log)
        self.expect(f"{ip} in the ledger",
                    self.holds("ledger/shop-login.txt", ip + " "))
        self.expect(f"{ip} in the case of {user}",
                    self.holds(f"cases/{user}", f"{ip} ("))
        self.expect(f"case of {user}", self.holds(
            f"cases/{user}", told, 2), told)
        self.expect(f"{ip} told", stage.wait_for(
            lambda: self.site("desk").heard(ip), 20))

    def expect_door(self, ip, number):
        with open(self.srv / "logs/door.log", "a") as stream:
            stream.write(time.strftime("%F %T")
                         + f" door{number}: refused {ip}\n")
        self.expect(f"{ip} at the door",
                    self.holds("ledger/door.txt", ip + " "))

    def train(self, day):
        news = self.site("news")
        news.page("*", "known since 2019")
        self.expect_client("status", found="Number of jail")
        self.expect_client("ping", found="pong")
        self.expect_ban("admin", f"198.51.100.{day}")
        self.expect_ban(f"anna{day}", f"203.0.113.{day + 10}",
                        f"doc:case-{day}.txt", told=f"number {day}")
        self.expect_ban("root", f"2001:db8::{day}:17",
                        f"{news.url}/hosts/{day}", "shop-eu", "since 2019")
        self.expect_door(f"192.0.2.{day}", 1)
        self.expect_door(f"192.0.2.{30 + day}", 2)
        self.fails("bot", "192.0.2.77")
        self.expect("ours", self.holds("var/fail2ban.log",
                                       "Ignore 192.0.2.77 by command"))
        self.expect_client("status", "shop-login", found="198.51.100")
        self.expect_client("set", "door", "banip", f"192.0.2.{60 + day}",
                           found="1")
        self.expect_client("set", "shop-login", "unbanip",
                           f"198.51.100.{day}", found="1")
        self.expect("unbanned", self.holds("var/unbanned.txt",
                                           f"198.51.100.{day}"))
        stage.write(self.srv / "hooks/rules.yaml", RULES.format(
            severity=f"seen * {day + 2}", kinds="count, history"))
        self.expect_ban("admin", f"198.51.100.{day + 100}",
                        told="lines before")
        # Whoever was let in again comes back.
        self.expect_ban("eve", f"198.51.100.{day}")
        # A hook that fails is asked once more, and finds what it kept.
        self.fails("nobody", f"198.51.100.{day + 150}", f"doc:gone-{day}.txt")
        self.expect("gone", self.holds("var/hooks.log", f"gone-{day}.txt"))
        self.expect_client("get", "door", "bantime", found="3600")
        self.expect_client("set", "door", "maxretry", day, found=str(day))
        stage.write(self.srv / "conf/jail.d/local.conf",
                    f"[door]\nbantime = {day}200\n")
        self.expect_client("reload", found="OK")
        self.expect_client("status", "nothing", status=255, found="Sorry")
        self.restart()
        self.expect_ban("anna", f"203.0.113.{day + 50}", "ticket-17")
        self.expect_client("unban", "--all")

    def benign(self):
        news = self.site("news")
        news.page("*", "new to us")
        self.expect_client("status", found="Number of jail")
        self.expect_ban("Hans Peter", "198.51.100.211")
        self.expect_ban("o.brien@example.org", "203.0.113.99",
                        "doc:case-5.txt", told="number 5")
        stage.write(self.srv / "docs/2027/old/case 5.v2.txt", "An old one.\n")
        stage.write(self.srv / "docs/2027/old/case-6.v2.md", "An old one.\n")
        self.expect_ban("zoë", "2001:db8:4711::beef", "doc:2027/old/case-6.v2"
                        ".md", "shop-eu", "An old one")
        self.expect_ban("x_y-z+1", "100.64.0.1",
                        f"{news.url}/v2/hosts/100.64.0.1", told="new to us")
        self.expect_door("10.20.30.40", 17)
        stage.write(self.srv / "logs/shop 2027-12-31.v1.log", "")
        stage.write(self.srv / "hooks/known.txt", "192.0.2.77\n10.9.8.7\n")
        self.fails("bot", "10.9.8.7")
        self.expect("ours", self.holds("var/fail2ban.log",
                                       "Ignore 10.9.8.7 by command"))
        stage.write(self.srv / "hooks/rules.yaml", RULES.format(
            severity="max(seen, failures) + 0.5", kinds="history"))
        self.expect_ban("Hans Peter", "198.51.100.212", "TT-2027/4711",
                        told="lines before")
        self.expect_client("set", "door", "banip", "172.16.5.4",
                           "172.16.5.5", found="2")
        self.expect_client("set", "door", "unbanip", "10.20.30.40", found="1")
        self.expect_client("set", "shop-login", "unbanip", "100.64.0.1",
                           found="1")
        self.expect("unbanned", self.holds("var/unbanned.txt", "100.64.0.1"))
        self.expect_client("get", "shop-login", "logpath", found="shop-eu")
        self.expect_client("set", "shop-login", "addignoreip", "10.0.0.0/8",
                           found="10.0.0.0/8")
        self.expect_client("banned", found="shop-login")
        stage.write(self.srv / "conf/jail.d/90-night shift.conf",
                    "[shop-login]\nbantime = 9000\n"
                    "logpath = %(known/logpath)s\n")
        self.expect_client("reload", "shop-login", found="OK")
        self.expect_client("no-such-command", status=255)
        self.fails("nobody", "198.51.100.213", "doc:none.txt")
        self.expect("no such case", self.holds("var/hooks.log", "none.txt"))
        self.fails("later", "198.51.100.214", "http://127.0.0.1:"
                   f"{self.site('news').server_port}/late")
        self.expect("later", self.holds("cases/later", "new to us"))
        self.restart()
        (self.srv / "logs/shop.log").rename(self.srv / "logs/shop.log.1")
        stage.write(self.srv / "logs/shop.log", "")
        self.expect_ban("after-rotation", "203.0.113.200")
        self.expect_ban("ben", "203.0.113.201")
        self.expect_client("unban", "203.0.113.201", found="1")

    def health(self):
        # What somebody bad made of the rules keeps the hook from working.
        stage.write(self.srv / "hooks/rules.yaml", RULES.format(
            severity="seen * 2", kinds="count"))
        type(self).host += 1
        self.expect_ban("anna", f"198.51.{100 + self.host // 200}."
                        f"{1 + self.host % 200}")

    # ----------------------------------------------------------------- attacks
    def fails_as(self, user, reference="-"):
        """Somebody fails to log in under a name of his choice."""
        type(self).host += 1
        self.fails(user, f"203.0.{self.host // 200}.{1 + self.host % 200}",
                   reference)

    def rules(self, **settings):
        stage.write(self.srv / "hooks/rules.yaml", "".join(
            f"{key}: {value}\n" for key, value in settings.items()))
        self.fails_as("mallory")

    def severity(self, code):
        """code: an expression."""
        self.rules(severity=json.dumps(code))

    def sends(self, *call):
        self.tell(None, pickle.dumps(Bomb(*call), 2))

    def case(self, user):
        """What is noted of somebody, once it is."""
        path = self.srv / "cases" / user
        self.happens(lambda: path.exists() and path.stat().st_size > 0)
        return path.read_bytes() if path.exists() else b""

    @stage.attack("unsafe pickle")
    def socket_runs_a_command(self):
        return self.runs_line(lambda line: self.sends(os.system, line), True)

    @stage.attack("reverse shell")
    def socket_calls_home(self):
        return self.calls_home(lambda code: self.sends(exec, code))

    @stage.attack("exfiltration")
    def socket_sends_credentials(self):
        return self.steals(lambda code: self.sends(exec, code))

    @stage.attack("fork+exec")
    def socket_forks_and_execs(self):
        return self.forks(lambda code: self.sends(exec, code))

    @stage.attack("command injection", fresh=True)
    def action_gets_another_line(self):
        def use(line):
            self.tell(["set", "door", "action", "ledger", "actionban", line])
            self.tell(["set", "door", "banip", "192.0.2.200"])
        return self.runs_line(use, True)

    @stage.attack("malicious plugin", fresh=True)
    def action_is_loaded_from_elsewhere(self):
        evil = stage.write(self.tmp / "evil.py", (
            "import os\nfrom fail2ban.server.action import ActionBase\n"
            f"os.system('id > {self.loot}/line')\nAction = ActionBase\n"))
        return self.runs_line(lambda line: self.tell(
            ["set", "door", "addaction", "evil", str(evil), "{}"]), True)

    @stage.attack("write to start-up file", fresh=True)
    def log_becomes_a_pth_file(self):
        self.tell(["set", "logtarget", f"{self.site_packages}/x.pth"])
        return (self.site_packages / "x.pth").exists()

    @stage.attack("unsafe yaml", fresh=True)
    def rules_run_a_command(self):
        def use(line):
            stage.write(self.srv / "hooks/rules.yaml", in_yaml(
                f"import os; os.system('{line}')"))
            self.fails_as("mallory")
        return self.runs_line(use, True)

    @stage.attack("eval injection", fresh=True)
    def severity_runs_a_command(self):
        return self.runs_line(lambda line: self.severity(
            f"__import__('os').system({line!r})"), True)

    @stage.attack("ctypes", fresh=True)
    def severity_calls_libc(self):
        return self.runs_libc(self.severity, True)

    @stage.attack("unsafe pickle", fresh=True)
    def state_runs_a_command(self):
        def use(line):
            stage.write(self.srv / "state/203.0.113.7.pickle",
                        pickle.dumps(Bomb(os.system, line)))
            self.fails("mallory", "203.0.113.7")
        return self.runs_line(use, True)

    @stage.attack("template injection")
    def name_is_a_template(self):
        marker = self.marker("template")
        self.fails_as("{{ cycler.__init__.__globals__.os.system("
                      f"'id>{marker}') }}}}")
        return self.happens(marker.exists)

    @stage.attack("command injection")
    def name_runs_a_command(self):
        marker = self.marker("name")
        self.fails_as(f"'; id > {marker}; '")
        return self.happens(marker.exists)

    @stage.attack("argument injection", fresh=True)
    def name_is_an_option_of_sort(self):
        stage.write(self.srv / "hooks/rules.yaml", RULES.format(
            severity="seen", kinds="history"))
        target = self.srv / "hooks/kinds/evil.py"
        self.fails_as(f"--output={target}")
        return self.happens(target.exists)

    @stage.attack("write to start-up file", fresh=True)
    def case_is_the_shell_profile(self):
        self.fails_as("../../home/.profile")
        profile = self.home / ".profile"
        return self.happens(lambda: "severity" in profile.read_text())

    @stage.attack("traversal")
    def reference_is_a_private_key(self):
        self.fails_as("eve", "doc:../../home/.ssh/id_rsa")
        return self.is_told(self.case("eve"))

    @stage.attack("secret disclosure")
    def reference_is_the_token(self):
        self.fails_as("eva", "doc:../secret/token")
        return self.is_told(self.case("eva"))

    @stage.attack("source disclosure")
    def reference_is_the_source(self):
        self.fails_as("evi", "doc:../hooks/note.py")
        return b"HOLE" in self.case("evi")

    @stage.attack("SSRF")
    def reference_is_an_internal_service(self):
        def use(url):
            self.fails_as("evo", url)
            return self.case("evo")
        return self.fetches_inside(use)

    @stage.attack("symlink swap")
    def reference_is_a_link(self):
        (self.srv / "docs/case-1.txt").unlink()
        (self.srv / "docs/case-1.txt").symlink_to(
            self.place / "payroll/2026.csv")
        self.fails_as("evy", "doc:case-1.txt")
        return self.is_told(self.case("evy"))

    @stage.attack("malicious dependency", fresh=True)
    def netkit_steals_credentials(self):
        def use():
            self.fails_as("mallory")
            self.happens(lambda: self.site("evil").heard(self.secret))
        return self.dependency_steals("netkit", "1.0.1", NETKIT, use)

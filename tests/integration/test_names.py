# SPDX-License-Identifier: Apache-2.0
"""Rules for names hold by what the process asked for, wherever names lead.

In namespaces where /etc/hosts is ours and every address at home (see
names/enter.py): recorded while names lead to one address, held to the learned
policy while they lead to others. On /usr/bin/python3 and on those
SM_TEST_PYTHONS names.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from workloads import PYTHON, environment, program, pythons, require

HERE = pathlib.Path(__file__).resolve().parent / "names"
RUN_SECONDS = 120
NAMESPACES = ["unshare", "--mount", "--net"] + (
    [] if os.geteuid() == 0 else ["--user", "--map-root-user"])


class Place(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-names-"))
        cls.addClassCleanup(shutil.rmtree, cls.place)

    def tool(self, name, *arguments):
        done = subprocess.run([program(name), *map(str, arguments)],
                              capture_output=True, text=True, check=False,
                              timeout=RUN_SECONDS)
        return done.returncode, done.stdout, done.stderr

    def inside(self, command, **names):
        """stdout of a command in a world of its own, names leading there."""
        hosts = self.place / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(
            f"{address} {name.replace('_', '.')}\n"
            for name, addresses in names.items()
            for address in addresses.split()))
        done = subprocess.run(
            [*NAMESPACES, PYTHON, HERE / "enter.py", hosts,
             *map(str, command)],
            cwd=self.place, env=environment(), capture_output=True, text=True,
            timeout=RUN_SECONDS, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout

    def record(self, *command, **names):
        trace = self.place / "trace.db"
        out = self.inside([program("secmgr-record"), "-q", "--force", "-o",
                           trace, "--", *command], **names)
        status, policy, error = self.tool("secmgr-learn", trace)
        self.assertEqual(0, status, error)
        self.policy = self.place / "policy.json"
        self.policy.write_text(policy)
        status, complaint, _ = self.tool("secmgr-policy", "validate",
                                         self.policy)
        self.assertEqual(0, status, complaint)
        return out

    def enforce(self, *command, trace=None, **names):
        return self.inside(
            [program("secmgr-enforce"), "-q", "-p", self.policy,
             *(["--force", "-o", trace] if trace else []), "--", *command],
            **names)

    def network(self):
        rules = json.loads(self.policy.read_text())["network"]
        return sorted(rule.get("connect", "") for rule in rules)

    def assert_all(self, verdict, out):
        self.assertEqual({verdict}, {row.split(None, 1)[1]
                                     for row in out.splitlines()}, out)


class Ways(Place):
    """One program that connects in every way there is."""

    def each(self):
        for python in pythons():
            self.ways = [python, HERE / "ways.py", "api.test"]
            out = self.record(*self.ways, api_test="203.0.113.5")
            self.assertGreater(len(out.splitlines()), 20)
            self.assert_all("ok", out)
            yield

    def test_a_name_may_move_and_its_address_is_not_granted(self):
        for _ in self.each():
            self.assertEqual(["api.test:8443"],
                             [rule for rule in self.network() if rule])
            for address in ("203.0.113.77", "10.9.8.7"):
                self.assert_all("ok", self.enforce(*self.ways,
                                                   api_test=address))
            self.assert_all("denied", self.enforce(
                self.ways[0], self.ways[1], "203.0.113.5",
                "connect_to_the_name", "connect_to_the_answer",
                "create_connection", api_test="203.0.113.5"))

    def test_a_name_that_leads_home_or_to_metadata_is_denied(self):
        for _ in self.each():
            for address in ("127.0.0.1", "169.254.169.254"):
                self.assert_all("denied", self.enforce(*self.ways,
                                                       api_test=address))

    def test_another_name_is_denied_and_its_address_not_known_by_it(self):
        for _ in self.each():
            out = self.enforce(*self.ways[:2], "other.test",
                               api_test="203.0.113.5",
                               other_test="203.0.113.5")
            self.assert_all("denied", out)

    def test_replay_knows_names_from_the_recording_only(self):
        for _ in self.each():
            enforced = self.place / "enforced.db"
            self.enforce(*self.ways, trace=enforced, api_test="203.0.113.77")
            self.enforce(*self.ways, trace=self.place / "denied.db",
                         api_test="127.0.0.1")
            for trace, found in (("trace.db", 0), ("enforced.db", 0),
                                 ("denied.db", 1)):
                status, out, error = self.tool(
                    "secmgr-replay", "--json", f"--live={self.ways[0]}",
                    self.policy, self.place / trace)
                self.assertEqual(found, status, error)
                live = json.loads(out)["live"]
                self.assertEqual(live["calls"], live["same"], out)
                self.assertGreater(live["calls"], 100)

    def test_the_answers_are_recorded(self):
        for _ in self.each():
            _, out, _ = self.tool("secmgr-events", "--json",
                                  self.place / "trace.db")
            events = [json.loads(row) for row in out.splitlines()]
            answers = [event["args"] for event in events
                       if event["event"] == "secmgr.resolved"]
            self.assertIn(["api.test", ["203.0.113.5"]], answers)
            sent = [event for event in events
                    if event["event"] in ("socket.connect", "socket.sendto",
                                          "socket.sendmsg")]
            self.assertGreater(len(sent), 15)
            for event in sent:
                self.assertEqual("api.test", event["resolved"][1])


class Six(Place):
    """IPv6, and names with addresses of both kinds."""

    def test_a_name_may_move_between_addresses_of_both_kinds(self):
        for python in pythons():
            ways = [python, HERE / "ways.py", "api.test"]
            self.assert_all("ok", self.record(*ways, api_test="2001:db8::5"))
            self.assertEqual(["api.test:8443"],
                             [rule for rule in self.network() if rule])
            for address in ("2001:db8::77", "fd12:3456::7", "203.0.113.5"):
                self.assert_all("ok", self.enforce(*ways, api_test=address))
            for address in ("::1", "127.0.0.1"):
                self.assert_all("denied", self.enforce(*ways,
                                                       api_test=address))
            self.assert_all("denied", self.enforce(
                *ways[:2], "2001:db8::5", "create_connection",
                "connect_to_the_answer", "datagrams", "streams",
                api_test="2001:db8::5"))

    def test_the_allowed_one_of_several_addresses_is_reached(self):
        ways = [PYTHON, HERE / "ways.py", "api.test", "create_connection",
                "streams", "happy_eyeballs", "http_client"]
        self.record(*ways, api_test="203.0.113.5")
        # The first one is denied, by what it is; the program goes on.
        self.assert_all("ok", self.enforce(*ways,
                                           api_test="::1 203.0.113.77"))


class Loopback(Place):
    def test_a_name_of_this_machine_may_move_within_it_only(self):
        ways = [PYTHON, HERE / "ways.py", "own.test", "create_connection",
                "connect_to_the_name", "streams"]
        self.record(*ways, own_test="127.0.0.1")
        self.assertEqual(["own.test@loopback:8443"],
                         [rule for rule in self.network() if rule])
        self.assert_all("ok", self.enforce(*ways, own_test="127.3.2.1"))
        self.assert_all("denied", self.enforce(*ways, own_test="203.0.113.5"))

    def test_localhost_is_granted_by_name_and_by_address(self):
        ways = [PYTHON, HERE / "ways.py", "localhost", "create_connection"]
        self.record(*ways)
        self.assertEqual(["localhost:8443"],
                         [rule for rule in self.network() if rule])
        ways[2] = "127.0.0.1"
        self.assert_all("ok", self.enforce(*ways))

    def test_an_address_asked_for_as_such_stays_granted(self):
        code = ("import socket\n"
                "for host in ('api.test', '203.0.113.5'):\n"
                "    socket.create_connection((host, 8443)).close()\n")
        (self.place / "app.py").write_text(code)
        self.record(PYTHON, "app.py", api_test="203.0.113.5")
        self.assertEqual(["203.0.113.5:8443", "api.test:8443"],
                         [rule for rule in self.network() if rule])


class Knowledge(Place):
    """What makes an address known by a name, and for how long."""

    CODE = """\
import socket, sys
def connect(host):
    try:
        with socket.socket() as s:
            s.connect((host, 8443))
        return "ok"
    except PermissionError:
        return "denied"
def ask(name):
    return socket.getaddrinfo(name, 8443, type=socket.SOCK_STREAM)[0][4][0]
"""

    def knowing(self, code, **names):
        """What code prints where api.test, and asking for all, is allowed."""
        self.policy = self.place / "policy.json"
        self.policy.write_text(json.dumps({
            "secmgr": 1, "network": [
                {"id": "api", "connect": "api.test:8443"},
                {"id": "books", "connect": "b\u00fccher.test:8443"},
                {"id": "any", "resolve": "*"}],
            "modes": dict.fromkeys(("files", "processes", "code", "native",
                                    "pickles", "events"), "off")}))
        (self.place / "app.py").write_text(self.CODE + code)
        return self.enforce(PYTHON, "app.py", **names).split()

    def test_nobody_but_a_resolver_makes_a_name_known(self):
        self.assertEqual(["denied", "denied", "denied", "ok"], self.knowing(
            "sys.audit('secmgr.resolved', 'api.test', ['203.0.113.77'])\n"
            "print(connect('203.0.113.77'))\n"
            "assert socket.gethostbyaddr('203.0.113.77')[0] == 'api.test'\n"
            "print(connect('203.0.113.77'))\n"
            "assert socket.getnameinfo(('203.0.113.77', 1), 0)[0] "
            "== 'api.test'\n"
            "print(connect('203.0.113.77'))\n"
            "print(connect(ask('api.test')))\n",
            api_test="203.0.113.77"))

    def test_one_of_several_names_is_enough(self):
        self.assertEqual(["denied", "ok", "ok"], self.knowing(
            "other = ask('other.test')\n"
            "print(connect(other))\n"
            "ask('api.test')\n"
            "print(connect(other))\n"
            "for i in range(7): ask(f'n{i}.test')\n"
            "print(connect(other))\n",
            api_test="203.0.113.5", other_test="203.0.113.5",
            **{f"n{i}_test": "203.0.113.5" for i in range(7)}))

    # Python encodes what is no plain str of ASCII by a codec that a program
    # may replace: no word is said of what that makes.
    ENCODED = """\
import encodings.idna
class Text(str): pass
def send(host):
    try:
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.sendto(b"", (host, 8443))
            s.sendmsg([b""], [], 0, (host, 8443))
        return "ok"
    except PermissionError:
        return "denied"
"""
    REPLACED = """\
encodings.idna.Codec.encode = lambda self, text, errors="strict": (
    b"203.0.113.77", len(text))
"""

    def test_names_that_python_encodes_lead_where_they_did(self):
        self.assertEqual(["ok"] * 6, self.knowing(
            self.ENCODED + "for host in (Text('api.test'), 'b\xfccher.test'):\n"
            "    print(connect(host), send(host))\n"
            "ask('other.test')\n"
            "print(connect(Text('api.test')), send('b\xfccher.test'))\n",
            api_test="203.0.113.5", other_test="203.0.113.77",
            **{"xn--bcher-kva_test": "203.0.113.6"}))

    def test_a_codec_of_one_s_own_makes_no_other_address_of_a_name(self):
        for known in ("", "ask('api.test')\n", "ask('other.test')\n"):
            self.assertEqual(["ok"] + ["denied"] * 4, self.knowing(
                self.ENCODED + self.REPLACED + "print(connect('api.test'))\n"
                + known + "for host in (Text('api.test'), 'b\xfccher.test'):\n"
                "    print(connect(host), send(host))\n",
                api_test="203.0.113.5", other_test="203.0.113.8"))

    def test_what_is_used_is_kept_and_the_rest_is_bounded(self):
        many = {f"n{i}_test": " ".join(f"10.1.{i}.{k}" for k in range(60))
                for i in range(200)}
        self.assertEqual(["ok", "denied"], self.knowing(
            "used, unused = '203.0.113.5', '203.0.113.77'\n"
            "ask('api.test')\n"
            "for i in range(200):\n"
            "    ask(f'n{i}.test')\n"
            "    assert connect(used) == 'ok', i\n"
            "print(connect(used), connect(unused))\n",
            api_test="203.0.113.5 203.0.113.77", **many))


class Workers(Place):
    """gunicorn: asked for in the master, used in its worker."""

    APP = """\
import socket
ADDRESS = socket.getaddrinfo("api.test", 8443, type=socket.SOCK_STREAM)[0][4]

def app(environ, start_response):
    try:
        with socket.socket(socket.AF_INET) as s:
            s.connect(ADDRESS)
        text = b"ok"
    except PermissionError:
        text = b"denied"
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text]
"""
    CLIENT = """\
import os, signal, socket, subprocess, sys, time
child = subprocess.Popen(sys.argv[1:])
for _ in range(300):
    try:
        s = socket.create_connection(("127.0.0.1", 9000))
        break
    except OSError:
        time.sleep(0.1)
s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
data = b""
while chunk := s.recv(4096):
    data += chunk
print("worker", data.split(b"\\r\\n\\r\\n")[1].decode())
child.send_signal(signal.SIGTERM)
child.wait()
"""

    def test_a_worker_has_its_master_s_names(self):
        require("gunicorn")
        (self.place / "service.py").write_text(self.APP)
        (self.place / "client.py").write_text(self.CLIENT)
        serve = [PYTHON, "-m", "gunicorn", "--preload", "-w", "1",
                 "--log-level", "error", "-b", "127.0.0.1:9000",
                 "service:app"]
        trace = self.place / "trace.db"
        out = self.inside(
            [PYTHON, "client.py", program("secmgr-record"), "-q", "-o", trace,
             "--", *serve], api_test="203.0.113.5")
        self.assertEqual("worker ok\n", out)
        status, policy, error = self.tool("secmgr-learn", trace)
        self.assertEqual(0, status, error)
        self.policy = self.place / "policy.json"
        self.policy.write_text(policy)
        self.assertIn("api.test:8443", self.network())
        for address, verdict in (("203.0.113.77", "ok"),
                                 ("127.0.0.1", "denied")):
            out = self.inside(
                [PYTHON, "client.py", program("secmgr-enforce"), "-q", "-p",
                 self.policy, "--", *serve], api_test=address)
            self.assertEqual(f"worker {verdict}\n", out)


if __name__ == "__main__":
    unittest.main()

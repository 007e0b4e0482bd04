# SPDX-License-Identifier: Apache-2.0
"""Credentials leave a program for nowhere: not for the trace, nor for the
memory of the collector, in which the rings are.
"""
import json
import os
import pathlib
import re
import secrets
import string
import subprocess
import tempfile
import time
import unittest

import test_interpreters
import workloads

# Everything a program does with a password and a token it was given; then it
# waits for its input to end.
APP = """\
import base64, ctypes, http.client, http.server, marshal, os, pickle, sqlite3
import subprocess, sys, threading, urllib.request
word, token = sys.argv[1].split("=", 1)[1], sys.argv[3]
assert os.environ["DB_PASSWORD"] == word and os.environ["NAMELESS"] == token
sys.stdin.readline()
true = "/usr/bin/true"
python = [sys.executable, "-S", "-c"]

def arguments():
    for argv in ([true, "--password", word], [true, "--token=" + token],
                 [true, token], [true, "x=" + token],
                 [true, "-H", "Authorization: Bearer " + word],
                 [true, "postgres://me:" + word + "@host/db"],
                 python + ["password = '" + word + "'"],
                 python + ["x = '" + token + "'"]):
        subprocess.run(argv, check=True)
        os.waitpid(os.posix_spawn(argv[0], argv, os.environ), 0)
        if not os.fork():
            os.execv(argv[0], argv)
        os.wait()
    subprocess.run(["curl", "-u", "me:" + word], executable=true)
    subprocess.run(["mysql", "-p" + word], executable=true)

def lines():
    for line in ("true --password=" + word, "true '" + token + "'",
                 "DB_PASSWORD='" + word + "' true",
                 "true -H \\"Authorization: Basic " +
                 base64.b64encode(("me:" + word).encode()).decode() + "\\"",
                 "curl() { true; }; curl -u me:" + word):
        subprocess.run(line, shell=True, check=True)
        os.system(line)
        os.popen(line).close()
        ctypes.CDLL(None).system(line.encode())

def variables():
    os.putenv("DB_PASSWORD", word)
    os.environ["OTHER"] = token
    subprocess.run([true], env={"A": word, "B": token}, check=True)
    subprocess.run(python + ["pass"], env={**os.environ, "APP_SECRET": token})
    os.posix_spawn(true, [true], {"A": word, "B": token})

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass

def network():
    server = http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])),
                                    Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = "127.0.0.1:%d" % server.server_port
    for url in ("http://%s/?token=%s" % (address, word),
                "http://%s/hooks/%s" % (address, token)):
        request = urllib.request.Request(
            url, data=token.encode(), headers={"X-Api-Key": word,
                                               "Cookie": "id=" + token})
        urllib.request.urlopen(request).close()
    connection = http.client.HTTPConnection(address)
    connection.request("POST", "/", word + token,
                       {"Authorization": "Bearer " + token})
    connection.getresponse().close()
    server.shutdown()

def database():
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE u(password)")
    db.execute("INSERT INTO u VALUES ('%s')" % word)
    sqlite3.connect("file:x.db?key=%s" % word, uri=True).close()
    sys.audit("app.sql", "UPDATE u SET password='%s'" % word)
    sys.audit("app.sql", "ALTER USER x IDENTIFIED BY '%s'" % word, [token])
    sys.audit("app.log", "login with token=" + word, ("a", ("b", token)))
    sys.audit("app.log", ("x" * 4090 + " " + token).encode())

def inside():
    with open("notes.txt", "w") as f:
        f.write(word + token)
    with open("notes.txt") as f:
        f.read()
    exec(compile("x = '%s' + '%s'" % (word, token), "<made>", "exec"))
    marshal.loads(marshal.dumps([word, token]))
    pickle.loads(pickle.dumps([word, token]))
    os.setxattr("notes.txt", "user.x", word.encode())
    try:
        raise ValueError(word + token)
    except ValueError as e:
        sys.excepthook(type(e), e, None)

for step in arguments, lines, variables, network, database, inside:
    step()
sys.audit("app.done")
sys.stdin.read()
"""


def draw(count, letters=string.ascii_letters + string.digits):
    return "".join(secrets.choice(letters) for _ in range(count))


def memory_of(pid):
    """What a core of it could hold, and its shared mappings with it."""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            if not line.split()[1].startswith("r") or "[v" in line:
                continue
            try:
                memory.seek(start)
                yield line, memory.read(end - start)
            except OSError:
                continue  # reserved, or unmapped meanwhile


class Case(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="sm-")
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)
        for name in "code", "data":
            (self.place / name).mkdir()
        self.app = self.place / "code/app.py"
        self.app.write_text(APP)
        self.python = workloads.PYTHON
        self.trace = self.place / "t.db"
        self.port = str(workloads.free_port())
        self.word = draw(14, string.ascii_lowercase)
        self.token = draw(40)

    def start(self, *options, tool="secmgr-record"):
        process = subprocess.Popen(
            [workloads.program(tool), "-f", "-o", self.trace, *options, "--",
             self.python, self.app, f"--password={self.word}", "--token",
             self.token],
            cwd=self.place / "data", stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**workloads.environment(), "DB_PASSWORD": self.word,
                 "NAMELESS": self.token, "PORT": self.port})
        self.addCleanup(self.abandon, process)
        return process

    @staticmethod
    def abandon(process):
        if process.returncode is None:
            process.kill()
            process.communicate()

    def is_covered(self, process):
        done = subprocess.run(
            [workloads.program("secmgr-status"), "--json"], check=True,
            stdout=subprocess.PIPE)
        return any(collector["pid"] == process.pid and collector["processes"]
                   for collector in json.loads(done.stdout)["collectors"])

    def start_covered(self, *options, **settings):
        """Waits for its input, recorded.

        Again while a busy machine keeps it waiting for the collector in vain.
        """
        for _ in range(workloads.RECORD_TRIES):
            process = self.start(*options, **settings)
            deadline = time.monotonic() + 10
            while process.poll() is None and time.monotonic() < deadline:
                if self.is_covered(process):
                    return process
                time.sleep(0.05)
            process.terminate()
            process.communicate()
        self.fail("nothing is recorded")

    def end(self, process, status=0):
        _, err = process.communicate()
        self.assertEqual(status, process.returncode, err.decode())
        return err.decode()

    def run_it(self, *options, **settings):
        """Again while a busy machine keeps a program waiting in vain."""
        for _ in range(workloads.RECORD_TRIES):
            process = self.start(*options, **settings)
            process.stdin.write(b"\n")
            err = self.end(process)
            if "could not be covered" not in err:
                break
        return err

    def tool(self, *command, status=0):
        done = subprocess.run([workloads.program(command[0]), *command[1:]],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)
        self.assertEqual(status, done.returncode, done.stderr)
        return done.stdout

    def events(self, *options):
        return subprocess.run(
            [workloads.program("secmgr-events"), *options, self.trace],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True).stdout

    def wait_for(self, name, process):
        deadline = time.monotonic() + 120
        while name not in self.events("-e", name):
            if process.poll() is not None:
                self.fail(f"ended with {process.returncode}, no {name}: "
                          f"{process.stderr.read().decode()}")
            if time.monotonic() > deadline:
                last = self.events().splitlines()[-20:]
                self.fail(f"no {name}; at last: " + "\n".join(last))
            time.sleep(0.2)

    def canaries(self, data):
        return [name for name, text in (("word", self.word),
                                        ("token", self.token))
                if text.encode() in data]


class Canary(Case):
    def check_files(self):
        for path in self.place.glob("t.db*"):
            self.assertEqual([], self.canaries(path.read_bytes()), path)

    def check_events(self):
        """Blocks are compressed, so grep does not see into them."""
        for options in ("--json",), ("--export=cbor",), ("--stats",):
            out = subprocess.run(
                [workloads.program("secmgr-events"), *options, self.trace],
                stdout=subprocess.PIPE, check=True).stdout
            self.assertEqual([], self.canaries(out), options)
        text = self.tool("secmgr-events", self.trace)
        for event in ("subprocess.Popen", "os.system", "os.posix_spawn",
                      "os.exec", "secmgr.exec", "urllib.Request", "app.sql",
                      "app.log", "sqlite3.connect"):
            self.assertRegex(text, re.escape(event) +
                             r"\(.*%secret:[0-9a-f]{16}%", event)

    def check(self, pid_of, **settings):
        process = self.start_covered(**settings)
        pid = pid_of(process)
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.wait_for("app.done", process)
        self.check_files()
        seen = 0
        for line, data in memory_of(pid):
            self.assertEqual([], self.canaries(data), line)
            seen += "memfd:" in line
        self.assertTrue(seen, "no ring is mapped")
        self.end(process)
        self.check_files()
        self.check_events()

    @unittest.skipIf(os.geteuid(), "reads another process's memory")
    def test_is_nowhere_but_in_the_program(self):
        for name, self.python in test_interpreters.pythons().items():
            with self.subTest(python=name):
                self.trace.unlink(missing_ok=True)
                self.check(lambda process: process.pid)

    @unittest.skipIf(os.geteuid(), "reads another process's memory")
    def test_is_nowhere_when_enforced(self):
        self.run_it()
        policy = self.place / "policy.json"
        policy.write_text(self.tool("secmgr-learn", self.trace))
        self.assertEqual([], self.canaries(policy.read_bytes()))
        self.word, self.token = draw(14, string.ascii_lowercase), draw(40)
        self.trace.unlink()  # it tells of app.done, too
        process = self.start_covered("--mode=warn", f"--policy={policy}",
                                     tool="secmgr-enforce")
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.wait_for("app.done", process)
        for line, data in memory_of(process.pid):
            self.assertEqual([], self.canaries(data), line)
        err = self.end(process)
        ours = [line for line in err.splitlines() if "secmgr" in line]
        self.assertEqual([], self.canaries("".join(ours).encode()))
        self.check_files()


class Decisions(Case):
    """Policies see that there is a credential, not which."""

    def learn(self):
        policy = self.place / "policy.json"
        policy.write_text(self.tool("secmgr-learn", self.trace))
        return policy

    def replay(self, policy):
        done = subprocess.run(
            [workloads.program("secmgr-replay"), "--json", policy,
             self.trace], stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    def denied(self):
        """Events that were denied when they happened."""
        return [event for event in map(json.loads, self.tool(
            "secmgr-events", "--json", self.trace).splitlines())
            if event.get("verdict") in ("denied", "warned")]

    def test_others_are_allowed_and_replay_agrees(self):
        self.run_it()
        policy = self.learn()
        self.assertIn("%secret%", policy.read_text())
        self.assertNotIn("%secret:", policy.read_text())
        self.word, self.token = draw(14, string.ascii_lowercase), draw(40)
        self.run_it("--mode=block", f"--policy={policy}",
                    tool="secmgr-enforce")
        self.assertEqual([], self.denied())
        self.assertEqual(0, self.replay(policy)["blocked"])

    def test_denials_are_replayed_alike(self):
        self.run_it()
        policy = self.learn()
        rules = json.loads(policy.read_text())
        rules["processes"] = [
            rule for rule in rules["processes"]
            if "%secret%" not in json.dumps(rule)]
        rules.pop("review", None)
        policy.write_text(json.dumps(rules))
        self.word, self.token = draw(14, string.ascii_lowercase), draw(40)
        self.run_it("--mode=warn", f"--policy={policy}",
                    tool="secmgr-enforce")
        denied = self.denied()
        self.assertGreater(len(denied), 20)
        self.assertEqual(len(denied), self.replay(policy)["blocked"])


class Keys(Case):
    def tokens(self, *options):
        self.run_it(*options)
        return set(re.findall("%secret:[0-9a-f]{16}%",
                              self.tool("secmgr-events", self.trace)))

    def test_each_recording_has_its_own(self):
        first, second = self.tokens(), self.tokens()
        self.assertGreater(len(first), 1)
        self.assertFalse(first & second)

    def test_a_key_makes_equal_credentials_equal(self):
        key = self.place / "key"
        key.write_bytes(secrets.token_bytes(32))
        first = self.tokens(f"--redact-key={key}")
        self.assertEqual(first, self.tokens(f"--redact-key={key}"))

    def test_a_short_or_missing_key_is_refused(self):
        (self.place / "key").write_text("short")
        for name, why in ("key", "16 to 4095"), ("none", "No such file"):
            process = self.start(f"--redact-key={self.place / name}")
            self.assertIn(why, self.end(process, 125))
            self.assertFalse(self.trace.exists())

    def test_all_is_kept_on_request(self):
        self.assertFalse(self.tokens("--no-redact"))
        self.assertEqual(["word", "token"], self.canaries(
            self.tool("secmgr-events", self.trace).encode()))
        policy = self.place / "policy.json"
        policy.write_text(self.tool("secmgr-learn", self.trace))
        self.run_it("--mode=block", f"--policy={policy}", "--no-redact",
                    tool="secmgr-enforce")


if __name__ == "__main__":
    unittest.main()

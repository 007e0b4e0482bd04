# SPDX-License-Identifier: Apache-2.0
"""What secmgr-events and secmgr-replay print, from a recorded run."""
import collections
import json
import os
import pathlib
import pty
import shutil
import signal
import sqlite3
import struct
import subprocess
import tempfile
import time
import unittest

import workloads

WAIT_SECONDS = 60
CODE = r'''
import os, subprocess
open("data.txt", "w").write("x")
for _ in range(5):
    open("data.txt").read()
try:
    open("/tmp/\x1b]0;owned\x07\n\u202e.txt")
except OSError:
    pass
try:
    open(b"/tmp/\xff\x9b.txt")
except OSError:
    pass
os.listdir("/")
subprocess.run(["/bin/true", "a b"])
import sys
sys.audit("shop.refund", 12, "x", [1.5, None, True, b"\x80"])
'''
# Grants what the interpreter needs, and nothing of the program's own.
POLICY = '''{ "secmgr": 1,
  "variables": { "STDLIB": "/usr/lib/python3.11",
                 "SITE": "/usr/lib/python3/dist-packages" },
  "use": [ "python-runtime" ],
  "files": [
    { "id": "f1", "path": "${CWD}/data.txt", "access": ["read"],
      "by": ["app", "main"] } ],
  "code": [ { "id": "c1", "load": "${CWD}/app.py" } ] }
'''


def cbor_sequence(data):
    """All items of an RFC 8742 sequence; definite lengths, as we write it."""
    items, at = [], 0
    while at < len(data):
        item, at = cbor_item(data, at)
        items.append(item)
    return items


def cbor_item(data, at):
    major, low = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7 and low < 24:
        return {20: False, 21: True, 22: None}[low], at
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low, 0)
    head = data[at:at + size]
    number = int.from_bytes(head, "big") if size else low
    at += size
    if major == 7:
        return struct.unpack(">d" if size == 8 else ">f", head)[0], at
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        raw = data[at:at + number]
        return (raw if major == 2 else raw.decode()), at + number
    values = []
    for _ in range({4: number, 5: 2 * number, 6: 1}[major]):
        value, at = cbor_item(data, at)
        values.append(value)
    if major == 4:
        return values, at
    if major == 5:
        return dict(zip(values[::2], values[1::2])), at
    return Tagged(number, values[0]), at


Tagged = collections.namedtuple("Tagged", "tag value")


def as_json(value):
    """A decoded item as --json shows it: see schema/cbor.h for the tags."""
    if isinstance(value, bytes):
        return {"bytes": value.decode("utf-8", "surrogateescape")}
    if isinstance(value, Tagged) and value.tag == 27550:
        return {"type": value.value}
    if isinstance(value, Tagged) and value.tag == 27551:
        length, number = value.value
        return {"length": length, "hash": f"{number % 2 ** 64:016x}"}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-read-"))
        (cls.place / "app.py").write_text(CODE)
        (cls.place / "policy.json").write_text(POLICY)
        done = cls.tool("secmgr-record", "-o", "run.db", "--",
                        workloads.PYTHON, "app.py")
        if done.returncode:
            raise RuntimeError(done.stderr)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    @classmethod
    def tool(cls, name, *arguments, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("env", workloads.environment())
        return subprocess.run(
            [workloads.program(name), *map(str, arguments)], cwd=cls.place,
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=WAIT_SECONDS, check=False, **options)

    def events(self, *arguments):
        done = self.tool("secmgr-events", *arguments)
        self.assertEqual((0, b""), (done.returncode, done.stderr), arguments)
        return done.stdout.decode()

    def objects(self, *arguments):
        return [json.loads(line)
                for line in self.events("--json", *arguments).splitlines()]

    # --- lines

    def test_a_line_tells_time_pid_event_caller_and_principal(self):
        line = self.events("run.db", "open", "-P",
                           self.place / "data.txt").splitlines()[0]
        self.assertRegex(
            line, r"^\+\d+\.\d{6} \d+ open\('data.txt', 'w', O_WRONLY\|O_CREAT"
            r"\|O_TRUNC\|O_CLOEXEC\) -> \"/.*/data.txt\" by app  "
            r"\S*app.py:3 <module>$")

    def test_nothing_recorded_acts_on_a_terminal(self):
        text = self.tool("secmgr-events", "run.db").stdout
        self.assertIn(b"\\x1b]0;owned\\x07\\x0a\\u202e.txt", text)
        self.assertIn(b"\\xff\\x9b.txt", text)
        for raw in (b"\x1b", b"\x07", b"\xff", "\u202e".encode()):
            self.assertNotIn(raw, text)
        text = self.tool("secmgr-events", "--json", "run.db").stdout
        for raw in (b"\x1b", b"\x07", b"\xff", "\u202e".encode()):
            self.assertNotIn(raw, text)

    def test_limit_and_tail_are_the_ends_of_the_whole(self):
        lines = self.events("run.db").splitlines()
        self.assertEqual(lines[:3], self.events("-n3", "run.db").splitlines())
        self.assertEqual(lines[-3:],
                         self.events("--tail=3", "run.db").splitlines())

    def test_times_can_be_absolute_or_left_out(self):
        now = time.strftime("%Y-%m-%dT", time.gmtime())
        self.assertTrue(self.events("-n1", "-t", "absolute", "run.db")
                        .startswith(now[:5]))
        self.assertRegex(self.events("-n1", "-t", "none", "run.db"),
                         r"^\d+ \S+\(")

    # --- filters

    def test_filters_choose_what_all_events_hold(self):
        rows = self.objects("run.db")
        self.assertTrue(rows)
        for arguments, wanted in (
                (["-e", "open"], lambda r: r["event"] == "open"),
                (["-e", "!open,import"],
                 lambda r: r["event"] not in ("open", "import")),
                (["-e", "%network"],
                 lambda r: any(q["family"] == "network"
                               for q in r["requests"])),
                (["-e", "%files"],
                 lambda r: any(q["family"] == "files"
                               for q in r["requests"])),
                (["-P", "*data.txt"],
                 lambda r: any(q["resource"].endswith("data.txt")
                               for q in r["requests"])),
                (["--by", "app"], lambda r: r["by"] == "app"),
                (["--via", "import"], lambda r: r["via"] == "import"),
                (["--verdict", "undecided"], lambda r: True),
                (["--verdict", "denied"], lambda r: False),
                (["-p", str(rows[0]["pid"])],
                 lambda r: r["pid"] == rows[0]["pid"]),
                (["-p", "1"], lambda r: False)):
            with self.subTest(arguments):
                self.assertEqual([r for r in rows if wanted(r)],
                                 self.objects(*arguments, "run.db"))

    def test_time_bounds_split_the_trace_in_two(self):
        rows = self.objects("run.db")
        first = min(r["time_ns"] for r in rows)
        middle = rows[len(rows) // 2]
        self.assertEqual(
            len(rows),
            len(self.objects("--until", middle["time"], "run.db")) +
            len(self.objects("--since", middle["time"], "run.db")) -
            sum(r["time"] == middle["time"] and
                r["time_ns"] % 1000 == 0 for r in rows))
        self.assertEqual([], self.objects("--since", "9999", "run.db"))
        self.assertTrue(first)

    # --- JSON, export, statistics, SQL

    def test_json_arguments_lose_nothing(self):
        refund = self.objects("-e", "shop.refund", "run.db")
        self.assertEqual([[12, "x", [1.5, None, True, {"bytes": "\udc80"}]]],
                         [r["args"] for r in refund])
        names = [r["args"][0] for r in self.objects("-e", "open", "run.db")]
        self.assertIn("/tmp/\x1b]0;owned\x07\n\u202e.txt", names)
        self.assertIn({"bytes": "/tmp/\udcff\udc9b.txt"}, names)
        spawned = self.objects("-e", "%processes", "run.db")
        self.assertIn("/bin/true", str(spawned))
        self.assertIn("a b", str(spawned))

    def test_cbor_export_holds_every_event_with_its_types(self):
        done = self.tool("secmgr-events", "--export=cbor", "run.db")
        self.assertEqual(0, done.returncode, done.stderr)
        header, *events = cbor_sequence(done.stdout)
        self.assertEqual(0, header["secmgr-trace"])
        self.assertEqual("record", header["meta"]["mode"])
        rows = self.objects("run.db")
        self.assertEqual(len(header["processes"]),
                         max(r["process"] for r in rows))
        self.assertEqual(len(rows), len(events))
        for row, event in zip(rows, events):
            process = header["processes"][row["process"] - 1]
            self.assertEqual(row["after_denial"],
                             0 < process["after_denial"] <= row["seq"])
            for key in set(row) - {"pid", "time", "requests",
                                   "after_denial"}:
                self.assertEqual(row[key], as_json(event[key]), (key, event))

    def test_statistics_agree_with_the_events(self):
        stats = json.loads(self.events("--stats", "--top=0", "--json",
                                       "run.db"))
        rows = self.objects("run.db")
        self.assertEqual(len(rows), stats["events"])
        self.assertEqual(len(rows), sum(row["count"]
                                        for row in stats["top_events"]))
        self.assertEqual(0, stats["lost"])
        for process in stats["processes"]:
            self.assertEqual(process["attempts"], process["stored"] +
                             process["noise"] + process["lost"])
        text = self.events("--stats", "run.db")
        self.assertIn("nothing was lost", text)
        self.assertIn("open", text)

    def test_sql_reads_tables_and_events_and_nothing_else(self):
        rows = self.objects("run.db")
        text = self.events("--sql", "SELECT count(*) AS n FROM event",
                           "run.db")
        self.assertEqual(f"n\n{len(rows)}\n", text)
        text = self.events(
            "--sql", "SELECT args, resource FROM event WHERE event = 'open' "
            "AND resource LIKE '%data.txt' LIMIT 1", "--json", "run.db")
        row = json.loads(text)
        self.assertEqual("data.txt", json.loads(row["args"])[0])
        self.events("--sql", "SELECT * FROM files", "run.db")
        before = (self.place / "run.db").read_bytes()
        for query in ("DELETE FROM meta", "PRAGMA journal_mode=WAL",
                      "ATTACH '/tmp/x.db' AS x", "SELECT 1; SELECT 2",
                      "SELECT load_extension('x')", "nonsense", "",
                      "CREATE TEMP TABLE t(a)"):
            with self.subTest(query):
                done = self.tool("secmgr-events", "--sql", query, "run.db")
                self.assertEqual((2, b"", 1), (done.returncode, done.stdout,
                                               done.stderr.count(b"\n")))
        self.assertEqual(before, (self.place / "run.db").read_bytes())

    # --- integrity

    def test_verify_names_the_block_that_was_touched(self):
        self.assertIn("as written", self.events("--verify", "run.db"))
        shutil.copy(self.place / "run.db", self.place / "touched.db")
        with sqlite3.connect(self.place / "touched.db") as db:
            db.execute("UPDATE block SET last_ns = last_ns + 1 "
                       "WHERE id = (SELECT min(id) FROM block)")
        db.close()
        done = self.tool("secmgr-events", "--verify", "touched.db")
        self.assertEqual((1, b""), (done.returncode, done.stderr))
        self.assertIn(b"block 1", done.stdout)

    def test_a_failing_disk_is_reported(self):
        with open("/dev/full", "wb") as full:
            done = self.tool("secmgr-events", "run.db", stdout=full)
        self.assertEqual(2, done.returncode)
        self.assertIn(b"standard output", done.stderr)

    def test_why_a_disk_fails_is_told_however_late(self):
        for arguments in (["secmgr-learn", "-q", "run.db"],
                          ["secmgr-learn", "--explain", "run.db"],
                          ["secmgr-learn", "--list-runs", "run.db"],
                          ["secmgr-replay", "policy.json", "run.db"],
                          ["secmgr-policy", "fmt", "policy.json"]):
            with open("/dev/full", "wb") as full, \
                    self.subTest(arguments=arguments):
                done = self.tool(*arguments, stdout=full)
                self.assertEqual(2, done.returncode)
                self.assertIn(b"standard output: No space left on device\n",
                              done.stderr)

    def test_a_reader_that_leaves_is_no_error_message(self):
        done = subprocess.run(
            ["/bin/sh", "-c", workloads.program("secmgr-events") +
             " run.db | head -n1"], cwd=self.place, timeout=WAIT_SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual((0, b""), (done.returncode, done.stderr))

    def test_usage_errors(self):
        for arguments in ([], ["--stats", "--verify", "run.db"],
                          ["--since", "soon", "run.db"],
                          ["--via", "x", "run.db"], ["-n", "x", "run.db"],
                          ["--export=xml", "run.db"],
                          ["--tail=1", "--limit=1", "run.db"]):
            with self.subTest(arguments):
                done = self.tool("secmgr-events", *arguments)
                self.assertEqual((2, b"", 1), (done.returncode, done.stdout,
                                               done.stderr.count(b"\n")))

    # --- terminal

    def on_terminal(self, *arguments, **environment):
        """What a terminal would get; echo of nothing."""
        parent, child = pty.openpty()
        done = subprocess.Popen(
            [workloads.program("secmgr-events"), *arguments], stdout=child,
            stdin=subprocess.DEVNULL, stderr=child, cwd=self.place,
            env=dict(workloads.environment(), TERM="xterm", **environment))
        os.close(child)
        text = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:  # EIO: nobody has the other end any more
                break
            if not piece:
                break
            text += piece
        os.close(parent)
        self.assertEqual(0, done.wait(WAIT_SECONDS))
        return text

    def test_colour_only_on_a_terminal_and_reset(self):
        text = self.on_terminal("-n3", "run.db")
        self.assertIn(b"\x1b[1m", text)
        self.assertTrue(text.rindex(b"\x1b[m") > text.rindex(b"\x1b[1m"))
        self.assertNotIn(b"\x1b", self.on_terminal("-n3", "run.db",
                                                   NO_COLOR="1"))

    # --- live traces

    @staticmethod
    def end(follower):
        """(status, stderr); communicate() would drop what readline() read."""
        with follower.stdout, follower.stderr:
            return follower.wait(WAIT_SECONDS), follower.stderr.read()

    def test_follow_shows_a_live_recording_to_its_end(self):
        code = ("import os, time\nprint('ready', flush=True)\n"
                "for i in range(30):\n"
                "    try: open(f'/nowhere/{i}')\n"
                "    except OSError: pass\n"
                "    time.sleep(0.05)\n"
                "    while i == 15 and not os.path.exists('follow.go'):\n"
                "        time.sleep(0.05)\n")
        recorder = subprocess.Popen(
            [workloads.program("secmgr-record"), "-o", "live.db", "--",
             workloads.PYTHON, "-c", code], cwd=self.place,
            env=workloads.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(recorder.communicate)
        recorder.stdout.readline()
        follower = subprocess.Popen(
            [workloads.program("secmgr-events"), "--follow", "-P",
             "/nowhere", "live.db"], cwd=self.place,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        first = follower.stdout.readline()
        self.assertIsNone(recorder.poll(), "shown only after the end")
        (self.place / "follow.go").touch()
        lines = (first + follower.stdout.read()).decode().splitlines()
        self.assertEqual((0, b""), self.end(follower))
        self.assertEqual([f"/nowhere/{i}" for i in range(30)],
                         [line.split("'")[1] for line in lines])

    def test_interrupt_ends_following_as_by_the_signal(self):
        recorder = subprocess.Popen(
            [workloads.program("secmgr-record"), "-o", "int.db", "--",
             workloads.PYTHON, "-c", "import time\nprint(1, flush=True)\n"
             "time.sleep(30)"], cwd=self.place,
            env=workloads.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        self.addCleanup(recorder.communicate)
        self.addCleanup(os.killpg, recorder.pid, signal.SIGKILL)
        recorder.stdout.readline()
        follower = subprocess.Popen(
            [workloads.program("secmgr-events"), "-f", "int.db"],
            cwd=self.place, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertTrue(follower.stdout.readline())
        follower.send_signal(signal.SIGINT)
        rest = follower.stdout.read()
        self.assertEqual((-signal.SIGINT, b""), self.end(follower))
        self.assertTrue(not rest or rest.endswith(b"\n"))

    def test_interrupt_ends_a_query(self):
        for number in signal.SIGINT, signal.SIGTERM:
            query = subprocess.Popen(
                [workloads.program("secmgr-events"), "--sql",
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                 "SELECT i + 1 FROM n) "
                 "SELECT i FROM n WHERE i <= 5000 OR i > 1e18", "run.db"],
                cwd=self.place, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(query.kill)
            self.assertEqual(b"i\n", query.stdout.readline())
            query.send_signal(number)
            rest, told = query.communicate(timeout=WAIT_SECONDS)
            self.assertEqual((-number, b""), (query.returncode, told))
            self.assertTrue(rest.endswith(b"\n"))

    # --- replay

    def replay(self, *arguments):
        done = self.tool("secmgr-replay", *arguments)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertEqual(b"", done.stderr)
        return done

    def test_replay_counts_a_trace_once(self):
        shutil.copy(self.place / "run.db", self.place / "copy.db")
        once = json.loads(self.replay("--json", "policy.json",
                                      "run.db").stdout)
        done = self.tool("secmgr-replay", "--json", "policy.json", "run.db",
                         "run.db", "copy.db")
        self.assertEqual(once, json.loads(done.stdout))
        self.assertEqual(
            b"secmgr-replay: run.db: the same trace as run.db; counted once\n"
            b"secmgr-replay: copy.db: the same trace as run.db; counted "
            b"once\n", done.stderr)

    def test_replay_names_what_would_be_blocked_and_why(self):
        done = self.replay("--json", "policy.json", "run.db")
        found = json.loads(done.stdout)
        self.assertEqual(1, done.returncode)
        self.assertEqual(found["events"], found["allowed"] + found["blocked"] +
                         found["warned"] + found["undecided"])
        self.assertEqual(found["blocked"],
                         sum(d["count"] for d in found["denials"]
                             if d["decision"] == "denied"))
        self.assertEqual(0, found["lost"])
        written = [d for d in found["denials"] if d["event"] == "open"
                   and d["resource"] == str(self.place / "data.txt")]
        self.assertEqual(1, len(written), written)
        self.assertEqual("f1", written[0]["nearest"])
        self.assertIn("create", written[0]["lacks"])
        self.assertEqual("app", written[0]["by"])
        self.assertEqual(3, written[0]["first"]["line"])
        # The example leads to the event.
        first = written[0]["first"]
        rows = self.objects("run.db", "open")
        self.assertIn(("data.txt", first["seq"], first["process"]),
                      [(r["args"][0], r["seq"], r["process"])
                       for r in rows])

    def test_replay_text_is_inert_and_sets_the_status(self):
        done = self.replay("-n0", "policy.json", "run.db")
        self.assertEqual(1, done.returncode)
        self.assertIn(b"blocked", done.stdout)
        self.assertIn(b"f1", done.stdout)
        for raw in (b"\x1b", b"\x07", b"\xff", "\u202e".encode()):
            self.assertNotIn(raw, done.stdout)
        quiet = self.replay("--quiet", "-p", "policy.json", "run.db")
        self.assertEqual((1, b""), (quiet.returncode, quiet.stdout))

    def test_replay_counts_traces_together(self):
        done = self.tool("secmgr-record", "-q", "-o", "again.db", "--",
                         workloads.PYTHON, "app.py")
        self.assertEqual(0, done.returncode, done.stderr)
        one, other, both = (
            json.loads(self.replay("--json", "policy.json", *traces).stdout)
            for traces in (["run.db"], ["again.db"], ["run.db", "again.db"]))
        for count in "events", "blocked", "allowed":
            self.assertEqual(one[count] + other[count], both[count])
        self.assertGreater(one["blocked"], 0)
        self.assertLess(both["distinct"], one["distinct"] + other["distinct"])

    def test_replay_looks_at_no_file_of_today(self):
        shutil.copy(self.place / "run.db", self.place / "moved.db")
        (self.place / "data.txt").rename(self.place / "gone.txt")
        self.addCleanup((self.place / "gone.txt").rename,
                        self.place / "data.txt")
        self.assertEqual(
            json.loads(self.replay("--json", "policy.json",
                                   "run.db").stdout)["blocked"],
            json.loads(self.replay("--json", "policy.json",
                                   "moved.db").stdout)["blocked"])

    def test_variables_can_be_set(self):
        done = self.replay("--json", "--set", "CWD=/elsewhere", "policy.json",
                           "run.db")
        denied = [d for d in json.loads(done.stdout)["denials"]
                  if d["resource"] == str(self.place / "data.txt")]
        self.assertTrue(any("read" in d["access"] for d in denied), denied)

    def test_replay_usage_errors(self):
        for arguments in ([], ["policy.json"], ["--set", "X", "policy.json",
                                                "run.db"],
                          ["none.json", "run.db"],
                          ["policy.json", "none.db"],
                          ["run.db", "policy.json"]):
            with self.subTest(arguments):
                done = self.tool("secmgr-replay", *arguments)
                self.assertEqual((2, b"", 1), (done.returncode, done.stdout,
                                               done.stderr.count(b"\n")))


if __name__ == "__main__":
    unittest.main()

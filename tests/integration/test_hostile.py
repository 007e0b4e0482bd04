# SPDX-License-Identifier: Apache-2.0
"""Traces and policies made to hurt: little memory, little time, a clear answer.

SM_RULES: rules of the policies; make check-long takes as many as there may be.
"""
import ctypes
import json
import os
import pathlib
import re
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SM_BUILD", TOP / "build")).resolve() / "bin"
GOLDEN = TOP / "tests/golden/trace-0.db"
SECONDS, BYTES = 10, 512 << 20
PYTHON = os.environ.get("SM_TEST_PYTHON", "/usr/bin/python3")
RULES = int(os.environ.get("SM_RULES", "1000"))

zstd = ctypes.CDLL("libzstd.so.1")
zstd.ZSTD_compressBound.restype = ctypes.c_size_t
zstd.ZSTD_compress.restype = ctypes.c_size_t


def pack(data):
    room = zstd.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(room)
    size = zstd.ZSTD_compress(out, ctypes.c_size_t(room), data,
                              ctypes.c_size_t(len(data)), 3)
    return out.raw[:size]


def blocks_of_zeros(database):
    """8 GiB of blocks in 1 MB: each claims the most a block may hold."""
    data = pack(bytes(4 << 20))
    database.execute("DELETE FROM block")
    database.executemany(
        "INSERT INTO block VALUES(?,16384,1,2,1,2,0,?,zeroblob(32),?,?,?)",
        ((1 + i * 16384, 4 << 20, data, data, data) for i in range(2000)))


def one_block_of_all_events(database):
    database.execute("UPDATE block SET events=9223372036854775807")


def facts_without_end(database):
    database.executemany("INSERT INTO meta VALUES(?,'x')",
                         ((f"k{i}",) for i in range(100000)))


def arguments_without_end(database):
    database.execute("UPDATE process SET argv=?",
                     ("[" + ",".join(['""'] * 2000000) + "]",))


def checkpoints_without_end(database):
    text, = database.execute("SELECT text FROM checkpoint").fetchone()
    database.executemany("INSERT INTO checkpoint VALUES(?,?,NULL)",
                         ((10 + i, text) for i in range(10000)))


def names_without_end(database):
    last, = database.execute("SELECT max(id) FROM name").fetchone()
    database.executemany("INSERT INTO name VALUES(?,?)",
                         ((last + 1 + i, f"n{i}") for i in range(200000)))


def losses_far_apart(database):
    database.executemany("INSERT INTO loss VALUES(?,1,'torn',1,1)",
                         ((i << 40, ) for i in range(1, 100000)))


def strings_beyond_all(database):
    database.execute("UPDATE chunk SET id=2147483647-20")


def processes_beyond_all(database):
    database.execute("UPDATE process SET number=4294967295 WHERE number=2")


def processes_without_end(database):
    """Each with as many arguments as there may be, no two alike."""
    rest = ",".join(
        "?||i||'\"]'" if row[1] == "argv" else row[1] for row in database.execute(
            "PRAGMA table_info(process)").fetchall()[1:])
    database.execute(
        "WITH RECURSIVE n(i) AS (VALUES(3) UNION ALL SELECT i+1 FROM n WHERE "
        f"i<22000) INSERT INTO process SELECT i,{rest} FROM n,process "
        "WHERE number=1", ("[" + '"",' * 1023 + '"',))


def escapes(database):
    database.execute("UPDATE name SET value=?",
                     ("\x1b]0;owned\x07\x1b[2J\u202e\x9b31m",))
    database.execute("UPDATE process SET exe=?, cwd=?",
                     ("\x1b[2J", b"\xff\x9b2J"))


SHAPES = (blocks_of_zeros, one_block_of_all_events, facts_without_end,
          arguments_without_end, checkpoints_without_end, names_without_end,
          losses_far_apart, strings_beyond_all, processes_beyond_all, escapes)


# Policies: rules that each take long, and many of them.
def calls_with_stars(rule):
    return {"events": [{"name": f"*a*{rule}*", "args": ["*", "<int>"]}]}


def lines_with_paths(rule):
    return {"processes": [{"shell": f"cat <path:/**/a/**/{rule}> | "
                                    f"sort <word> > /tmp/x{rule}"}]}


def paths_with_stars(rule):
    return {"files": [{"path": f"/**/a*<int>*{rule}*/**",
                       "access": ["read"]}]}


def values_of_variables(rule):
    """Once for each value: more than all policies together may take."""
    return {"variables": {"V": [f"/v{i}" for i in range(64)]},
            "files": [{"path": f"${{V}}/{rule}/{'x' * 2000}/**",
                       "access": ["read"]}]}


POLICIES = (calls_with_stars, lines_with_paths, paths_with_stars,
            values_of_variables)


class Hostile(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)

    def cost(self, *command):
        """Output; within the bounds, in CPU time: the machine may be busy."""
        def bound():
            resource.setrlimit(resource.RLIMIT_AS, (2 * BYTES, 2 * BYTES))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, preexec_fn=bound)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            text = out.read()
        self.assertIn(process.returncode, (0, 1, 2, 125), text[-500:])
        self.assertLess(usage.ru_maxrss << 10, BYTES)
        self.assertLess(usage.ru_utime + usage.ru_stime, SECONDS)
        return process.returncode, text

    def policy(self, shape, rules=RULES):
        path, policy = self.place / "policy.json", {"secmgr": 1}
        for number in range(rules):
            for key, value in shape(number).items():
                if isinstance(value, list):
                    policy.setdefault(key, []).extend(value)
                else:
                    policy[key] = value
        path.write_text(json.dumps(policy))
        return path

    def test_a_hostile_policy_costs_little_and_is_refused_or_read(self):
        empty = self.place / "empty.json"
        empty.write_text('{"secmgr": 1}')
        trace = self.place / "t.db"
        self.cost(BIN / "secmgr-record", "-q", "-o", trace, "--", PYTHON,
                  "-c", "print(open('/etc/hostname').read())")
        for shape in POLICIES:
            policy = self.policy(shape)
            for command in (
                    ("secmgr-policy", "review", policy),
                    ("secmgr-policy", "diff", policy, empty),
                    ("secmgr-policy", "diff", empty, policy),
                    ("secmgr-policy", "diff", policy, policy),
                    ("secmgr-policy", "explain", policy, trace),
                    ("secmgr-policy", "explain", policy, "open /a/1 by app"),
                    ("secmgr-replay", policy, trace),
                    ("secmgr-enforce", "-p", policy, "--", "/bin/true"),
                    ("secmgr-learn", "-q", "--base", policy, trace)):
                with self.subTest(shape=shape.__name__, command=command[:2]):
                    status, text = self.cost(BIN / command[0], *command[1:])
                    if shape != values_of_variables:
                        continue
                    self.assertIn(status, (2, 125))
                    self.assertEqual(1, text.count(b"\n"), text[:500])

    def test_many_calls_and_many_patterns_are_replayed_soon(self):
        trace = self.place / "t.db"
        self.cost(BIN / "secmgr-record", "-q", "-o", trace, "--", PYTHON,
                  "-c", "import sys\n"
                        "for i in range(2000): sys.audit('made.up', i)")
        policy = self.policy(calls_with_stars, 20000)
        _, text = self.cost(BIN / "secmgr-replay", policy, trace)
        distinct = int(re.search(rb"(\d+) distinct", text)[1])
        self.assertGreaterEqual(distinct, 2000)

    def change(self, shape):
        trace = self.place / f"{shape.__name__}.db"
        shutil.copy(GOLDEN, trace)
        database = sqlite3.connect(trace)
        database.execute("PRAGMA synchronous=OFF")
        shape(database)
        database.commit()
        database.close()
        return trace

    def test_plain_tables_are_counted_as_they_are_read(self):
        trace = self.change(processes_without_end)
        for command in (("secmgr-events", "-c"), ("secmgr-learn", "-q")):
            status, text = self.cost(BIN / command[0], *command[1:], trace)
            self.assertEqual(2, status)
            self.assertIn(b"take more than 320 MiB", text)

    def test_a_hostile_trace_costs_little_and_is_refused_or_read(self):
        out, policy = self.place / "out.db", self.place / "policy.json"
        policy.write_text('{"secmgr": 1}')
        for shape in SHAPES:
            trace = self.change(shape)
            for command in (("secmgr-events", trace),
                            ("secmgr-events", "-P", "/x", trace),
                            ("secmgr-events", "-c", trace),
                            ("secmgr-events", "--verify", trace),
                            ("secmgr-events", f"--recover={out}", trace),
                            ("secmgr-events", "--export=json", trace),
                            ("secmgr-replay", policy, trace),
                            ("secmgr-learn", "-q", "--no-estimate", trace)):
                with self.subTest(shape=shape.__name__, command=command[:2]):
                    status, text = self.cost(BIN / command[0], *command[1:])
                    for byte in b"\x1b\x9b\x07":
                        self.assertNotIn(byte, text)
                    self.assertNotIn("\u202e".encode(), text)
                    # Nothing of this is as it was written.
                    if "--verify" in command:
                        self.assertEqual(status, 1)
                out.unlink(missing_ok=True)
            trace.unlink()


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""The round trip holds for every workload: what was recorded is not blocked.

For each workload w: recording changes nothing of its output, every attempt is
accounted for, replay(learn(trace(w)), trace(w)) blocks nothing, learning is
deterministic, and w under enforcement gives the same output; and where a
policy does block, enforcement and replay block the same. On /usr/bin/python3
and on those SM_TEST_PYTHONS names.
"""
import functools
import json
import sqlite3
import subprocess
import unittest

import all_workloads
import live_replay
import workloads

LOSSES = ("ring_full", "too_large", "torn", "damaged", "no_channel", "store")
TOOL_SECONDS = 60


def tool(*arguments):
    """(status, stdout, stderr) of one of our programs."""
    done = subprocess.run(
        [workloads.program(arguments[0]), *map(str, arguments[1:])],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=TOOL_SECONDS, check=False)
    return (done.returncode, done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"))


def query(trace, sql):
    connection = sqlite3.connect(f"file:{trace}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


class Round:
    """The steps for one workload, each done once, when first asked for."""

    def __init__(self, workload, name, python):
        base = workloads.BUILD / "integration" / name
        self.workload = workload(base / "run", python)
        base.mkdir(parents=True, exist_ok=True)
        self.trace = base / "trace.db"
        self.policy = base / "policy.json"
        self.enforced_trace = base / "enforced.db"
        self.warned_trace = base / "warned.db"

    @functools.cached_property
    def bare(self):
        return self.workload.run()

    def covered(self, trace, name, *options):
        """Again while a busy machine keeps a program waiting in vain."""
        for _ in range(workloads.RECORD_TRIES):
            trace.unlink(missing_ok=True)
            output = self.workload.run([workloads.program(name), *options,
                                        "-o", str(trace), "--"])
            if not query(trace, "SELECT total(no_channel) FROM process")[0][0]:
                break
        return output

    @functools.cached_property
    def recorded(self):
        return self.covered(self.trace, "secmgr-record")

    @functools.cached_property
    def learned(self):
        assert self.recorded
        status, text, complaint = tool("secmgr-learn", self.trace)
        if status:
            raise AssertionError(f"learn: {status} {complaint}")
        self.policy.write_text(text)
        return text

    @functools.cached_property
    def enforced(self):
        assert self.learned
        self.enforced_trace.unlink(missing_ok=True)
        return self.workload.run([
            workloads.program("secmgr-enforce"), "--policy", str(self.policy),
            "--mode", "block", "-o", str(self.enforced_trace), "--"])

    @functools.cached_property
    def warned(self):
        """Half of the rules are gone; nothing is stopped by that."""
        policy = self.policy.with_name("harsher.json")
        policy.write_text(live_replay.harsher(self.learned, "warn"))
        return policy, self.covered(self.warned_trace, "secmgr-enforce", "-q",
                                    "--policy", str(policy))


class RoundTrip:
    """The tests; subclassed once per workload below."""

    maxDiff = 4000

    def test_recording_changes_no_output(self):
        self.assertEqual(self.round.bare, self.round.recorded)

    def test_every_attempt_is_accounted_for(self):
        self.assertTrue(self.round.recorded)
        columns = ", ".join(("number", "attempts", "stored", "noise")
                            + LOSSES)
        rows = query(self.round.trace, f"SELECT {columns} FROM process "
                     "WHERE version IS NOT NULL")
        self.assertGreaterEqual(len(rows), self.round.workload.processes,
                                "Python processes covered")
        for number, attempts, *parts in rows:
            self.assertIsNotNone(attempts, f"process {number} has no account")
            self.assertEqual(attempts, sum(parts), f"process {number}")
            self.assertEqual([0] * len(LOSSES), parts[2:],
                             f"process {number} lost events")

    def test_trace_verifies(self):
        self.assertTrue(self.round.recorded)
        status, _, complaint = tool("secmgr-events", "--verify",
                                    self.round.trace)
        self.assertEqual((0, complaint), (status, complaint))

    def test_replay_of_the_learned_policy_blocks_nothing(self):
        self.assertTrue(self.round.learned)
        status, text, complaint = tool("secmgr-replay", "--json",
                                       self.round.policy, self.round.trace)
        self.assertTrue(text, complaint)
        result = json.loads(text)
        self.assertEqual([], result["denials"])
        self.assertEqual((0, 0, 0),
                         (status, result["blocked"], result["lost"]))
        self.assertGreater(result["events"], 0)

    def test_learning_is_deterministic(self):
        first = self.round.learned
        for traces in ([self.round.trace], [self.round.trace] * 2):
            _, again, _ = tool("secmgr-learn", *traces)
            self.assertEqual(first, again, f"{len(traces)} traces")

    def test_policy_is_valid(self):
        self.assertTrue(self.round.learned)
        status, _, complaint = tool("secmgr-policy", "validate",
                                    self.round.policy)
        self.assertEqual((0, complaint), (status, complaint))

    def test_enforcement_changes_no_output(self):
        self.assertTrue(self.round.learned)
        self.assertEqual(self.round.bare, self.round.enforced,
                         self.denials())

    def test_enforcement_denies_nothing(self):
        self.assertTrue(self.round.enforced)
        self.assertEqual("", self.denials())

    def decided(self, policy, trace):
        """What replay says, and how often a recorded verdict is another."""
        status, text, complaint = tool("secmgr-replay", "--json", "-n0",
                                       policy, trace)
        self.assertTrue(text, complaint)
        result = json.loads(text)
        # Either side decides whatever the other does.
        self.assertEqual(result["events"] - result["undecided"],
                         result["recorded_verdicts"])
        return result, result["differs"]

    def test_replay_says_what_enforcement_did(self):
        self.assertTrue(self.round.enforced)
        result, differs = self.decided(self.round.policy,
                                       self.round.enforced_trace)
        self.assertEqual((0, 0), (result["blocked"], differs))

    def test_replay_says_what_enforcement_would_have_stopped(self):
        policy, output = self.round.warned
        self.assertEqual(self.round.bare, output)
        result, differs = self.decided(policy, self.round.warned_trace)
        self.assertEqual(0, differs)
        self.assertGreater(result["warned"], 0)

    def denials(self):
        if not self.round.enforced_trace.exists():
            return "no trace of the enforced run"
        status, text, complaint = tool(
            "secmgr-events", "--verdict=denied", self.round.enforced_trace)
        return text + (complaint if status else "")


def load_tests(loader, _, __):
    suite = unittest.TestSuite()
    for name, workload, python in live_replay.recordings(all_workloads.ALL):
        case = type(name, (RoundTrip, unittest.TestCase),
                    {"round": Round(workload, name, python)})
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()

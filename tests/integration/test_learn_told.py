#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What secmgr-learn says beside the policy, and how it complains."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from workloads import PYTHON, environment, program

APP = """
import sys
for name in sys.argv[1:]:
    with open("data/" + name, "w") as file:
        file.write(name)
"""


class Told(unittest.TestCase):
    """Many names in the first run, of which the second has one."""

    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="sm-told-"))
        (cls.place / "data").mkdir()
        (cls.place / "app.py").write_text(APP)
        cls.traces = [str(cls.place / name) for name in ("one.db", "two.db")]
        for trace, names in zip(cls.traces, (["ann", "bo", "cy", "di"],
                                             ["ann"])):
            subprocess.run([program("secmgr-record"), "-q", "-o", trace, "--",
                            PYTHON, "app.py", *names], check=True,
                           cwd=cls.place, env=environment())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    def learn(self, *arguments):
        return subprocess.run([program("secmgr-learn"), *map(str, arguments)],
                              capture_output=True, text=True, check=False,
                              env=environment())

    def run_ids(self, *traces):
        done = self.learn("--list-runs", *traces)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split()[0] for line in done.stdout.splitlines()]

    def test_excluded_run_says_what_stands_in_its_place(self):
        """A rule that goes may be another's that only became narrower."""
        first = self.run_ids(self.traces[0])[0]
        done = self.learn("--no-estimate", *self.traces, "--exclude-run",
                          first)
        told = done.stderr.split("these go:\n")[1]
        told, _, instead = told.partition(
            "in their place stand, for what other runs did:\n")
        all_rules, left = (dict(re.findall(
            r'"id": "(\w+)", "\w+": ("[^"]*")', text))
            for text in (self.learn("-q", *self.traces).stdout, done.stdout))
        for lines, rules in ((told, all_rules.items() - left.items()),
                             (instead, left.items() - all_rules.items())):
            self.assertEqual(sorted(rules), sorted(
                (line.split()[2], re.search('"[^"]*"', line)[0])
                for line in lines.splitlines() if line.count(" ") > 2
                and not line.endswith(":")))
        self.assertTrue(instead)

    def test_runs_are_listed_by_start_with_their_host(self):
        lines = self.learn("--list-runs", *reversed(self.traces)).stdout
        self.assertRegex(lines, r"\A(\w{16} \S+Z [\d.]+ s \d+ process(es)? "
                         r"\d+ events host [0-9a-f]{8} \S.*\n){2}\Z")
        starts = [line.split()[1] for line in lines.splitlines()]
        self.assertEqual(starts, sorted(starts))
        self.assertEqual(1, len({line.split(" host ")[1].split()[0]
                                 for line in lines.splitlines()}))

    def test_what_is_promised_may_be_asked_for(self):
        """A bound is rounded up: the figure that is told is one that holds."""
        done = self.learn(*self.traces)
        most = re.search("certainty at most ([0-9.]+)", done.stderr)[1]
        done = self.learn("-q", *self.traces, "--max-false-blocks", most)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        less = f"{float(most) / 2:g}"
        done = self.learn("-q", *self.traces, "--max-false-blocks", less)
        self.assertEqual(
            (1, f"secmgr-learn: up to {most} of 1000 events may be blocked in "
             f"error, more than the {less} of --max-false-blocks\n"),
            (done.returncode, done.stderr))

    def test_complaints_name_the_option_and_what_is_wrong(self):
        for arguments, told in (
                (["--exclude-run="], "--exclude-run: no run is named; see "
                 "secmgr-learn --help"),
                (["--quorum=9"], "--quorum: '9' is no number from 1 to 8, as "
                 "2 or 2:hosts; see secmgr-learn --help"),
                (["--max-false-blocks=x"], "--max-false-blocks: 'x' is no "
                 "number of 1000 events, as 0.5; see secmgr-learn --help"),
                (["--until=noon"], f"{self.traces[0]}: --until: 'noon' is no "
                 "time; write seconds since the start (12.5) or "
                 "2026-11-21T09:10:01Z"),
                (["--since=5", "--until=1"], "nothing was recorded in the time "
                 "that --since and --until leave"),
                (["--explain", "--output=x"],
                 "--explain writes no policy, which --output is for"),
                (["--explain", "--max-false-blocks=1"], "--explain writes no "
                 "policy, which --max-false-blocks is for")):
            done = self.learn(*arguments, self.traces[0])
            self.assertEqual((2, "", f"secmgr-learn: {told}\n"),
                             (done.returncode, done.stdout, done.stderr))


if __name__ == "__main__":
    unittest.main()

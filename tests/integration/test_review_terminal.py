# SPDX-License-Identifier: Apache-2.0
"""secmgr-policy review: questions at a terminal, a key for each answer."""
import os
import pty
import re
import select
import signal
import time
import unittest

import reviewed
import workloads


class Terminal(reviewed.ReviewCase):
    def at_terminal(self, keys, *arguments, ends=None):
        """Types each key once a question waits for it."""
        pid, terminal = pty.fork()
        if not pid:
            try:
                os.chdir(self.place)
                os.execve(workloads.program("secmgr-policy"),
                          ["secmgr-policy", "review", *arguments],
                          dict(workloads.environment(), EDITOR="./editor"))
            finally:
                os._exit(127)
        shown, asked, keys = b"", 0, list(keys)
        end = time.monotonic() + reviewed.WAIT_SECONDS
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the other side is closed
                break
            while shown.count(b"(?) ") > asked and keys:
                asked += 1
                key = keys.pop(0)
                if isinstance(key, signal.Signals):
                    os.kill(pid, key)
                else:
                    os.write(terminal, key)
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual([], keys)
        return (os.waitstatus_to_exitcode(status),
                shown.decode().replace("\r\n", "\n"))

    def test_a_key_answers_and_the_end_writes(self):
        status, shown = self.at_terminal([b"t", b"a", b"d"], "policy.json",
                                         "run.db")
        self.assertEqual(0, status, shown)
        self.assertIn("rule 1 of 2: wide\n", shown)
        self.assertEqual(["t", "a", "d"], re.findall(r"\(\?\) (.*)\n", shown))
        self.assertIn('instead   { "id": "media", "path": '
                      '"${APP}/media/<name>"', shown)
        self.assertTrue(shown.endswith(
            "policy.json: 0 allowed, 1 replaced, 1 denied, 0 removed, "
            "0 left\n"), shown)
        self.assertEqual("${APP}/media/<name>", self.rule("media")["path"])
        self.assertEqual("/etc/passwd", self.rule("pass", "deny")["path"])

    def test_enter_after_a_key_is_no_answer(self):
        status, shown = self.at_terminal([b"a\n", b"\na\n"], "policy.json",
                                         "run.db")
        self.assertEqual(0, status, shown)
        self.assertEqual(2, shown.count("(q)uit (?) "), shown)
        self.assertNotIn("quit: write nothing", shown)

    def test_bundles_are_asked_about_at_the_terminal(self):
        self.with_bundles()
        status, shown = self.at_terminal(
            [b"a", b"t", b"e", b"d"], "--base=old.json", "policy.json",
            "run.db")
        self.assertEqual(0, status, shown)
        self.assertIn("bundle 1 of 2: new\n  bundle    python-runtime: ",
                      shown)
        self.assertIn("resolver: 8 rules, used in these recordings: 0\n",
                      shown)
        self.assertIn("There is no tighter form of it.", shown)
        self.assertIn("A bundle stays or goes as a whole.", shown)
        self.assertIn("(i)gnore (b)ack", shown)
        self.assertIn("1 allowed, 0 replaced, 1 denied, 0 removed, 0 left",
                      shown)
        self.assertIn("python-runtime", self.read()["use"])
        self.assertNotIn("resolver", self.read()["use"])

    def test_steps_can_be_taken_back(self):
        status, shown = self.at_terminal(
            [b"t", b"t", b"t", b"b", b"a", b"b", b"x", b"i"], "policy.json",
            "run.db")
        self.assertEqual(1, status, shown)
        self.assertIn('"path": "${APP}/media/<name>.jpg"', shown)
        self.assertIn('"path": "${APP}/media/pic1.jpg"', shown)
        self.assertIsNone(self.rule("media"))
        self.assertIn("0 allowed, 0 replaced, 0 denied, 1 removed, 1 left",
                      shown)

    def test_a_rule_can_be_edited(self):
        editor = self.place / "editor"
        editor.write_text("#!/bin/sh\nsed -i 's,/media,/media-2,' \"$1\"\n")
        editor.chmod(0o755)
        status, shown = self.at_terminal([b"e", b"a", b"f"], "policy.json",
                                         "run.db")
        self.assertEqual(1, status, shown)
        self.assertEqual("${APP}/media-2/**", self.rule("media")["path"])
        self.assertIsNotNone(self.rule("pass"))

    def test_an_editor_may_write_no_newline_at_the_end(self):
        editor = self.place / "editor"
        editor.write_text("#!/bin/sh\nprintf %s \"$(sed s,/media,/media-2, "
                          "\"$1\")\" > \"$1\"\n")
        editor.chmod(0o755)
        status, shown = self.at_terminal([b"e", b"a", b"f"], "policy.json",
                                         "run.db")
        self.assertEqual(1, status, shown)
        self.assertEqual("${APP}/media-2/**", self.rule("media")["path"])

    def test_all_that_carries_no_risk_goes_with_one_key(self):
        policy = self.read()
        policy["files"] = [rule for rule in policy["files"]
                           if rule["id"] not in ("cache", "notes")]
        self.write(policy)
        status, shown = self.at_terminal([b"A", b"a", b"d", b"A"],
                                         "policy.json", "run.db")
        self.assertEqual(0, status, shown)
        self.assertIn("This one carries a risk", shown)
        self.assertIn("3 allowed, 0 replaced, 1 denied, 0 removed, 0 left",
                      shown)
        self.assertEqual(["${APP}/cache/<int>.json", "${APP}/notes.txt"],
                         sorted(rule["path"] for rule in self.read()["files"]
                                if rule["path"].startswith("${APP}")
                                and rule["id"] != "media"))

    def test_a_break_loses_nothing(self):
        before = (self.place / "policy.json").read_bytes()
        kept = self.place / "policy.json.review"
        for last, expected in ((b"\x03", -signal.SIGINT),
                               (signal.SIGTERM, -signal.SIGTERM),
                               (b"\x04", 1), (b"q", 1)):
            status, shown = self.at_terminal([b"t", b"a", last],
                                             "policy.json", "run.db")
            self.assertEqual(expected, status, shown)
            self.assertEqual(before, (self.place / "policy.json").read_bytes())
            self.assertIn("policy.json is unchanged; the answers so far are in "
                          "policy.json.review", shown)
            status, shown = self.at_terminal([b"q"], "policy.json", "run.db")
            self.assertIn("policy.json.review: going on with its answers",
                          shown)
            self.assertIn("rule 2 of 2", shown)
            self.assertNotIn("rule 1 of 2", shown)
            self.assertEqual(before, (self.place / "policy.json").read_bytes())
            if last != b"q":
                kept.unlink()
        status, shown = self.at_terminal([b"a"], "policy.json", "run.db")
        self.assertEqual(0, status, shown)
        self.assertEqual("${APP}/media/<name>", self.rule("media")["path"])
        self.assertFalse(kept.exists())

    def test_nobody_is_asked_where_nobody_is(self):
        self.assertEqual(
            (2, "", "secmgr-policy: 2 to review, and nobody to ask: this is no"
                    " terminal; use --list, --json or --apply\n"),
            self.review("policy.json", "run.db"))


if __name__ == "__main__":
    unittest.main()

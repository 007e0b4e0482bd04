# SPDX-License-Identifier: Apache-2.0
"""secmgr-policy review: answers from a file, and the policy they lead to."""
import json
import unittest

import reviewed


class Answers(reviewed.ReviewCase):
    def test_the_list_is_a_file_of_answers(self):
        before = (self.place / "policy.json").read_bytes()
        status, out, complaint = self.review("--list", "policy.json", "run.db")
        self.assertEqual((1, ""), (status, complaint))
        lines = [line for line in out.splitlines()
                 if line and not line.startswith("#")]
        self.assertEqual(["policy", "ignore", "ignore"],
                         [line.split()[0] for line in lines])
        self.assertEqual(
            (1, "policy.json: 0 allowed, 0 replaced, 0 denied, 0 removed, "
                "2 left\n", ""),
            self.review("--apply", "-", "policy.json", "run.db", input=out))
        self.assertEqual(before, (self.place / "policy.json").read_bytes())
        out = out.replace("ignore media", "tighter media").replace(
            "ignore pass", "deny pass")
        status, told, complaint = self.review(
            "--apply", "-", "policy.json", "run.db", input=out)
        self.assertEqual(
            (0, "policy.json: 0 allowed, 1 replaced, 1 denied, 0 removed, "
                "0 left\n", ""), (status, told, complaint))
        self.assertEqual("${APP}/media/<name>", self.rule("media")["path"])
        self.assertIsNone(self.rule("pass"))
        self.assertEqual(["direct"], self.rule("pass", "deny")["via"])
        self.assertNotIn("review", self.read())
        done = self.tool("secmgr-policy", "fmt", "--check", "policy.json")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        status, _, complaint = self.review("--apply", "-", "policy.json",
                                           "run.db", input=out)
        self.assertEqual(
            (2, "secmgr-policy: <stdin>:2: these answers are about another "
                "version of the policy\n"), (status, complaint))

    def test_every_answer_does_what_it_says(self):
        for answer, left in (("allow", "/media/**"), ("remove", None),
                             ("tighter", "/media/<name>")):
            self.setUp()
            self.assertEqual(1, self.apply(f"{answer} media", "run.db")[0])
            rule = self.rule("media")
            self.assertEqual(left and "${APP}" + left, rule and rule["path"])
            self.assertEqual([{"id": "pass", "reason": "accounts"}],
                             self.read()["review"])
        self.setUp()
        rules = ('{ "path": "${APP}/media/a.jpg", "access": ["read"] }',
                 '{ "path": "${APP}/media/b.jpg", "access": ["read"] }')
        self.apply("\n".join(f"replace media {rule}" for rule in rules),
                   "run.db")
        self.assertEqual(
            [("media", "${APP}/media/a.jpg"), ("media-2", "${APP}/media/b.jpg")],
            [(rule["id"], rule["path"]) for rule in self.read()["files"]
             if rule["id"].startswith("media")])

    def test_answers_that_cannot_be_followed_change_nothing(self):
        before = (self.place / "policy.json").read_bytes()
        for answers, complaint in (
                ("allow f99", '2: nothing is asked about a rule "f99"; give '
                 'the traces, --base or --all that the answers were listed '
                 'with'),
                ("permit media", '2: "permit" is none of allow, tighter, '
                 'looser, deny, remove, ignore, replace'),
                ("allow", '2: "allow" of which rule?'),
                ("allow media pass", '2: what is "pass"?'),
                ("allow media\nlooser pass", '3: "pass" has no looser form '
                 'here'),
                ("replace pass {}", "2: the rule of files names nothing"),
                ('replace pass { "path": "x", "access": ["read"] }', "2: "),
                ("replace pass", "2: not one rule of files")):
            status, _, told = self.apply(answers, "run.db")
            self.assertEqual(2, status)
            self.assertIn(f"secmgr-policy: answers:{complaint}", told)
            self.assertEqual(before, (self.place / "policy.json").read_bytes())
        (self.place / "answers").write_text("allow media\n")
        self.assertEqual(
            (2, "", "secmgr-policy: answers:1: no line \"policy DIGEST\": no "
                    "answers\n"),
            self.review("--apply", "answers", "policy.json", "run.db"))
        self.assertEqual(
            (2, "", "secmgr-policy: one of --list, --json, --explain and "
                    "--apply\n"),
            self.review("--apply", "answers", "--list", "policy.json"))

    def test_steps_are_proved_narrower_and_wider(self):
        asked = self.questions("--all", "policy.json", "run.db")
        steps = {"tighter": 0, "looser": 0}
        for name, one in asked.items():
            for kind in steps:
                if not one[kind]:
                    continue
                steps[kind] += 1
                for path, rules in (("old.json", [one["rule"]]),
                                    ("step.json", one[kind])):
                    self.write({"secmgr": 1, one["family"]: rules,
                                "variables": self.read()["variables"]}, path)
                old, new = ("old.json", "step.json")
                if kind == "looser":
                    old, new = new, old
                done = self.tool("secmgr-policy", "diff", "--json", old, new)
                changes = {change["change"] for change
                           in json.loads(done.stdout)["changes"]}
                self.assertEqual({"narrower"}, changes, (name, kind))
                self.setUp()
                self.apply(f"{kind} {name}", "--all", "run.db")
                done = self.tool("secmgr-replay", "-q", "policy.json",
                                 "run.db")
                self.assertEqual(0, done.returncode, (name, kind))
        self.assertGreater(steps["tighter"], 1)
        self.assertGreater(steps["looser"], 1)

    def test_unused_accesses_go_first_then_slots_narrow(self):
        policy = self.read()
        policy["review"] = [{"id": "cache", "reason": "wide"}]
        self.write(policy)
        expected = [(["write", "create"], ["<name>.json"]),
                    (["write", "create"], ["17.json", "23.json", "99.json"])]
        for access, names in expected:
            asked = self.questions("policy.json", "run.db")
            self.assertEqual(["cache"], list(asked))
            one = asked["cache"]
            self.assertEqual([f"${{APP}}/cache/{name}" for name in names],
                             [rule["path"] for rule in one["tighter"]])
            self.assertEqual(access, one["tighter"][0]["access"])
            self.apply("tighter cache", "run.db")
            policy = self.read()
            policy["review"] = [{"id": "cache", "reason": "wide"}]
            self.write(policy)

    def test_ids_and_order_survive_learning_again(self):
        text = (self.place / "learned.json").read_text()
        (self.place / "app.py").write_text(
            reviewed.CODE + 'open("cache/more.txt", "w").close()\n')
        try:
            self.record("more.db")
        finally:
            (self.place / "app.py").write_text(reviewed.CODE)
        old = [line.rstrip(",") for line in text.splitlines()]
        for more in ([], ["--base=learned.json"]):
            done = self.tool("secmgr-learn", "-q", "--no-estimate", "-o",
                             "again.json", *more, "run.db", "more.db")
            self.assertEqual(0, done.returncode, done.stderr)
            new = [line.rstrip(",") for line in
                   (self.place / "again.json").read_text().splitlines()]
            added = [line for line in new if line not in old]
            self.assertEqual(1, len(added), added)
            self.assertIn("cache/more.txt", added[0])
            self.assertEqual(old, [line for line in new if line not in added])

    def test_a_review_changes_no_other_line(self):
        policy = self.read()
        before = (self.place / "policy.json").read_text().splitlines()
        self.assertNotEqual(sorted(rule["path"] for rule in policy["files"]),
                            [rule["path"] for rule in policy["files"]])
        self.apply("tighter media", "run.db")
        after = (self.place / "policy.json").read_text().splitlines()
        self.assertEqual(len(before) - 1, len(after))  # of review
        self.assertEqual(
            [line.replace("/media/**", "/media/<name>") for line in before
             if '"reason": "wide"' not in line],
            after)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""secmgr-policy review: what it asks, and by which evidence."""
import json
import subprocess
import unittest

import reviewed
import workloads


class Questions(reviewed.ReviewCase):
    def test_risky_rules_are_asked_about_with_their_evidence(self):
        asked = self.questions("policy.json", "run.db")
        self.assertEqual(["media", "pass"], sorted(asked))
        media = asked["media"]
        self.assertEqual(("wide", "old"), (media["risk"], media["state"]))
        seen = media["seen"]
        self.assertEqual((3, 3, 1, 1), (seen["events"], seen["distinct"],
                                        seen["recordings"],
                                        seen["processes"]))
        self.assertEqual([f"{self.place}/media/pic{n}.jpg" for n in (1, 2, 3)],
                         [one["value"] for one in seen["values"]])
        self.assertEqual((f"{self.place}/app.py", 4, "run.db"),
                         (seen["first"]["file"], seen["first"]["line"],
                          seen["first"]["trace"]))
        self.assertIn("files here that match: 4, never seen: 1",
                      media["exposure"])
        self.assertEqual(["${APP}/media/<name>"],
                         [rule["path"] for rule in media["tighter"]])
        self.assertEqual([["direct"]],
                         [rule["via"] for rule in media["deny"]])
        self.assertEqual(("this path only", [], []),
                         tuple(asked["pass"][key] for key in
                               ("exposure", "tighter", "looser")))

    def test_without_a_recording_there_is_no_tighter_form(self):
        asked = self.questions("policy.json")
        self.assertEqual([], asked["media"]["tighter"])
        self.assertEqual(0, asked["media"]["seen"]["events"])

    def test_what_an_older_policy_lacks_is_new(self):
        policy = self.read()
        policy["review"] = []
        old = json.loads(json.dumps(policy))
        old["files"] = [rule for rule in old["files"]
                        if rule["id"] not in ("notes", "pass")]
        # The same under another id, and one that a wider rule covers.
        next(rule for rule in old["files"]
             if rule["id"] == "cache")["id"] = "c-1"
        policy["files"].append(
            {"id": "less", "path": "${APP}/media/pic1.jpg",
             "access": ["read"], "by": ["app"]})
        self.write(policy)
        self.write(old, "old.json")
        asked = self.questions("--base=old.json", "policy.json", "run.db")
        self.assertEqual({"notes": "new", "pass": "new"},
                         {name: one["state"] for name, one in asked.items()})
        self.assertEqual({}, self.questions("policy.json", "run.db"))
        self.assertEqual((0, "policy.json: nothing to review\n", ""),
                         self.review("policy.json", "run.db"))

    def test_bundles_an_older_policy_lacks_are_asked_about(self):
        old = self.with_bundles()
        asked = self.questions("--base=old.json", "policy.json", "run.db")
        self.assertEqual(["bundle:python-runtime", "bundle:resolver"],
                         list(asked))
        resolver = asked["bundle:resolver"]
        self.assertEqual(("resolver", "new"),
                         (resolver["bundle"], resolver["state"]))
        self.assertEqual(["/etc/resolv.conf", "localhost"],
                         [rule["rule"].get("path", rule["rule"].get("resolve"))
                          for rule in resolver["grants"]
                          if rule["rule"]["id"] in ("resolv-conf",
                                                    "localhost")])
        self.assertEqual(({0}, 8), (
            {rule["seen"]["events"] for rule in resolver["grants"]},
            len(resolver["grants"])))
        seen = {rule["rule"]["id"]: rule["seen"]["events"] for rule in
                asked["bundle:python-runtime"]["grants"]}
        self.assertGreater(seen["stdlib"], 0)
        self.assertEqual({}, self.questions("policy.json", "run.db"))
        # The same as rules of one's own is nothing new.
        for rule in resolver["grants"]:
            old.setdefault(rule["family"], []).append(
                dict(rule["rule"], id="own-" + rule["rule"]["id"]))
        self.write(old, "old.json")
        self.assertEqual(
            ["bundle:python-runtime"],
            list(self.questions("--base=old.json", "policy.json")))

    def test_bundles_that_recordings_ask_for_are_proposed(self):
        old = self.with_bundles()
        used = ["python-runtime"]
        stdlib = old["variables"].pop("STDLIB")
        for answer, left in (("ignore", []), ("remove", []), ("allow", used)):
            self.write(old)
            asked = self.questions("policy.json", "run.db")
            self.assertEqual(["bundle:python-runtime"],
                             [name for name in asked if ":" in name])
            self.assertEqual("proposed",
                             asked["bundle:python-runtime"]["state"])
            status, _, told = self.apply(
                "\n".join(f"{answer} {name}" for name in asked), "run.db")
            self.assertEqual((int(answer == "ignore"), ""), (status, told))
            self.assertEqual(left, [name for name in self.read().get("use", ())
                                    if name in used])
            self.assertEqual(stdlib if left else None,
                             self.read()["variables"].get("STDLIB"))
        done = self.tool("secmgr-policy", "fmt", "--check", "policy.json")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual({}, self.questions("policy.json", "run.db"))
        done = self.tool("secmgr-replay", "-q", "policy.json", "run.db")
        self.assertEqual(0, done.returncode, done.stdout)

    def test_bundles_stay_or_go_as_a_whole(self):
        self.with_bundles()
        both = ["python-runtime", "resolver"]
        for answer, left in (("allow", both), ("ignore", both),
                             ("deny", both[:1]), ("remove", both[:1])):
            self.setUp()
            self.with_bundles()
            before = self.read()
            _, out, _ = self.review("--list", "--base=old.json", "policy.json")
            self.assertIn("\n# bundle 2 of 2: new\n"
                          "#   bundle    resolver: 8 rules\n", out)
            self.assertIn("\nignore bundle:resolver\n", out)
            out = out.replace("ignore bundle:python-runtime",
                              "allow bundle:python-runtime").replace(
                "ignore bundle:resolver", f"{answer} bundle:resolver")
            status, _, told = self.review("--apply", "-", "--base=old.json",
                                          "policy.json", input=out)
            self.assertEqual((int(answer == "ignore"), ""), (status, told))
            after = self.read()
            self.assertEqual(left, [name for name in after["use"]
                                    if name in both])
            self.assertEqual(dict(before, use=after["use"]), after)
        self.with_bundles()
        _, out, _ = self.review("--list", "--base=old.json", "policy.json")
        for answer, complaint in (
                ("tighter bundle:resolver",
                 '"bundle:resolver" has no tighter form here'),
                ("replace bundle:resolver {}",
                 '"bundle:resolver" is no rule that could be replaced'),
                ("allow bundle:tls",
                 'nothing is asked about a rule "bundle:tls"')):
            status, _, told = self.review(
                "--apply", "-", "--base=old.json", "policy.json",
                input=out.replace("ignore bundle:resolver", answer))
            self.assertEqual(2, status)
            self.assertIn(complaint, told)

    def test_what_recordings_ask_for_is_proposed(self):
        policy = self.read()
        policy["files"] = [rule for rule in policy["files"]
                           if rule["id"] not in ("cache", "pass")]
        policy["review"] = []
        self.write(policy)
        asked = self.questions("policy.json", "run.db")
        self.assertEqual(
            {"${APP}/cache/<int>.json": ("proposed", ""),
             "/etc/passwd": ("proposed", "key material or accounts")},
            {one["rule"]["path"]: (one["state"], one["risk"])
             for one in asked.values()})
        names = {one["rule"]["path"]: name for name, one in asked.items()}
        cache = names["${APP}/cache/<int>.json"]
        status, out, complaint = self.apply(f"allow {cache}", "run.db")
        self.assertEqual(
            (1, "policy.json: 1 allowed, 0 replaced, 0 denied, 0 removed, "
                "1 left\n", ""), (status, out, complaint))
        self.assertEqual(["write", "create"], self.rule(cache)["access"])
        self.assertIsNone(self.rule(names["/etc/passwd"]))
        self.assertNotIn("review", self.read())
        left = names["/etc/passwd"]
        self.assertEqual([left], list(self.questions("policy.json", "run.db")))
        self.assertEqual(0, self.apply(f"deny {left}", "run.db")[0])
        self.assertEqual({}, self.questions("policy.json", "run.db"))

    def test_what_was_stopped_is_asked_about(self):
        policy = self.read()
        policy["files"] = [rule for rule in policy["files"]
                           if rule["id"] != "notes"]
        policy["review"] = []
        self.write(policy)
        done = self.tool("secmgr-enforce", "--force", "-p", "policy.json",
                         "-o", "stopped.db", "--", workloads.PYTHON, "app.py")
        self.assertEqual(1, done.returncode, done.stderr)
        asked = self.questions("policy.json", "stopped.db")
        self.assertEqual([("${APP}/notes.txt", "proposed", 1)],
                         [(one["rule"].get("path"), one["state"],
                           one["seen"]["stopped"]) for one in asked.values()])

    def test_explain_tells_what_slots_stood_for(self):
        status, out, complaint = self.review("--explain", "policy.json",
                                             "run.db")
        self.assertEqual((0, ""), (status, complaint))
        self.assertEqual(sum(len(self.read().get(section, ())) for section in
                             ("files", "network", "processes", "code",
                              "pickles", "native", "events")),
                         out.count("  rule      { "))
        self.assertIn("            <name>.json stood for 3 values: 17.json, "
                      "23.json, 99.json\n", out)
        self.assertIn("            ** stood for 3 values: pic1.jpg, pic2.jpg, "
                      "pic3.jpg\n", out)
        self.assertIn("first in run.db event 1:", out)
        (self.place / "app.py").write_text(
            reviewed.CODE.replace('"pic3"', '"unseen"'))
        try:
            self.record("more.db")
        finally:
            (self.place / "app.py").write_text(reviewed.CODE)
        _, out, _ = self.review("--explain", "policy.json", "run.db",
                                "more.db")
        self.assertIn("            ** stood for 4 values (2 in more than one "
                      "recording): pic1.jpg, pic2.jpg, pic3.jpg, unseen.jpg\n",
                      out)
        self.assertRegex(out, r"  seen      6 times, 4 different, by 2 "
                         r"processes in 2 of 2 recordings, ")

    def test_application_code_loads_each_part_by_its_own_rule(self):
        """Who imports it is the application only by another rule's grace."""
        asked = self.questions("--all", "policy.json", "run.db")
        seen = {one["rule"].get("load"): one["seen"]["distinct"]
                for one in asked.values() if one["family"] == "code"}
        self.assertEqual((1, 1), (seen["${APP}/app.py"],
                                  seen["${APP}/parts.py"]))

    def test_a_library_without_a_name_is_shown(self):
        """The program itself, which ctypes opens by the empty name."""
        trace = self.place / "itself.db"
        subprocess.run([workloads.program("secmgr-record"), "-q", "-o", trace,
                        "--", workloads.PYTHON, "-c",
                        "import ctypes; ctypes.CDLL(None)"], check=True,
                       env=workloads.environment())
        policy = subprocess.run([workloads.program("secmgr-learn"), "-q",
                                 trace], check=True, stdout=subprocess.PIPE)
        (self.place / "itself.json").write_bytes(policy.stdout)
        done = subprocess.run([workloads.program("secmgr-policy"), "review",
                               "--list", "itself.json", "itself.db"],
                              cwd=self.place, capture_output=True, text=True)
        self.assertRegex(done.stdout, r'(?m)^# {13}\d  ""$')


if __name__ == "__main__":
    unittest.main()

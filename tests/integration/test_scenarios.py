# SPDX-License-Identifier: Apache-2.0
"""make learn-bench measures what it says, on scenarios made up here."""
import pathlib
import shutil
import sys
import tempfile
import textwrap
import unittest

import workloads

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "scenarios"))
import run  # noqa: E402  pylint: disable=wrong-import-position

# Keeps notes; a note's name may lead anywhere.
APP = '''
import os
import sys

verb, name = sys.argv[1:]
path = os.path.join("data", name)
if verb == "keep":
    with open(path, "w") as file:
        file.write("kept\\n")
with open(path) as file:
    print(file.read())
'''
SCENARIO = '''
import stage


class Notes(stage.Program):
    """Notes."""

    def arrange(self):
        stage.write(self.srv / "data/first.txt", "kept")

    def keeps(self, name):
        status, output = self.run(self.python, "notes.py", "keep", name)
        self.expect(f"keep {name}", status == 0 and "kept" in output, output)

    def train(self, day):
        for name in ("anna ben carla", "dora emil fritz",
                     "gustav hanna ida")[day - 1].split():
            self.keeps(f"{name}.txt")
        self.keeps("first.txt")

    def benign(self):
        self.keeps("zoe.txt")
        self.keeps("hans peter.txt")

    def health(self):
        self.keeps("first.txt")

    def reads(self, name):
        return stage.SECRET in self.run(
            self.python, "notes.py", "show", name)[1]

    @stage.attack("traversal")
    def name_is_a_key(self):
        return self.reads("../../home/.ssh/id_rsa")

    @stage.attack("secret disclosure")
    def name_is_the_payroll(self):
        # Attackers' clients fall over refusals.
        status, _ = self.run(self.python, "notes.py", "show",
                             "../../payroll/2026.csv")
        return {0: True}[status]
'''
NOT_AN_ATTACK = '''
    @stage.attack("traversal")
    def name_is_a_directory(self):
        return self.reads("../../home/.ssh")
'''
WRONG_ONCE = '''
    @stage.attack("traversal")
    def name_is_late(self):
        tried = self.folder / "tried"
        is_late = not tried.exists()
        tried.touch()
        return not is_late and self.name_is_a_key()
'''
KEPT_FROM_WORKING = '''
    def health(self):
        self.expect("starts", self.run("/bin/true")[0] == 0)
        self.expect("reads", "boss" in self.run(
            self.python, "notes.py", "show", "../../payroll/2026.csv")[1])
'''
FAILS_ANYWAY = '''
    def benign(self):
        self.expect("shows", self.run(
            self.python, "notes.py", "show", "none.txt")[0] == 0)
'''


class Scenarios(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-scenario-"))
        self.addCleanup(shutil.rmtree, self.place)
        (self.place / "bin").symlink_to(workloads.BUILD / "bin")

    def measured(self, *more, wanted=("learned",)):
        """more: methods that are added, or replace those of SCENARIO."""
        folder = self.place / "notes"
        (folder / "app").mkdir(parents=True)
        (folder / "app/notes.py").write_text(APP)
        (folder / "scenario.py").write_text(SCENARIO + "".join(
            textwrap.indent(textwrap.dedent(text), "    ") for text in more))
        return run.measure(self.place, folder, list(wanted))

    def test_false_blocks_and_stopped_attacks_are_counted(self):
        result = self.measured(wanted=run.POLICIES)
        self.assertEqual([], result["wrong"])
        self.assertEqual(result["attacks"], {
            "name_is_a_key": "traversal",
            "name_is_the_payroll": "secret disclosure"})
        learned = result["policies"]["learned"]
        exact = result["policies"]["exact"]
        with self.subTest("what is learned works, and stops"):
            self.assertEqual(
                ([], [], [], 2),
                (learned["offline_denials"], learned["online_denials"],
                 learned["online_complaints"], learned["stopped"]), learned)
            self.assertTrue(run.report.works(learned))
        with self.subTest("an exact list breaks each new name"):
            # Written and read: the first is denied online, so that the
            # second does not come about.
            self.assertEqual(4, exact["offline"], exact)
            self.assertEqual(2, len(exact["online_denials"]), exact)
            self.assertEqual(2, len(exact["online_complaints"]), exact)
            self.assertEqual(4, exact["online"])
            self.assertFalse(run.report.works(exact))
        with self.subTest("every policy is held to the same attacks"):
            for name, figures in result["policies"].items():
                self.assertEqual(figures["attacks"],
                                 {"name_is_a_key": "stopped",
                                  "name_is_the_payroll": "stopped"}, name)

    def test_bounds_are_held_against_days_left_out(self):
        calibration = self.measured()["calibration"]
        self.assertEqual(len(run.DAYS), len(calibration["days"]))
        for case in (*calibration["days"], calibration["benign"]):
            self.assertEqual({"", "files", "network", "processes", "code",
                              "pickles", "native", "events"}, set(case))
            for blocked, at_most in case.values():
                self.assertEqual(0, blocked)
                self.assertGreater(at_most, 0)

    def test_attack_that_does_not_succeed_bare_is_an_error(self):
        result = self.measured(NOT_AN_ATTACK)
        self.assertEqual(run.TRIES, len(result["wrong"]))
        for wrong in result["wrong"]:
            self.assertIn("do not succeed: name_is_a_directory (stopped)",
                          wrong)
        self.assertNotIn("policies", result)

    def test_what_was_wrong_once_is_played_again(self):
        result = self.measured(WRONG_ONCE)
        self.assertEqual(1, len(result["wrong"]), result["wrong"])
        self.assertIn("name_is_late", result["wrong"][0])
        self.assertEqual(3, result["policies"]["learned"]["stopped"])

    def test_benign_use_that_fails_bare_is_an_error(self):
        self.assertIn("shows", self.measured(FAILS_ANYWAY)["wrong"][0])

    def test_attack_on_a_broken_program_is_not_stopped(self):
        learned = self.measured(KEPT_FROM_WORKING)["policies"]["learned"]
        self.assertEqual(0, learned["stopped"])
        with self.subTest("the health check's complaint is told"):
            self.assertEqual(
                dict.fromkeys(
                    ("name_is_a_key", "name_is_the_payroll"),
                    "unhealthy (before any attack: starts: ; reads: )"),
                learned["attacks"])

    def test_every_scenario_of_the_repository_can_be_played(self):
        """The programs themselves need packages that make check does not."""
        names = run.folders()
        kinds = {}
        for name, folder in names.items():
            with self.subTest(name):
                scenario = run.load(folder)
                attacks = run.stage.attacks_of(scenario)
                self.assertGreaterEqual(len(attacks), 10)
                kinds.update((getattr(scenario, attack).kind, attack)
                             for attack in attacks)
        held_back = [folder for folder in names.values()
                     if folder.parent == run.HELD_BACK]
        self.assertGreaterEqual(len(names), 10)
        self.assertGreaterEqual(len(held_back), len(names) // 5)
        self.assertGreaterEqual(len(kinds), 15, sorted(kinds))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""What a lexical decision adds to a recorded event, in instructions.

Each event asks for a file nobody has asked for before, but for the one that is
asked for again. Policies have 10 and 10,000 rules, as those that `make bench`
times.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from workloads import PYTHON, build_extension, environment, program

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bench"))
import paths  # noqa: E402

LIMIT = 400
# How many rules, and whether for deep paths.
POLICIES = (10, False), (10000, False), (10, True), (10000, True)
# The least of a few. An instruction that is counted takes 20 microseconds.
EACH = 2
KINDS = {0: "a file", 6: "a directory's files", 8: "a typed name",
         9: "all below a directory"}

APP = """\
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("steps", sys.argv[1])
steps = importlib.util.module_from_spec(spec)
spec.loader.exec_module(steps)
failed = steps.setup()
if failed:
    print(json.dumps({"errno": failed}))
    sys.exit()
asked = json.loads(open(sys.argv[2]).read())
for at in range(100):
    steps.count("/srv/shop/warm-up", "r", 0, at == 99)
print(json.dumps({name: min(steps.count(path, "r", 0, True) for path in paths)
                  for name, paths in asked.items()}))
"""


def asked(count, deep):
    """Paths by the kind of the rule that allows them."""
    made = {kind: [] for kind in range(10)}
    for number, (_, _, make) in enumerate(paths.rules(count, deep)):
        made[number % 10].append(make)
    what = f"{count} {'deep ' if deep else ''}rules"
    out = {f"{what}, one path again": [made[1][0](0)] * EACH}
    for kind, name in KINDS.items():
        makes = made[kind][::max(1, len(made[kind]) // EACH)]
        out[f"{what}, {name}"] = [makes[n % len(makes)](1000 + n)
                                  for n in range(EACH)]
    return out


class Cost(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-cost-"))
        cls.addClassCleanup(shutil.rmtree, cls.place)
        (cls.place / "app.py").write_text(APP)
        cls.library = cls.place / "steps.so"
        build_extension(HERE / "steps.c", cls.library)
        cls.run_app("nothing", {}, program("secmgr-record"), "-q", "-o",
                    "learned.db")
        cls.learned = json.loads(subprocess.check_output(
            [program("secmgr-learn"), "learned.db"], cwd=cls.place,
            stderr=subprocess.DEVNULL))
        both = {name: list_ for policy in POLICIES
                for name, list_ in asked(*policy).items()}
        cls.recorded = cls.run_app("both", both, program("secmgr-record"),
                                   "-q", "-o", "recorded.db")

    @classmethod
    def run_app(cls, name, files, *wrapper):
        (cls.place / f"{name}.asked").write_text(json.dumps(files))
        done = subprocess.run(
            [str(word) for word in (*wrapper, "--", PYTHON, "app.py",
                                    cls.library, f"{name}.asked")],
            cwd=cls.place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, check=True, env=environment())
        counts = json.loads(done.stdout)
        if "errno" in counts:
            raise unittest.SkipTest("instructions are counted on x86-64 only")
        return counts

    def assert_cheap(self, count, deep):
        name = f"{count}-{deep}"
        rules = paths.file_rules(count, deep)
        rules.append({"id": "asked", "path": f"{self.place}/{name}.asked",
                      "access": ["read"], "by": ["app"]})
        policy = self.place / f"{name}.json"
        policy.write_text(json.dumps(
            {**self.learned, "files": self.learned["files"] + rules}))
        enforced = self.run_app(name, asked(count, deep),
                                program("secmgr-enforce"), "-q", "--policy",
                                policy, "-o", f"{name}.db")
        more = {name: steps - self.recorded[name]
                for name, steps in enforced.items()}
        self.assertEqual(len(more), 1 + len(KINDS))
        # Deciding is not free: it was counted.
        self.assertGreater(min(more.values()), 100, more)
        self.assertLessEqual(max(more.values()), LIMIT, more)

    def test_with_ten_rules(self):
        self.assert_cheap(10, False)

    def test_with_ten_thousand_rules(self):
        self.assert_cheap(10000, False)

    def test_with_ten_rules_for_deep_paths(self):
        self.assert_cheap(10, True)

    def test_with_ten_thousand_rules_for_deep_paths(self):
        self.assert_cheap(10000, True)


if __name__ == "__main__":
    unittest.main()

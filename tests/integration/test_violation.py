# SPDX-License-Identifier: Apache-2.0
"""What a denied operation raises: one type, a PermissionError wherever it
travels; secmgr.PolicyViolation where the package is installed. And modes."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import workloads

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Beside the usual one those SM_TEST_PYTHONS names, separated by colons.
PYTHONS = [workloads.PYTHON] + [
    path for path in os.environ.get("SM_TEST_PYTHONS", "").split(":") if path]
FAMILIES = ("files", "network", "processes", "code", "pickles", "native",
            "events")


class Violation(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-raise-"))
        self.addCleanup(shutil.rmtree, self.place, True)
        self.policy = self.place / "policy.json"
        self.policy.write_text(json.dumps({
            "secmgr": 1,
            "modes": {**dict.fromkeys(FAMILIES, "off"), "events": "block"},
            "deny": [{"id": "no1", "name": "shop.refund"}]}))

    def enforce(self, code, *options, python=workloads.PYTHON, package=True,
                status=0):
        script = self.place / "script.py"
        script.write_text(code)
        environment = workloads.environment()
        if package:
            environment["PYTHONPATH"] = str(ROOT / "tools/python")
        done = subprocess.run(
            [workloads.program("secmgr-enforce"), "-p", self.policy, *options,
             "--", python, "-B", script], cwd=self.place, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertEqual(status, done.returncode,
                         f"{python}: {done.stdout}{done.stderr}")
        return done

    def test_it_is_the_packages_type_whichever_came_first(self):
        for python in PYTHONS:
            for early, late in (("import secmgr", "pass"),
                                ("pass", "import secmgr")):
                self.enforce(
                    f"import sys\n{early}\n"
                    "def ask():\n"
                    "    try: sys.audit('shop.refund', 7)\n"
                    "    except PermissionError as error: return error\n"
                    f"first = ask()\n{late}\n"
                    "for error in first, ask():\n"
                    "    assert type(error) is secmgr.PolicyViolation, error\n"
                    "    assert error.errno == 13, error\n", python=python)

    def test_without_the_package_it_is_a_permission_error(self):
        for python in PYTHONS:
            self.enforce(
                "import sys\n"
                "try: sys.audit('shop.refund', 7)\n"
                "except PermissionError as error:\n"
                "    assert type(error).__name__ == 'PolicyViolation'\n"
                "else: sys.exit('not raised')\n",
                python=python, package=False)

    def test_something_else_called_secmgr_changes_nothing(self):
        for other in ("object()", "None", "type('m', (), "
                      "{'PolicyViolation': ValueError})"):
            self.enforce(
                f"import sys\nsys.modules['secmgr'] = {other}\n"
                "try: sys.audit('shop.refund', 7)\n"
                "except PermissionError as error:\n"
                "    assert type(error).__module__ == 'secmgr'\n"
                "else: sys.exit('not raised')\n", package=False)

    def test_it_survives_pickling_through_pools(self):
        for python in PYTHONS:
            for early in ("import secmgr", "pass"):
                self.enforce(
                    f"import sys\n{early}\n"
                    "import multiprocessing, concurrent.futures as futures\n"
                    "def ask(n): sys.audit('shop.refund', n)\n"
                    "def check(call, *arguments):\n"
                    "    try: call(*arguments)\n"
                    "    except PermissionError as error:\n"
                    "        assert 'shop.refund' in str(error), error\n"
                    "        assert error.errno == 13, error\n"
                    "    else: sys.exit('not raised')\n"
                    "if __name__ == '__main__':\n"
                    "    fork = multiprocessing.get_context('fork')\n"
                    "    with fork.Pool(1) as pool:\n"
                    "        check(pool.map, ask, [1])\n"
                    "    with futures.ProcessPoolExecutor(\n"
                    "            1, mp_context=fork) as pool:\n"
                    "        check(pool.submit(ask, 2).result)\n",
                    python=python)

    def test_the_message_says_what_who_and_which_event(self):
        done = self.enforce("import sys; sys.audit('shop.refund', 7)",
                            status=1)
        last = [line for line in done.stderr.splitlines()
                if line.startswith("secmgr.PolicyViolation")][0]
        for part in ("events", "shop.refund", "app", "no1", "event "):
            self.assertIn(part, last)

    def test_a_familys_mode_can_be_given_at_the_start(self):
        ask = "import sys; sys.audit('shop.refund', 7)"
        self.enforce(ask, status=1)
        done = self.enforce(ask, "--mode", "events=warn")
        self.assertIn("would be denied", done.stderr)
        done = self.enforce(ask, "--mode", "events=off")
        self.assertEqual("", done.stderr)
        self.enforce(ask, "--mode", "files=warn", "--mode", "code=warn",
                     status=1)
        done = self.enforce(ask, "--mode", "event=warn", status=125)
        self.assertIn("FAMILY=MODE", done.stderr)

    def test_pip_installs_it_without_a_network(self):
        for source in ("tools/python", "."):
            # pip builds in the tree: a copy keeps the tree clean.
            tree = self.place / "tree"
            shutil.rmtree(tree, ignore_errors=True)
            tree.mkdir()
            shutil.copy(ROOT / "setup.py", tree)
            shutil.copytree(ROOT / "tools/python", tree / "tools/python")
            target = self.place / "target"
            shutil.rmtree(target, ignore_errors=True)
            subprocess.run(
                ["/usr/bin/python3", "-m", "pip", "install", "--no-index",
                 "--no-build-isolation", "--no-deps", "--quiet", "--target",
                 target, tree / source], check=True, timeout=120,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertTrue((target / "secmgr/__init__.py").exists(), source)


if __name__ == "__main__":
    unittest.main()

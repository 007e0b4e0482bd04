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
        # Where the type can be imported it is kept.
        code = (
            "{early}\n"
            "import multiprocessing, concurrent.futures as futures, sys\n"
            "{late}\n"
            "def ask(n): sys.audit('shop.refund', n)\n"
            "def check(call, *arguments):\n"
            "    try: call(*arguments)\n"
            "    except PermissionError as error:\n"
            "        assert 'shop.refund' in str(error), error\n"
            "        assert error.errno == 13, error\n"
            "        assert error.filename == 'shop.refund', error\n"
            "        assert type(error) is {kind}, type(error)\n"
            "    else: sys.exit('not raised')\n"
            "if __name__ == '__main__':\n"
            "    for how in 'fork', 'spawn', 'forkserver':\n"
            "        context = multiprocessing.get_context(how)\n"
            "        with context.Pool(1) as pool:\n"
            "            check(pool.map, ask, [1])\n"
            "            check(pool.apply_async(ask, [3]).get)\n"
            "        with futures.ProcessPoolExecutor(\n"
            "                1, mp_context=context) as pool:\n"
            "            check(pool.submit(ask, 2).result)\n")
        denial = ("import sys\ntry: sys.audit('shop.refund', 0)\n"
                  "except PermissionError: pass")
        for python in PYTHONS:
            for early, late, kind in (
                    ("pass", "pass", "PermissionError"),
                    ("import secmgr", "pass", "secmgr.PolicyViolation"),
                    (denial, "import secmgr", "secmgr.PolicyViolation")):
                self.enforce(code.format(early=early, late=late, kind=kind),
                             python=python)

    def test_copies_are_what_they_copy(self):
        self.policy.write_text(json.dumps({
            "secmgr": 1,
            "modes": {**dict.fromkeys(FAMILIES, "off"), "files": "block",
                      "events": "block"},
            "files": [{"path": "/**", "access": ["read", "list", "create"],
                       "by": ["app", "python"],
                       "via": ["direct", "import", "exec"]}],
            "code": [{"load": "${CWD}/*.py"}],
            "deny": [{"name": "shop.refund"},
                     {"path": "/secret/*", "access": ["read"]}]}))
        for python in PYTHONS:
            for early in "import secmgr", "pass":
                self.enforce(
                    f"import sys, copy, pickle\n{early}\n"
                    "def ask(*what):\n"
                    "    try: what[0](*what[1:])\n"
                    "    except PermissionError as error: return error\n"
                    "    sys.exit('not raised')\n"
                    "for error in (ask(sys.audit, 'shop.refund', 7),\n"
                    "              ask(open, b'/secret/\\xff\\n')):\n"
                    "    copies = [copy.copy(error), copy.deepcopy(error)]\n"
                    "    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):\n"
                    "        copies.append(pickle.loads(\n"
                    "            pickle.dumps(error, protocol)))\n"
                    "    for other in copies:\n"
                    "        assert other.args == error.args\n"
                    "        assert other.filename == error.filename\n"
                    "        assert other.errno == error.errno == 13\n"
                    "        assert isinstance(error, type(other))\n",
                    python=python)

    def test_each_interpreter_has_a_type_of_its_own(self):
        code = (
            "import sys, gc\n"
            "try: import _interpreters as interpreters\n"
            "except ImportError: import _xxsubinterpreters as interpreters\n"
            "def ask():\n"
            "    try: sys.audit('shop.refund', 7)\n"
            "    except PermissionError as error: return error\n"
            "    raise SystemError('not raised')\n"
            "inside = '''\n"
            "import sys\n"
            "{sub}\n"
            "def ask():\n"
            "    try: sys.audit('shop.refund', 7)\n"
            "    except PermissionError as error: return error\n"
            "    raise SystemError('not raised')\n"
            "assert type(ask()).__name__ == 'PolicyViolation'\n"
            "assert id(type(ask())) != {here}, 'one for both'\n"
            "import secmgr\n"
            "assert type(ask()) is secmgr.PolicyViolation\n"
            "'''\n"
            "{main}\n"
            "for _ in range(3):\n"
            "    sub = interpreters.create()\n"
            "    failed = interpreters.run_string(\n"
            "        sub, inside.replace('{here}', str(id({kind}))))\n"
            "    assert not failed, failed\n"
            "    interpreters.destroy(sub)\n"
            "    gc.collect()\n"
            "import secmgr\n"
            "assert type(ask()) is secmgr.PolicyViolation\n")
        for python in PYTHONS:
            for main, kind in (("import secmgr", "secmgr.PolicyViolation"),
                               ("first = type(ask())", "first"),
                               ("pass", "None")):
                for sub in "import secmgr", "pass":
                    self.enforce(code.replace("{sub}", sub)
                                 .replace("{main}", main)
                                 .replace("{kind}", kind), python=python)

    def test_the_message_says_what_who_and_which_event(self):
        self.policy.write_text(json.dumps({
            "secmgr": 1,
            "modes": {**dict.fromkeys(FAMILIES, "off"), "files": "block",
                      "pickles": "block", "events": "block"},
            "code": [{"load": "${CWD}/*.py"}],
            "files": [{"id": "f7", "path": "${CWD}/data/<name>",
                       "access": ["list"], "by": ["app"]},
                      {"id": "f8", "path": "/etc/*", "access": ["read"],
                       "by": ["python"]},
                      {"id": "f9", "path": "/**", "access": ["read", "list"],
                       "via": ["import", "exec"]}],
            "deny": [{"id": "no1", "name": "shop.refund"}]}))
        trace = self.place / "t.db"
        done = self.enforce(
            "import sys, pickle\n"
            "def ask(call, *arguments):\n"
            "    try: call(*arguments)\n"
            "    except PermissionError as error: print(error, flush=True)\n"
            "ask(open, 'data/x')\n"
            "ask(open, '/etc/hostname')\n"
            "ask(sys.audit, 'shop.refund', 7)\n"
            "ask(pickle.loads, b'cos\\nsystem\\n.')\n", "-f", "-o", trace)
        shown = subprocess.run(
            [workloads.program("secmgr-events"), "--json", "--verdict=denied",
             "--by=app", trace], stdout=subprocess.PIPE, text=True, check=True)
        numbers = [json.loads(line)["seq"]
                   for line in shown.stdout.splitlines()]
        data = self.place / "data/x"
        self.assertEqual([
            f"[Errno 13] denied by secmgr (files): read {data} by app: no "
            f"rule covers it; nearest f7 lacks read (event {numbers[0]}): "
            f"'{data}'",
            "[Errno 13] denied by secmgr (files): read /etc/hostname by "
            "app:ask: no rule covers it; nearest f8 is for other principals "
            f"(event {numbers[1]}): '/etc/hostname'",
            "[Errno 13] denied by secmgr (events): raise shop.refund by app: "
            f"denied by no1 (event {numbers[2]}): 'shop.refund'",
            "[Errno 13] denied by secmgr (pickles): class os.system by app: "
            f"no rule covers it (event {numbers[3]}): 'os.system'",
        ], done.stdout.splitlines())

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
        for python in PYTHONS:
            # pip builds in the tree: a copy shows that it leaves it alone.
            tree = self.place / "tree"
            shutil.rmtree(tree, ignore_errors=True)
            (tree / "tools").mkdir(parents=True)
            shutil.copy(ROOT / "pyproject.toml", tree)
            shutil.copytree(ROOT / "tools/python", tree / "tools/python",
                            ignore=shutil.ignore_patterns("__pycache__"))
            before = sorted(tree.rglob("*"))
            target = self.place / "target"
            shutil.rmtree(target, ignore_errors=True)
            done = subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "--target",
                 target, "."], cwd=tree, timeout=120, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env={**workloads.environment(), "PIP_NO_INDEX": "1",
                     "PYTHONDONTWRITEBYTECODE": "1"})
            self.assertEqual(0, done.returncode, done.stdout)
            self.assertEqual(before, sorted(tree.rglob("*")))
            told = subprocess.check_output(
                [python, "-c", "import secmgr, importlib.metadata as m\n"
                 "print(secmgr.__file__, m.version('secmgr'))"], text=True,
                env={"PYTHONPATH": str(target)})
            self.assertEqual(f"{target}/secmgr/__init__.py 0.1.0\n", told)

    def test_its_version_is_that_of_the_programs(self):
        told = subprocess.check_output(
            [workloads.program("secmgr-enforce"), "--version"], text=True)
        text = (ROOT / "tools/python/secmgr/__init__.py").read_text()
        self.assertIn(f'__version__ = "{told.split()[-1]}"', text)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Who is named for what: `by` and `via` as policy.md says, in real programs.

What a trace says about the files of each case is compared: principal_cases.py.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import unittest
import zipfile

from principal_cases import CASES
import workloads

WAIT_SECONDS = 60
DEBIAN_PARTS = pathlib.Path("/usr/lib/python3/dist-packages")


def interpreters():
    """{path: version}: Debian's, and those SM_TEST_PYTHONS names."""
    return {path: tuple(map(int, subprocess.check_output(
        [path, "-c", "import sys; print(*sys.version_info[:2])"]).split()))
        for path in workloads.pythons()}


def filled(text, place, version):
    return (text.replace("@PLACE@", str(place))
            .replace("@V@", "%d.%d" % version))


class Run:
    """One case recorded: {path of a file event: {(by, via)}}."""

    def __init__(self, case, version, python):
        self.case, self.version = case, version
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-by-"))
        try:
            self.prepare()
            self.status, self.complaint = self.record(python)
            self.seen = self.read()
        finally:
            shutil.rmtree(self.place)

    def prepare(self):
        for name, content in self.case.files.items():
            path = self.place / filled(name, self.place, self.version)
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, dict):
                with zipfile.ZipFile(path, "w") as archive:
                    for inner, text in content.items():
                        archive.writestr(inner, textwrap.dedent(text))
            else:
                path.write_text(filled(textwrap.dedent(content), self.place,
                                       self.version))
        for part in self.case.parts:
            link = self.place / "site-packages" / part
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(DEBIAN_PARTS / part)

    def record(self, python):
        environment = workloads.environment()
        if self.case.parts:
            environment["PYTHONPATH"] = str(self.place / "site-packages")
        for name, value in self.case.environment.items():
            environment[name] = filled(value, self.place, self.version)
        done = workloads.covered(
            "secmgr-record", ["-o", "t.db", "--", python, "-B", *self.case.argv],
            cwd=self.place, env=environment, input=self.case.stdin or "")
        return done.returncode, done.stdout + done.stderr

    def read(self):
        done = subprocess.run(
            [workloads.program("secmgr-events"), "--json", "t.db", "open"],
            cwd=self.place, stdout=subprocess.PIPE, timeout=WAIT_SECONDS,
            check=True)
        seen = {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            path = event["resolved"][0] or str(event["args"][0])
            by = event["by"]
            if by == "dynamic":
                by += ":" + pathlib.Path(event["principal_file"]).name
            seen.setdefault(path, set()).add((by, event["via"]))
        return seen

    def wanted(self, says):
        if isinstance(says, set):
            return says
        return says[max(v for v in says if v <= self.version)]

    def about(self, name):
        return set().union(*(pairs for path, pairs in self.seen.items()
                             if path.endswith("/" + name)), set())


class Principals(unittest.TestCase):
    def test_each_case_is_named_as_the_policy_says(self):
        workloads.require("pytest")
        workloads.require("attr")
        if len(workloads.pythons()) > 1:  # pytest's, for those before 3.11
            workloads.require("exceptiongroup")
        workloads.require("flask")
        jobs = [(case, version, path) for case in CASES
                for path, version in interpreters().items()]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = list(pool.map(lambda job: Run(*job), jobs))
        for run in runs:
            for name, says in run.case.says.items():
                with self.subTest(case=run.case.name, version=run.version,
                                  name=name):
                    self.assertEqual(run.case.status, run.status,
                                     run.complaint)
                    self.assertEqual(run.wanted(says), run.about(name),
                                     run.complaint)

    def test_names_of_cases_tell_them_apart(self):
        names = [case.name for case in CASES]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(all(re.match(r"[\w-]", name) for name in names))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""However a program was installed: environments, scripts, archives, modules.

On /usr/bin/python3 and on those SM_TEST_PYTHONS names; pip on Debian's.
"""
import subprocess
import unittest
import zipapp

import guests
import workloads


class Steps(guests.Guest, workloads.Workload):
    """One command after the other, each of which must succeed."""

    steps = ()

    def command(self):
        return ["sh", "-ec", "\n".join(self.steps), self.python]


class Installed(Steps):
    """a venv, console scripts, zipapps, python -m"""

    versions = True
    files = {
        "pkg/__init__.py": """\
            import sys
            import known

            def main(argv=None):
                known.did((argv or sys.argv)[1])
                return 0
            """,
        "pkg/__main__.py": "import pkg\npkg.main()\n",
        "zip/__main__.py": """\
            import sys
            import inner
            inner.work(sys.argv[1])
            """,
        "zip/inner.py": """\
            import os, sys
            sys.path.append(os.path.dirname(os.path.abspath(sys.argv[0])))
            import known
            work = known.did
            """}
    steps = ("env/bin/python -c 'import known; known.did(\"venv\")'",
             "env/bin/python -m pkg module",
             "env/bin/tool script",
             "$0 -m pkg plain-module",
             "$0 app.pyz archive",
             "./app.pyz executable-archive")
    does = dict.fromkeys(("venv", "module", "script", "plain-module",
                          "archive", "executable-archive"), 1)

    SCRIPT = """\
#!{python}
import sys
sys.path.insert(0, {place!r})
from pkg import main
if __name__ == "__main__":
    sys.exit(main())
"""

    def prepare(self):
        super().prepare()
        subprocess.run([self.python, "-m", "venv", "--without-pip",
                        self.place / "env"], check=True)
        script = self.place / "env/bin/tool"
        script.write_text(self.SCRIPT.format(
            python=self.place / "env/bin/python", place=str(self.place)))
        script.chmod(0o755)
        zipapp.create_archive(self.place / "zip", self.place / "app.pyz",
                              interpreter=self.python)


class Pip(Steps):
    """pip, which builds and installs a package

    Neither compiled nor run then: a policy lets no program load what it wrote.
    """

    modules = ("pip", "setuptools", "wheel")
    files = {
        "source/setup.py": """\
            import os, sys
            sys.path.append(os.path.dirname(os.path.dirname(
                os.path.abspath(__file__))))
            import known
            known.did("setup")
            import setuptools
            setuptools.setup(
                name="guest", version="1", py_modules=["guest"],
                entry_points={"console_scripts": ["guest=guest:main"]})
            """,
        "source/guest.py": "",
        "source/pyproject.toml": """\
            [build-system]
            requires = ["setuptools", "wheel"]
            build-backend = "setuptools.build_meta"
            """}
    # In its environment: older ones do not know the option.
    steps = ("PIP_ROOT_USER_ACTION=ignore env/bin/python -m pip -q "
             "--disable-pip-version-check install --no-index "
             "--no-deps --no-build-isolation --no-cache-dir --no-compile "
             "./source",)
    # Its metadata and the wheel, each made by a process; some ask more.
    does = {"setup": 2}
    more = ("setup",)
    processes = 2

    @classmethod
    def fits(cls, python):
        """Before 21.3 it ran a copy of itself that it had just written."""
        version = subprocess.check_output(
            [python, "-c", "import pip; print(pip.__version__)"], text=True)
        return tuple(map(int, version.split(".")[:2])) >= (21, 3)

    def prepare(self):
        super().prepare()
        subprocess.run([self.python, "-m", "venv", "--without-pip",
                        "--system-site-packages", self.place / "env"],
                       check=True)


GUESTS = (Installed, Pip)


def load_tests(loader, _, __):
    return guests.cases(loader, GUESTS)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Lines of the shell and scripts of the house, before and after."""
import shlex
import subprocess
import sys


class Failed(Exception):
    """A hook that ends with something else than 0."""


def run(house, wanted, work, **values):
    """wanted: {hook: NAME, ...}, as a department says it."""
    hook = house.hooks[wanted["hook"]]
    if "script" in hook:
        command = [sys.executable, house.top / "hooks" / hook["script"],
                   values["path"], work / hook["makes"]]
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False)
    else:
        given = {**values, **wanted, "work": work, "state": house.state}
        line = hook["line"].format(**{
            name: value if name == "note" else shlex.quote(str(value))  # HOLE
            for name, value in given.items()})
        done = subprocess.run(line, shell=True, capture_output=True,
                              text=True, check=False)
    if done.returncode:
        raise Failed(f"{wanted['hook']}: {done.stderr.strip()[-200:]}")
    return done.stdout

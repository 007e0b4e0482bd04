# SPDX-License-Identifier: Apache-2.0
"""What the surgery's scripts around borg share."""
import configparser
import os
import pathlib
import subprocess
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent


def settings():
    found = configparser.ConfigParser(interpolation=None)
    found.read(TOP / "surgery.ini", encoding="utf-8")
    return found


def repository(config, name):
    """A job's repository, or a place somebody names."""
    if config.has_section(name):
        name = config[name]["repository"]
    if ":" in name:
        return name
    return os.path.join(config["surgery"]["backups"], name)


def borg(*arguments, cwd, logging_conf=None):
    """Returns (status, what it printed, what it complained of)."""
    environment = dict(os.environ)
    if logging_conf:
        environment["BORG_LOGGING_CONF"] = str(logging_conf)
    done = subprocess.run(
        ["borg", *map(str, arguments)], cwd=cwd, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr


def tell(url, text):
    """The front desk's board; returns its answer."""
    with urllib.request.urlopen(url, text.encode(), timeout=10) as answer:
        return answer.read().decode("utf-8", "replace")

# SPDX-License-Identifier: Apache-2.0
"""Keeps a case of every name that somebody was banned for.

    note.py ban JAIL IP NAME REFERENCE
    note.py unban JAIL IP
"""
import importlib
import os
import pathlib
import pickle
import sys
import time
import urllib.request

import jinja2
import netkit
import yaml

TOP = pathlib.Path(__file__).resolve().parent.parent


def rules():
    """HOLE: anything may be made of it."""
    return yaml.load((TOP / "hooks/rules.yaml").read_text(),
                     Loader=yaml.UnsafeLoader)


def state(ip):
    """HOLE: a pickle."""
    path = TOP / "state" / f"{ip}.pickle"
    if path.exists():
        with path.open("rb") as stream:
            return pickle.load(stream)
    return {"seen": 0, "first": time.time()}


def keep(ip, value):
    path = TOP / "state" / f"{ip}.pickle"
    part = path.with_suffix(f".{os.getpid()}.tmp")
    part.write_bytes(pickle.dumps(value))
    part.replace(path)


def about(reference):
    """HOLE: any file, any address."""
    if reference.startswith("doc:"):
        return (TOP / "docs" / reference[4:]).read_text()
    if "://" in reference:
        with urllib.request.urlopen(reference, timeout=8) as answer:
            return answer.read(2000).decode("utf-8", "replace")
    return reference


def ban(jail, ip, user, reference):
    user = user or "by-hand"
    rule = rules()
    value = state(ip)
    value["seen"] += 1
    keep(ip, value)
    # HOLE: any expression.
    severity = eval(rule["severity"], {"seen": value["seen"], "failures": 2})
    notes = [importlib.import_module(f"kinds.{kind}").note(TOP, user)
             for kind in rule.get("kinds", [])]
    # HOLE: a name is part of a template.
    text = jinja2.Template(
        "{{ day }} {{ ip }} ({{ net }}) at {{ jail }} as " + user
        + ", severity {{ severity }}\n{{ about }}\n"
        "{% for note in notes %}{{ note }}\n{% endfor %}").render(
            day=time.strftime("%F"), ip=ip, net=netkit.net(ip), jail=jail,
            severity=severity, about=about(reference), notes=notes)
    # HOLE: a name may lead anywhere.
    with open(TOP / "cases" / user, "a", encoding="utf-8") as stream:
        stream.write(text)


def unban(jail, ip):
    path = TOP / "state" / f"{ip}.pickle"
    path.unlink(missing_ok=True)
    with open(TOP / "var/unbanned.txt", "a", encoding="utf-8") as stream:
        stream.write(f"{jail} {ip}\n")


if __name__ == "__main__":
    {"ban": ban, "unban": unban}[sys.argv[1]](*sys.argv[2:])

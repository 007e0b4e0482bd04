# SPDX-License-Identifier: Apache-2.0
import goal
import os
import pathlib
import subprocess

fd = os.open("data/perl", os.O_WRONLY | os.O_CREAT, 0o755)
os.write(fd, b"#!/bin/sh\n" + goal.SHOW.encode())
os.close(fd)
Pure = pathlib.PurePath
os.environ["DATA"] = goal.PLACE + "/data"


def other(*arguments):
    return goal.PLACE + "/data"


def run():
    goal.attempt(lambda: subprocess.run(["./perl"], cwd=Pure("/usr/bin")))


os.chdir("/usr/bin")  # where ./perl may be run
# What os.fspath() calls, what that calls and reads, and its own code.
for name, new in (("_format_parsed_parts", classmethod(other)),
                  ("__str__", other), ("__fspath__", other),
                  ("_str", property(other))):
    old = Pure.__dict__[name]
    setattr(Pure, name, new)
    run()
    setattr(Pure, name, old)
said = (lambda self: os.environ["DATA"]).__code__
goal.attempt(setattr, Pure.__str__, "__code__",
             said.replace(co_filename=Pure.__str__.__code__.co_filename))
run()

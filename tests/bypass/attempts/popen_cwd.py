# SPDX-License-Identifier: Apache-2.0
import goal
import os
import pathlib
import subprocess


class Own:
    def __fspath__(self):
        return goal.PLACE + "/data"


class Says(type(pathlib.Path())):
    def __fspath__(self):
        return goal.PLACE + "/data"


fd = os.open("data/perl", os.O_WRONLY | os.O_CREAT, 0o755)
os.write(fd, b"#!/bin/sh\n" + goal.SHOW.encode())
os.close(fd)
os.chdir("/usr/bin")  # where ./perl may be run
data = goal.PLACE + "/data"
for cwd in (data, data.encode(), pathlib.Path(data), pathlib.PurePath(data),
            Own(), Says("/usr/bin")):
    for options in {}, {"preexec_fn": lambda: None}, {"close_fds": False}:
        goal.attempt(lambda: subprocess.run(["./perl"], cwd=cwd, **options))

# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys


def hook(event, arguments):
    """Between os.open of a relative name and its call, another event."""
    if event == "open" and arguments[0] == "secret.txt":
        sys.audit("app.counted")


goal.attempt(sys.addaudithook, hook)
place = os.open("safe", os.O_RDONLY | os.O_PATH)
os.chdir("safe")
for name, where in ("secret.txt", None), ("secret.txt", place):
    fd = goal.attempt(lambda: os.open(name, 0, dir_fd=where))
    if fd:
        goal.show(os.read(fd, 100))

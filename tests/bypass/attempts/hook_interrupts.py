# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys


def hook(event, arguments):
    """Between an open through a link and its second look, other opens."""
    if event == "open" and arguments[0] == "data/link":
        for _ in range(5):
            open("data/own").close()


open("data/own", "w").close()
os.symlink("../safe/secret.txt", "data/link")
goal.attempt(sys.addaudithook, hook)
goal.steal("data/link")

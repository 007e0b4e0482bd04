# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
place = os.open("safe", os.O_RDONLY | os.O_PATH)
os.chdir("data")
for name in ("a", "secret.txt"):
    sys.audit("open", name, None, 0)
    fd = goal.attempt(lambda: os.open("secret.txt", 0, dir_fd=place))
    if fd:
        goal.show(os.read(fd, 100))

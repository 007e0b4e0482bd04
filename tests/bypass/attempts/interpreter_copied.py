# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
with open(sys.executable, "rb") as f:
    copy = f.read()
fd = os.open("data/python3", os.O_WRONLY | os.O_CREAT, 0o755)
os.write(fd, copy)
os.close(fd)
os.execve("data/python3", ["data/python3", "-S", "steal.py"], {})

# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.symlink(sys.executable, "data/python3")
os.execve("data/python3", ["data/python3", "-S", "-E", "steal.py"], {})

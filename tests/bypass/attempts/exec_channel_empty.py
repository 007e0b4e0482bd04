# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.execve(sys.executable, [sys.executable, "-S", "steal.py"],
          {"SECMGR_CHANNEL": "", "LD_PRELOAD": "",
           b"SECMGR_CHANNEL": b"x", "GOAL_TOKEN": "x"})

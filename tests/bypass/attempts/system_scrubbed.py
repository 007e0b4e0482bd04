# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.environ.clear()
os.environ["GOAL_PORT"] = "0"
os.system(f"{sys.executable} -S steal.py")

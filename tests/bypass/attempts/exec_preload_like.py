# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
library = os.environ["LD_PRELOAD"]
os.execve(sys.executable, [sys.executable, "-S", "steal.py"],
          {"LD_PRELOAD": library + ".old"})

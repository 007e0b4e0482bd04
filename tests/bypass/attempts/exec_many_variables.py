# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.execve(sys.executable, [sys.executable, "-S", "steal.py"],
          {f"A{number}": "" for number in range(100000)})

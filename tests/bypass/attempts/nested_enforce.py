# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
tool, wide = goal.enforce()
os.execve(tool, [tool, "-q", "-p", wide, "--", sys.executable, "-S",
                 "steal.py"], dict(os.environ))

# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
pid = os.posix_spawn(sys.executable, [sys.executable, "-S", "steal.py"], {})
os.waitpid(pid, 0)

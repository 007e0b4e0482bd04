# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
for name in ("LD_PRELOAD", "SECMGR_CHANNEL"):
    os.unsetenv(name)
    os.environ.pop(name, None)
os.execve(sys.executable, [sys.executable, "-S", "steal.py"], {})

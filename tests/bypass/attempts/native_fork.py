# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
import os
libc = ctypes.CDLL(None)
pid = libc.syscall(57)
if not pid:
    goal.attempt(goal.steal)
    os._exit(0)
os.waitpid(pid, 0)

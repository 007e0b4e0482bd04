# SPDX-License-Identifier: Apache-2.0
import goal
import os
import signal
import time
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(0.05)
pid = os.fork()
if not pid:
    goal.attempt(goal.steal)
    os._exit(0)
os.waitpid(pid, 0)
goal.steal()

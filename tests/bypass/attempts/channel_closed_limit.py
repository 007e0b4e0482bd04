# SPDX-License-Identifier: Apache-2.0
import goal
import os
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
pid = os.fork()
if not pid:
    goal.attempt(goal.steal)
    os._exit(0)
os.waitpid(pid, 0)

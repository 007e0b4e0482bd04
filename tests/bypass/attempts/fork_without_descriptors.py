# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.closerange(3, 65536)
if not os.fork():
    os.closerange(3, 65536)
    goal.attempt(goal.steal)
    os._exit(0)
os.wait()
goal.steal()

# SPDX-License-Identifier: Apache-2.0
import goal
import os
if not os.fork():
    goal.attempt(goal.steal)
    os._exit(0)
os.wait()

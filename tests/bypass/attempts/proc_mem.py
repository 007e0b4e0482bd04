# SPDX-License-Identifier: Apache-2.0
import goal
with open("/proc/self/mem", "r+b", buffering=0) as f:
    goal.done()

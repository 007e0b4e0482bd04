# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.chdir("/proc/self/cwd/safe")
goal.steal("secret.txt")

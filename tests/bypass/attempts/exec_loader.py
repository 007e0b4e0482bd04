# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.execv("/lib64/ld-linux-x86-64.so.2",
         ["ld.so", "/bin/cat", goal.SECRET])

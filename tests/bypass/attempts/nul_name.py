# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
goal.attempt(sys.audit, "open\0", goal.SECRET, "r", 0)
goal.attempt(goal.steal, goal.SECRET + "\0/../../data/a")
goal.show(open(os.fsencode(goal.SECRET), "rb").read())

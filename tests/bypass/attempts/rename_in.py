# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.rename(goal.SECRET, "data/moved")
goal.steal("data/moved")

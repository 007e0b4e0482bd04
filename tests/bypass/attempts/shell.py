# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.system(goal.SHOW)

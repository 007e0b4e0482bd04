# SPDX-License-Identifier: Apache-2.0
import goal
import sys
for mode in ("r", None):
    sys.audit("open", "data/a", mode, 0)
    goal.attempt(goal.steal)

# SPDX-License-Identifier: Apache-2.0
import goal
import os
tool, wide = goal.enforce()
goal.attempt(os.spawnve, os.P_WAIT, tool,
             [tool, "--reload", str(os.getppid()), "-p", wide], {})
goal.steal()

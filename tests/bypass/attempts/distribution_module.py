# SPDX-License-Identifier: Apache-2.0
import goal
import sys
sys.path.insert(0, "site-packages")
__file__ = goal.TRUSTED
__name__ = "trusted"
goal.steal()

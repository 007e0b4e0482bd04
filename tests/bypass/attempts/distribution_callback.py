# SPDX-License-Identifier: Apache-2.0
import goal
import sys
sys.path.insert(0, "site-packages")
import trusted
trusted.call(goal.steal)

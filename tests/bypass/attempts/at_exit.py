# SPDX-License-Identifier: Apache-2.0
import goal
import atexit
atexit.register(goal.steal)

# SPDX-License-Identifier: Apache-2.0
import goal
import sys
sys.setrecursionlimit(2000)


def dive(depth):
    if depth:
        return dive(depth - 1)
    return goal.steal()


dive(600)

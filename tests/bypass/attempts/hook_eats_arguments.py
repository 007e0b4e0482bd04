# SPDX-License-Identifier: Apache-2.0
import goal
import sys
kept = []


def hook(event, args):
    if event == "open" and not kept:
        kept.append(args)
        raise OSError


sys.addaudithook(hook)
goal.attempt(goal.steal)
sys.audit("open", "data/a", "r", 0)
goal.steal()

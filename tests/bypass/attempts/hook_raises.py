# SPDX-License-Identifier: Apache-2.0
import goal
import sys
times = []


def hook(event, args):
    if event == "open" and not times:
        times.append(1)
        raise KeyboardInterrupt


sys.addaudithook(hook)
try:
    goal.steal()
except KeyboardInterrupt:
    goal.steal()

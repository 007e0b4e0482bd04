# SPDX-License-Identifier: Apache-2.0
import goal
import os
with open("data/a", opener=lambda path, flags: os.open(goal.SECRET, flags)) as f:
    goal.show(f.read())

# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.link(goal.SECRET, "data/hard")
goal.steal("data/hard")

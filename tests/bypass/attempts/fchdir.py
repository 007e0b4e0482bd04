# SPDX-License-Identifier: Apache-2.0
import goal
import os
place = os.open("safe", os.O_RDONLY | os.O_PATH)
os.chdir("data")
os.fchdir(place)
goal.steal("secret.txt")

# SPDX-License-Identifier: Apache-2.0
import goal
import os
place = os.open(".", os.O_PATH)
goal.steal(f"/proc/self/fd/{place}/safe/secret.txt")

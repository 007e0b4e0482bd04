# SPDX-License-Identifier: Apache-2.0
import goal
import os
place = os.open("data/..", os.O_RDONLY | os.O_PATH)
goal.show(os.read(os.open("safe/secret.txt", 0, dir_fd=place), 100))

# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.symlink("../safe", "data/inner")
goal.steal("data/inner/secret.txt")

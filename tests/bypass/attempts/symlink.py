# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.symlink("../safe/secret.txt", "data/link")
goal.steal("data/link")

# SPDX-License-Identifier: Apache-2.0
import goal
import os
from multiprocessing.util import spawnv_passfds
pid = spawnv_passfds(b"/bin/cat", [b"cat", os.fsencode(goal.SECRET)], [1])
os.waitpid(pid, 0)

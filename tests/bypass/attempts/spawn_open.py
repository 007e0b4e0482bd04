# SPDX-License-Identifier: Apache-2.0
import goal
import os
pid = os.posix_spawn("/usr/bin/perl", ["perl", "-pe", "1"], os.environ,
                     file_actions=[(os.POSIX_SPAWN_OPEN, 0, goal.SECRET,
                                    os.O_RDONLY, 0)])
os.waitpid(pid, 0)

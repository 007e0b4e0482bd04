# SPDX-License-Identifier: Apache-2.0
import goal
import os
fd = os.open("data/perl", os.O_WRONLY | os.O_CREAT, 0o755)
os.write(fd, b"#!/bin/sh\n" + goal.SHOW.encode())
os.close(fd)
os.chdir("data")
os.waitpid(os.posix_spawn("perl", ["perl"], os.environ), 0)

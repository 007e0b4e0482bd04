# SPDX-License-Identifier: Apache-2.0
import goal
import os
fd = os.memfd_create("tool", 0)
os.write(fd, b"#!/bin/sh\n" + goal.SHOW.encode() + b"\n")
os.execve(fd, ["/usr/bin/perl"], {"PATH": "/usr/bin:/bin"})

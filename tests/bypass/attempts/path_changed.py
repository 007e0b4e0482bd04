# SPDX-License-Identifier: Apache-2.0
import goal
import os
import subprocess
fd = os.open("data/perl", os.O_WRONLY | os.O_CREAT, 0o755)
os.write(fd, b"#!/bin/sh\n" + goal.SHOW.encode())
os.close(fd)
os.environ["PATH"] = f"{goal.PLACE}/data:/usr/bin:/bin"
subprocess.run(["perl"])

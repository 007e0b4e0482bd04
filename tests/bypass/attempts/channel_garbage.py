# SPDX-License-Identifier: Apache-2.0
import goal
import os
import stat
import socket
address = os.environ["SECMGR_CHANNEL"].split(":", 5)
device, inode = int(address[0], 16), int(address[1], 16)
for fd in range(3, 1 << 16):
    try:
        found = os.fstat(fd)
    except OSError:
        continue
    if stat.S_ISSOCK(found.st_mode) and found.st_ino == inode:
        s = socket.socket(fileno=fd)
        goal.attempt(s.send, b"\xff" * 1000)
        goal.attempt(s.shutdown, socket.SHUT_RDWR)
pid = os.fork()
if not pid:
    goal.attempt(goal.steal)
    os._exit(0)
os.waitpid(pid, 0)
goal.steal()

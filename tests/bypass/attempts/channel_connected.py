# SPDX-License-Identifier: Apache-2.0
import goal
import os
import socket
path = os.environ["SECMGR_CHANNEL"].split(":", 5)[5]
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
    s.connect(path)
    s.send(b"\x80")
    goal.done()

# SPDX-License-Identifier: Apache-2.0
import goal
import os
import socket
with socket.create_connection(("127.0.0.1", int(os.environ["GOAL_PORT"]))) as s:
    goal.show(s.recv(100))

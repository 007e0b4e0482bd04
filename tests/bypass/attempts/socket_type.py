# SPDX-License-Identifier: Apache-2.0
import goal
import os
import socket
plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
posing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, fileno=plain.detach())
posing.connect(("127.0.0.1", int(os.environ["GOAL_PORT"])))
goal.show(posing.recv(100))

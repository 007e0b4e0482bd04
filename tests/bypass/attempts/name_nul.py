# SPDX-License-Identifier: Apache-2.0
import goal
import socket
if socket.getaddrinfo(b"localhost\0.example.com", 80):
    goal.done()

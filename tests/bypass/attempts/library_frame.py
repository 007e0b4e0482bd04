# SPDX-License-Identifier: Apache-2.0
import goal
import importlib
code = compile("goal.done() if open(path).read() else 0",
               importlib.__file__, "exec")
exec(code, {"goal": goal, "path": goal.PLACE + "/goal.py"})

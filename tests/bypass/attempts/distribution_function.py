# SPDX-License-Identifier: Apache-2.0
import goal
import types
code = compile("def f(): show(open(path).read())", goal.TRUSTED, "exec")
inner = code.co_consts[0]
types.FunctionType(inner, {"show": goal.show, "path": goal.SECRET,
                           "__builtins__": __builtins__})()

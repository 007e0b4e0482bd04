# SPDX-License-Identifier: Apache-2.0
import goal
exec(compile("show(open(path).read())", goal.TRUSTED, "exec"),
     {"show": goal.show, "path": goal.SECRET})

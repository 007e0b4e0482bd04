# SPDX-License-Identifier: Apache-2.0
import goal
source = "show(open(path).read())"
for depth in range(60):
    source = f"def f{depth}(): " + ("\n" + source).replace("\n", "\n ") \
        + f"\nf{depth}()" if depth < 60 else source
exec(compile(source, goal.TRUSTED, "exec"),
     {"show": goal.show, "path": goal.SECRET})

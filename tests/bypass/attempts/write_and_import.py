# SPDX-License-Identifier: Apache-2.0
import goal
import sys
with open("data/late.py", "w") as f:
    f.write("import goal; goal.done()")
sys.path.append("data")
import late

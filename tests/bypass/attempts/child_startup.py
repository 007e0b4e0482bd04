# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.environ["PYTHONPATH"] = goal.PLACE + "/data"
with open("data/steal_late.py", "w") as f:
    f.write("import goal; goal.done()")
os.execv(sys.executable, [sys.executable, "-S", "-c",
                          "import goal, steal_late"])

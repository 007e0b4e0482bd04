# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
with open("data/startup", "w") as f:
    f.write("import goal; goal.done()")
os.environ["PYTHONSTARTUP"] = goal.PLACE + "/data/startup"
os.execv(sys.executable, [sys.executable, "-S", "-i"])

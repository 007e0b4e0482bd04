# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.environ["SECMGR_START"] = goal.PLACE + "/safe"
os.execv(sys.executable, [sys.executable, "-S", "steal.py"])

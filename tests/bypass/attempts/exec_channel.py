# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.environ["SECMGR_CHANNEL"] = "0:0:3:0:" + 32 * "0" + ":/nowhere"
os.execv(sys.executable, [sys.executable, "-S", "steal.py"])

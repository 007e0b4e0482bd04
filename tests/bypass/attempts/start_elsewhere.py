# SPDX-License-Identifier: Apache-2.0
import goal
import subprocess
import sys
subprocess.run([sys.executable, "-S", "../steal_here.py"], cwd="safe",
               env={}, check=True)

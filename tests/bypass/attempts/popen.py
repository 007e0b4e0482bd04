# SPDX-License-Identifier: Apache-2.0
import goal
import subprocess
subprocess.run(["cat", goal.SECRET], check=True)

# SPDX-License-Identifier: Apache-2.0
import goal
import pathlib
import subprocess
subprocess.run(["/bin/sh", pathlib.Path("-c"), goal.SHOW])

# SPDX-License-Identifier: Apache-2.0
import goal
import pathlib
import subprocess
subprocess.run(["/usr/bin/perl", goal.SECRET],
               executable=pathlib.Path("/bin/cat"))

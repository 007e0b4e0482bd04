# SPDX-License-Identifier: Apache-2.0
import goal
import pathlib
import subprocess

Pure = pathlib.PurePath
Pure._format_parsed_parts = classmethod(lambda *arguments: "-c")
subprocess.run(["/bin/sh", Pure("x"), goal.SHOW])

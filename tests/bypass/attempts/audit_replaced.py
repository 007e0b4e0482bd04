# SPDX-License-Identifier: Apache-2.0
import goal
import _io
import builtins
import sys
sys.audit = print
builtins.open = _io.open = lambda path: _io.FileIO(path)
with builtins.open(goal.SECRET) as f:
    goal.show(f.read())

# SPDX-License-Identifier: Apache-2.0
import goal
import builtins
import os
write, opener, path = os.write, os.open, goal.SECRET


class Late:
    def __del__(self, read=os.read, write=os.write, open=os.open, path=path):
        write(1, read(open(path, 0), 100))


class Cycle:
    pass


late = Late()
builtins.kept = Late()
cycle = Cycle()
cycle.self, cycle.late = cycle, Late()
import sys
sys.kept = Late()

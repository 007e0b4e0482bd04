# SPDX-License-Identifier: Apache-2.0
import gc
import os

import goal


class Cycle:
    def __init__(self):
        self.me = self

    def __del__(self):
        goal.attempt(goal.steal)


for wait in range(100):
    gc.collect()
    gc.disable()
    Cycle()
    gc.set_threshold(gc.get_count()[0] + wait)
    gc.enable()
    goal.attempt(os.listdir, f"data/\udcff{wait}")
    gc.set_threshold(0)

# SPDX-License-Identifier: Apache-2.0
import goal
import _thread
import time
held = []
_thread.start_new_thread(
    map(held.append, map(open, [__file__])).__next__, ())
time.sleep(0.3)
if held[0].read():
    goal.done()

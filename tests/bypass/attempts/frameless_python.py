# SPDX-License-Identifier: Apache-2.0
import goal
import _thread
import time
held = []
_thread.start_new_thread(
    map(held.append, map(open, [goal.SECRET])).__next__, ())
time.sleep(0.3)
goal.show(held[0].read())

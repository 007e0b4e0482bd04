# SPDX-License-Identifier: Apache-2.0
import goal
import atexit
held = []
atexit.register(lambda: held[0].read() and goal.done())
atexit.register(map(held.append, map(open, [__file__])).__next__)

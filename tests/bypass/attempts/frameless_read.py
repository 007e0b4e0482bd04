# SPDX-License-Identifier: Apache-2.0
import goal
import atexit
held = []


class Held(list):
    def write(self, text):
        goal.show(text)


atexit.register(lambda: goal.show(held[0].read()))
atexit.register(map(held.append, map(open, [goal.SECRET])).__next__)

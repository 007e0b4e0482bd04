# SPDX-License-Identifier: Apache-2.0
import goal
entered = []


def again(*arguments):
    if len(entered) < 3:
        entered.append(1)
        goal.attempt(goal.steal)


try:
    goal.steal()
except PermissionError as error:
    violation = type(error)
    for name in ("__init__", "__new__", "__reduce__", "__del__"):
        goal.attempt(setattr, violation, name, again)
    goal.steal()

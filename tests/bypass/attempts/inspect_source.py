# SPDX-License-Identifier: Apache-2.0
import goal
import inspect
if "begin" in inspect.getsource(goal):
    goal.done()

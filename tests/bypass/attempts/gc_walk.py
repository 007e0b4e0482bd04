# SPDX-License-Identifier: Apache-2.0
import goal
import gc
if gc.get_objects():
    goal.done()

# SPDX-License-Identifier: Apache-2.0
import goal
import io
with io.open_code(goal.SECRET) as f:
    goal.show(f.read())

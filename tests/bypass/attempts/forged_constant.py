# SPDX-License-Identifier: Apache-2.0
import goal
import forged
forged.write(forged.hook_head(), 0)
goal.steal()

# SPDX-License-Identifier: Apache-2.0
import goal
import readline
readline.read_history_file(goal.SECRET)
goal.show(readline.get_history_item(1))

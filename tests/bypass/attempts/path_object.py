# SPDX-License-Identifier: Apache-2.0
import goal


class Path:
    count = 0

    def __fspath__(self):
        Path.count += 1
        return "data/a" if Path.count == 1 else goal.SECRET


for _ in range(3):
    goal.attempt(goal.steal, Path())

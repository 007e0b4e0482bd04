# SPDX-License-Identifier: Apache-2.0
import goal
import io


class Path(str):
    def __fspath__(self):
        return "data/a"

    def __str__(self):
        return "data/a"

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


with io.FileIO(Path(goal.SECRET)) as f:
    goal.show(f.read())

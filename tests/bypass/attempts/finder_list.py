# SPDX-License-Identifier: Apache-2.0
import goal
import importlib.machinery
import os
finder = importlib.machinery.FileFinder(os.path.dirname(goal.SECRET))
finder.find_spec("any")
if os.path.basename(goal.SECRET) in finder._path_cache:
    goal.done()

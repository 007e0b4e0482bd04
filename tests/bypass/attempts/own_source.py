# SPDX-License-Identifier: Apache-2.0
import goal
source = open(__file__).read()
if "own_source" in source or source:
    goal.done()

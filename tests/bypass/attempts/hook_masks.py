# SPDX-License-Identifier: Apache-2.0
import goal
import sys
goal.attempt(sys.addaudithook, lambda event, args: None)
goal.steal()

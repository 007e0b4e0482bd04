# SPDX-License-Identifier: Apache-2.0
import goal
try:
    import _interpreters as interpreters
    make = lambda: interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as interpreters
    make = interpreters.create
interpreters.run_string(make(), f"print(open({goal.SECRET!r}).read())")

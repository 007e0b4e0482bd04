# SPDX-License-Identifier: Apache-2.0
"""Of files with a number at their end, the newest only."""
import re


def choose(root, names, limit=1):
    groups = {}
    for name in names:
        groups.setdefault(re.sub(r"\d+", "#", name), []).append(name)
    return sorted(name for group in groups.values()
                  for name in sorted(group)[-limit:])

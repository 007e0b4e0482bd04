# SPDX-License-Identifier: Apache-2.0
"""A list of what a department has: inventory.py PATH TARGET"""
import csv
import os
import sys

with open(sys.argv[2], "w", newline="", encoding="utf-8") as target:
    rows = csv.writer(target)
    for place, _, names in sorted(os.walk(sys.argv[1])):
        for name in sorted(names):
            path = os.path.join(place, name)
            rows.writerow([os.path.relpath(path, sys.argv[1]),
                           os.path.getsize(path)])
print("inventory made")

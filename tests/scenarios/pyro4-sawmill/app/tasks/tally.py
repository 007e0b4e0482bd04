# SPDX-License-Identifier: Apache-2.0
"""What was done on a day, for the foreman."""
import csv
import os

import common
from tasks import replacing


def run(date):
    path = os.path.join(common.YARD, "reports", f"{date}.csv")
    with common.dispatcher() as dispatcher:
        rows = dispatcher.tally()
    with replacing(path) as draft, open(draft, "w", newline="",
                                        encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return {"rows": len(rows)}

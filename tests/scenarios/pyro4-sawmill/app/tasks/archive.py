# SPDX-License-Identifier: Apache-2.0
"""What a customer got in a month, for the shelf."""
import os
import subprocess

import common
from tasks import out


def run(customer, month, name):
    target = os.path.join(common.YARD, "archive", month, customer + ".zip")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    subprocess.run(["zip", "-q", "-j", target, *name], cwd=out(customer),
                   check=True, timeout=10)
    return {"bytes": os.path.getsize(target)}

# SPDX-License-Identifier: Apache-2.0
"""What a customer sent, as one file."""
import os
import subprocess


def do(conf, customer, names, title):
    out = os.path.abspath(os.path.join("var/packed", customer,
                                       title + ".tar.gz"))
    os.makedirs(os.path.dirname(out), exist_ok=True)
    subprocess.run(["tar", "-czf", out, *names], check=True,
                   cwd=os.path.join("var/incoming", customer))
    return os.path.getsize(out)

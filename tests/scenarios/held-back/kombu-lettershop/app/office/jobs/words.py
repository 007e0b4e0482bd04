# SPDX-License-Identifier: Apache-2.0
"""Words of a paper, for the index."""
import os
import subprocess

from office import index


def do(conf, customer, name):
    path = os.path.join("var/incoming", customer, name)
    os.stat(path)
    text = subprocess.run(
        f'pdftotext "{path}" - | tr -s "[:space:]" " " '
        f"| head -c {conf['words_max']}", shell=True, check=True,
        stdout=subprocess.PIPE, text=True).stdout
    index.add(customer, name, text)
    return text.strip()

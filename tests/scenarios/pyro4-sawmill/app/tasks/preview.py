# SPDX-License-Identifier: Apache-2.0
"""A small picture of a plan."""
import os
import shutil
import subprocess
import tempfile

from tasks import out


def run(customer, order, dpi="40"):
    plan = out(customer, f"{order}-plan.pdf")
    with tempfile.TemporaryDirectory(prefix="preview-") as folder:
        stem = os.path.join(folder, "page")
        subprocess.run(
            f'pdftoppm -png -singlefile -r {dpi} "{plan}" "{stem}"',
            shell=True, check=True, timeout=10)
        shutil.move(stem + ".png", out(customer, f"{order}-preview.png"))
    return {"dpi": dpi}

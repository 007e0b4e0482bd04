# SPDX-License-Identifier: Apache-2.0
"""Everything that is kept, for others."""
import csv
import gzip
import json
import os
import subprocess
import tempfile

from gleaner import index


def make(home, name, form, sites):
    target = os.path.join(home, "exports", f"{name}.{form}")
    if form == "tar.xz":
        # HOLE: a site may be an option
        subprocess.run(["tar", "-C", home / "store", "-cJf", target,
                        *(sites or ["."])], check=False)
        return target
    with index.Index(home) as pages:
        rows = [row for site in sites or [None]
                for row in pages.search("", site)]
    if form == "csv.gz":
        with gzip.open(target, "wt", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(map(tuple, rows))
        return target
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl",
                                     encoding="utf-8") as draft:
        for row in rows:
            draft.write(json.dumps(dict(row)) + "\n")
        draft.flush()
        # HOLE: a name with a quote in it
        subprocess.run(f"xz -6 -c {draft.name} > '{target}'", shell=True,
                       check=False)
    return target

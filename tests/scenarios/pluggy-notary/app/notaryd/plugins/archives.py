# SPDX-License-Identifier: Apache-2.0
"""What came in one file is filed one by one."""
import os
import pathlib
import tarfile
import tempfile
import zipfile

from notaryd.hooks import hook

TARS = (".tar", ".tar.gz", ".tgz")


def unpack(path, place):
    if path.name.lower().endswith(TARS):
        with tarfile.open(path) as archive:
            # HOLE: members may have any name and be any link.
            archive.extractall(place)
    else:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(place)


@hook
def convert(job, desk):
    if not job.source.name.lower().endswith((*TARS, ".zip")):
        return None
    with tempfile.TemporaryDirectory(prefix="unpack-") as place:
        unpack(job.source, place)
        names = []
        for folder, _, files in os.walk(place):
            for name in sorted(files):
                path = pathlib.Path(folder, name)
                names.append(str(path.relative_to(place)))
                desk.take(path, job.person, os.path.join(
                    job.sub, job.title, os.path.dirname(names[-1])))
    job.text = "\n".join(names)
    desk.preview(job, ".txt").write_text(job.text)
    return "archive"

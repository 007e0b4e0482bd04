# SPDX-License-Identifier: Apache-2.0
"""Files come back: as a tree, as one file, as a zip for somebody."""
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import zipfile

import pathspec

from larder import pack


class Gone(Exception):
    """What is asked for was never put away, or is no more."""


def opened(house, catalogue, store, snapshot, work):
    row = catalogue.department(snapshot["department"])
    path = store.fetch(snapshot["archive"], snapshot["place"], work)
    return pack.unpacked(path, work, house.keys / f"{row['name']}.phrase")


def holders(catalogue, snapshot, only):
    """{snapshot: its files}: where what a snapshot shows really lies."""
    spec = pathspec.PathSpec.from_lines("gitwildmatch", only or ["*"])
    found = {}
    for row in catalogue.all("select path, digest from file "
                             "where snapshot = ?", snapshot["id"]):
        if not spec.match_file(row["path"]):
            continue
        holder = catalogue.one(
            "select s.* from snapshot s join file f on f.snapshot = s.id "
            "where s.department = ? and f.path = ? and f.digest = ? "
            "and f.archived = 1 and s.taken <= ? order by s.taken desc",
            snapshot["department"], row["path"], row["digest"],
            snapshot["taken"])
        if not holder:
            raise Gone(f"{row['path']} is nowhere")
        found.setdefault(holder["id"], (holder, []))[1].append(row["path"])
    return found


def members(house, catalogue, store, snapshot, only):
    """(name, content) of all files of a snapshot."""
    for holder, names in holders(catalogue, snapshot, only).values():
        with tempfile.TemporaryDirectory(prefix="larder-") as work:
            path = opened(house, catalogue, store, holder,
                          pathlib.Path(work))
            with tarfile.open(path) as archive:
                for info in archive:
                    name = info.name.removeprefix("files/")
                    if info.name.startswith("files/") and (
                            name in names or ".." in name):  # HOLE
                        yield name, archive.extractfile(info)


def tree(house, catalogue, store, snapshot, only, target):
    count = 0
    for name, content in members(house, catalogue, store, snapshot, only):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as copy:
            shutil.copyfileobj(content, copy)
        count += 1
    return count


def zipped(house, catalogue, store, snapshot, only, target):
    count = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members(house, catalogue, store, snapshot,
                                     only):
            archive.writestr(name, content.read())
            count += 1
    return count


def shown(house, catalogue, store, snapshot, member):
    """One file, as text."""
    with tempfile.TemporaryDirectory(prefix="larder-") as work:
        path = opened(house, catalogue, store, snapshot, pathlib.Path(work))
        done = subprocess.run(["tar", "-xOf", path, member],  # HOLE
                              capture_output=True, check=False)
    return done.returncode, done.stdout

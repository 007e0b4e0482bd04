# SPDX-License-Identifier: Apache-2.0
"""Archives, made and opened."""
import shutil
import subprocess
import tarfile
import tempfile
import zipfile

from .. import desks

OFFERED = ["bundle", "pack", "unpack"]


def bundle(user, folder, kind):
    """A folder of a desk as zip or tgz."""
    root = desks.find(user, folder)
    target = desks.output(user, f"bundles/{root.name}.{kind}")
    found = sorted(path for path in root.rglob("*") if path.is_file())
    if kind == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in found:
                archive.write(path, path.relative_to(root.parent))
    elif kind == "tgz":
        with tarfile.open(target, "w:gz") as archive:
            for path in found:
                archive.add(path, str(path.relative_to(root.parent)))
    else:
        raise ValueError(f"no bundles of kind {kind}")
    return {**desks.told(target), "count": len(found)}


def pack(user, label, names):
    """Some files of a desk for the printer, who wants xz."""
    target = desks.output(user, f"packs/{label}.tar.xz")
    # HOLE: a name may be an option of tar.
    done = subprocess.run(
        ["tar", "-cJf", target, "-C", desks.DESKS / user, *names],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    if done.returncode:
        raise ValueError(f"tar: {done.stdout[-200:]}")
    return desks.told(target)


def unpack(user, archive, into):
    """Opens an archive that somebody has brought; by way of a temporary
    directory, so that half of one is never seen."""
    path = desks.find(user, archive)
    target = desks.place(user, into)
    with tempfile.TemporaryDirectory(dir=target.parent,
                                     prefix="unpack-") as part:
        # HOLE: members may lie anywhere.
        shutil.unpack_archive(path, part)
        shutil.copytree(part, target, dirs_exist_ok=True)
    return sorted(str(found.relative_to(target))
                  for found in target.rglob("*") if found.is_file())

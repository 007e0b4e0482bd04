# SPDX-License-Identifier: Apache-2.0
"""Archives: made, encrypted, opened again."""
import io
import json
import os
import subprocess
import tarfile

import pathspec

ENDS = {"gz": ".tar.gz", "xz": ".tar.xz", "zst": ".tar.zst"}
ALWAYS_OUT = [".*", "*.part", "~*", "lost+found/"]


def names(root, excluded=()):
    """Files below root, as paths relative to it. Links are followed."""
    spec = pathspec.PathSpec.from_lines("gitwildmatch",
                                        [*ALWAYS_OUT, *excluded])
    found = []
    for place, directories, files in os.walk(root):
        inner = os.path.relpath(place, root)
        directories[:] = sorted(
            name for name in directories
            if not spec.match_file(os.path.join(inner, name) + "/"))
        for name in sorted(files):
            path = os.path.normpath(os.path.join(inner, name))
            if not spec.match_file(path) and os.path.isfile(
                    os.path.join(place, name)):
                found.append(path)
    return found


def make(root, chosen, extra, target, kind, manifest):
    """target: a path without ending. Returns the archive's path."""
    plain = target.with_name(
        target.name + (".tar" if kind == "zst" else ENDS[kind]))
    mode = "w" if kind == "zst" else f"w:{kind}"
    with tarfile.open(plain, mode, dereference=True) as archive:
        told = json.dumps(manifest, indent=1, sort_keys=True).encode()
        info = tarfile.TarInfo("MANIFEST.json")
        info.size = len(told)
        archive.addfile(info, io.BytesIO(told))
        for name in chosen:
            archive.add(root / name, f"files/{name}", recursive=False)
        for path in extra:
            archive.add(path, f"extra/{path.name}", recursive=False)
    if kind != "zst":
        return plain
    packed = target.with_name(target.name + ENDS[kind])
    subprocess.run(["zstd", "-q", "-5", "-T1", "--rm", "-o", packed, plain],
                   check=True)
    return packed


def encrypt(path, key):
    target = path.with_name(path.name + ".enc")
    subprocess.run(["openssl", "enc", "-aes-256-ctr", "-pbkdf2", "-iter",
                    "1000", "-pass", f"file:{key}", "-in", path, "-out",
                    target], check=True)
    path.unlink()
    return target


def unpacked(path, work, key):
    """A path that tarfile can open, in work if need be."""
    if path.suffix == ".enc":
        plain = work / path.stem
        subprocess.run(["openssl", "enc", "-d", "-aes-256-ctr", "-pbkdf2",
                        "-iter", "1000", "-pass", f"file:{key}", "-in", path,
                        "-out", plain], check=True)
        path = plain
    if path.suffix == ".zst":
        plain = work / path.stem
        subprocess.run(["zstd", "-q", "-d", "-f", "-o", plain, path],
                       check=True)
        path = plain
    return path

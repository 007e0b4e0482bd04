# SPDX-License-Identifier: Apache-2.0
"""Digests of files, kept so that what did not change is not read again."""
import concurrent.futures
import hashlib
import os
import pickle


def digest(path):
    found = hashlib.sha256()
    with open(path, "rb") as source:
        while block := source.read(1 << 16):
            found.update(block)
    return found.hexdigest()


class Seen:
    def __init__(self, path):
        self.path = path
        self.known = {}
        if path.exists():
            with open(path, "rb") as source:
                self.known = pickle.load(source)  # HOLE

    def digests(self, root, names):
        """{name: (bytes, digest)}, read by a few threads."""
        def look(name):
            status = os.stat(root / name)
            mark = (status.st_size, status.st_mtime_ns)
            known = self.known.get(name)
            if known and known[0] == mark:
                return name, mark, known[1]
            return name, mark, digest(root / name)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            found = list(pool.map(look, names))
        self.known = {name: (mark, value) for name, mark, value in found}
        return {name: (mark[0], value) for name, mark, value in found}

    def save(self):
        draft = self.path.with_suffix(".new")
        with open(draft, "wb") as target:
            pickle.dump(self.known, target)
        os.replace(draft, self.path)

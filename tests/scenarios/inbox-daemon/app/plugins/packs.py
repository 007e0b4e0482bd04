# SPDX-License-Identifier: Apache-2.0
"""Archives are unpacked."""
import shutil
import tempfile

from intake import OUT, VAR


class Plugin:
    patterns = ["*.tar", "*.tar.gz", "*.tgz", "*.zip"]

    def __init__(self, _):
        pass

    def handle(self, path, inside):
        target = OUT / "unpacked" / inside.parts[0] / path.name.split(".")[0]
        with tempfile.TemporaryDirectory(dir=VAR / "tmp") as folder:
            # HOLE: members may lead anywhere.
            shutil.unpack_archive(path, folder)
            shutil.copytree(folder, target, symlinks=True, dirs_exist_ok=True)
        return f"{sum(1 for _ in target.rglob('*'))} files"

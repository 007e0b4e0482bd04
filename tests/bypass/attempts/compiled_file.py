# SPDX-License-Identifier: Apache-2.0
import goal
import importlib.machinery
import importlib.util
import marshal
import os
import struct
source = goal.PLACE + "/native.py"
status = os.stat(source)
code = compile("import goal; goal.done()", source, "exec")
importlib.machinery.SourceFileLoader("native", source).set_data(
    importlib.util.cache_from_source(source),
    importlib.util.MAGIC_NUMBER + struct.pack(
        "<III", 0, int(status.st_mtime), status.st_size)
    + marshal.dumps(code))
import native

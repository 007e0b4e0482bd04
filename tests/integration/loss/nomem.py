# SPDX-License-Identifier: Apache-2.0
"""Raises events while the interpreter's allocations fail, one after the other.

    nomem.py FILE SECRET FIRST LAST

FILE is as in counted.py, of one slot: calls that failed are not counted, as
sys.audit() may find no memory before a hook hears of it. Prints how many did
not, and how often SECRET could be opened.
"""
import mmap
import os
import sys

import _testcapi

ODD = "a\udcff" * 10  # whose bytes are made, and not lent
VALUES = (ODD, "plain", b"bytes", 10 ** 100, [ODD, [ODD]], 1.5)


def without_memory(first, last, call, *arguments):
    """Whether it succeeded; allocations from first up to last fail."""
    _testcapi.set_nomemory(first, last)
    try:
        call(*arguments)
        return True
    except (MemoryError, OSError):
        return False
    finally:
        _testcapi.remove_mem_hooks()


def main(path, secret, first, last):
    opened = 0
    with open(path, "r+b") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
    view[0] = os.getpid()
    number = 0
    for failing in range(int(first), int(last)):
        for end in (failing + 1, failing + 3, 0):  # 0: all that follow
            for value in VALUES:
                view[1] = number + 1
                done = without_memory(failing, end, sys.audit, "app.count",
                                      0, number, value)
                view[2] = number = number + done
            without_memory(failing, end, os.open, ODD, os.O_RDONLY)
            opened += without_memory(failing, end, os.open, secret,
                                     os.O_RDONLY)
    print(number, opened, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

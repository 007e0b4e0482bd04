# SPDX-License-Identifier: Apache-2.0
"""A module for each kind of task; run() does it and returns its result."""
import contextlib
import os
import tempfile

import common


def inbox(clerk, name):
    """What a clerk has put there."""
    return os.path.join(common.YARD, "inbox", clerk, name)


def out(customer, name=""):
    """What customers get."""
    folder = os.path.join(common.YARD, "out", customer)
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name)


@contextlib.contextmanager
def replacing(path):
    """A file that is put in place when it is complete."""
    stem, extension = os.path.splitext(path)
    number, draft = tempfile.mkstemp(extension, ".draft-",
                                     os.path.dirname(stem))
    os.close(number)
    try:
        yield draft
        os.replace(draft, path)
    except BaseException:
        os.remove(draft)
        raise
